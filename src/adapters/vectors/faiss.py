"""FAISS, in process: exact up to a size, inverted lists above it."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import faiss
import structlog

from adapters.indexing.workers import Workers
from adapters.vectors.directory import IndexDirectory
from adapters.vectors.journal import Damaged
from adapters.vectors.kept_shard import KeptShard
from adapters.vectors.shard import Shard
from adapters.vectors.spaces import OpenSpaces, last_of_each
from application.ports.vectors import VectorHit, VectorRow
from domain.retrieval import Filters
from domain.vectors import EmbeddingSpace, Vector

log = structlog.get_logger(__name__)


def _one_thread() -> None:
    """More threads a search make the p50 worse; the setting belongs to the calling thread."""
    faiss.omp_set_num_threads(1)


class FaissVectorIndex:
    """One index per tenant and space. With a directory, what `upsert` returned from survives the process."""

    def __init__(self, ivf_above: int = 100_000, directory: Path | None = None, threads: int = 2) -> None:
        """`ivf_above`: rows from which a shard is trained and searched approximately."""
        self._ivf_above = ivf_above
        self._directory = IndexDirectory(directory) if directory else None
        self._spaces = OpenSpaces()
        self._shards: dict[tuple[str, str], Shard] = {}
        self._creating = threading.Lock()
        self._workers = Workers(threads, "faiss", _one_thread)
        self._builder = Workers(1, "faiss-builder", _one_thread)
        self._growing: set[asyncio.Task[None]] = set()

    @property
    def needs_rebuild(self) -> bool:
        """Whether rows of the store may be missing here; `rebuilt` ends it. In memory: always at first."""
        return not (self._directory and self._directory.manifest.complete)

    async def rebuilt(self) -> None:
        """The caller has brought in everything the store holds."""
        if self._directory:
            await self._workers.run(self._directory.set_complete, True)

    async def open(self, spaces: Sequence[EmbeddingSpace]) -> None:
        if self._directory:
            await self._workers.run(self._load, self._directory, spaces)
        self._spaces.add(spaces)
        for shard in list(self._shards.values()):
            self._grow_if_due(shard)

    async def upsert(self, tenant_id: str, space: str, rows: Sequence[VectorRow]) -> None:
        if rows:
            shard = await self._workers.run(self._upsert, tenant_id, space, last_of_each(rows))
            self._grow_if_due(shard)

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        for shard in self._of_tenant(tenant_id):
            await self._workers.run(shard.delete, ids)

    async def search(self, tenant_id: str, space: str, vector: Vector, limit: int, filters: Filters) -> list[VectorHit]:
        query = self._spaces.query(space, vector)
        shard = self._held(tenant_id, space)
        return await self._workers.run(shard.search, query, limit, filters) if shard is not None else []

    async def scores(self, tenant_id: str, space: str, vector: Vector, ids: Sequence[str]) -> dict[str, float]:
        query = self._spaces.query(space, vector)
        shard = self._held(tenant_id, space)
        return await self._workers.run(shard.scores, query, ids) if shard is not None else {}

    async def count(self, tenant_id: str, space: str) -> int:
        self._spaces.get(space)
        shard = self._held(tenant_id, space)
        return await self._workers.run(len, shard) if shard is not None else 0

    async def clear(self, tenant_id: str) -> None:
        for shard in self._of_tenant(tenant_id):
            await self._workers.run(shard.clear)

    async def ping(self) -> None:
        await self._workers.run(lambda: None)

    async def close(self) -> None:
        for shard in list(self._shards.values()):
            shard.stop()
        await self.settled()
        await self._builder.close()
        await self._workers.close()
        if self._directory:
            self._directory.close()

    async def settled(self) -> None:
        """Until the training that is under way has ended, well or not."""
        await asyncio.gather(*self._growing, return_exceptions=True)

    def _held(self, tenant_id: str, space: str) -> Shard | None:
        self._workers.ensure_open()
        return self._shards.get((tenant_id, space))

    def _of_tenant(self, tenant_id: str) -> list[Shard]:
        self._workers.ensure_open()
        return [shard for (owner, _), shard in list(self._shards.items()) if owner == tenant_id]

    def _upsert(self, tenant_id: str, space: str, rows: Sequence[VectorRow]) -> Shard:
        matrix = self._spaces.matrix(space, rows)
        shard = self._shard(tenant_id, self._spaces.get(space))
        shard.upsert(rows, matrix)
        return shard

    def _shard(self, tenant_id: str, space: EmbeddingSpace) -> Shard:
        with self._creating:
            shard = self._shards.get((tenant_id, space.name))
            if shard is None:
                shard = self._shards[(tenant_id, space.name)] = self._new_shard(tenant_id, space)
            return shard

    def _new_shard(self, tenant_id: str, space: EmbeddingSpace) -> Shard:
        if self._directory is None:
            return Shard(space.dimension, self._ivf_above)
        return KeptShard(space.dimension, self._ivf_above, self._directory.create(tenant_id, space))

    def _load(self, directory: IndexDirectory, spaces: Sequence[EmbeddingSpace]) -> None:
        directory.open(spaces)
        for space in spaces:
            for tenant_id, journal in directory.kept(space):
                if (tenant_id, space.name) not in self._shards:
                    shard = KeptShard(space.dimension, self._ivf_above, journal)
                    if not _loaded(shard, directory.is_whole(journal)):
                        directory.set_complete(False)
                    self._shards[(tenant_id, space.name)] = shard
        directory.forget_sizes()

    def _grow_if_due(self, shard: Shard) -> None:
        if shard.wants_to_grow():
            task = asyncio.create_task(self._builder.run(shard.grow))
            self._growing.add(task)
            task.add_done_callback(self._grown)

    def _grown(self, task: asyncio.Task[None]) -> None:
        self._growing.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("index_training_failed", error=repr(error), consequence="searches stay exact and slower")


def _loaded(shard: KeptShard, whole: bool) -> bool:
    """Whether all that was kept is there again."""
    try:
        shard.load(whole)
    except Damaged as damage:
        log.warning("index_damaged", reason=str(damage), consequence="starts empty, needs a rebuild")
        return False
    return True
