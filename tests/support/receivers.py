"""Receivers on 127.0.0.1 that behave as badly as they are told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Misdeed = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiver:
    """Reads one request at a time and answers as told: with fixed bytes, nothing (`None`), or a misdeed."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.url = ""
        self._answer: bytes | None = OK
        self._misdeed: Misdeed | None = None
        self.sent = 0

    def says(self, answer: bytes | None) -> None:
        self._answer, self._misdeed = answer, None

    def does(self, misdeed: Misdeed) -> None:
        self._misdeed = misdeed

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _request(reader)) is not None:
                self.requests.append(request)
                await self._react(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            return
        finally:
            writer.close()

    async def _react(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._misdeed is not None:
            await self._misdeed(reader, writer)
        elif self._answer is None:
            await asyncio.sleep(60)
        elif not self._answer:
            raise ConnectionResetError
        else:
            writer.write(self._answer)
            await writer.drain()


async def _request(reader: asyncio.StreamReader) -> bytes | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + (await reader.readexactly(int(lengths[0])) if lengths else b"")


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    handling: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handling.add(task)
        await receiver.handle(reader, writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    host, port = server.sockets[0].getsockname()[:2]
    receiver.url = f"{'https' if tls else 'http'}://{host}:{port}/hook"
    try:
        yield receiver
    finally:
        server.close()
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)
