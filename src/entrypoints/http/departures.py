"""Callers that go away before their answer is there: nobody works on for them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar, cast

from litestar import Request
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

from application.use_cases.chat import Turn
from domain.errors import ServiceUnavailable

T = TypeVar("T")


async def unless_gone(request: Request[Any, Any, Any], work: Coroutine[Any, Any, T]) -> T:
    """The work's result. When the caller goes away first the work is cancelled at once; what is raised then
    is read by nobody, and kept by nobody, so that the same request may be sent again."""
    doing, leaving = asyncio.create_task(work), asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise ServiceUnavailable("The caller went away before the answer was ready.")
        return doing.result()
    finally:
        leaving.cancel()
        doing.cancel()


async def _disconnected(request: Request[Any, Any, Any]) -> None:
    """Returns when the caller is gone. The body has been read, so that nothing else can come."""
    while (await request.receive())["type"] != "http.disconnect":
        continue


class TurnStream(Stream):
    """Server-sent events of one turn, which is let go however the response ends."""

    __slots__ = ("turn",)

    def __init__(self, turn: Turn, lines: AsyncIterator[bytes]) -> None:
        super().__init__(lines, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self.turn = turn

    def to_asgi_response(self, *args: Any, **options: Any) -> ASGIResponse:
        respond, turn = super().to_asgi_response(*args, **options), self.turn

        async def respond_and_let_go(scope: Any, receive: Receive, send: Send) -> None:
            try:
                await respond(scope, receive, send)
            finally:
                turn.close()

        return cast(ASGIResponse, respond_and_let_go)
