"""What only a real server shows: broken HTTP, bodies that end early, no banner."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from tests.support.border import build


@pytest.fixture(scope="module")
async def port() -> AsyncIterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(build(), log_config=None, server_header=False, proxy_headers=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


async def say(port: int, *pieces: bytes) -> bytes:
    """Everything the server answers until it closes or falls silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)
    answer = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), 0.5):
            answer += chunk
    except TimeoutError:
        pass
    writer.close()
    return answer


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: x", "Authorization: Bearer write", *headers])
    return head.encode("latin-1") + b"\r\n\r\n" + body


JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"


async def test_no_server_names_itself(port: int) -> None:
    answer = await say(port, request("GET /api/v1/ping"))

    assert answer.startswith(b"HTTP/1.1 200") and b'"pong"' in answer
    assert b"\r\nserver:" not in answer.lower()


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([request("POST /api/v1/notes/ask", JSON, CHUNKED, body=b"1\r\n{\r\n0\r\n\r\n")], 400),
        ([request("POST /api/v1/notes/ask", JSON, "Content-Length: 5", body=b"{}")], None),
        ([request("POST /api/v1/notes/ask", JSON, "Content-Length: 99999999999")], 413),
        ([request("POST /api/v1/notes/ask", JSON, CHUNKED), *[b"fa0\r\n" + b" " * 4000 + b"\r\n"] * 9], 413),
        ([request("POST /api/v1/notes/ask", JSON, "Content-Length: nine")], 400),
        ([request("GET /api/v1/notes/%C3%28")], 400),
        ([request("GET /api/v1/notes/a%00b")], 400),
        ([request("GET /api/v1/notes?limit=%F0%9F")], 400),
        ([request("GET /api/v1/notes/x", "X-Reader: caf\xe9\xe9\xe9")], 400),
        ([b"GET /api/v1/notes/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n"], 400),
        ([b"GET /api/v1/ping HTTP/1.1\r\nHost: b@d host\r\n\r\n"], 400),
        ([b"GET * HTTP/1.1\r\nHost: x\r\n\r\n"], None),
        ([b"\x16\x03\x01\x02\x00"], 400),
    ],
)  # fmt: skip
async def test_broken_requests_are_refused_and_break_nothing(
    port: int, pieces: list[bytes], status: int | None
) -> None:
    answer = await say(port, *pieces)

    assert b"HTTP/1.1 5" not in answer
    if status:
        assert answer.startswith(f"HTTP/1.1 {status}".encode())
    assert (await say(port, request("GET /api/v1/ping"))).startswith(b"HTTP/1.1 200")


async def test_a_refused_upload_leaves_the_connection_usable(port: int) -> None:
    """The client has sent its whole body when it reads the 413."""
    too_large = request("POST /api/v1/notes/ask", JSON, "Content-Length: 300000", body=b" " * 300_000)
    answer = await say(port, too_large, request("GET /api/v1/ping"))

    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"pong"' in answer
