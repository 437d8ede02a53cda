"""The door to the protocol, whose SDK costs more than a second and 26 MB: it is loaded when somebody first knocks."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from litestar.types import Receive
from litestar.types import Scope as AsgiScope

from entrypoints.http.mcp.tools import Desk

if TYPE_CHECKING:
    from entrypoints.http.mcp.protocol import Protocol, Reply


class McpServer:
    def __init__(self, desk: Desk, version: str, origins: Sequence[str] = ()) -> None:
        self._desk, self._version = desk, version
        self._protocol: Protocol | None = None
        self.origins = frozenset(origins)
        """Of web pages that may call, besides those of this machine."""

    async def answer(self, scope: AsgiScope, receive: Receive) -> "Reply":
        """The reply to one POSTed message. Raises what a tool raised by our own mistake."""
        if self._protocol is None:
            self._protocol = await asyncio.to_thread(self._load)
        return await self._protocol.exchange(scope, receive)

    def _load(self) -> "Protocol":
        from entrypoints.http.mcp.protocol import Protocol

        return Protocol(self._desk, self._version)
