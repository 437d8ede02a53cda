"""The lexical index in process: exact, and the default."""

import threading
from collections.abc import Sequence

from adapters.indexing.workers import ReadWriteLock, Workers
from adapters.lexical.postings import Postings
from adapters.lexical.tokens import RowTerms, row_terms
from application.ports.lexical import LexicalHit, LexicalRow
from domain.retrieval import Filters


class _Shard:
    """One tenant's postings, shared by threads: a write is seen whole or not at all."""

    def __init__(self) -> None:
        self._postings = Postings()
        self._lock = ReadWriteLock()

    def __len__(self) -> int:
        with self._lock.reading():
            return len(self._postings)

    def upsert(self, rows: Sequence[LexicalRow]) -> None:
        counted = [(row, _terms(row)) for row in {row.id: row for row in rows}.values()]
        with self._lock.writing():
            for row, terms in counted:
                self._postings.put(row.id, terms, row.fields)

    def delete(self, ids: Sequence[str]) -> None:
        with self._lock.writing():
            for row_id in ids:
                self._postings.remove(row_id)

    def clear(self) -> None:
        with self._lock.writing():
            self._postings = Postings()

    def search(self, text: str, limit: int, filters: Filters) -> list[LexicalHit]:
        with self._lock.reading():
            return self._postings.search(text, limit, filters) if limit > 0 else []

    def scores(self, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]:
        with self._lock.reading():
            return self._postings.scores(text, ids)


class MemoryLexicalIndex:
    """Nothing is kept on disk: filled from the store at start."""

    def __init__(self, threads: int = 2) -> None:
        self._shards: dict[str, _Shard] = {}
        self._creating = threading.Lock()
        self._workers = Workers(threads, "lexical")

    async def open(self) -> None:
        """It is open from the start."""

    async def upsert(self, tenant_id: str, rows: Sequence[LexicalRow]) -> None:
        await self._workers.run(self._shard(tenant_id).upsert, rows)

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        await self._workers.run(self._shard(tenant_id).delete, ids)

    async def search(self, tenant_id: str, text: str, limit: int, filters: Filters) -> list[LexicalHit]:
        return await self._workers.run(self._shard(tenant_id).search, text, limit, filters)

    async def scores(self, tenant_id: str, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]:
        return await self._workers.run(self._shard(tenant_id).scores, text, ids)

    async def count(self, tenant_id: str) -> int:
        return await self._workers.run(len, self._shard(tenant_id))

    async def clear(self, tenant_id: str) -> None:
        await self._workers.run(self._shard(tenant_id).clear)

    async def ping(self) -> None:
        await self._workers.run(lambda: None)

    async def close(self) -> None:
        await self._workers.close()

    def _shard(self, tenant_id: str) -> _Shard:
        with self._creating:
            return self._shards.setdefault(tenant_id, _Shard())


def _terms(row: LexicalRow) -> RowTerms:
    return row_terms(row.question, row.answer, row.fields.language)
