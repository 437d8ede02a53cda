"""The Model Context Protocol, spoken by its official SDK in all revisions that this knows.

One exchange at a time and nothing kept between them, so that any replica may answer any message. Only
`server.py` imports this module, and late.
"""

import logging
from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar.types import Message, Receive
from litestar.types import Scope as AsgiScope
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ToolDescription
from msgspec import Struct

from domain.errors import DomainError, InvalidInput
from entrypoints.http.calls import Call
from entrypoints.http.decoding import decode
from entrypoints.http.errors import failure_of
from entrypoints.http.mcp.tools import TOOLS, Desk, Tool, schema_of
from entrypoints.http.security import caller_of

INSTRUCTIONS = (
    "Approved answers of one company's support desk. Answer customers with ask_support and pass its session_id on "
    "from turn to turn; read up with search_knowledge; hand over to a person with escalate."
)
LIST_KEPT_MS = 300_000
"""How long a client may keep the list of tools, which changes with its key's scopes and our version only."""
UNLIMITED = 2**31
"""Bytes: the size of a body was checked before it came here."""

logging.getLogger("mcp").setLevel(logging.WARNING)  # it tells of every exchange


@dataclass(slots=True)
class Reply:
    """Always one whole answer."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: Exception | None = None

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])
            self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


class Protocol:
    def __init__(self, desk: Desk, version: str) -> None:
        self._desk = desk
        self._server: Server[Any] = Server(
            "supportrag",
            title="Support desk",
            version=version,
            instructions=INSTRUCTIONS,
            cache_hints={"tools/list": CacheHint(ttl_ms=LIST_KEPT_MS, scope="private")},
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def exchange(self, scope: AsgiScope, receive: Receive) -> Reply:
        """The SDK's reply; raises what a tool raised that is no DomainError, for the border to deal with."""
        reply = Reply()
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=UNLIMITED
        )
        async with manager.run():
            own: Any = {**scope, "state": {"reply": reply}}
            await manager.handle_request(own, receive, reply.take)  # type: ignore[arg-type]
        if reply.failure is not None:
            raise reply.failure
        return reply

    async def _list(self, context: ServerRequestContext[Any, Any], _: PaginatedRequestParams | None) -> ListToolsResult:
        """The tools that the caller's key is good for."""
        principal = caller_of(Call.of(context.request)).principal
        return ListToolsResult(tools=[_described(tool) for tool in TOOLS.values() if principal.may(tool.scope)])

    async def _call(self, context: ServerRequestContext[Any, Any], params: CallToolRequestParams) -> CallToolResult:
        """What a tool refuses is told to the model; what went wrong by our own mistake is not."""
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"There is no such tool; there are {', '.join(TOOLS)}.")
        request: Any = context.request
        call = Call.of(request)
        try:
            given = decode(msgspec.json.encode(params.arguments or {}), tool.takes)
            return _result(await tool.run(self._desk, caller_of(call), given))
        except DomainError as refusal:
            call.refused = failure_of(refusal).status < 500
            return CallToolResult(content=[TextContent(type="text", text=_told(refusal))], is_error=True)
        except Exception as error:
            request.state.reply.failure = error
            raise


def _result(given: Struct) -> CallToolResult:
    """Structured, and the same as text for clients that read nothing else."""
    text = msgspec.json.encode(given).decode()
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=msgspec.json.decode(text))


def _told(refusal: DomainError) -> str:
    """So that a model can mend its call: every field that is wrong, and how."""
    if isinstance(refusal, InvalidInput):
        return "\n".join(": ".join(filter(None, (problem.field, problem.message))) for problem in refusal.problems)
    wait = f" Try again in {refusal.retry_after:.0f} s." if refusal.retry_after else ""
    return f"{refusal.message}{wait}"


def _described(tool: Tool) -> ToolDescription:
    hints = ToolAnnotations(
        title=tool.title,
        read_only_hint=tool.reads_only,
        destructive_hint=False,
        idempotent_hint=tool.reads_only,
        open_world_hint=False,
    )
    return ToolDescription(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema_of(tool.takes),
        output_schema=schema_of(tool.gives),
        annotations=hints,
    )
