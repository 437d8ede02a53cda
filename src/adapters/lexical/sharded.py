"""What the indexes in process share: a shard a tenant, worked on by a few threads."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from adapters.indexing.workers import Workers
from application.ports.lexical import LexicalHit, LexicalRow
from domain.retrieval import Filters


class Shard(Protocol):
    """One tenant's rows, safe to share between threads: a write is seen whole or not at all."""

    def __len__(self) -> int: ...

    def upsert(self, rows: Sequence[LexicalRow]) -> None: ...

    def delete(self, ids: Sequence[str]) -> None: ...

    def clear(self) -> None: ...

    def search(self, text: str, limit: int, filters: Filters) -> list[LexicalHit]: ...

    def scores(self, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]: ...


class ShardedLexicalIndex:
    """Nothing is kept on disk: filled from the store at start."""

    def __init__(self, new_shard: Callable[[], Shard], threads: int) -> None:
        self._new_shard = new_shard
        self._shards: dict[str, Shard] = {}
        self._creating = threading.Lock()
        self._workers = Workers(threads, "lexical")

    async def open(self) -> None:
        """It is open from the start."""

    async def upsert(self, tenant_id: str, rows: Sequence[LexicalRow]) -> None:
        if rows:
            await self._workers.run(self._shard(tenant_id).upsert, rows)

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        if (shard := self._held(tenant_id)) is not None:
            await self._workers.run(shard.delete, ids)

    async def search(self, tenant_id: str, text: str, limit: int, filters: Filters) -> list[LexicalHit]:
        shard = self._held(tenant_id)
        return await self._workers.run(shard.search, text, limit, filters) if shard is not None and limit > 0 else []

    async def scores(self, tenant_id: str, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]:
        shard = self._held(tenant_id)
        return await self._workers.run(shard.scores, text, ids) if shard is not None else {}

    async def count(self, tenant_id: str) -> int:
        """Asked with every question, and so without a turn among the threads."""
        shard = self._held(tenant_id)
        return len(shard) if shard is not None else 0

    async def clear(self, tenant_id: str) -> None:
        if (shard := self._held(tenant_id)) is not None:
            await self._workers.run(shard.clear)

    async def ping(self) -> None:
        await self._workers.run(lambda: None)

    async def close(self) -> None:
        await self._workers.close()

    def _held(self, tenant_id: str) -> Shard | None:
        self._workers.ensure_open()
        return self._shards.get(tenant_id)

    def _shard(self, tenant_id: str) -> Shard:
        with self._creating:
            if tenant_id not in self._shards:
                self._shards[tenant_id] = self._new_shard()
            return self._shards[tenant_id]
