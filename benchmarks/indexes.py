"""How long the indexes take: `python benchmarks/indexes.py [rows …]`, one run, one query at a time.

Vectors are drawn around random centres, words by Zipf's law; Qdrant is its client's local mode (not a server,
and slow above a few thousand rows).
"""

import asyncio
import statistics
import sys
import time
import warnings
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from qdrant_client import AsyncQdrantClient

from adapters.lexical.memory import MemoryLexicalIndex
from adapters.lexical.qdrant import QdrantLexicalIndex
from adapters.lexical.tantivy import TantivyLexicalIndex
from adapters.vectors.faiss import FaissVectorIndex
from adapters.vectors.memory import MemoryVectorIndex
from adapters.vectors.qdrant import QdrantVectorIndex
from application.ports.lexical import LexicalIndex, LexicalRow
from application.ports.vectors import VectorIndex, VectorRow
from domain.retrieval import Filters, IndexedFields
from domain.vectors import EmbeddingSpace, Vector

DIMENSION, LIMIT, QUERIES, BATCH = 384, 50, 40, 1_000
SPACE = EmbeddingSpace("en", "random", DIMENSION, "1", None)
FILTERS = {
    "no filter": Filters(),
    "a category (10 %)": Filters(categories=frozenset({"c1"})),
    "an entity (.5 %)": Filters(metadata={"entity": "e1"}),
}
CHANCE = np.random.default_rng(0)
SHARES = 1 / np.arange(3, 50_003)
WORDS = np.array([f"w{number}" for number in range(50_000)])
Search = Callable[[int, Filters], Awaitable[list]]


@dataclass
class Subject:
    name: str
    most_rows: int
    fill: Callable[[int], Awaitable[None]]
    again: Callable[[int], Awaitable[None]]
    """Upserts one row once more."""
    search: Search
    close: Callable[[], Awaitable[None]]


def fields(number: int) -> IndexedFields:
    updated = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    metadata = {"entity": f"e{number % 200}"}
    return IndexedFields(f"doc_{number // 50}", "en", f"c{number % 10}", None, False, updated, metadata)


def clustered(rows: int) -> np.ndarray:
    centres = CHANCE.normal(size=(max(1, rows // 20), DIMENSION))
    points = centres[CHANCE.integers(0, len(centres), rows)] + 0.7 * CHANCE.normal(size=(rows, DIMENSION))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype("f4")


def text(words: int) -> str:
    return " ".join(CHANCE.choice(WORDS, words, p=SHARES / SHARES.sum()))


def dense(name: str, index: VectorIndex, points: np.ndarray, most_rows: int) -> Subject:
    def vector(number: int) -> Vector:
        return array("f", points[number % len(points)].tobytes())

    async def upsert(*numbers: int) -> None:
        await index.upsert("t", "en", [VectorRow(f"{n}", vector(n), fields(n)) for n in numbers])

    async def fill(rows: int) -> None:
        await index.open([SPACE])
        for start in range(0, rows, BATCH):
            await upsert(*range(start, min(rows, start + BATCH)))
        if isinstance(index, FaissVectorIndex):
            await index.settled()

    async def search(number: int, filters: Filters) -> list:
        return await index.search("t", "en", vector(number * 7), LIMIT, filters)

    return Subject(name, most_rows, fill, upsert, search, index.close)


def lexical(name: str, index: LexicalIndex, texts: list[tuple[str, str]], most_rows: int) -> Subject:
    queries = [text(8) for _ in range(QUERIES)]

    async def upsert(*numbers: int) -> None:
        await index.upsert("t", [LexicalRow(f"{n}", *texts[n], fields(n)) for n in numbers])

    async def fill(rows: int) -> None:
        await index.open()
        for start in range(0, rows, BATCH):
            await upsert(*range(start, min(rows, start + BATCH)))

    async def search(number: int, filters: Filters) -> list:
        return await index.search("t", queries[number], LIMIT, filters)

    return Subject(name, most_rows, fill, upsert, search, index.close)


async def milliseconds(work: Callable[[int], Awaitable[object]]) -> float:
    times = []
    for number in range(QUERIES):
        begun = time.perf_counter()
        await work(number)
        times.append(1_000 * (time.perf_counter() - begun))
    return statistics.median(times)


async def measure(subject: Subject, rows: int, first: float | None) -> float:
    begun = time.perf_counter()
    await subject.fill(rows)
    filled = time.perf_counter() - begun
    print(f"  {subject.name:<22} filled in {filled:6.2f} s", end="")
    medians = [await milliseconds(lambda n, f=f: subject.search(n, f)) for f in FILTERS.values()]
    single = await milliseconds(subject.again)
    await subject.close()
    for median in medians:
        print(f" | {median:8.2f} ms ×{median / (first or medians[0]):<5.1f}", end="")
    print(f" | upsert {single:6.2f} ms")
    return medians[0]


async def compare(subjects: list[Subject], rows: int) -> None:
    first: float | None = None
    for subject in subjects:
        if rows <= subject.most_rows:
            measured = await measure(subject, rows, first)
            first = first or measured


async def main(sizes: list[int]) -> None:
    print(f"p50 of {QUERIES} searches for {LIMIT} hits: {', '.join(FILTERS)}; × the first index unfiltered")
    for rows in sizes:
        points, texts = clustered(rows), [(text(10), text(60)) for _ in range(rows)]
        print(f"{rows} rows")
        await compare(
            [
                dense("faiss flat", FaissVectorIndex(ivf_above=10 * rows), points, 10**9),
                dense("faiss ivf", FaissVectorIndex(ivf_above=rows - 1), points, 10**9),
                dense("memory", MemoryVectorIndex(), points, 1_000),
                dense("qdrant local", QdrantVectorIndex(AsyncQdrantClient(":memory:")), points, 1_000),
            ],
            rows,
        )
        await compare(
            [
                lexical("bm25 memory", MemoryLexicalIndex(), texts, 10**9),
                lexical("bm25 tantivy", TantivyLexicalIndex(), texts, 10**9),
                lexical("bm25 qdrant local", QdrantLexicalIndex(AsyncQdrantClient(":memory:")), texts, 1_000),
            ],
            rows,
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(main([int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000]))
