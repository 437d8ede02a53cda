"""What survives, and how exactly: webhook deliveries while processes die and receivers misbehave.

    python -m benchmarks.reliability_webhooks [--only killing …] [--count 10000] [--workers 4] [--kills 20]

Starts a PostgreSQL and a Redis from their wheels, receivers, and workers, all processes of their own. Prints a table,
and exits with 1 when one of the promises is broken.
"""

import argparse
import asyncio
import contextlib
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.webhook_lab import Crew, Emitter, Receivers, Server, clear, register, until_quiet
from tests.support.misdeeds import MISDEEDS, misbehaving
from tests.support.redis import RedisProcess

from adapters.delivery.http import HttpSender
from adapters.outbound.guard import AddressGuard
from adapters.storage.postgres import migrate
from application.ports.delivery import Posting
from domain.lanes import LaneLimits

RECEIVERS = 40


@dataclass
class Lab:
    arguments: argparse.Namespace
    server: Server
    receivers: Receivers
    redis: RedisProcess


def row(what: str, measured: str, kept: bool) -> bool:
    print(f"| {what} | {measured} | {'kept' if kept else '**BROKEN**'} |", flush=True)
    return kept


async def killing(lab: Lab) -> bool:
    """Deliveries under kill -9 of workers and immediate restarts of PostgreSQL, 5 % of attempts failing."""
    chosen, url = lab.arguments, lab.server.url
    await register(url, lab.receivers.urls("flaky", RECEIVERS))
    crew, emit, started = Crew(url, chosen.workers), Emitter(url), time.perf_counter()
    emitting = asyncio.create_task(emit(-(-chosen.count // RECEIVERS), pause=0.2))
    disasters = ["kill"] * chosen.kills + ["restart"] * chosen.restarts
    random.shuffle(disasters)
    for number, disaster in enumerate(disasters):
        await _until_taken(lab.receivers, chosen.count * number // len(disasters))
        await asyncio.to_thread(crew.kill_one if disaster == "kill" else lab.server.restart)
    await emitting
    left = await until_quiet(url, 300)
    took = time.perf_counter() - started
    crew.stop()
    seen = lab.receivers.report()
    expected = len(emit.committed) * RECEIVERS
    lost = expected - sum(count > 0 for count in seen["taken"].values())
    posts, taken = sum(seen["posts"].values()), sum(seen["taken"].values())
    ghosts, most = len(set(seen["queries"]) & emit.undone), max(seen["most_open"].values(), default=0)
    again = taken - expected + lost
    waiting = left["queued"] + left["in_flight"] + left["to relay"]
    where = f"{chosen.workers} workers, {crew.kills} × kill -9, {chosen.restarts} × immediate restart of PostgreSQL"
    return all([
        row(f"deliveries under {where}", f"{expected} to {RECEIVERS} in {took:.0f} s", expected >= chosen.count),
        row("lost; still waiting at the end", f"{lost}; {waiting:.0f}", lost == 0 and waiting == 0),
        row("posts; answered 500 or broken off; accepted again", f"{posts}; {posts - taken}; {again}", True),
        row("event ids or `data` bytes that differ between attempts; signatures that fail",
            f"{seen['differing']}; {seen['forged']}", seen["differing"] == seen["forged"] == 0),
        row("from rolled-back changes", f"{ghosts} of {len(emit.undone)} events", ghosts == 0),
        row("most at once at one receiver, as it saw it (cap 10)", f"{most}", most <= 10),
    ])  # fmt: skip


async def _until_taken(receivers: Receivers, count: int) -> None:
    """So that disasters strike in the midst of it, however slow the machine is."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(240):
            while await asyncio.to_thread(receivers.taken) < count:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.1)


async def caps(lab: Lab) -> bool:
    """Several workers at once, at the cap of 4 and the limit of 100 an hour."""
    url = lab.server.url
    await register(url, lab.receivers.urls("hook", 1), LaneLimits(4, 1000))
    await register(url, lab.receivers.urls("hook", 2)[1:], LaneLimits(10, 100))
    crew = Crew(url, lab.arguments.workers)
    await Emitter(url)(500, chunk=100)
    await _until_taken(lab.receivers, 600)
    await asyncio.sleep(3)  # for what would be too much
    crew.stop()
    seen = lab.receivers.report()
    sent, most = sorted(seen["by_webhook"].values()), sorted(seen["most_open"].values())
    return all([
        row(f"limit of 100 an hour, {lab.arguments.workers} workers, 500 events: posts", f"{sent[0]}", sent[0] == 100),
        row("cap of 4 in flight: most at once", f"{most[0]}", most[0] == 4),
    ])  # fmt: skip


async def neighbours(lab: Lab) -> bool:
    """How late four healthy receivers get first attempts, alone and beside eight that hang."""
    late: dict[int, tuple[float, float]] = {}
    for hanging in (0, 8):
        await clear(lab.server.url)
        healthy = await register(lab.server.url, lab.receivers.urls("hook", 4))
        await register(lab.server.url, lab.receivers.urls("hang", 4 + hanging)[4:])
        crew, emit = Crew(lab.server.url, 1), Emitter(lab.server.url)
        await emit(10)  # so that the worker is awake, and has met those that hang
        await _until_taken(lab.receivers, 40)
        await asyncio.sleep(3)
        await emit(40, chunk=1, pause=0.1)
        lab.receivers.report()
        await emit(240, chunk=1, pause=0.1)
        await asyncio.sleep(3)
        crew.stop()
        seen = lab.receivers.report()["waits"]
        waits = sorted(wait for webhook in healthy for wait in seen.get(webhook, ()))
        late[hanging] = (waits[len(waits) // 2] * 1000, waits[int(len(waits) * 0.95)] * 1000)
    told = [f"p50 {late[n][0]:.0f}, p95 {late[n][1]:.0f} ms" for n in (0, 8)]
    what = "first attempts at four healthy receivers, alone; beside eight that hang"
    return row(what, f"{told[0]}; {told[1]} ({late[8][1] / late[0][1]:.1f} ×)", late[8][1] <= 2 * late[0][1])


async def redis(lab: Lab) -> bool:
    """The same deliveries whatever becomes of Redis."""
    kept = []
    for fate in ("absent", "there", "killed", "flushed", "restarted empty"):
        await clear(lab.server.url)
        await register(lab.server.url, lab.receivers.urls("hook", 10))
        if fate != "absent":
            lab.redis.start()
        crew, emit = Crew(lab.server.url, 2, lab.redis.url), Emitter(lab.server.url)
        emitting = asyncio.create_task(emit(100, pause=0.1, redis_url=lab.redis.url))
        await asyncio.sleep(2)
        await asyncio.to_thread(_befall, lab.redis, fate)
        await emitting
        left = await until_quiet(lab.server.url, 60)
        crew.stop()
        lab.redis.stop()
        taken = lab.receivers.report()["taken"]
        expected, got = len(emit.committed) * 10, sum(count > 0 for count in taken.values())
        kept.append(row(f"Redis {fate}: delivered", f"{got} of {expected}", got == expected and not left["queued"]))
    return all(kept)


def _befall(server: RedisProcess, fate: str) -> None:
    if fate in ("killed", "restarted empty"):
        server.kill()
    if fate == "restarted empty":
        server.start()
    if fate == "flushed":
        server.flush()


async def hostile(lab: Lab) -> bool:
    """Every attempt at a receiver that means harm ends within its deadline and a second; what memory it took."""
    sender = HttpSender(AddressGuard(["127.0.0.1", "localhost"]), "SupportRAG/reliability")
    before, kept = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for name in MISDEEDS:
        async with misbehaving(name) as target:
            started = time.perf_counter()
            answer = await sender.send(Posting(target, {}, b"{}" * 100_000, 1.0))
            took = time.perf_counter() - started
        outcome = answer.outcome.status or answer.outcome.failure
        kept.append(row(f"hostile receiver, deadline 1 s: {name}", f"{outcome} after {took:.2f} s", took < 2))
    await sender.close()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return row("memory all of them took", f"{grown:.0f} MiB", grown < 64) and all(kept)


SCENARIOS: dict[str, Callable[[Lab], Awaitable[bool]]] = {
    scenario.__name__: scenario for scenario in (killing, caps, neighbours, redis, hostile)
}


async def main(lab: Lab) -> bool:
    await migrate(lab.server.url)
    print("| what | measured | promise |\n| --- | --- | --- |")
    kept = []
    for name in lab.arguments.only or SCENARIOS:
        await clear(lab.server.url)
        kept.append(await SCENARIOS[name](lab))
    return all(kept)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=list(SCENARIOS))
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> bool:
    receivers = Receivers(RECEIVERS)
    folder = Path(tempfile.mkdtemp(prefix="supportrag-reliability-"))
    server = Server(folder)
    try:
        return asyncio.run(main(Lab(arguments, server, receivers, RedisProcess(folder))))
    finally:
        receivers.stop()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(0 if run(parsed()) else 1)
