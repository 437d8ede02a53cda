"""What PostgreSQL, Redis and Qdrant's engine cost beside the run in memory: `python -m benchmarks.backends`.

All in one session, and in turns, so that whatever else the machine does hits all alike:

- questions over HTTP, uncached and cached, at 1 and 8 callers, on memory + FAISS, on PostgreSQL + Redis + FAISS,
  and on PostgreSQL + Redis + Qdrant's engine behind a small test server (in Python, one request at a time: a
  real Qdrant answers sooner);
- uploads, in pairs a second from the request until the last pair is indexed, beside the embedder alone at the
  same pairs.

PostgreSQL is started from its wheel with its durable defaults (fsync on), Redis from its wheel.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
from benchmarks.questions import KEY, Variants, fill, measured
from benchmarks.storage import database_url
from dependency_injector import providers
from tests.support.qdrant_server import running_qdrant
from tests.support.redis import RedisProcess

from adapters.models.bundled import BundledEmbedder
from adapters.storage.postgres import migrate
from application.embedding import recipe_of
from domain.qa_pairs import QAPair
from domain.ranking_profiles import BUILT_IN
from entrypoints.container import Container, build
from entrypoints.http.server import build_app
from entrypoints.serving import serving
from entrypoints.settings import Settings
from entrypoints.system import System

CALLERS = (1, 8)


@dataclass
class World:
    name: str
    container: Container
    http: httpx.AsyncClient
    took: dict[str, list[float]] = field(default_factory=dict)
    walls: dict[str, float] = field(default_factory=dict)
    ingested: list[float] = field(default_factory=list)
    refused: int = 0

    async def ask(self, text: str, *, cached: bool) -> None:
        """Again when it is told to come back, as callers are when the machine is too busy; that is counted."""
        body = {"question": text, "options": {"use_cache": cached}}
        while (answer := await self.http.post("/api/v1/queries", json=body)).status_code == 503:
            self.refused += 1
            await asyncio.sleep(float(answer.headers["retry-after"]))
        answer.raise_for_status()

    async def measure(self, name: str, texts: list[str], callers: int, *, cached: bool) -> None:
        begun = time.perf_counter()
        self.took.setdefault(name, []).extend(
            await measured(lambda text: self.ask(text, cached=cached), texts, callers)
        )
        self.walls[name] = self.walls.get(name, 0.0) + time.perf_counter() - begun

    async def upload(self, rows: list[dict[str, str]]) -> None:
        """Pairs a second, from the request to the last one indexed."""
        begun = time.perf_counter()
        file = ("faq.json", json.dumps(rows).encode(), "application/json")
        form = {"auto_classify": "false"}
        accepted = await self.http.post("/api/v1/documents/upload", files=[("files", file)], data=form)
        job = await self._finished(accepted.raise_for_status().json()["data"]["job_id"])
        self.ingested.append(len(rows) / (time.perf_counter() - begun))
        assert job["result"]["qa_pairs_ingested"] == len(rows), job

    async def _finished(self, job_id: str) -> dict[str, Any]:
        while True:
            job: dict[str, Any] = (await self.http.get(f"/api/v1/jobs/{job_id}")).json()["data"]
            if job["status"] not in ("pending", "processing"):
                return job
            await asyncio.sleep(0.05)


@contextmanager
def backends() -> Iterator[dict[str, dict[str, Any]]]:
    """The settings of each world."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="supportrag-bench-")))
        redis = RedisProcess(folder)
        redis.start()
        stack.callback(redis.stop)
        qdrant = stack.enter_context(running_qdrant(folder / "qdrant"))
        worlds: dict[str, dict[str, Any]] = {"memory + FAISS": {}}
        for number, (name, vectors) in enumerate(
            {
                "PostgreSQL + Redis + FAISS": "faiss://",
                "PostgreSQL + Redis + Qdrant engine": f"qdrant+{qdrant.url}",
            }.items()
        ):
            url = stack.enter_context(database_url())
            kept = {"database_url": url, "redis_url": f"{redis.url}/{number}", "master_key": "of the benchmark"}
            worlds[name] = {**kept, "vector_url": vectors}
        yield worlds


