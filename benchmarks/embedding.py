"""How fast the bundled models embed: one question, questions from many callers, and an ingestion.

    python -m benchmarks.embedding

One and two threads side by side, in turns, so that what else the machine does hits both alike. The texts
are the Debian FAQ's where it is there, else made of this module's own words.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from adapters.models.bundled import BundledEmbedder

CORPUS = Path(__file__).resolve().parents[2] / "shared/data/faq/debianfaq/corpus.en.jsonl"
ROUNDS = 3
CALLERS = 8


def texts() -> tuple[list[str], list[str]]:
    """Questions, and pairs as ingestion embeds them."""
    if CORPUS.exists():
        rows = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
        return [row["question"] for row in rows], [f"{row['question']} {row['answer']}" for row in rows]
    words = (__doc__ or "").split()
    questions = [" ".join(words[at : at + 9]) for at in range(30)]
    return questions, [" ".join(words[at:] * 3) for at in range(30)]


async def one_by_one(embedder: BundledEmbedder, space: str, questions: Sequence[str]) -> float:
    """Median milliseconds a question."""
    took = []
    for question in questions:
        started = time.perf_counter()
        await embedder.embed(space, [question])
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


async def from_many_callers(embedder: BundledEmbedder, space: str, questions: Sequence[str]) -> float:
    """Questions a second."""
    waiting = iter(questions)

    async def caller() -> None:
        for question in waiting:
            await embedder.embed(space, [question])

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return len(questions) / (time.perf_counter() - started)


async def ingested(embedder: BundledEmbedder, space: str, pairs: Sequence[str]) -> float:
    """Texts a second."""
    started = time.perf_counter()
    await embedder.embed(space, pairs)
    return len(pairs) / (time.perf_counter() - started)


async def main() -> None:
    questions, pairs = texts()
    embedders = {threads: BundledEmbedder(threads, cached_texts=0) for threads in (1, 2)}
    for embedder in embedders.values():
        await embedder.open()
    print(f"{len(questions)} questions, {len(pairs)} pairs of {statistics.mean(map(len, pairs)):.0f} characters")
    print(
        f"{'space':14} {'threads':>7} {'ms a question':>14} {f'questions/s, {CALLERS} callers':>24} {'ingested/s':>11}"
    )
    for space in BundledEmbedder.spaces:
        measured: dict[int, list[tuple[float, float, float]]] = {1: [], 2: []}
        for _ in range(ROUNDS):
            for threads, embedder in embedders.items():
                measured[threads].append(
                    (
                        await one_by_one(embedder, space.name, questions[:60]),
                        await from_many_callers(embedder, space.name, questions),
                        await ingested(embedder, space.name, pairs[:40]),
                    )
                )
        for threads, rounds in measured.items():
            alone, crowd, bulk = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{space.name:14} {threads:7} {alone:14.1f} {crowd:24.0f} {bulk:11.0f}")
    for embedder in embedders.values():
        await embedder.close()


if __name__ == "__main__":
    asyncio.run(main())
