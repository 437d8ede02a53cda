"""Insights in PostgreSQL: sums by hour and day for whole hours and days, facts for what is less, and notes
for what is not folded yet; together they are exact."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.insights import statements as sql
from application.ports.insights import AnsweredFrom
from domain.analytics import (
    COUNTED,
    DocumentUse,
    GroupCount,
    Grouping,
    Measured,
    Percentiles,
    Tally,
    Timeline,
    Window,
    ceiling,
    total,
)

Open = Callable[[str | None], Any]
"""A transaction of a tenant, or (`None`) over all of them."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class PostgresInsights:
    def __init__(self, open_transaction: Open) -> None:
        self._open = open_transaction

    async def timeline(self, tenant_id: str, window: Window) -> Timeline:
        hours, days = _boundaries(window)
        points = (tenant_id, window.since, hours, window.resolution)
        whole_hours = ceiling(window.since, HOUR)
        whole = (tenant_id, window.since, whole_hours, window.resolution, ceiling(whole_hours, DAY))
        tallies, times, all_times = await asyncio.gather(
            self._fetch(tenant_id, sql.TALLIES, points),
            self._fetch(tenant_id, sql.PERCENTILES, (*points, days)),
            self._fetch(tenant_id, sql.WHOLE_PERCENTILES, whole),
        )
        by_bucket = {row["bucket"]: _percentiles(row) for row in times}
        found = {row["bucket"]: Measured(_tally(row), by_bucket.get(row["bucket"], Percentiles())) for row in tallies}
        overall = _percentiles(all_times[0]) if all_times else Percentiles()
        return Timeline(found, Measured(total(m.tally for m in found.values()), overall))

    async def groups(self, tenant_id: str, grouping: Grouping, since: datetime) -> list[GroupCount]:
        rows = await self._fetch(tenant_id, sql.groups(grouping), (tenant_id, since, ceiling(since, DAY)))
        return [GroupCount(row["name"], row["intent"], _tally(row)) for row in rows]

    async def documents(self, tenant_id: str) -> list[DocumentUse]:
        rows = await self._fetch(tenant_id, sql.DOCUMENTS, (tenant_id,))
        return [
            DocumentUse(
                document_id=row["id"],
                title=row["title"],
                last_updated=row["updated_at"],
                retrieval_count=row["retrieval_count"],
                relevance_sum=row["relevance_sum"],
                ratings=row["ratings"],
                rating_sum=row["rating_sum"],
            )
            for row in rows
        ]

    async def noteworthy(self, tenant_id: str, since: datetime, reasons: Sequence[str], limit: int) -> list[str]:
        rows = await self._fetch(tenant_id, sql.NOTEWORTHY, (tenant_id, since, list(reasons), limit))
        return [row["query_id"] for row in rows]

    async def unanswered(self, tenant_id: str, since: datetime, reasons: Sequence[str], limit: int) -> list[str]:
        rows = await self._fetch(tenant_id, sql.UNANSWERED, (tenant_id, since, list(reasons), limit))
        return [row["query_id"] for row in rows]

    async def answered_from(
        self, tenant_id: str, pair_ids: Sequence[str], since: datetime, limit: int
    ) -> list[AnsweredFrom]:
        rows = await self._fetch(tenant_id, sql.ANSWERED_FROM, (tenant_id, list(pair_ids), since, limit))
        return [AnsweredFrom(row["pair_id"], row["query_id"], row["at"]) for row in rows]

    async def fold(self, limit: int) -> int:
        async with self._open(None) as transaction:
            if not await transaction.fetchval(sql.FOLDING_TURN, ()):
                return 0
            folded = int(await transaction.fetchval(sql.FOLD, (limit,)))
            await transaction.commit()
        return folded

    async def _fetch(self, tenant_id: str, statement: str, args: Sequence[Any]) -> list[Any]:
        async with self._open(tenant_id) as transaction:
            rows: list[Any] = await transaction.fetch(statement, args)
        return rows


def _boundaries(window: Window) -> tuple[datetime, datetime]:
    """From where sums by the hour, and by the day, may stand for the facts: buckets are whole numbers of them."""
    if window.resolution % HOUR:
        return _NEVER, _NEVER
    hours = ceiling(window.since, HOUR)
    return hours, _NEVER if window.resolution % DAY else ceiling(hours, DAY)


def _tally(row: Any) -> Tally:
    return Tally(*(row[name] for name in COUNTED))


def _percentiles(row: Any) -> Percentiles:
    return Percentiles(row["p50"], row["p95"], row["p99"])
