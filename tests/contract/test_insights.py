"""What every adapter of insights promises: at any moment its numbers are those of a count over the queries."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.insights.memory import MemoryInsights
from adapters.insights.postgres import PostgresInsights
from adapters.storage.memory import MemoryStore
from adapters.storage.postgres import PostgresStore
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.storage import DOCUMENTS, PAIRS, QUERIES
from domain.analytics import Grouping, Window, floor, window
from domain.documents import Document, DocumentStatus
from domain.qa_pairs import PairStatistics, QAPair
from domain.queries import Action, Feedback, Outcome, QueryRecord, Source

NOW = datetime(2026, 1, 7, 10, 17, 30, tzinfo=UTC)
_numbers = count(1)


@dataclass
class World:
    store: Any
    insights: Any

    async def save(self, tenant: str, *queries: QueryRecord) -> None:
        async with self.store.begin(tenant) as uow:
            await uow[QUERIES].save_all(queries)
            await uow.commit()

    async def all(self, tenant: str) -> list[QueryRecord]:
        async with self.store.begin(tenant) as uow:
            return await uow[QUERIES].list(())


@pytest.fixture(params=["memory", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "memory" else str(request.getfixturevalue("database_url"))


@pytest.fixture
async def world(url: str | None) -> AsyncIterator[World]:
    if url is None:
        store = MemoryStore(ManualClock(), CountingIds())
        yield World(store, MemoryInsights(store.rows, store.statistics))
        return
    postgres = PostgresStore(url, ManualClock(), CountingIds())
    await postgres.open()
    yield World(postgres, PostgresInsights(postgres.transaction))
    await postgres.close()


def tenant() -> str:
    return f"tenant{next(_numbers)}"


def query(key: str, at: datetime = NOW, **members: Any) -> QueryRecord:
    usual = {
        "question": "How long do returns take?",
        "standalone_question": "How long do returns take?",
        "answer": "Two weeks.",
        "confidence": 0.9,
        "action": Action.AUTO_REPLY,
        "outcome": Outcome.COMPLETED,
    }
    return QueryRecord(id=key, created_at=at, updated_at=at, **{**usual, **members})


def source(pair_id: str) -> Source:
    return Source("doc_1", pair_id, "Returns", "How long?", "Two weeks.", 0.9)


def feedback(rating: int) -> Feedback:
    return Feedback("fb_1", rating, NOW)


_LABEL = st.sampled_from([None, "returns", "shipping", "x" * 100])
_QUERIES = st.builds(
    dict,
    at=st.integers(0, 91 * 24 * 60 * 60).map(lambda seconds: NOW - timedelta(seconds=seconds))
    | st.integers(0, 7200).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    outcome=st.sampled_from(Outcome),
    action=st.sampled_from(Action),
    error_code=st.sampled_from([None, "BLOCKED", "GATEWAY_TIMEOUT", "SERVICE_UNAVAILABLE"]),
    escalation_reason=st.sampled_from([None, "low_confidence", "asked_for_human"]),
    cache_hit=st.booleans(),
    processing_time_ms=st.integers(0, 40) | st.integers(0, 30_000),
    category=_LABEL,
    intent=_LABEL,
    language=st.sampled_from(["en", "de"]),
    source=_LABEL,
    feedback=st.none() | st.integers(1, 5).map(feedback),
    sources=st.sampled_from([(), (source("qa_1"),), (source("qa_2"), source("qa_1"))]),
)
_STEPS = st.lists(
    st.tuples(st.just("save"), _QUERIES)
    | st.tuples(st.just("rate"), st.integers(1, 5))
    | st.tuples(st.just("remove"), st.none())
    | st.tuples(st.just("fold"), st.integers(1, 30)),
    min_size=1,
    max_size=25,
)
_WINDOWS = st.sampled_from(["1h/1m", "1h/1h", "2h/7m", "24h/1h", "24h/61m", "7d/6h", "90d/1d", "90d/1h", "30d/24h"])


async def _act(world: World, name: str, step: str, given_: Any, number: int) -> None:
    known = await world.all(name)
    if step == "save":
        await world.save(name, query(f"q_{number:03d}", **given_))
    elif step == "rate" and known:
        known[number % len(known)].rate(feedback(given_))
        await world.save(name, known[number % len(known)])
    elif step == "remove" and known:
        async with world.store.begin(name) as uow:
            await uow[QUERIES].remove(known[number % len(known)].id)
            await uow.commit()
    elif step == "fold":
        await world.insights.fold(given_)


def _percentile(times: list[int], share: float) -> int:
    """Nearest rank, from the definition: the least time that at least this share of all do not exceed."""
    return next(t for t in sorted(times) if sum(u <= t for u in times) * 100 >= round(share * 100) * len(times))


def _expected(queries: list[QueryRecord]) -> dict[str, Any]:
    """Counted here once more, by nothing that the program counts with."""
    times, ratings = [q.processing_time_ms for q in queries], [q.feedback.rating for q in queries if q.feedback]
    outcomes = Counter(q.outcome for q in queries)
    return {
        "queries": len(queries),
        "answered": outcomes[Outcome.COMPLETED],
        "escalated": outcomes[Outcome.ESCALATED],
        "failed": outcomes[Outcome.FAILED],
        "unavailable": sum(q.error_code in ("GATEWAY_TIMEOUT", "SERVICE_UNAVAILABLE") for q in queries),
        "cache_hits": sum(q.cache_hit for q in queries),
        "took_ms": sum(times),
        "ratings": len(ratings),
        "rating_sum": sum(ratings),
        "times": tuple(_percentile(times, s) for s in (0.5, 0.95, 0.99)) if times else (0, 0, 0),
    }


def _shown(measured: Any) -> dict[str, Any]:
    tally, p = measured.tally, measured.percentiles
    names = [name for name in _expected([]) if name != "times"]
    return {**{name: int(getattr(tally, name)) for name in names}, "times": (p.p50, p.p95, p.p99)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, asked=_WINDOWS)
async def test_whatever_was_recorded_rated_removed_and_folded_the_numbers_are_those_of_the_queries(
    world: World, steps: list[tuple[str, Any]], asked: str
) -> None:
    name = tenant()
    for number, (step, given_) in enumerate(steps):
        await _act(world, name, step, given_, number)
    queries = await world.all(name)
    chosen = window(*asked.split("/"), NOW)
    await _check_timeline(world, name, chosen, [q for q in queries if q.created_at >= chosen.since])
    for grouping in Grouping:
        await _check_groups(world, name, grouping, chosen.since, [q for q in queries if q.created_at >= chosen.since])


async def _check_timeline(world: World, name: str, chosen: Window, queries: list[QueryRecord]) -> None:
    timeline = await world.insights.timeline(name, chosen)
    starts = {floor(q.created_at, chosen.resolution) for q in queries}
    assert {start: _shown(measured) for start, measured in timeline.points.items()} == {
        start: _expected([q for q in queries if floor(q.created_at, chosen.resolution) == start]) for start in starts
    }
    assert _shown(timeline.whole) == _expected(queries)


async def _check_groups(
    world: World, name: str, grouping: Grouping, since: datetime, queries: list[QueryRecord]
) -> None:
    def group(q: QueryRecord) -> str | None:
        if grouping is Grouping.DAY:
            return q.created_at.strftime("%Y-%m-%d")
        value = getattr(q, grouping.value)
        return value[:64] if value else None

    counted = await world.insights.groups(name, grouping, since)
    expected = Counter((group(q), (q.intent or "")[:64] or None) for q in queries)
    assert {(c.group, c.intent): c.tally.queries for c in counted} == dict(expected)
    assert sum(c.tally.rating_sum for c in counted) == sum(q.feedback.rating for q in queries if q.feedback)


async def test_a_tenant_counts_its_own_queries_only(world: World) -> None:
    mine, other = tenant(), tenant()
    await world.save(mine, query("q_1"))
    await world.save(other, query("q_1"), query("q_2"))
    await world.insights.fold(100)
    timeline = await world.insights.timeline(mine, window("24h", "1h", NOW))
    assert timeline.whole.tally.queries == 1


async def test_a_document_adds_up_what_its_pairs_were_used_for(world: World) -> None:
    name = tenant()
    members = {"created_at": NOW, "updated_at": NOW, "language": "en"}
    used, unused = (Document(id=key, title=key, **members) for key in ("doc_used", "doc_unused"))
    gone = replace(unused, id="doc_gone", status=DocumentStatus.ARCHIVED)
    pairs = [QAPair(id=f"qa_{n}", document_id="doc_used", question="?", answer="!", **members) for n in range(2)]
    async with world.store.begin(name) as uow:
        await uow[DOCUMENTS].save_all([used, unused, gone])
        await uow[PAIRS].save_all(pairs)
        await uow.statistics.add("qa_0", PairStatistics(times_retrieved=3, relevance_sum=2.4, ratings=1, rating_sum=5))
        await uow.statistics.add("qa_1", PairStatistics(times_retrieved=1, relevance_sum=0.4))
        await uow.commit()
    found = {use.document_id: use for use in await world.insights.documents(name)}
    assert set(found) == {"doc_used", "doc_unused"}
    assert (found["doc_used"].retrieval_count, found["doc_used"].user_satisfaction) == (4, 5.0)
    assert found["doc_used"].avg_relevance_score == pytest.approx(0.7)
    assert (found["doc_unused"].avg_relevance_score, found["doc_unused"].user_satisfaction) == (0.0, None)


async def test_noteworthy_are_the_rated_and_those_handed_over_for_the_reasons_asked_for(world: World) -> None:
    name = tenant()
    await world.save(
        name,
        query("q_rated", NOW - timedelta(minutes=3), feedback=feedback(1)),
        query("q_unsure", NOW - timedelta(minutes=2), escalation_reason="low_confidence"),
        query("q_person", NOW - timedelta(minutes=1), escalation_reason="asked_for_human"),
        query("q_fine", NOW),
        query("q_old", NOW - timedelta(days=9), escalation_reason="low_confidence"),
    )
    since = NOW - timedelta(days=7)
    assert await world.insights.noteworthy(name, since, ["low_confidence"], 10) == ["q_unsure", "q_rated"]
    assert await world.insights.noteworthy(name, since, ["low_confidence"], 1) == ["q_unsure"]


async def test_unanswered_are_the_badly_rated_and_those_handed_over_for_the_reasons_asked_for(world: World) -> None:
    name, other = tenant(), tenant()
    await world.save(
        name,
        query("q_bad", NOW - timedelta(minutes=5), feedback=feedback(2)),
        query("q_good", NOW - timedelta(minutes=4), feedback=feedback(3)),
        query("q_unsure", NOW - timedelta(minutes=3), escalation_reason="low_confidence", feedback=feedback(5)),
        query("q_person", NOW - timedelta(minutes=2), escalation_reason="asked_for_human"),
        query("q_both", NOW - timedelta(minutes=1), escalation_reason="asked_for_human", feedback=feedback(1)),
        query("q_fine", NOW),
        query("q_old", NOW - timedelta(days=9), escalation_reason="low_confidence"),
    )
    await world.save(other, query("q_theirs", escalation_reason="low_confidence"))
    since = NOW - timedelta(days=7)
    assert await world.insights.unanswered(name, since, ["low_confidence"], 10) == ["q_both", "q_unsure", "q_bad"]
    assert await world.insights.unanswered(name, since, ["low_confidence"], 1) == ["q_both"]


async def test_answered_from_a_pair_is_what_had_it_as_its_best_source(world: World) -> None:
    name = tenant()
    await world.save(
        name,
        query("q_1", NOW - timedelta(minutes=2), sources=(source("qa_1"), source("qa_2"))),
        query("q_2", NOW - timedelta(minutes=1), sources=(source("qa_2"), source("qa_1"))),
        query("q_3", NOW, sources=(source("qa_1"),), outcome=Outcome.FAILED),
    )
    found = await world.insights.answered_from(name, ["qa_1"], NOW - timedelta(days=1), 10)
    assert [(answered.pair_id, answered.query_id) for answered in found] == [("qa_1", "q_1")]


async def test_folding_takes_up_what_is_there_once(world: World) -> None:
    name = tenant()
    await world.save(name, *(query(f"q_{n}") for n in range(5)))
    folded = [await world.insights.fold(3) for _ in range(3)]
    assert folded in ([3, 2, 0], [0, 0, 0])
    timeline = await world.insights.timeline(name, window("24h", "1h", NOW))
    assert timeline.whole.tally.queries == 5
