"""What the knowledge base does not answer: the topics, what is nearest to them, and what new articles were worth."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from application.ports.insights import Grouper, Insights
from application.ports.storage import QUERIES, Store
from application.ports.system import Clock
from application.questions import QuestionVectors
from application.retrieval import Retriever
from application.tenants import TenantViews
from domain import analytics
from domain.access import Caller
from domain.gaps import (
    UNANSWERED,
    AnsweredSince,
    Asked,
    Deflection,
    NearPair,
    Suggestion,
    Topic,
    TopicTrend,
    by_wording,
    changed_since,
    deflection,
    is_badly_rated,
    keywords,
    spread,
    suggestion,
    trend,
)
from domain.listing import page_of
from domain.paging import Page, PageRequest
from domain.queries import QueryRecord
from domain.ranking import Fusion
from domain.retrieval import Filters

CONSIDERED = 2000
"""The newest questions that topics are made of; more would make the caller wait."""
ANSWERED_CONSIDERED = 2000
NEAREST = 3
CANDIDATES = 10
WARM_FOR = timedelta(hours=2)
SORTS = ("query_count", "user_count", "last_asked_at", "first_asked_at")


@dataclass(frozen=True, slots=True)
class Gap:
    topic: Topic
    examples: tuple[str, ...]
    """Without personal data; the topic's name is the first."""
    keywords: tuple[str, ...]
    trend: TopicTrend
    nearest: tuple[NearPair, ...]
    suggestion: Suggestion
    deflection: Deflection | None
    """Of a topic for which there is an article by now."""


@dataclass(frozen=True, slots=True)
class Gaps:
    page: Page[Gap]
    since: datetime
    until: datetime
    considered: int
    complete: bool
    """False where there were more questions than are looked at."""


@dataclass(frozen=True, slots=True)
class _Found:
    topics: list[Topic]
    considered: int


