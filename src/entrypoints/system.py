"""The running parts of one process: opened in order, set to work, drained, closed."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import structlog

from application.ports.storage import PAIRS
from application.ports.telemetry import SILENCE
from domain.errors import ServiceUnavailable
from entrypoints.container import Container
from entrypoints.settings import Settings

log = structlog.get_logger(__name__)

JOB_SLOTS = 2
"""Jobs at once in one process: one that waits for a model leaves the processor to another."""
DRAIN_SECONDS = 15.0
PATIENCE = 5.0
"""Seconds for a process that is just ending to leave its place."""


class System:
    def __init__(self, container: Container) -> None:
        self.container = container
        self._working: list[asyncio.Task[Any]] = []
        self._background: set[asyncio.Task[Any]] = set()
        self._keeping_logs: asyncio.Task[None] | None = None
        self._keeping_place: asyncio.Task[None] | None = None

    async def open(self, *, indexes: bool = True) -> None:
        """Raises `ServiceUnavailable` without the store, `Conflict` for an index that another model made; what
        else is away is used when it comes back."""
        parts = self.container
        parts.seeing.log_lines().open()
        self._keeping_logs = asyncio.create_task(parts.seeing.keep_logs().run_forever())
        await parts.store().open()
        await parts.signal().open()
        await parts.embedder().open()
        if indexes:
            await self._open_indexes()

    async def take_place(self) -> None:
        """Beside the other processes on the same database. Raises `BadSettings` where it cannot be shared."""
        presence = self.container.presence()
        if presence is not None:
            self._settings.require_room(await presence.enter(PATIENCE))
            self._keeping_place = asyncio.create_task(self._keep_place(presence))

    async def _keep_place(self, presence: Any) -> None:
        """Two that know nothing of each other's changes would answer wrongly: the one that came late ends."""
        others = await presence.keep()
        log.error("place_lost", others=others, consequence="this process ends")
        signal.raise_signal(signal.SIGTERM)

    def start_working(self, *, schedules: bool = True) -> None:
        """Runs jobs, deliveries and index changes inside this process, and `schedules` when nobody else does."""
        parts = self.container
        runner, upkeep = parts.runner(), parts.upkeep()
        self._work(*(runner.run_forever() for _ in range(JOB_SLOTS)))
        self._work(parts.webhooks.service().run_forever(), upkeep.keep_indexes_forever())
        if schedules:
            self._work(upkeep.run_forever())

    async def stop_working(self) -> None:
        """Hands back what runs, and lets deliveries that are on their way end; may be called twice."""
        working = list(self._working)
        for task in working:
            if not task.cancelling():
                task.cancel()
        if working:
            await asyncio.wait(working, timeout=DRAIN_SECONDS)
        self._working = [task for task in self._working if task not in working]

    async def close(self) -> None:
        try:
            await self.stop_working()
            await self._keep_last_logs()
            await self._leave_place()
            await self._close_parts()
        finally:
            self.container.seeing.log_lines().close()

    async def _keep_last_logs(self) -> None:
        if self._keeping_logs is not None:
            self._keeping_logs.cancel()
            await self.container.seeing.keep_logs()()

    async def _leave_place(self) -> None:
        if self._keeping_place is not None:
            self._keeping_place.cancel()
            await self.container.presence().leave()

    async def _close_parts(self) -> None:
        parts = self.container
        closing: tuple[Any, ...] = (parts.extractor, parts.sender, parts.fetcher, parts.messengers, parts.signal)
        closing += (parts.cache, parts.lexical, parts.issuer, parts.access.limiter)
        for part in (*closing, parts.vectors, parts.embedder, parts.llm, parts.reranker, parts.qdrant, parts.store):
            if part() is not None:
                await part().close()
        if parts.redis() is not None:
            await parts.redis().aclose()
        if parts.tracer() is not SILENCE:
            await parts.tracer().close()

    def _work(self, *loops: Coroutine[Any, Any, None]) -> None:
        self._working += [asyncio.create_task(loop) for loop in loops]

    async def _open_indexes(self) -> None:
        parts, settings = self.container, self._settings
        try:
            await parts.vectors().open(parts.embedder().spaces)
            await parts.lexical().open()
            await (self._fill() if settings.vectors == "faiss" else self._mend())
        except ServiceUnavailable as refusal:
            log.warning("index_out_of_reach", reason=str(refusal), consequence="searches are lexical for now")

    async def _fill(self) -> None:
        """Indexes of this process are filled from the store; what is kept on disk only learns what is new."""
        parts = self.container
        indexer, vectors = parts.indexer(), parts.vectors()
        for tenant_id in await parts.store().tenants_with(PAIRS):
            await indexer.fill(tenant_id, dense=vectors.needs_rebuild)
            await indexer.catch_up(tenant_id)
        await vectors.rebuilt()

    async def _mend(self) -> None:
        """An index that is empty where the store is not (it is new, or lost its data) is to be filled."""
        parts = self.container
        indexer, store = parts.indexer(), parts.store()
        for tenant_id in await store.tenants_with(PAIRS):
            if await parts.lexical().count(tenant_id) == 0 and await indexer.lag(tenant_id) == 0:
                await indexer.rebuild(tenant_id)

    @property
    def is_shared(self) -> bool:
        """Whether workers beside this process do the jobs."""
        return self._settings.is_shared

    @property
    def _settings(self) -> Settings:
        settings: Settings = self.container.settings()
        return settings
