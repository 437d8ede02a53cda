"""The outermost layer: every request enters here and every answer leaves here, errors of the router included."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, unquote_to_bytes

import structlog
from litestar.exceptions import WebSocketDisconnect
from litestar.types import ASGIApp, Message, Receive, Send

from application.ports.system import Clock, Ids
from domain.errors import DomainError, InvalidInput
from entrypoints.http.admission import SLASH
from entrypoints.http.calls import Call, check_request_id, lower_headers, open_call
from entrypoints.http.cors import Cors
from entrypoints.http.dialects import dialect_of
from entrypoints.http.errors import Errors, failure_of
from entrypoints.http.headers import complete, is_api
from entrypoints.http.proxies import Proxies
from entrypoints.http.versions import Deprecation, check_accept, check_path, deprecation_of

log = structlog.get_logger("supportrag.http")

_ESCAPED_SLASH = re.compile(rb"%2f", re.IGNORECASE)


class Observer(Protocol):
    """Told of every answer: metrics, key-age warnings and the like."""

    def __call__(self, call: Call, status: int, seconds: float) -> None: ...


OnStrange = Callable[[Call], Awaitable[None]]


async def no_concern(call: Call) -> None:
    """For applications that count nothing."""


@dataclass(frozen=True, slots=True)
class Border:
    """Wraps the application: ids, versions, headers, CORS, HEAD, logging."""

    app: ASGIApp
    errors: Errors
    clock: Clock
    ids: Ids
    proxies: Proxies
    cors: Cors
    deprecations: Sequence[Deprecation] = ()
    observers: Sequence[Observer] = ()
    on_strange: OnStrange = no_concern
    """Asked before a refusal goes out whose caller nobody has looked at: the path, the version or the tenant that it
    named was refused first."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        call = open_call(scope, lower_headers(scope["headers"]), self.clock, self.ids)
        call.client, call.secure = self.proxies.peer(scope, call.given)
        call.attach(scope)
        ids = {"request_id": call.request_id, "trace_id": call.trace_id, "tenant": None}
        with structlog.contextvars.bound_contextvars(**ids):
            if scope["type"] == "websocket":
                await self.app(scope, receive, _SocketOutbound(self.errors, call, scope, send))
            else:
                await self._request(call, scope, receive, _Outbound(self, call, send))

    async def _request(self, call: Call, scope: Any, receive: Receive, send: "_Outbound") -> None:
        try:
            _check(call, scope)
        except DomainError as refusal:
            await self._refuse(call, refusal, send)
            return
        if self.cors.is_preflight(call, call.given):
            call.headers |= self.cors.preflight_headers(call)
            await _send_whole(send, 204, {}, b"")
            return
        _prepare(scope)
        await self.app(scope, send.receiving(receive), send)

    async def _refuse(self, call: Call, refusal: DomainError, send: Send) -> None:
        rendered = self.errors.render(refusal, call)
        await _send_whole(send, rendered.status, dict(rendered.headers), rendered.body)

    def observe(self, call: Call, status: int) -> None:
        seconds = self.clock.monotonic() - call.started
        for observer in self.observers:
            observer(call, status, seconds)
        log.info(
            "http.request",
            method=call.method,
            route=call.route,
            status=status,
            duration_ms=round(seconds * 1000, 2),
            client_version=call.client_version,
        )


def _check(call: Call, scope: Any) -> None:
    """What can be refused before anyone looks for a route."""
    check_request_id(call.given)
    raw_path = scope.get("raw_path") or b""
    if b"%" in raw_path:
        try:
            unquote_to_bytes(raw_path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput("The path is not valid UTF-8.", field="path") from error
    check_path(call.path)
    if is_api(call.path) and not dialect_of(call.path):
        check_accept(call.given.get("accept", ""))


def _prepare(scope: Any) -> None:
    """HEAD is asked as GET, and an escaped slash is kept apart from one that separates segments."""
    if scope["method"] == "HEAD":
        scope["method"] = "GET"
    raw_path = scope.get("raw_path") or b""
    if _ESCAPED_SLASH.search(raw_path):
        segments = raw_path.split(b"?")[0].decode("ascii", "replace").split("/")
        scope["path"] = "/".join(unquote(segment).replace("/", SLASH) for segment in segments)


async def _send_whole(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if status != 204:
        raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


class _Outbound:
    """The `send` of one request: adds the headers, keeps the body of a HEAD back."""

    __slots__ = ("border", "call", "done", "send", "status")

    def __init__(self, border: Border, call: Call, send: Send) -> None:
        self.border, self.call, self.send = border, call, send
        self.status = 0
        self.done = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status >= 400 and self.call.principal is None:
                await self.border.on_strange(self.call)
            raw = self._with_headers(list(message["headers"]))
            message = {**message, "headers": raw}
        elif message["type"] == "http.response.body":
            if self.done:
                return
            if self.call.method == "HEAD":
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            self.done = not message.get("more_body", False)
        await self.send(message)
        if self.done:
            self.border.observe(self.call, self.status)

    def _with_headers(self, raw: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        call, border = self.call, self.border
        for name, value in border.cors.answer_headers(call).items():
            call.headers.setdefault(name, value)
        found = call.route and deprecation_of(border.deprecations, call.route, call.method)
        if found:
            raw += [(name.lower().encode(), value.encode()) for name, value in found.headers()]
        return complete(raw, call)

    def receiving(self, receive: Receive) -> Receive:
        """After a HEAD is answered, a stream behind it learns that nobody listens."""
        if self.call.method != "HEAD":
            return receive

        async def until_done() -> Any:
            return {"type": "http.disconnect"} if self.done else await receive()

        return until_done


class _SocketOutbound:
    """The `send` of one socket: a refusal closes it with 4000 + the status and the reason, and before the
    handshake it is an ordinary error answer, where the server can give one (ASGI's `websocket.http.response`)."""

    __slots__ = ("accepted", "call", "can_answer", "errors", "send")

    def __init__(self, errors: Errors, call: Call, scope: Any, send: Send) -> None:
        self.errors, self.call, self.send, self.accepted = errors, call, send, False
        self.can_answer = "websocket.http.response" in (scope.get("extensions") or {})

    async def __call__(self, message: Message) -> None:
        if isinstance(self.call.failure, WebSocketDisconnect):
            return  # the other side is gone: there is nobody left to close it to
        self.accepted = self.accepted or message["type"] == "websocket.accept"
        if message["type"] == "websocket.close" and self.call.failure is not None:
            if not self.accepted and self.can_answer:
                await self._answer(self.call.failure)
                return
            failure = failure_of(self.call.failure)
            reason = failure.message.encode()[:120].decode("utf-8", "ignore")
            message = {"type": "websocket.close", "code": 4000 + failure.status, "reason": reason}
        await self.send(message)

    async def _answer(self, failure: Exception) -> None:
        rendered = self.errors.render(failure, self.call)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in rendered.headers.items()]
        start: Any = {"type": "websocket.http.response.start", "status": rendered.status, "headers": headers}
        body: Any = {"type": "websocket.http.response.body", "body": rendered.body, "more_body": False}
        await self.send(start)
        await self.send(body)
