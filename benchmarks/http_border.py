"""What the border costs: a request through all of it against the same handler in bare Litestar, in one run.

python -m benchmarks.http_border
"""

import asyncio
import logging
import statistics
import time
from collections.abc import Callable
from typing import Any

import structlog
from litestar import Litestar, get, post
from msgspec import Struct
from tests.support.border import build

from entrypoints.http.app import HttpOptions

ROUNDS, CALLS = 15, 400
QUESTION = b'{"question": "Where is my parcel?", "user_id": "u_123", "history": [{"role": "user", "content": "hi"}]}'


class Turn(Struct):
    role: str
    content: str


class Ask(Struct):
    question: str
    user_id: str
    history: list[Turn] = []


@get("/api/v1/ping")
async def ping() -> dict[str, str]:
    return {"status": "success", "data": "pong"}


@post("/api/v1/notes/ask", status_code=200)
async def ask(data: Ask) -> dict[str, Any]:
    return {"status": "success", "data": data}


def bare() -> Litestar:
    return Litestar([ping, ask], openapi_config=None, logging_config=None)


async def call(app: Any, method: str, path: str, body: bytes) -> None:
    """One request, without a server or a client in the way."""
    headers = [(b"host", b"test"), (b"authorization", b"Bearer write"), (b"accept", b"*/*")]
    if body:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": headers, "scheme": "http", "client": ("127.0.0.1", 1), "server": ("test", 80),
        "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise RuntimeError(f"{path} answered {message['status']}")

    await app(scope, receive, send)


async def timed(app: Any, method: str, path: str, body: bytes) -> list[float]:
    found = []
    for _ in range(CALLS):
        began = time.perf_counter()
        await call(app, method, path, body)
        found.append((time.perf_counter() - began) * 1e6)
    return found


async def compare(method: str, path: str, body: bytes) -> None:
    """Rounds of both by turns, so that a busy machine is unfair to neither."""
    apps: dict[str, Callable[[], Any]] = {"bare": bare, "border": lambda: build(HttpOptions())}
    built = {name: make() for name, make in apps.items()}
    times: dict[str, list[float]] = {name: [] for name in apps}
    for _ in range(ROUNDS):
        for name, app in built.items():
            times[name] += await timed(app, method, path, body)
    p50 = {name: statistics.median(found) for name, found in times.items()}
    p95 = {name: statistics.quantiles(found, n=20)[-1] for name, found in times.items()}
    print(
        f"{method} {path}: bare p50 {p50['bare']:.0f} µs, border p50 {p50['border']:.0f} µs "
        f"(+{p50['border'] - p50['bare']:.0f}); p95 {p95['bare']:.0f} and {p95['border']:.0f} µs"
    )


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    await compare("GET", "/api/v1/ping", b"")
    await compare("POST", "/api/v1/notes/ask", QUESTION)


if __name__ == "__main__":
    asyncio.run(main())
