"""How the service does: by time, by group, by document, and what is missing."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from msgspec import Meta, Struct

from application.use_cases.analytics import DOCUMENT_SORTS, Metrics, ReadAnalytics
from domain.analytics import DocumentUse, Grouping, Measured, Percentiles, Trend, share
from domain.paging import Page
from entrypoints.http.envelope import Envelope, Pagination, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import UNCATEGORIZED, UNKNOWN_INTENT
from entrypoints.http.security import Caller

Span = Annotated[str, Meta(max_length=8, description="A number of minutes, hours or days: `15m`, `24h`, `7d`.")]

_UNNAMED = {Grouping.CATEGORY: UNCATEGORIZED, Grouping.INTENT: UNKNOWN_INTENT}


class TimesOut(Struct, kw_only=True, omit_defaults=True):
    """Milliseconds; empty where nothing was asked."""

    p50: int | None = None
    p95: int | None = None
    p99: int | None = None

    @staticmethod
    def of(measured: Measured) -> "TimesOut":
        found = measured.percentiles
        return TimesOut(p50=found.p50, p95=found.p95, p99=found.p99) if measured.tally.queries else TimesOut()


class PointOut(Struct, kw_only=True):
    """What came in from `timestamp` on, for one resolution. Rates are null where nothing was asked."""

    timestamp: datetime
    queries_total: int
    queries_auto_reply: int
    queries_escalated: int
    queries_failed: int
    average_response_time_ms: float | None
    response_time_ms: TimesOut
    cache_hit_rate: float | None
    satisfaction_score: float | None
    availability: float | None

    @staticmethod
    def of(start: datetime, measured: Measured) -> "PointOut":
        tally = measured.tally
        return PointOut(
            timestamp=start,
            queries_total=tally.queries,
            queries_auto_reply=tally.answered,
            queries_escalated=tally.escalated,
            queries_failed=tally.failed,
            average_response_time_ms=tally.average_ms,
            response_time_ms=TimesOut.of(measured),
            cache_hit_rate=tally.cache_hit_rate,
            satisfaction_score=tally.satisfaction,
            availability=tally.availability,
        )


class SummaryOut(Struct, kw_only=True):
    """Over the whole period; rates and times are 0 where nothing was asked."""

    total_queries: int
    auto_reply_rate: float
    escalation_rate: float
    failure_rate: float
    p50_response_time_ms: int
    p95_response_time_ms: int
    p99_response_time_ms: int
    average_response_time_ms: float | None
    cache_hit_rate: float | None
    satisfaction_score: float | None
    rated_queries: int
    availability: float | None

    @staticmethod
    def of(measured: Measured) -> "SummaryOut":
        tally, times = measured.tally, measured.percentiles if measured.tally.queries else Percentiles()
        return SummaryOut(
            total_queries=tally.queries,
            auto_reply_rate=share(tally.answered, tally.queries),
            escalation_rate=share(tally.escalated, tally.queries),
            failure_rate=share(tally.failed, tally.queries),
            p50_response_time_ms=times.p50,
            p95_response_time_ms=times.p95,
            p99_response_time_ms=times.p99,
            average_response_time_ms=tally.average_ms,
            cache_hit_rate=tally.cache_hit_rate,
            satisfaction_score=tally.satisfaction,
            rated_queries=tally.ratings,
            availability=tally.availability,
        )


class MetricsOut(Struct, kw_only=True):
    period: str
    resolution_seconds: int
    since: datetime
    until: datetime
    data_points: list[PointOut]
    summary: SummaryOut

    @staticmethod
    def of(period: str, found: Metrics) -> "MetricsOut":
        window = found.window
        return MetricsOut(
            period=period,
            resolution_seconds=int(window.resolution.total_seconds()),
            since=window.since,
            until=window.until,
            data_points=[PointOut.of(start, found.point(start)) for start in window.starts],
            summary=SummaryOut.of(found.timeline.whole),
        )


class TrendOut(Struct, kw_only=True):
    """`group` is the value grouped by. `category` is null under another grouping, and for what has none."""

    group: str
    category: str | None
    query_count: int
    escalation_count: int
    escalation_rate: float
    avg_satisfaction: float | None
    top_intents: list[str]

    @staticmethod
    def of(trend: Trend, grouping: Grouping) -> "TrendOut":
        tally = trend.tally
        return TrendOut(
            group=trend.group or _UNNAMED.get(grouping, "unknown"),
            category=trend.group if grouping is Grouping.CATEGORY else None,
            query_count=tally.queries,
            escalation_count=tally.escalated,
            escalation_rate=share(tally.escalated, tally.queries),
            avg_satisfaction=tally.satisfaction,
            top_intents=list(trend.top_intents),
        )


class TrendsOut(Struct, kw_only=True):
    grouping: Grouping
    period: str
    trends: list[TrendOut]


class DocumentUseOut(Struct, kw_only=True):
    document_id: str
    title: str
    retrieval_count: int
    avg_relevance_score: float
    user_satisfaction: float | None
    last_updated: datetime
    links: dict[str, str]

    @staticmethod
    def of(use: DocumentUse) -> "DocumentUseOut":
        return DocumentUseOut(
            document_id=use.document_id,
            title=use.title,
            retrieval_count=use.retrieval_count,
            avg_relevance_score=use.avg_relevance_score,
            user_satisfaction=use.user_satisfaction,
            last_updated=use.last_updated,
            links={"document": f"/api/v1/documents/{use.document_id}"},
        )


class DocumentUses(Struct, kw_only=True):
    documents: list[DocumentUseOut]
    pagination: Pagination

    @staticmethod
    def of(found: Page[DocumentUse]) -> "DocumentUses":
        return DocumentUses(documents=[DocumentUseOut.of(u) for u in found.items], pagination=Pagination.of(found))


class AnalyticsController(Controller):
    path = "/api/v1/analytics"
    tags = ("analytics",)

    @get("/metrics", operation_id="getMetrics")
    async def metrics(
        self,
        caller: Caller,
        read_analytics: NamedDependency[ReadAnalytics],
        period: FromQuery[Span] = "24h",
        resolution: FromQuery[Span | None] = None,
    ) -> Envelope[MetricsOut]:
        """What was asked, answered and handed over, how fast and how well, over time."""
        found = await read_analytics.metrics(caller, period, resolution)
        return ok(MetricsOut.of(period, found), links=_LINKS)

    @get("/queries", operation_id="getQueryTrends")
    async def queries(
        self,
        caller: Caller,
        read_analytics: NamedDependency[ReadAnalytics],
        group_by: FromQuery[Grouping] = Grouping.CATEGORY,
        period: FromQuery[Span] = "7d",
    ) -> Envelope[TrendsOut]:
        """What is asked most, by category, intent, language, source, action or day."""
        found = await read_analytics.trends(caller, group_by, period)
        out = TrendsOut(grouping=group_by, period=period, trends=[TrendOut.of(t, group_by) for t in found])
        return ok(out, links=_LINKS)

    @get(
        "/documents",
        operation_id="getDocumentUse",
        dependencies=paged(*DOCUMENT_SORTS, default="-retrieval_count"),
    )
    async def documents(
        self, paging: Paging, caller: Caller, read_analytics: NamedDependency[ReadAnalytics]
    ) -> Envelope[DocumentUses]:
        """Which documents answers rest on, and which nobody needs."""
        found = await read_analytics.documents(caller, paging)
        return page(DocumentUses.of(found), found)


_LINKS = {name: f"/api/v1/analytics/{name}" for name in ("metrics", "queries", "documents", "gaps")}
