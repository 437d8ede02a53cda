"""`/analytics/gaps`: what was not answered, by topic, and what the article written for it was worth."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.system import SystemUnderTest, running

from adapters.system.fixed import ManualClock

CUSTOMS = (
    "Who pays the customs duty on a parcel to Norway?",
    "Do I have to pay customs duty for a parcel sent to Norway?",
    "Is customs duty on parcels to Norway included?",
)
LAMP = ("Can the lamp be dimmed?", "Does the lamp have a dimmer?")
ANSWER = "We pay the customs duty for all parcels to Norway."


async def gaps(system: SystemUnderTest, **params: Any) -> Any:
    return await system.data("GET", "/api/v1/analytics/gaps", params=params)


async def rate(system: SystemUnderTest, query_id: str, rating: int) -> None:
    await system.data("POST", f"/api/v1/queries/{query_id}/feedback", json={"rating": rating})


async def test_questions_without_an_answer_become_topics_with_advice(system: SystemUnderTest) -> None:
    await system.learn(("When do you open?", "At nine in the morning."))
    for n, question in enumerate((*CUSTOMS, CUSTOMS[0], *LAMP)):
        await system.ask(question, user_id=f"user{n % 3}")
    await system.ask("When do you open?")
    await system.ask("I want to speak to a human being")

    found = await gaps(system, period="24h")

    customs, lamp = found["gaps"]
    assert (customs["query_count"], customs["unanswered_count"], customs["user_count"]) == (4, 4, 3)
    assert customs["topic"] in CUSTOMS
    assert set(customs["example_questions"]) == set(CUSTOMS)
    assert "customs" in customs["keywords"]
    assert customs["suggested_action"] == {"action": "new_article", "qa_id": None, "document_id": None}
    assert [pair["question"] for pair in customs["nearest_pairs"]] == ["When do you open?"]
    assert customs["nearest_pairs"][0]["similarity"] < 0.4
    assert (sum(customs["trend"]["points"]), customs["deflection"]) == (4, None)
    assert set(lamp["example_questions"]) == set(LAMP)
    assert (found["queries_considered"], found["complete"]) == (6, True)


async def test_a_badly_rated_answer_is_a_gap_of_the_pair_that_gave_it(system: SystemUnderTest) -> None:
    await system.learn(("How long is the warranty?", "Long."), ("When do you open?", "At nine."))
    answered = await system.ask("How long is the warranty?")
    await rate(system, answered["query_id"], 1)
    fine = await system.ask("When do you open?")
    await rate(system, fine["query_id"], 5)

    [gap] = (await gaps(system))["gaps"]

    assert (gap["topic"], gap["badly_rated_count"], gap["unanswered_count"]) == ("How long is the warranty?", 1, 0)
    assert gap["suggested_action"]["action"] == "improve_pair"
    assert gap["suggested_action"]["qa_id"] == answered["sources"][0]["qa_id"]


async def test_personal_data_does_not_show(system: SystemUnderTest) -> None:
    await system.ask("Why does my tracking page say error when I log in as ann.smith@example.com?")

    [gap] = (await gaps(system))["gaps"]

    assert "[EMAIL]" in gap["topic"]
    assert "smith" not in str(gap)


async def test_another_tenant_sees_none_of_it(system: SystemUnderTest) -> None:
    await system.ask(CUSTOMS[0])
    theirs = {"name": "theirs", "scopes": ["read"], "tenant_id": "acme"}
    stranger = (await system.data("POST", "/api/v1/api-keys", json=theirs, expect=201))["api_key"]

    headers = {"Authorization": f"Bearer {stranger}"}
    found = await system.data("GET", "/api/v1/analytics/gaps", headers=headers)

    assert (found["gaps"], found["queries_considered"]) == ([], 0)


async def test_topics_come_in_pages_and_orders(system: SystemUnderTest) -> None:
    for question in (*CUSTOMS, *LAMP, "Do you sell gift cards?"):
        await system.ask(question)

    first = await gaps(system, limit=1)
    second = await gaps(system, limit=1, cursor=first["pagination"]["next_cursor"])
    assert [page["gaps"][0]["query_count"] for page in (first, second)] == [3, 2]
    assert (first["pagination"]["total"], first["pagination"]["has_next"]) == (3, True)
    assert [gap["query_count"] for gap in (await gaps(system, sort="query_count"))["gaps"]] == [1, 2, 3]
    assert len((await gaps(system, min_queries=2))["gaps"]) == 2
    for wrong in ({"period": "91d"}, {"period": "soon"}, {"sort": "mood"}, {"min_queries": 0}):
        await system.call("GET", "/api/v1/analytics/gaps", params=wrong, expect=400)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 7, 10, tzinfo=UTC))


async def test_what_an_article_was_worth_is_counted_from_its_day_on(
    world_settings: dict[str, Any], clock: ManualClock
) -> None:
    async with running(clock=clock, **world_settings) as system:
        await system.learn(("When do you open?", "At nine."))
        for question in (*CUSTOMS, *LAMP):
            await system.ask(question)
        clock.advance(hours=48)
        assert (await gaps(system, period="24h"))["gaps"] == [], "older than the period"
        document = await system.data("POST", "/api/v1/documents/upload", **_article())
        await system.run_due()
        await system.approve_all(document["job_id"])
        clock.advance(hours=1)
        for question in (*CUSTOMS, CUSTOMS[0]):
            assert (await system.ask(question, options={"use_cache": False}))["action"] == "auto_reply"
        again = await system.ask(CUSTOMS[1])
        await rate(system, again["query_id"], 1)

        customs = (await gaps(system, period="7d"))["gaps"][0]

        assert customs["suggested_action"]["action"] == "watch"
        assert customs["deflection"]["articles"] == [again["sources"][0]["qa_id"]]
        shown = {name: customs["deflection"][name] for name in ("asked_before", "answered_after", "unanswered_after")}
        assert shown == {"asked_before": 3, "answered_after": 4, "unanswered_after": 1}
        assert customs["deflection"]["rate"] == pytest.approx(0.8)
        lamp = (await gaps(system, period="7d"))["gaps"][1]
        assert (lamp["suggested_action"]["action"], lamp["deflection"]) == ("new_article", None)


def _article() -> dict[str, Any]:
    row = f'[{{"question": "Who pays customs duty for parcels to Norway?", "answer": "{ANSWER}"}}]'
    return {"files": [("files", ("customs.json", row.encode(), "application/json"))]}
