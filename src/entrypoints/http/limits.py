"""How much a request may send: counted as it arrives, with or without an announced length."""

from typing import Any

from litestar.types import HTTPReceiveMessage, Receive

from domain.errors import PayloadTooLarge
from entrypoints.http.calls import Headers


class LimitedBody:
    """A `receive` that refuses to pass on more than `limit` bytes."""

    __slots__ = ("announced", "limit", "receive", "seen")

    def __init__(self, receive: Receive, limit: int, headers: Headers) -> None:
        self.receive = receive
        self.limit = limit
        self.seen = 0
        length = headers.get("content-length", "")
        self.announced = int(length) if length.isdecimal() and len(length) < 20 else 0

    async def __call__(self) -> Any:
        self._check(self.announced)
        message: HTTPReceiveMessage = await self.receive()  # type: ignore[assignment]
        if message["type"] == "http.request":
            self.seen += len(message.get("body", b""))
            self._check(self.seen)
        return message

    def _check(self, size: int) -> None:
        if size > self.limit:
            raise PayloadTooLarge(
                f"The body is larger than {self.limit} bytes.",
                field="body",
                details={"max_bytes": self.limit, "provided_bytes": size},
            )
