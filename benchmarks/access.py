"""What the middle layers cost: a cached question and a ping with all of them on, beside all of them off, in one run.

    python -m benchmarks.access [redis://127.0.0.1:6379/15]

Off: no keys, no limits, no replay, no audit log (`AUTH=off`). On: an API key of tier pro, its limits counted, in the
process, and (with a Redis named, which then keeps the answer cache as well) in Redis; then the same with an
`Idempotency-Key`, and with an access token. The clock is wound on by hand so that no limit is
reached: a key's window then holds some 85 of its 100 queries.
"""

import asyncio
import logging
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

import structlog
from tests.support.access import visitor
from tests.support.system import SystemUnderTest, running

from adapters.system.fixed import ManualClock

ROUNDS, CALLS = 20, 40
BETWEEN_CALLS = 0.7
"""Seconds by the hand-wound clock."""
QUESTION = b'{"question": "How long is the warranty?"}'
FAQ = ("How long is the warranty?", "It is two years.")
CHAT = ("POST", "/api/v1/queries", QUESTION)
PING = ("GET", "/api/v1/ping", b"")
ME = ("GET", "/api/v1/me", b"")


@dataclass
class Subject:
    """An application and the headers to call it with."""

    app: Any
    headers: Mapping[str, str]
    with_replay: bool = False
    _count: int = 0

    async def call(self, method: str, path: str, body: bytes) -> float:
        """Microseconds, without a server or a client in the way."""
        headers = [(name.lower().encode(), value.encode()) for name, value in self._headers().items()]
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

        began = time.perf_counter()
        await self.app(scope, receive, send)
        return (time.perf_counter() - began) * 1e6

    def _headers(self) -> dict[str, str]:
        self._count += 1
        return {**self.headers, **({"idempotency-key": f"k{self._count}"} if self.with_replay else {})}


def app_of(system: SystemUnderTest) -> Any:
    return system.http._transport.app  # type: ignore[attr-defined]


@asynccontextmanager
async def subjects(redis_url: str | None) -> AsyncIterator[tuple[ManualClock, dict[str, Subject]]]:
    clock = ManualClock()
    places: dict[str, dict[str, str]] = {"memory": {}} | ({"redis": {"redis_url": redis_url}} if redis_url else {})
    async with AsyncExitStack() as stack:
        found: dict[str, Subject] = {}
        for place, settings in places.items():
            with mock.patch("entrypoints.http.server._admissions", return_value=()):
                off = await stack.enter_async_context(running(clock=clock, auth="off", **settings))
            await off.learn(FAQ)
            found[f"{place}: off"] = Subject(app_of(off), {})
            on = await stack.enter_async_context(running(clock=clock, oauth_token_seconds=86_400, **settings))
            found |= {f"{place}: {name}": subject for name, subject in (await made_on(on)).items()}
        yield clock, found


async def made_on(system: SystemUnderTest) -> dict[str, Subject]:
    mine = {"X-Tenant-ID": "acme"}
    system.http.headers.update(mine)
    await system.learn(FAQ)
    key, other, third = [await visitor(system, tier="pro") for _ in range(3)]
    form = {"grant_type": "client_credentials", "client_id": third.key_id, "client_secret": third.secret}
    del system.http.headers["authorization"]
    token = (await system.http.post("/oauth/token", data=form)).json()["access_token"]
    app = app_of(system)
    return {
        "on": Subject(app, key.headers),
        "on, with replay": Subject(app, other.headers, with_replay=True),
        "on, access token": Subject(app, {"Authorization": f"Bearer {token}"}),
    }


async def compare(clock: ManualClock, found: dict[str, Subject], call: tuple[str, str, bytes]) -> None:
    """By turns, so that a busy machine is unfair to nobody."""
    times: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, subject in found.items():
            for _ in range(CALLS):
                times[name].append(await subject.call(*call))
                clock.advance(seconds=BETWEEN_CALLS)
    print(f"\n{call[0]} {call[1]}: {ROUNDS * CALLS} calls each, microseconds")
    for name, measured in times.items():
        base = statistics.median(times[f"{name.partition(':')[0]}: off"])
        p50, p95 = statistics.median(measured), statistics.quantiles(measured, n=20)[-1]
        print(f"  {name:28} p50 {p50:7.0f}  (+{p50 - base:5.0f}, ×{p50 / base:.2f})   p95 {p95:7.0f}")


async def main(redis_url: str | None) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with subjects(redis_url) as (clock, found):
        await compare(clock, found, PING)
        await compare(clock, found, ME)
        await compare(clock, found, CHAT)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