@asynccontextmanager
async def world(name: str, settings: dict[str, Any], embedder: Any) -> AsyncIterator[World]:
    if settings:
        await migrate(settings["database_url"])
    container = build(Settings(_env_file=None, bootstrap_api_key=KEY, log_level="ERROR", **settings))
    container.embedder.override(providers.Object(embedder))
    headers = {"Authorization": f"Bearer {KEY}"}
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(build_app(System(container))))
        client = httpx.AsyncClient(base_url=url, headers=headers, timeout=120, trust_env=False)
        http = await stack.enter_async_context(client)
        await http.put("/api/v1/config", json={"ingestion": {"review": "never"}})
        yield World(name, container, http)


def faq() -> list[dict[str, str]]:
    return [
        row
        for language in ("en", "de", "fr", "ru")
        for row in json.loads(files("entrypoints.demo").joinpath(f"debian-faq.{language}.json").read_text("utf-8"))
    ]


def of_round(rows: list[dict[str, str]], number: int) -> list[dict[str, str]]:
    """The same questions about something else: no text has been embedded before, and none is a duplicate."""
    about = f"(release {number})"
    return [{"question": f"{row['question']} {about}", "answer": f"{about} {row['answer'][:1500]}"} for row in rows]


async def embedded_alone(embedder: BundledEmbedder, rows: list[dict[str, str]], container: Container) -> float:
    """Pairs a second, when nothing is done but to embed what ingestion embeds of them."""
    now = container.clock().now()
    pairs = [
        QAPair(id=f"qa_{n}", created_at=now, updated_at=now, document_id="d", language="en", **row)
        for n, row in enumerate(rows)
    ]
    begun = time.perf_counter()
    for space in BUILT_IN.spaces:
        texts = [text for pair in pairs for text, _ in recipe_of(space, pair)]
        for start in range(0, len(texts), 512):
            await embedder.embed(space.name, texts[start : start + 512])
    return len(rows) / (time.perf_counter() - begun)


async def ask_questions(size: int, count: int, rounds: int) -> None:
    rows = faq()
    texts = [row["question"] for row in rows][:count]
    with backends() as settings:
        async with AsyncExitStack() as stack:
            embedder = Variants()
            worlds = [await stack.enter_async_context(world(*one, embedder)) for one in settings.items()]
            for each in worlds:
                await fill(each.container, size)
                await measured(lambda text, each=each: each.ask(text, cached=False), texts[:20], 4)
            for _ in range(rounds):
                for each in worlds:
                    for callers in CALLERS:
                        await each.measure(f"uncached, {callers} callers", texts, callers, cached=False)
                for each in worlds:
                    for callers in CALLERS:
                        await each.measure(f"cached, {callers} callers", texts, callers, cached=True)
            print(f"{size} pairs, {len(texts)} questions, {rounds} rounds in turns, over HTTP in one process")
            _show(worlds)


def _show(worlds: list[World]) -> None:
    for name, first in worlds[0].took.items():
        base = statistics.median(first)
        for each in worlds:
            took = each.took[name]
            p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
            print(
                f"  {name:22} {each.name:36} p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  "
                f"{len(took) / each.walls[name]:6.1f}/s  {p50 / base:5.2f} × memory"
            )
    print("  told to come back: " + ", ".join(f"{each.name} {each.refused}" for each in worlds))


async def upload_pairs(rounds: int, count: int) -> None:
    with backends() as settings:
        async with AsyncExitStack() as stack:
            embedder = BundledEmbedder(threads=2, cached_texts=0)
            worlds = [await stack.enter_async_context(world(*one, embedder)) for one in settings.items()]
            rows, alone = faq()[:count], []
            for number in range(rounds):
                alone.append(await embedded_alone(embedder, of_round(rows, number), worlds[0].container))
                for each in worlds:
                    await each.upload(of_round(rows, number))
    base = statistics.median(alone)
    print(f"{len(rows)} pairs an upload, {rounds} rounds in turns")
    print(f"  {'the embedder alone':36} {base:6.1f} pairs/s")
    for each in worlds:
        rate = statistics.median(each.ingested)
        print(f"  {each.name:36} {rate:6.1f} pairs/s  {rate / base:5.2f} × the embedder alone")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000, help="pairs that are searched")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--uploaded", type=int, default=150, help="pairs an upload")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(ask_questions(given.size, given.questions, given.rounds))
    asyncio.run(upload_pairs(given.rounds, given.uploaded))
