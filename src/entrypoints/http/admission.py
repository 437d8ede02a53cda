"""What stands between the router and a handler: authentication, then limits, replay and whatever else is put in."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar import Request, WebSocket
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Send

import domain.access
from domain.errors import Forbidden, InvalidInput, Unauthorized
from entrypoints.http.calls import Call
from entrypoints.http.fitness import text_problem
from entrypoints.http.limits import LimitedBody
from entrypoints.http.security import Guard, Rules, caller_of

AUTH_MESSAGE_SECONDS = 10.0

FORM = "supportrag.form"
"""Where the parts of a multipart body are kept while its call lasts."""

SLASH = "\uffff"
"""Stands for an escaped slash inside a path segment while the router looks at the path."""


@dataclass(slots=True)
class Reply:
    """An answer of a handler, or one kept from earlier. `body` is None for a stream."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


class Admission:
    """One step around the handlers. Override what it needs; the others do nothing.

    Steps run in order on the way in and in reverse on the way out. `call.headers` may be added to at any time
    before the first byte leaves; `call.principal` is None on public routes only.
    """

    async def admit(self, call: Call, request: Request[Any, Any, Any]) -> Reply | None:
        """Let pass (None), answer in the handler's place, or refuse by raising a DomainError."""
        return None

    async def settle(self, call: Call, request: Request[Any, Any, Any], reply: Reply) -> None:
        """See the handler's answer, errors included, before it goes out."""

    async def release(self, call: Call, request: Request[Any, Any, Any]) -> None:
        """Runs last, however the call ended, a client that went away included."""

    async def turned_away(self, call: Call) -> None:
        """See a caller that is known, but may not call this route; no step was asked to admit it."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """What `create_app` gives to each route's gate."""

    guard: Guard
    max_body_bytes: int
    max_upload_bytes: int
    steps: Sequence[Admission] = ()
    rules: dict[tuple[int, str], Rules] = field(default_factory=dict)
    """By handler and method: worked out once."""
    shapes: dict[tuple[int, str], Any] = field(default_factory=dict)
    """What each route reads, by handler and path template; see requests.py."""

    def rules_of(self, handler: Any, method: str) -> Rules:
        key = (id(handler), method)
        if key not in self.rules:
            self.rules[key] = Rules.of(handler.opt, method)
        return self.rules[key]


class Gate:
    """The middleware of every route."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self.app = app
        self.entrance = entrance

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        call = Call.of(scope)
        call.route = scope["path_template"]
        _restore_slashes(scope)
        if scope["type"] == "websocket":
            await self._socket(call, scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await _write(_options(scope), send)
        else:
            await self._request(call, scope, receive, send)

    async def _socket(self, call: Call, scope: Any, receive: Receive, send: Send) -> None:
        for name, value in scope["path_params"].items():
            if isinstance(value, str) and (problem := text_problem(value, name)):
                raise InvalidInput(problems=[problem])
        authorization = call.given.get("authorization")
        if authorization is not None or not self.entrance.guard.enabled:
            rules = self.entrance.rules_of(scope["route_handler"], "GET")
            await self.entrance.guard.admit(call, rules, authorization)
        await self.app(scope, receive, send)

    async def _request(self, call: Call, scope: Any, receive: Receive, send: Send) -> None:
        rules = self.entrance.rules_of(scope["route_handler"], scope["method"])
        if not rules.public:
            await self._authenticate(call, rules)
        limit = self.entrance.max_upload_bytes if rules.upload else self.entrance.max_body_bytes
        limited = LimitedBody(receive, limit, call.given)
        try:
            if self.entrance.steps:
                await self._admitted(call, scope, limited, send)
            else:
                await self.app(scope, limited, send)
        finally:
            if (form := scope.get(FORM)) is not None:
                await form.close()

    async def _authenticate(self, call: Call, rules: Rules) -> None:
        try:
            await self.entrance.guard.admit(call, rules, call.given.get("authorization"))
        except Forbidden:
            for step in self.entrance.steps:
                await step.turned_away(call)
            raise

    async def _admitted(self, call: Call, scope: HTTPScope, receive: Receive, send: Send) -> None:
        request: Request[Any, Any, Any] = scope["litestar_app"].request_class(scope, receive, send)
        entered: list[Admission] = []
        try:
            for step in self.entrance.steps:
                entered.append(step)
                if reply := await step.admit(call, request):
                    await _write(reply, send)
                    return
            await self.app(scope, receive, _Settling(call, request, entered, send))
        finally:
            for step in reversed(entered):
                await step.release(call, request)


class _Settling:
    """A `send` that shows the steps a whole answer, or the beginning of a stream, before it goes out."""

    __slots__ = ("call", "request", "send", "start", "steps")

    def __init__(self, call: Call, request: Any, steps: list[Admission], send: Send) -> None:
        self.call, self.request, self.steps, self.send = call, request, steps, send
        self.start: Any = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        if self.start is not None:
            start, self.start = self.start, None
            whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            await self._settle(start, message.get("body", b"") if whole else None)  # type: ignore[arg-type]
            await self.send(start)
        await self.send(message)

    async def _settle(self, start: Any, body: bytes | None) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
        reply = Reply(start["status"], headers, body)
        for step in reversed(self.steps):
            await step.settle(self.call, self.request, reply)


async def _write(reply: Reply, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body or b"", "more_body": False})


def _options(scope: Any) -> Reply:
    """What a path answers to. The framework's own answer forgets methods that were registered later."""
    routes = [route for route in scope["litestar_app"].routes if isinstance(route, HTTPRoute)]
    methods = {method for route in routes if route.path_format == scope["path_template"] for method in route.methods}
    return Reply(204, {"Allow": ", ".join(sorted(methods))}, None)


def _restore_slashes(scope: Any) -> None:
    if SLASH in scope["path"]:
        # The router caches this dictionary: never change it in place.
        scope["path_params"] = {
            name: value.replace(SLASH, "/") if isinstance(value, str) else value
            for name, value in scope["path_params"].items()
        }


async def admit_socket(socket: "WebSocket[Any, Any, Any]") -> domain.access.Caller:
    """The caller behind an accepted socket: from its handshake, else from a first message `{"auth": token}`."""
    call = Call.of(socket)
    if call.principal is None:
        entrance: Entrance = socket.app.state["entrance"]
        token = await _first_token(socket)
        rules = entrance.rules_of(socket.scope["route_handler"], "GET")
        await entrance.guard.admit(call, rules, f"Bearer {token}")
    return caller_of(call)


async def _first_token(socket: "WebSocket[Any, Any, Any]") -> str:
    try:
        text = await asyncio.wait_for(socket.receive_text(), AUTH_MESSAGE_SECONDS)
        return msgspec.json.decode(text, type=dict[str, str])["auth"]
    except (TimeoutError, ValueError, KeyError) as error:
        raise Unauthorized('The first message must be {"auth": "<token>"}.') from error
