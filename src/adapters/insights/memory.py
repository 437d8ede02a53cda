"""Insights over the store in memory: counted anew each time from the rows themselves."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from application.ports.insights import AnsweredFrom
from application.ports.storage import DOCUMENTS, PAIRS, QUERIES
from domain.analytics import (
    DocumentUse,
    GroupCount,
    Grouping,
    Measured,
    Tally,
    Timeline,
    Window,
    group_of,
    percentiles,
    tally_of,
    total,
)
from domain.documents import DocumentStatus
from domain.gaps import is_badly_rated
from domain.qa_pairs import PairStatistics
from domain.queries import Outcome, QueryRecord

Rows = Callable[[str, Any], Any]
"""The committed rows of a tenant's table; its `by_id` maps ids to aggregates that nobody may change."""


class MemoryInsights:
    def __init__(self, rows: Rows, statistics: Mapping[str, Mapping[str, PairStatistics]]) -> None:
        self._rows, self._statistics = rows, statistics

    async def timeline(self, tenant_id: str, window: Window) -> Timeline:
        buckets: dict[datetime, list[QueryRecord]] = defaultdict(list)
        for query in self._queries(tenant_id, window.since):
            buckets[window.bucket_of(query.created_at)].append(query)
        points = {start: _measured(inside) for start, inside in sorted(buckets.items())}
        return Timeline(points, _measured([query for inside in buckets.values() for query in inside]))

    async def groups(self, tenant_id: str, grouping: Grouping, since: datetime) -> list[GroupCount]:
        found: dict[tuple[str | None, str | None], Tally] = defaultdict(Tally)
        for query in self._queries(tenant_id, since):
            found[group_of(query, grouping), group_of(query, Grouping.INTENT)] += tally_of(query)
        return [GroupCount(group, intent, tally) for (group, intent), tally in found.items()]

    async def documents(self, tenant_id: str) -> list[DocumentUse]:
        known = self._statistics.get(tenant_id, {})
        counts: dict[str, list[PairStatistics]] = defaultdict(list)
        for pair in self._all(tenant_id, PAIRS):
            if pair.id in known:
                counts[pair.document_id].append(known[pair.id])
        active = (d for d in self._all(tenant_id, DOCUMENTS) if d.status is DocumentStatus.ACTIVE)
        return [_use(document, counts[document.id]) for document in active]

    async def noteworthy(self, tenant_id: str, since: datetime, reasons: Sequence[str], limit: int) -> list[str]:
        found = [
            query
            for query in self._queries(tenant_id, since)
            if query.feedback is not None or query.escalation_reason in reasons
        ]
        return [query.id for query in _newest(found, limit)]

    async def unanswered(self, tenant_id: str, since: datetime, reasons: Sequence[str], limit: int) -> list[str]:
        found = [
            query
            for query in self._queries(tenant_id, since)
            if query.escalation_reason in reasons or is_badly_rated(query)
        ]
        return [query.id for query in _newest(found, limit)]

    async def answered_from(
        self, tenant_id: str, pair_ids: Sequence[str], since: datetime, limit: int
    ) -> list[AnsweredFrom]:
        found = [
            query
            for query in self._queries(tenant_id, since)
            if query.outcome is Outcome.COMPLETED and query.sources and query.sources[0].qa_id in pair_ids
        ]
        return [AnsweredFrom(q.sources[0].qa_id, q.id, q.created_at) for q in _newest(found, limit)]

    async def fold(self, limit: int) -> int:
        """Nothing is kept: nothing is to fold."""
        return 0

    def _queries(self, tenant_id: str, since: datetime) -> Iterator[QueryRecord]:
        return (query for query in self._all(tenant_id, QUERIES) if query.created_at >= since)

    def _all(self, tenant_id: str, table: Any) -> list[Any]:
        return list(self._rows(tenant_id, table).by_id.values())


def _measured(queries: Sequence[QueryRecord]) -> Measured:
    return Measured(total(map(tally_of, queries)), percentiles(query.processing_time_ms for query in queries))


def _newest(queries: Sequence[QueryRecord], limit: int) -> list[QueryRecord]:
    return sorted(queries, key=lambda query: (query.created_at, query.id), reverse=True)[:limit]


def _use(document: Any, counts: Sequence[PairStatistics]) -> DocumentUse:
    return DocumentUse(
        document_id=document.id,
        title=document.title,
        last_updated=document.updated_at,
        retrieval_count=sum(c.times_retrieved for c in counts),
        relevance_sum=sum(c.relevance_sum for c in counts),
        ratings=sum(c.ratings for c in counts),
        rating_sum=sum(c.rating_sum for c in counts),
    )
