"""The whole program in this process, with real models and parsers, over HTTP in memory."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
import pytest
from dependency_injector import providers

from adapters.delivery.recording import RecordingSender
from adapters.models.bundled import BundledEmbedder
from adapters.system.fixed import ManualClock
from entrypoints.container import Container, build
from entrypoints.http.server import build_app
from entrypoints.settings import Settings
from entrypoints.system import System

KEY = "sk_test_bootstrap_key_of_the_tests"


@lru_cache
def embedder() -> BundledEmbedder:
    """One for all tests of this process: loading the models takes a second."""
    return BundledEmbedder(threads=2)


class _Kept:
    """The shared embedder, which no single system may close."""

    def __init__(self) -> None:
        self.spaces = embedder().spaces

    async def open(self) -> None:
        """It opens at its first text."""

    async def embed(self, space: str, texts: Any) -> Any:
        return await embedder().embed(space, texts)

    async def close(self) -> None:
        """Others still use it."""


@dataclass
class SystemUnderTest:
    http: httpx.AsyncClient
    container: Container
    clock: ManualClock | None = None

    async def call(self, method: str, path: str, *, expect: int | None = None, **options: Any) -> dict[str, Any]:
        """The body of the answer; says the whole answer when the status is another than expected."""
        response = await self.http.request(method, path, **options)
        wanted = expect if expect is not None else (200, 201, 202)
        fits = response.status_code == wanted if isinstance(wanted, int) else response.status_code in wanted
        assert fits, f"{method} {path}: {response.status_code} instead of {wanted}: {response.text[:2000]}"
        body: dict[str, Any] = response.json()
        return body

    async def data(self, method: str, path: str, **options: Any) -> Any:
        return (await self.call(method, path, **options))["data"]

    async def ask(self, question: str, **body: Any) -> Any:
        return await self.data("POST", "/api/v1/queries", json={"question": question, **body})

    async def run_due(self) -> int:
        """Does every job that is due, and says how many that were."""
        return await self.container.runner().run_due()

    async def learn(
        self,
        *pairs: tuple[str, str] | dict[str, Any],
        title: str = "faq",
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Uploads the pairs as a JSON file and lets all of them in; the finished job."""
        rows = [pair if isinstance(pair, dict) else {"question": pair[0], "answer": pair[1]} for pair in pairs]
        file = (f"{title}.json", json.dumps(rows).encode(), "application/json")
        form = {"auto_classify": "false", "metadata": json.dumps(metadata or {})}
        job = await self.data("POST", "/api/v1/documents/upload", files=[("files", file)], data=form)
        await self.run_due()
        seen = await self.data("GET", f"/api/v1/jobs/{job['job_id']}")
        if seen["status"] == "waiting_input":
            await self.approve_all(job["job_id"])
            seen = await self.data("GET", f"/api/v1/jobs/{job['job_id']}")
        assert seen["status"] == "completed", seen
        return seen

    async def approve_all(self, job_id: str) -> None:
        query = {"job_id": job_id, "limit": "100"}
        while waiting := (await self.data("GET", "/api/v1/documents/pending-review", params=query))["qa_pairs"]:
            updates = [{"qa_id": pair["qa_id"], "approved": True} for pair in waiting]
            body = {"updates": updates, "action": "approve_and_ingest"}
            await self.data("POST", "/api/v1/documents/qa-pairs/batch-update", json=body)
        await self.run_due()


@asynccontextmanager
async def running(
    *, clock: ManualClock | None = None, overrides: dict[str, Any] | None = None, work: bool = False, **settings: Any
) -> AsyncIterator[SystemUnderTest]:
    """A system with these settings; jobs run when the test says so, unless `work`."""
    chosen = Settings(_env_file=None, **{"bootstrap_api_key": KEY, "reranker": "built-in", **settings})
    container = build(chosen)
    container.embedder.override(providers.Object(_Kept()))
    if clock is not None:
        container.clock.override(providers.Object(clock))
    container.sender.override(providers.Object(RecordingSender()))
    for name, replacement in (overrides or {}).items():
        getattr(container, name).override(providers.Object(replacement))
    app = build_app(System(container), work=work)
    async with _lifespan(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers, timeout=60) as http:
            yield SystemUnderTest(http, container, clock)


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[None]:
    """Runs the application's lifespan in a task of its own, as a server does."""
    inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task = asyncio.create_task(
        app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, inbox.get, outbox.put)
    )
    await inbox.put({"type": "lifespan.startup"})
    started = await outbox.get()
    assert started["type"] == "lifespan.startup.complete", started
    try:
        yield
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        await outbox.get()
        await task


@pytest.fixture
async def system(world_settings: dict[str, Any]) -> AsyncIterator[SystemUnderTest]:
    """Without knowledge, in each world in turn."""
    async with running(**world_settings) as started:
        yield started
