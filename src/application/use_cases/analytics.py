"""How the service does, in numbers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.ports.insights import Insights, Rollups
from application.ports.system import Clock
from domain import analytics
from domain.access import Caller
from domain.analytics import DocumentUse, Grouping, Measured, Timeline, Trend, Window
from domain.listing import page_of
from domain.paging import Page, PageRequest

FOLD_AT_ONCE = 5000
DOCUMENT_SORTS = ("retrieval_count", "avg_relevance_score", "user_satisfaction", "last_updated")


@dataclass(frozen=True, slots=True)
class Metrics:
    window: Window
    timeline: Timeline

    def point(self, start: datetime) -> Measured:
        return self.timeline.points.get(start, Measured())


class ReadAnalytics:
    def __init__(self, insights: Insights, clock: Clock) -> None:
        self._insights, self._clock = insights, clock

    async def metrics(self, caller: Caller, period: str, resolution: str | None = None) -> Metrics:
        """Raises `InvalidInput` for a period or a resolution that is none."""
        window = analytics.window(period, resolution, self._clock.now())
        return Metrics(window, await self._insights.timeline(caller.tenant_id, window))

    async def trends(self, caller: Caller, grouping: Grouping, period: str) -> list[Trend]:
        """Raises `InvalidInput` for a period that is none."""
        since = analytics.period_start(period, self._clock.now())
        return analytics.trends(await self._insights.groups(caller.tenant_id, grouping, since), grouping)

    async def documents(self, caller: Caller, request: PageRequest) -> Page[DocumentUse]:
        """Sortable by `DOCUMENT_SORTS`."""

        def key(use: DocumentUse) -> tuple[Any, str]:
            value = getattr(use, request.sort_field)
            return value.timestamp() if isinstance(value, datetime) else value, use.document_id

        return page_of(await self._insights.documents(caller.tenant_id), key, request)


class FoldInsights:
    """Takes recorded changes up into the sums; run it every few seconds, anywhere and in any number."""

    def __init__(self, rollups: Rollups) -> None:
        self._rollups = rollups

    async def __call__(self) -> int:
        folded = 0
        while found := await self._rollups.fold(FOLD_AT_ONCE):
            folded += found
        return folded