class FindGaps:
    def __init__(
        self,
        insights: Insights,
        store: Store,
        vectors: QuestionVectors,
        grouper: Grouper,
        retriever: Retriever,
        views: TenantViews,
        clean: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._insights, self._store, self._vectors, self._grouper = insights, store, vectors, grouper
        self._retriever, self._views, self._clean, self._clock = retriever, views, clean, clock

    async def __call__(self, caller: Caller, period: str, request: PageRequest, min_queries: int = 1) -> Gaps:
        """Raises `InvalidInput` for a period that is none; `request` sorts by `SORTS`."""
        until = self._clock.now()
        since = analytics.period_start(period, until)
        found = await self._topics(caller.tenant_id, since)
        listed = [topic for topic in found.topics if topic.query_count >= min_queries]
        page = page_of(listed, lambda topic: (_sorted_by(topic, request.sort_field), topic.id), request)
        nearest = {topic.id: await self._nearest(caller.tenant_id, topic) for topic in page.items}
        deflections = await self._deflections(caller.tenant_id, page.items, nearest)

        spread_words = spread(found.topics)

        def shown(topic: Topic) -> Gap:
            redacted = topic.redacted(self._clean)
            return Gap(
                topic=topic,
                examples=tuple(dict.fromkeys(redacted.examples)),
                keywords=tuple(keywords(redacted, spread_words, len(found.topics))),
                trend=trend((query.created_at for query in topic.queries), since, until),
                nearest=nearest[topic.id],
                suggestion=suggestion(topic, nearest[topic.id], deflections.get(topic.id)),
                deflection=deflections.get(topic.id),
            )

        return Gaps(page.map(shown), since, until, found.considered, found.considered < CONSIDERED)

    async def _topics(self, tenant_id: str, since: datetime) -> _Found:
        ids = await self._insights.unanswered(tenant_id, since, UNANSWERED, CONSIDERED)
        queries = await self._queries(tenant_id, ids)
        asked = by_wording(queries)
        vectors = await self._vectors(tenant_id, asked)
        groups = await self._grouper.group(vectors, self._vectors.same_topic)
        return _Found([Topic(tuple(asked[n] for n in group)) for group in groups], len(queries))

    async def _queries(self, tenant_id: str, ids: Sequence[str]) -> list[QueryRecord]:
        async with self._store.begin(tenant_id) as uow:
            return await uow[QUERIES].get_many(ids)

    async def _nearest(self, tenant_id: str, topic: Topic) -> tuple[NearPair, ...]:
        settings = (await self._views.of(tenant_id)).settings.retrieval
        fusion = Fusion(settings.vector_weight, settings.bm25_weight, settings.use_hybrid_search)
        found = await self._retriever(tenant_id, topic.name, topic.language, Filters(), fusion, CANDIDATES)
        return tuple(
            NearPair(
                qa_id=pair.id,
                document_id=pair.document_id,
                question=pair.question,
                similarity=round(ranked.similarity, 4),
                created_at=pair.created_at,
                updated_at=pair.updated_at,
            )
            for ranked in found.ranked[:NEAREST]
            for pair in (found.pairs[ranked.id],)
        )

    async def _deflections(
        self, tenant_id: str, topics: Sequence[Topic], nearest: Mapping[str, Sequence[NearPair]]
    ) -> dict[str, Deflection | None]:
        changed = {topic.id: changed_since(topic, nearest[topic.id]) for topic in topics}
        with_change = [topic for topic in topics if changed[topic.id]]
        pairs = [pair for each in changed.values() for pair in each]
        answered = await self._answered(tenant_id, with_change, pairs)
        return {topic.id: deflection(topic, changed[topic.id], answered[topic.id]) for topic in with_change}

    async def _answered(
        self, tenant_id: str, topics: Sequence[Topic], pairs: Sequence[NearPair]
    ) -> dict[str, list[AnsweredSince]]:
        """The questions of these topics that were answered from the pairs, of the newest `ANSWERED_CONSIDERED`."""
        if not topics:
            return {}
        first = min(pair.updated_at for pair in pairs)
        ids = list({pair.qa_id for pair in pairs})
        rows = await self._insights.answered_from(tenant_id, ids, first, ANSWERED_CONSIDERED)
        queries = await self._queries(tenant_id, [row.query_id for row in rows])
        asked = by_wording(query for query in queries if not is_badly_rated(query))
        placed = await self._placed(tenant_id, asked, topics)
        return {
            topic.id: [
                AnsweredSince(query.sources[0].qa_id, query.created_at)
                for each, place in zip(asked, placed, strict=True)
                if place == n
                for query in each.queries
            ]
            for n, topic in enumerate(topics)
        }

    async def _placed(self, tenant_id: str, asked: Sequence[Asked], topics: Sequence[Topic]) -> list[int | None]:
        every = [*asked, *(each for topic in topics for each in topic.asked)]
        views = iter(await self._vectors(tenant_id, every))
        mine = list(islice(views, len(asked)))
        groups = [list(islice(views, len(topic.asked))) for topic in topics]
        return await self._grouper.place(mine, groups, self._vectors.same_topic)


class WarmGaps:
    """Embeds the questions that went unanswered lately, so that whoever looks at the gaps need not wait for it."""

    def __init__(self, insights: Insights, store: Store, vectors: QuestionVectors, clock: Clock) -> None:
        self._insights, self._store, self._vectors, self._clock = insights, store, vectors, clock

    async def __call__(self, tenant_id: str) -> int:
        since = self._clock.now() - WARM_FOR
        ids = await self._insights.unanswered(tenant_id, since, UNANSWERED, CONSIDERED)
        async with self._store.begin(tenant_id) as uow:
            asked = by_wording(await uow[QUERIES].get_many(ids))
        await self._vectors(tenant_id, asked)
        return len(asked)


def _sorted_by(topic: Topic, field: str) -> float:
    value = getattr(topic, field)
    return value.timestamp() if isinstance(value, datetime) else value
