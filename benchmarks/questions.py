"""`make bench`: what a question costs, beside the bare cost of embedding and searching for the same texts.

At 1 000 and 100 000 pairs (`--sizes`): real pairs first, then numbered variants of them, whose vectors are those
of the real ones moved a little (embedding 100 000 texts would take an hour and change nothing here). The real
ones are embedded once and kept on disk; filling 100 000 pairs takes some minutes. Uncached in
process and over HTTP at 1, 8 and 32 callers, and cached. The callers over HTTP are another process.
"""

import argparse
import asyncio
import json
import logging
import statistics
import sys
import time
from array import array
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from zlib import crc32

import httpx
import numpy as np
import structlog
from benchmarks.lab import data
from benchmarks.lab.models import embed
from benchmarks.lab.worlds import MODELS
from dependency_injector import providers

from adapters.models.bundled import BundledEmbedder
from application.ports.storage import DOCUMENTS, PAIRS
from domain.access import Caller, Principal, Scope, Tier
from domain.documents import Document
from domain.qa_pairs import QAPair
from domain.queries import QueryOptions, Question
from domain.retrieval import Filters
from entrypoints.container import Container, build
from entrypoints.http.server import build_app
from entrypoints.serving import serving
from entrypoints.settings import Settings
from entrypoints.system import System

TENANT = "platform"
KEY = "sk_test_benchmark"
MARK = " №"
CALLER = Caller(Principal(TENANT, frozenset({Scope.ADMIN}), Tier.ENTERPRISE), trace_id="0" * 32)


class Variants:
    """The bundled embedder, with the vector of a numbered variant made from that of its original."""

    def __init__(self) -> None:
        self._real = BundledEmbedder(threads=2, cached_texts=0)
        self._known: dict[tuple[str, str], np.ndarray[Any, Any]] = {}
        self.spaces = self._real.spaces

    async def open(self) -> None:
        await self._real.open()

    async def embed(self, space: str, texts: Sequence[str]) -> list[Any]:
        originals = list(dict.fromkeys(_original(text) for text in texts if MARK in text))
        await self._learn(space, [text for text in originals if (space, text) not in self._known])
        plain = [text for text in texts if MARK not in text]
        real = dict(zip(plain, await self._real.embed(space, plain), strict=True)) if plain else {}
        return [self._variant(space, text) if MARK in text else real[text] for text in texts]

    async def _learn(self, space: str, texts: Sequence[str]) -> None:
        vectors = await asyncio.to_thread(embed, MODELS[space], texts) if texts else []
        self._known |= {(space, text): vector for text, vector in zip(texts, vectors, strict=True)}

    def _variant(self, space: str, text: str) -> Any:
        base = self._known[space, _original(text)]
        noise = np.random.default_rng(crc32(text.encode())).standard_normal(len(base), np.float32)
        moved = base + 0.02 * noise
        return array("f", moved / np.linalg.norm(moved))

    async def close(self) -> None:
        await self._real.close()


def _original(text: str) -> str:
    return text.partition(MARK)[0]


async def fill(container: Container, size: int) -> None:
    real = [p for p in data.mixed().pairs if p.question and p.answer]
    now = container.clock().now()
    document = Document(id="doc_bench", created_at=now, updated_at=now, title="Benchmark", language="en")
    async with container.store().begin(TENANT) as uow:
        await uow[DOCUMENTS].save(document)
        await uow.commit()
    for start in range(0, size, 2000):
        pairs = [_pair(real[n % len(real)], n, now) for n in range(start, min(size, start + 2000))]
        async with container.store().begin(TENANT) as uow:
            await uow[PAIRS].save_all(pairs)
            await container.indexer().record(uow, pairs)
            await uow.commit()
        await container.indexer().catch_up(TENANT)


def _pair(real: data.Pair, n: int, now: Any) -> QAPair:
    mark = f"{MARK}{n}"
    return QAPair(
        id=f"qa_{n:08d}",
        created_at=now,
        updated_at=now,
        document_id="doc_bench",
        question=f"{real.question}{mark}",
        answer=f"{real.answer}{mark}",
        language="en",
    )


