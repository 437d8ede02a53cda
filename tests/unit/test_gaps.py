"""Topics of what went unanswered: what they count, what they advise, what an article was worth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gaps import (
    Action,
    AnsweredSince,
    Asked,
    Direction,
    NearPair,
    Topic,
    TopicTrend,
    by_wording,
    changed_since,
    deflection,
    keywords,
    spread,
    suggestion,
    trend,
)
from domain.queries import Action as Done
from domain.queries import Feedback, Outcome, QueryRecord, Source

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)


def query(
    key: str, text: str = "Where is my parcel?", days: float = 0, rating: int | None = None, **members: Any
) -> Any:
    usual = {
        "standalone_question": text,
        "answer": None,
        "confidence": 0.1,
        "action": Done.ESCALATE,
        "outcome": Outcome.ESCALATED,
        "feedback": Feedback("fb_1", rating, NOW) if rating else None,
    }
    at = NOW - timedelta(days=days)
    return QueryRecord(id=key, created_at=at, updated_at=at, question=text, **{**usual, **members})


def topic(*queries: QueryRecord) -> Topic:
    return Topic(tuple(by_wording(queries)))


def pair(key: str, similarity: float, days: float) -> NearPair:
    at = NOW - timedelta(days=days)
    return NearPair(key, "doc_1", "Where?", similarity, at, at)


def test_the_same_wording_is_one_question_asked_more_often() -> None:
    found = by_wording([query("q_1", "Where is it?"), query("q_2", "where is it"), query("q_3", "Where was it?")])
    assert [[q.id for q in asked.queries] for asked in found] == [["q_1", "q_2"], ["q_3"]]


def test_people_are_counted_by_name_else_by_session_else_by_question() -> None:
    asked = [query("q_1", user_id="ann"), query("q_2", user_id="ann"), query("q_3", session_id="s"), query("q_4")]
    assert (topic(*asked).query_count, topic(*asked).user_count) == (4, 3)


def test_examples_begin_with_the_most_typical_wording_and_go_on_with_the_most_frequent() -> None:
    asked = [query("q_1", "A typical one"), query("q_2", "A rare one"), query("q_3", "Often"), query("q_4", "often")]
    assert topic(*asked).examples == ["A typical one", "Often", "A rare one"]


def test_keywords_are_what_other_topics_do_not_say() -> None:
    parcels = topic(query("q_1", "Why is my parcel late?"), query("q_2", "My parcel is late again"))
    others = [topic(query(f"q_{n}", f"Why is my {word} late?")) for n, word in enumerate(("train", "refund", "bus"))]
    topics = [parcels, *others]
    assert keywords(parcels, spread(topics), len(topics))[0] == "parcel"


def test_a_topic_far_from_everything_wants_a_new_article() -> None:
    assert suggestion(topic(query("q_1", days=1)), [pair("qa_1", 0.5, days=9)], None).action is Action.NEW_ARTICLE
    assert suggestion(topic(query("q_1", days=1)), [], None).action is Action.NEW_ARTICLE


def test_a_pair_about_the_topic_that_answers_nobody_is_to_be_improved() -> None:
    found = suggestion(topic(query("q_1", days=1)), [pair("qa_1", 0.8, days=9)], None)
    assert found.pair is not None
    assert (found.action, found.pair.qa_id) == (Action.IMPROVE_PAIR, "qa_1")


def test_of_badly_rated_answers_the_pair_that_gave_them_is_to_be_improved() -> None:
    source = Source("doc_1", "qa_2", "Parcels", "Where?", "There.", 0.9)
    asked = topic(*(query(f"q_{n}", days=1, rating=1, sources=(source,)) for n in range(3)))
    found = suggestion(asked, [pair("qa_1", 0.8, days=9), pair("qa_2", 0.6, days=9)], None)
    assert found.pair is not None
    assert (found.action, found.pair.qa_id) == (Action.IMPROVE_PAIR, "qa_2")


def test_an_article_written_since_is_to_be_watched() -> None:
    asked = topic(query("q_1", days=5), query("q_2", days=1))
    near = [pair("qa_old", 0.9, days=6), pair("qa_new", 0.8, days=3), pair("qa_far", 0.3, days=2)]
    changed = changed_since(asked, near)
    assert [each.qa_id for each in changed] == ["qa_new"]
    found = suggestion(asked, near, deflection(asked, changed, []))
    assert (found.action, found.pair) == (Action.WATCH, near[1])


def test_a_new_pair_is_about_the_topic_when_it_looks_so_or_answers_its_questions() -> None:
    asked, unlike = topic(query("q_1", days=5)), [pair("qa_new", 0.5, days=3)]
    assert deflection(asked, unlike, []) is None
    answered = [AnsweredSince("qa_new", NOW), AnsweredSince("qa_new", NOW - timedelta(days=4))]
    found = deflection(asked, unlike, answered)
    assert found is not None
    assert (found.articles, found.answered_after) == (tuple(unlike), 1)


def test_deflection_is_the_share_of_later_questions_that_were_answered() -> None:
    asked = topic(query("q_1", days=5), query("q_2", days=4), query("q_3", days=1))
    found = deflection(asked, [pair("qa_new", 0.8, days=3)], [AnsweredSince("qa_new", NOW)] * 3)
    assert found is not None
    assert (found.asked_before, found.answered_after, found.unanswered_after, found.rate) == (2, 3, 1, 0.75)
    nobody = deflection(topic(query("q_1", days=5)), [pair("qa_new", 0.8, days=3)], [])
    assert nobody is not None
    assert nobody.rate is None


@given(st.lists(st.floats(0, 1), max_size=50))
def test_a_trend_counts_every_question_once(shares: list[float]) -> None:
    since = NOW - timedelta(days=7)
    found = trend((since + share * (NOW - since) for share in shares), since, NOW)
    assert (len(found.points), sum(found.points)) == (8, len(shares))


@pytest.mark.parametrize(
    ("points", "direction"),
    [((0,) * 8, Direction.STEADY), ((1, 0, 0, 0, 0, 0, 1, 1), Direction.STEADY),
     ((1, 1, 1, 1, 4, 4, 5, 6), Direction.RISING), ((9, 9, 9, 9, 1, 1, 1, 1), Direction.FALLING)],
)  # fmt: skip
def test_a_trend_needs_more_than_chance(points: tuple[int, ...], direction: Direction) -> None:
    assert TopicTrend(points).direction is direction


def test_what_is_shown_is_cleaned_while_the_topic_keeps_its_name() -> None:
    asked = Topic((Asked("Mail ann@example.com", "en", (query("q_1"),)),))
    shown = asked.redacted(lambda text: text.replace("ann@example.com", "[EMAIL]"))
    assert (shown.examples, asked.name) == (["Mail [EMAIL]"], "Mail ann@example.com")
    assert keywords(shown, spread([asked]), 1) == ["email", "mail"]
