"""The Model Context Protocol's one endpoint (streamable HTTP, without sessions): whole answers to POSTed messages."""

import asyncio
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import Receive
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.access import Scope
from domain.errors import Forbidden, NotFound
from entrypoints.http.app import rules
from entrypoints.http.calls import Call
from entrypoints.http.departures import unless_gone
from entrypoints.http.errors import NotAcceptable
from entrypoints.http.mcp.server import McpServer
from entrypoints.http.mcp.tools import TOOLS
from entrypoints.http.security import Caller, Rules, check_scope

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MESSAGES = rules(scope=Scope.READ, raises=(NotFound, NotAcceptable), accepted=True)


class RpcMessage(Struct, kw_only=True):
    """JSON-RPC 2.0: a request, or a notification when it has no `id`."""

    jsonrpc: Literal["2.0"]
    method: Annotated[str, Meta(max_length=200)]
    id: str | int | UnsetType | None = UNSET
    params: dict[str, Any] | UnsetType = UNSET

    @property
    def tool(self) -> str | None:
        """The tool that is to be called."""
        name = self.params.get("name") if self.method == "tools/call" and self.params else None
        return name if isinstance(name, str) else None


class RpcError(Struct, kw_only=True):
    code: int
    message: str
    data: Any = None


class RpcAnswer(Struct, kw_only=True):
    """JSON-RPC 2.0: either a result or an error."""

    jsonrpc: Literal["2.0"]
    id: str | int | None
    result: dict[str, Any] | UnsetType = UNSET
    error: RpcError | UnsetType = UNSET


class McpController(Controller):
    path = "/mcp"
    tags = ("mcp",)

    @post("/", status_code=200, operation_id="mcp", opt=MESSAGES)
    async def message(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[RpcMessage],
        caller: Caller,
        mcp: NamedDependency[McpServer],
    ) -> Response[RpcAnswer]:
        """Speak the Model Context Protocol.

        Any client of it can connect here, with the key as its bearer token: the tools are `search_knowledge`
        (scope `read`), `ask_support` and `escalate` (scope `write`). There are no sessions and no streams.
        """
        _check_origin(Call.of(request).origin, mcp.origins)
        if tool := TOOLS.get(data.tool or ""):
            check_scope(caller.principal, Rules((tool.scope,)))
        body = await request.body()
        reply = await unless_gone(request, mcp.answer(request.scope, _said_once(body)))
        media_type = reply.headers.get("content-type", "application/json")
        return Response(reply.body, status_code=reply.status, media_type=media_type)  # type: ignore[arg-type]


def _check_origin(origin: str | None, allowed: frozenset[str]) -> None:
    """Against DNS rebinding: a page from elsewhere may not reach a server through its visitor's browser."""
    if origin is None or origin in allowed or urlsplit(origin).hostname in LOOPBACK:
        return
    raise Forbidden("Pages of this origin may not call this server.", field="origin")


def _said_once(body: bytes) -> Receive:
    """A `receive` that has the whole body; who waits for more waits until the exchange ends."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return messages.pop() if messages else await asyncio.Event().wait()

    return receive
