"""What is missing from the knowledge base, on the wire."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from msgspec import Meta, Struct

from application.use_cases.gaps import SORTS, FindGaps, Gap, Gaps
from domain.gaps import Action, Deflection, Direction, NearPair, Suggestion, TopicTrend
from entrypoints.http.envelope import Envelope, Pagination, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.analytics import Span
from entrypoints.http.security import Caller

Least = Annotated[int, Meta(ge=1, le=1000, description="Leave out topics of fewer questions.")]


class NearPairOut(Struct, kw_only=True):
    """`similarity` is 0 to 1; from 0.7 on the pair is about the topic, below 0.4 about another subject."""

    qa_id: str
    document_id: str
    question: str
    similarity: float

    @staticmethod
    def of(pair: NearPair) -> "NearPairOut":
        return NearPairOut(
            qa_id=pair.qa_id, document_id=pair.document_id, question=pair.question, similarity=pair.similarity
        )


class SuggestionOut(Struct, kw_only=True):
    """`qa_id` names the pair to improve, or the new one to watch."""

    action: Action
    qa_id: str | None
    document_id: str | None

    @staticmethod
    def of(found: Suggestion) -> "SuggestionOut":
        if found.pair is None:
            return SuggestionOut(action=found.action, qa_id=None, document_id=None)
        return SuggestionOut(action=found.action, qa_id=found.pair.qa_id, document_id=found.pair.document_id)


class TrendOut(Struct, kw_only=True):
    """`points` are the questions in eight equal parts of the period, the oldest first."""

    direction: Direction
    points: list[int]

    @staticmethod
    def of(trend: TopicTrend) -> "TrendOut":
        return TrendOut(direction=trend.direction, points=list(trend.points))


class DeflectionOut(Struct, kw_only=True):
    """What came of the articles written or changed since the topic was first asked. `rate` is the share of the
    later questions of the topic that the articles answered; null as long as there is none."""

    since: datetime
    articles: list[str]
    asked_before: int
    answered_after: int
    unanswered_after: int
    rate: float | None

    @staticmethod
    def of(found: Deflection) -> "DeflectionOut":
        return DeflectionOut(
            since=found.since,
            articles=[pair.qa_id for pair in found.articles],
            asked_before=found.asked_before,
            answered_after=found.answered_after,
            unanswered_after=found.unanswered_after,
            rate=found.rate,
        )


class GapOut(Struct, kw_only=True):
    """Questions that ask for one article. Personal data in them is masked. A question may both have been handed
    over and rated badly."""

    gap_id: str
    topic: str
    keywords: list[str]
    query_count: int
    unanswered_count: int
    badly_rated_count: int
    user_count: int
    languages: list[str]
    first_asked_at: datetime
    last_asked_at: datetime
    trend: TrendOut
    example_questions: list[str]
    example_query_ids: list[str]
    nearest_pairs: list[NearPairOut]
    suggested_action: SuggestionOut
    deflection: DeflectionOut | None

    @staticmethod
    def of(gap: Gap) -> "GapOut":
        topic = gap.topic
        return GapOut(
            gap_id=topic.id,
            topic=gap.examples[0],
            keywords=list(gap.keywords),
            query_count=topic.query_count,
            unanswered_count=topic.unanswered_count,
            badly_rated_count=topic.badly_rated_count,
            user_count=topic.user_count,
            languages=topic.languages,
            first_asked_at=topic.first_asked_at,
            last_asked_at=topic.last_asked_at,
            trend=TrendOut.of(gap.trend),
            example_questions=list(gap.examples),
            example_query_ids=topic.example_query_ids,
            nearest_pairs=[NearPairOut.of(pair) for pair in gap.nearest],
            suggested_action=SuggestionOut.of(gap.suggestion),
            deflection=DeflectionOut.of(gap.deflection) if gap.deflection else None,
        )


class GapsOut(Struct, kw_only=True):
    """`complete` is false where only the newest `queries_considered` questions were looked at."""

    period: str
    since: datetime
    until: datetime
    queries_considered: int
    complete: bool
    gaps: list[GapOut]
    pagination: Pagination

    @staticmethod
    def of(period: str, found: Gaps) -> "GapsOut":
        return GapsOut(
            period=period,
            since=found.since,
            until=found.until,
            queries_considered=found.considered,
            complete=found.complete,
            gaps=[GapOut.of(gap) for gap in found.page.items],
            pagination=Pagination.of(found.page),
        )


class GapsController(Controller):
    path = "/api/v1/analytics"
    tags = ("analytics",)

    @get("/gaps", operation_id="getGaps", dependencies=paged(*SORTS, default="-query_count"))
    async def gaps(
        self,
        paging: Paging,
        caller: Caller,
        find_gaps: NamedDependency[FindGaps],
        period: FromQuery[Span] = "30d",
        min_queries: FromQuery[Least] = 1,
    ) -> Envelope[GapsOut]:
        """What could not be answered or was rated badly, by topic: the articles to write next, and what the
        ones written since were worth."""
        found = await find_gaps(caller, period, paging, min_queries)
        return page(GapsOut.of(period, found), found.page)
