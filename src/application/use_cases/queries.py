"""Questions that were asked: looking at them, judging their answers, following what was done."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from application.ports.storage import QUERIES, TRACES, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from domain.access import Caller
from domain.errors import NotFound
from domain.ids import Prefix
from domain.paging import Page, PageRequest, where
from domain.qa_pairs import PairStatistics
from domain.queries import Action, Feedback, QueryRecord
from domain.tracing import Trace


@dataclass(frozen=True, slots=True)
class QueryFilters:
    user_id: str | None = None
    session_id: str | None = None
    action: Action | None = None
    categories: Set[str | None] | None = None
    """None among them: what came under none."""
    created_after: datetime | None = None
    created_before: datetime | None = None


class BrowseQueries:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def one(self, caller: Caller, query_id: str) -> QueryRecord:
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[QUERIES].get(query_id)

    async def page(self, caller: Caller, filters: QueryFilters, request: PageRequest) -> Page[QueryRecord]:
        conditions = where(
            user_id=filters.user_id,
            session_id=filters.session_id,
            action=filters.action,
            category__in=filters.categories,
            created_at__gt=filters.created_after,
            created_at__lt=filters.created_before,
        )
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[QUERIES].page(conditions, request)

    async def trace(self, caller: Caller, trace_id: str) -> Trace:
        """Of the newest question under this trace id."""
        async with self._store.begin(caller.tenant_id) as uow:
            found = await uow[TRACES].list(where(trace_id=trace_id), sort="-created_at", limit=1)
        if not found:
            raise NotFound(f"There is no trace {trace_id!r}.")
        return found[0]


@dataclass(frozen=True, slots=True)
class Opinion:
    rating: int
    helpful: bool | None = None
    correct: bool | None = None
    comment: str | None = None
    tags: Sequence[str] = ()


class GiveFeedback:
    """Keeps what somebody thought of an answer; a second opinion replaces the first, in the pairs' numbers too."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    async def __call__(self, caller: Caller, query_id: str, opinion: Opinion) -> Feedback:
        feedback = Feedback(
            feedback_id=self._ids.new(Prefix.FEEDBACK),
            rating=opinion.rating,
            recorded_at=self._clock.now(),
            helpful=opinion.helpful,
            correct=opinion.correct,
            comment=opinion.comment,
            tags=tuple(opinion.tags),
        )

        async def give(uow: UnitOfWork) -> Feedback:
            query = await uow[QUERIES].get(query_id)
            replaced = query.rate(feedback)
            for source in query.sources[:1]:  # the best source is what was rated
                await uow.statistics.add(source.qa_id, _delta(feedback, +1))
                if replaced is not None:
                    await uow.statistics.add(source.qa_id, _delta(replaced, -1))
            await uow[QUERIES].save(query)
            return feedback

        return await committed(self._store, caller.tenant_id, give)


def _delta(feedback: Feedback, sign: int) -> PairStatistics:
    return PairStatistics(
        rating_sum=sign * feedback.rating,
        ratings=sign,
        helpful_count=sign * (feedback.helpful is True),
        unhelpful_count=sign * (feedback.helpful is False),
    )
