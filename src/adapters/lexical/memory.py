"""The lexical index in process: exact, and the default."""

from collections.abc import Sequence

from adapters.indexing.workers import ReadWriteLock
from adapters.lexical.postings import Postings
from adapters.lexical.sharded import ShardedLexicalIndex
from adapters.lexical.tokens import counted
from application.ports.lexical import LexicalHit, LexicalRow
from domain.retrieval import Filters


class _Shard:
    def __init__(self) -> None:
        self._postings = Postings()
        self._lock = ReadWriteLock()

    def __len__(self) -> int:
        """Without waiting for a write that is under way."""
        return len(self._postings)

    def upsert(self, rows: Sequence[LexicalRow]) -> None:
        prepared = [(row, counted(row)) for row in {row.id: row for row in rows}.values()]
        with self._lock.writing():
            for row, terms in prepared:
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
            return self._postings.search(text, limit, filters)

    def scores(self, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]:
        with self._lock.reading():
            return self._postings.scores(text, ids)


class MemoryLexicalIndex(ShardedLexicalIndex):
    """Postings in arrays, one set a tenant."""

    def __init__(self, threads: int = 2) -> None:
        super().__init__(_Shard, threads)
