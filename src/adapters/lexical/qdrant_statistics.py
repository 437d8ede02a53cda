"""The word statistics of one tenant, counted by Qdrant."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from qdrant_client import AsyncQdrantClient

from adapters.indexing.qdrant import Collection, admitted, has_term, reaching_qdrant
from adapters.lexical.bm25 import Statistics
from domain.retrieval import Filters

MOST_VALUES = 100_000
"""Different lengths or languages a tenant's rows may have; what is beyond does not count."""
AT_ONCE = 8
"""Counts asked for side by side."""


@dataclass(slots=True)
class _Known:
    """What was counted since `at`."""

    at: float
    languages: dict[str, int]
    question_lengths: dict[int, int]
    pair_lengths: dict[int, int]
    frequencies: dict[str, int] = field(default_factory=dict)

    def statistics(self) -> Statistics:
        rows = sum(self.pair_lengths.values())
        return Statistics(
            rows,
            lambda term: min(rows, self.frequencies[term]),  # counted a moment later
            _mean(self.question_lengths),
            _mean(self.pair_lengths),
        )


class TenantStatistics:
    """Counted when needed and kept for a while; a write of this process ends the while."""

    def __init__(self, client: AsyncQdrantClient, collection: Collection, fresh_for: float) -> None:
        self._client = client
        self._collection = collection
        self._fresh_for = fresh_for
        self._known: dict[str, _Known] = {}
        self._changes: Counter[str] = Counter()
        self._counting = asyncio.Semaphore(AT_ONCE)

    @contextmanager
    def changing(self, tenant_id: str) -> Iterator[None]:
        try:
            yield
        finally:
            self._changes[tenant_id] += 1
            self._known.pop(tenant_id, None)

    async def languages(self, tenant_id: str) -> list[str]:
        return list((await self._fresh(tenant_id)).languages)

    async def of(self, tenant_id: str, terms: Iterable[str]) -> Statistics:
        """With the frequencies of these terms."""
        known = await self._fresh(tenant_id)
        missing = [term for term in terms if term not in known.frequencies]
        counts = await asyncio.gather(*(self._rows_with(tenant_id, term) for term in missing))
        known.frequencies.update(zip(missing, counts, strict=True))
        return known.statistics()

    async def _fresh(self, tenant_id: str) -> _Known:
        known = self._known.get(tenant_id)
        if known is None or time.monotonic() - known.at > self._fresh_for:
            self._forget_old()
            changes = self._changes[tenant_id]
            known = await self._count_all(tenant_id)
            if changes == self._changes[tenant_id]:
                self._known[tenant_id] = known
        return known

    async def _count_all(self, tenant_id: str) -> _Known:
        begun = time.monotonic()
        languages, questions, pairs = await asyncio.gather(
            *(self._values(tenant_id, key) for key in ("language", "question_length", "pair_length"))
        )
        return _Known(
            begun,
            {str(value): count for value, count in languages.items()},
            {int(value): count for value, count in questions.items()},
            {int(value): count for value, count in pairs.items()},
        )

    async def _values(self, tenant_id: str, key: str) -> dict[str | int | bool, int]:
        name, which = await self._collection.name(), admitted(tenant_id, Filters())
        with reaching_qdrant():
            counted = await self._client.facet(name, key, which, limit=MOST_VALUES, exact=True)
        return {hit.value: hit.count for hit in counted.hits}

    async def _rows_with(self, tenant_id: str, term: str) -> int:
        name, which = await self._collection.name(), admitted(tenant_id, Filters(), has_term(term))
        async with self._counting:
            with reaching_qdrant():
                return (await self._client.count(name, which, exact=True)).count

    def _forget_old(self) -> None:
        oldest = time.monotonic() - self._fresh_for
        for tenant_id in [tenant_id for tenant_id, known in self._known.items() if known.at < oldest]:
            del self._known[tenant_id]


def _mean(lengths: dict[int, int]) -> float:
    """Of the rows that have any."""
    rows = sum(count for length, count in lengths.items() if length)
    return sum(length * count for length, count in lengths.items()) / rows if rows else 0.0
