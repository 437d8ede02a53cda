"""What it costs to be watched: `python -m benchmarks.observability [--questions 300]`.

Two systems in this process, in memory, with the same pairs: one with spans sent to a collector, numbers counted
and traces stored, the other with none of these. Each question is asked of both, in turns and uncached, so that
whatever else the machine does falls on both alike. Prints the medians of the time that a caller waits and of the
processor time of the event loop, which a busy machine does not stretch, and the medians of the differences.
"""

import argparse
import asyncio
import json
import logging
import statistics
import time
from contextlib import AsyncExitStack
from importlib.resources import files
from typing import Any

import structlog
from rich.console import Console
from rich.table import Table
from tests.support.otlp import collecting
from tests.support.system import SystemUnderTest, running

from adapters.storage.memory import MemoryStore
from adapters.system.live import RandomIds, SystemClock
from application.ports.storage import TRACES
from application.ports.telemetry import SILENCE

WARM_UP = 20
Times = tuple[float, float]
"""Milliseconds that the caller waited, and that the event loop worked."""


class Untraced(MemoryStore):
    """A store that keeps no traces."""

    def begin(self, tenant_id: str) -> Any:
        return _Untraced(super().begin(tenant_id))


class _Untraced:
    def __init__(self, uow: Any) -> None:
        self._uow = uow

    def __getitem__(self, table: Any) -> Any:
        return _Nowhere() if table is TRACES else self._uow[table]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._uow, name)

    async def __aenter__(self) -> Any:
        await self._uow.__aenter__()
        return self

    async def __aexit__(self, *how: Any) -> None:
        await self._uow.__aexit__(*how)


class _Nowhere:
    async def save(self, _: Any) -> None:
        """Not kept."""


def pairs() -> list[tuple[str, str]]:
    rows = json.loads(files("entrypoints.demo").joinpath("debian-faq.en.json").read_text("utf-8"))
    return [(row["question"], row["answer"][:600]) for row in rows]


async def took(system: SystemUnderTest, question: str) -> Times:
    begun, worked = time.perf_counter(), time.thread_time()
    await system.ask(question, options={"use_cache": False})
    return (time.perf_counter() - begun) * 1000, (time.thread_time() - worked) * 1000


async def measure(count: int) -> None:
    known = pairs()
    silent = {"numbers": SILENCE, "store": Untraced(SystemClock(), RandomIds())}
    async with AsyncExitStack() as stack:
        collector = stack.enter_context(collecting())
        watched = await stack.enter_async_context(running(otel_endpoint=collector.url))
        unwatched = await stack.enter_async_context(running(overrides=silent))
        for system in (watched, unwatched):
            await system.learn(*known)
        on: list[Times] = []
        off: list[Times] = []
        for n in range(WARM_UP + count):
            question = f"{known[n % len(known)][0]} ({n})"
            first, second = (watched, unwatched) if n % 2 else (unwatched, watched)
            times = {id(first): await took(first, question), id(second): await took(second, question)}
            on.append(times[id(watched)])
            off.append(times[id(unwatched)])
        show(on[WARM_UP:], off[WARM_UP:], len(collector.wait_for(count)))


def show(on: list[Times], off: list[Times], spans: int) -> None:
    title = f"{len(on)} questions asked of both in turns; {spans} spans received"
    table = Table("ms", "waited p50", "waited p95", "worked p50", "worked p95", title=title)
    for name, times in (("all of it", on), ("none of it", off)):
        table.add_row(name, *(cell for which in (0, 1) for cell in _row(sorted(time[which] for time in times))))
    more = [statistics.median(mine[n] - theirs[n] for mine, theirs in zip(on, off, strict=True)) for n in (0, 1)]
    table.add_row("median of the differences", f"{more[0]:+.2f}", "", f"{more[1]:+.2f}", "")
    Console().print(table)


def _row(ordered: list[float]) -> tuple[str, str]:
    return f"{statistics.median(ordered):.2f}", f"{ordered[int(len(ordered) * 0.95)]:.2f}"


def main() -> None:
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=300)
    asyncio.run(measure(parser.parse_args().questions))


if __name__ == "__main__":
    main()
