"""How one tenant's dense index grows: `python -m benchmarks.index_curve [rows …]`, 1k to 1M by default.

Real vectors (the demo FAQ's questions and answers in the English space), then the same moved a little at random: only
the index is measured, one search at a time, in one thread. Flat up to 100 000 rows and inverted lists above, as the
service does by itself. `recall` is the share of the true ten nearest among the ten found, for questions moved again.
Memory is what the process holds more than before, vectors and filter columns of the rows included.
"""

import asyncio
import gc
import json
import statistics
import sys
import time
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import numpy as np
import psutil

from adapters.models.bundled import BundledEmbedder
from adapters.vectors.faiss import FaissVectorIndex
from application.ports.vectors import VectorRow
from domain.retrieval import Filters, IndexedFields

SPACE = next(space for space in BundledEmbedder.spaces if space.name == "english")
BATCH, QUERIES, LIMIT, TOP = 5_000, 200, 50, 10
NOISE = 0.03
"""Of each component: cosine to the original about .86, so that neighbours are near and many."""
FILTERS = {"no filter": Filters(), "a category (10 %)": Filters(categories=frozenset({"c1"}))}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Matrix = np.ndarray[Any, Any]


async def real_vectors() -> Matrix:
    rows = json.loads(files("entrypoints.demo").joinpath("debian-faq.en.json").read_text("utf-8"))
    embedder = BundledEmbedder(threads=2, cached_texts=0)
    texts = [text for row in rows for text in (row["question"], row["answer"][:400])]
    vectors = await embedder.embed(SPACE.name, texts)
    await embedder.close()
    return np.asarray(vectors, dtype=np.float32)


def moved(real: Matrix, which: Matrix, seed: int) -> Matrix:
    noise = np.random.default_rng(seed).standard_normal((len(which), real.shape[1]), dtype=np.float32)
    points = real[which] + NOISE * noise
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def batches(real: Matrix, rows: int) -> Iterator[tuple[int, Matrix]]:
    for start in range(0, rows, BATCH):
        numbers = np.arange(start, min(rows, start + BATCH))
        yield start, moved(real, numbers % len(real), start)


def row(number: int, vector: Matrix) -> VectorRow:
    fields = IndexedFields(f"doc_{number // 50}", "en", f"c{number % 10}", None, False, NOW, {})
    return VectorRow(f"qa_{number:08d}", array("f", vector.tobytes()), fields)


async def fill(index: FaissVectorIndex, real: Matrix, rows: int) -> float:
    begun = time.perf_counter()
    for start, points in batches(real, rows):
        await index.upsert("t", SPACE.name, [row(start + n, point) for n, point in enumerate(points)])
    await index.settled()
    return time.perf_counter() - begun


def nearest(real: Matrix, rows: int, questions: Matrix) -> list[set[str]]:
    """The true ones, by looking at every row."""
    best = [np.empty(0, dtype=np.float32)] * len(questions)
    ids = [np.empty(0, dtype=np.int64)] * len(questions)
    for start, points in batches(real, rows):
        scores = questions @ points.T
        for n, found in enumerate(scores):
            all_scores = np.concatenate([best[n], found])
            all_ids = np.concatenate([ids[n], start + np.arange(len(found))])
            top = np.argsort(-all_scores)[:TOP]
            best[n], ids[n] = all_scores[top], all_ids[top]
    return [{f"qa_{number:08d}" for number in one} for one in ids]


async def search(index: FaissVectorIndex, questions: Matrix, filters: Filters) -> tuple[list[float], list[list[str]]]:
    took, found = [], []
    for question in questions:
        vector = array("f", question.tobytes())
        begun = time.perf_counter()
        hits = await index.search("t", SPACE.name, vector, LIMIT, filters)
        took.append((time.perf_counter() - begun) * 1000)
        found.append([hit.id for hit in hits[:TOP]])
    return took, found


async def measure(real: Matrix, rows: int) -> None:
    gc.collect()
    before = psutil.Process().memory_info().rss
    index = FaissVectorIndex()
    await index.open([SPACE])
    filled = await fill(index, real, rows)
    gc.collect()
    held = (psutil.Process().memory_info().rss - before) / 2**20
    questions = moved(real, np.random.default_rng(1).integers(0, len(real), QUERIES), 10**9)
    line = f"{rows:>9,} rows  filled in {filled:7.1f} s  {held:7.0f} MB"
    for name, filters in FILTERS.items():
        took, found = await search(index, questions, filters)
        p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
        line += f"  {name}: p50 {p50:6.2f} p95 {p95:6.2f} ms"
        if name == "no filter":
            true = nearest(real, rows, questions)
            recall = sum(len(one & set(got)) for one, got in zip(true, found, strict=True)) / (TOP * QUERIES)
            line += f" recall@{TOP} {recall:.3f}"
    print(line, flush=True)
    await index.close()


async def main(sizes: list[int]) -> None:
    real = await real_vectors()
    print(f"{len(real)} real vectors of {SPACE.dimension} dimensions; {QUERIES} searches for {LIMIT} hits")
    for rows in sizes:
        await measure(real, rows)


if __name__ == "__main__":
    asyncio.run(main([int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000, 1_000_000]))