async def measured(work: Callable[[str], Awaitable[None]], texts: Sequence[str], callers: int) -> list[float]:
    """Milliseconds of each call, with so many callers at once."""
    waiting, took = list(texts), []

    async def caller() -> None:
        while waiting:
            text = waiting.pop()
            begun = time.perf_counter()
            await work(text)
            took.append((time.perf_counter() - begun) * 1000)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return took


def show(name: str, took: Sequence[float], wall: float, bare: float | None = None) -> float:
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    ratio = f"  {p50 / bare:5.2f} × bare" if bare else ""
    print(f"  {name:34} p50 {p50:7.1f} ms  p95 {p95:7.1f} ms  {len(took) / wall:7.1f}/s{ratio}", flush=True)
    return p50


async def timed(name: str, work: Any, texts: Sequence[str], callers: int, bare: float | None = None) -> float:
    begun = time.perf_counter()
    took = await measured(work, texts, callers)
    return show(name, took, time.perf_counter() - begun, bare)


async def bench(size: int, count: int) -> None:
    container = build(Settings(_env_file=None, bootstrap_api_key=KEY, log_level="WARNING"))
    container.embedder.override(providers.Object(Variants()))
    system = System(container)
    texts = [query.text for query in data.mixed().queries][:count]
    async with serving(build_app(system)) as url:
        begun = time.perf_counter()
        await fill(container, size)
        print(f"{size} pairs, indexed in {time.perf_counter() - begun:.0f} s; {len(texts)} questions")

        async def bare(text: str) -> None:
            english, multilingual = await asyncio.gather(
                container.embedder().embed("english", [text]), container.embedder().embed("multilingual", [text])
            )
            await asyncio.gather(
                container.vectors().search(TENANT, "english", english[0], 50, Filters()),
                container.vectors().search(TENANT, "multilingual", multilingual[0], 50, Filters()),
                container.lexical().search(TENANT, text, 50, Filters()),
            )

        async def ask(text: str) -> None:
            await container.ask()(CALLER, Question(text, options=QueryOptions(use_cache=False)))

        await measured(ask, texts[:50], 4)  # everything is warm
        base = await timed("embedding and searching, 1 caller", bare, texts, 1)
        for callers in (1, 8, 32):
            await timed(f"in process, {callers} callers", ask, texts, callers, base)
        for callers in (1, 8, 32):
            await over_http(url, texts, callers, base, cached=False)
        await answer_everything(url)
        for callers in (1, 8, 32):
            await over_http(url, texts, callers, base, cached=True)


async def answer_everything(url: str) -> None:
    """What is handed over is not kept in the cache, and numbered variants of one pair leave nobody sure."""
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as client:
        wanted = {"escalation": {"confidence_threshold": 0.0}, "retrieval": {"similarity_threshold": 0.0}}
        (await client.put("/api/v1/config", json=wanted)).raise_for_status()


async def over_http(url: str, texts: Sequence[str], callers: int, base: float, *, cached: bool) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.questions", "--ask", url, str(callers), "cached" if cached else "uncached",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate(json.dumps(list(texts)).encode())
    result = json.loads(said)
    show(f"HTTP, {'cached' if cached else 'uncached'}, {callers} callers", result["took"], result["wall"], base)


async def ask_over_http(url: str, callers: int, cached: bool) -> None:
    texts = json.loads(sys.stdin.read())
    limits = httpx.Limits(max_connections=callers)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits, trust_env=False) as client:
        kept: list[str] = []

        async def ask(text: str) -> None:
            body = {"question": text, "options": {"use_cache": cached}}
            answer = await client.post("/api/v1/queries", json=body, headers={"Authorization": f"Bearer {KEY}"})
            if answer.raise_for_status().json()["data"]["cache_hit"]:
                kept.append(text)

        if cached:  # only what does come from the cache is timed
            await measured(ask, texts, callers)
            await measured(ask, texts, callers)
            texts = list(dict.fromkeys(kept))
        begun = time.perf_counter()
        took = await measured(ask, texts, callers)
        print(json.dumps({"took": took, "wall": time.perf_counter() - begun}))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", default="1000,100000")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--ask", nargs=3, metavar=("URL", "CALLERS", "CACHED"))
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if given.ask:
        asyncio.run(ask_over_http(given.ask[0], int(given.ask[1]), given.ask[2] == "cached"))
        return
    for size in given.sizes.split(","):
        asyncio.run(bench(int(size), given.questions))


if __name__ == "__main__":
    main()
