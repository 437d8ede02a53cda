"""Sessions and users over HTTP: who talks, for how long, what is kept, what is forgotten."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.system import SystemUnderTest, running

from adapters.system.fixed import ManualClock

RETURNS = ("What is your return policy?", "You can return everything within 30 days of purchase.")


@pytest.fixture
async def desk(world_settings: dict[str, Any]) -> AsyncIterator[SystemUnderTest]:
    """A system with one article and a clock wound by hand."""
    async with running(clock=ManualClock(), **world_settings) as system:
        await system.learn(RETURNS)
        yield system


async def test_a_session_keeps_what_was_said_with_the_query_it_belongs_to(desk: SystemUnderTest) -> None:
    opened = await desk.data("POST", "/api/v1/sessions", json={"user_id": "ann", "metadata": {"source": "web"}})
    asked = await desk.ask("What's your return policy?", session_id=opened["session_id"], user_id="ann")
    seen = await desk.data("GET", f"/api/v1/sessions/{opened['session_id']}")
    assert [(m["role"], m["query_id"]) for m in seen["messages"]] == [
        ("user", asked["query_id"]),
        ("assistant", asked["query_id"]),
    ]
    assert (seen["state"], seen["conversation_turns"]) == ("active", 1)


async def test_a_session_id_of_ones_own_can_be_taken_only_once(desk: SystemUnderTest) -> None:
    await desk.call("POST", "/api/v1/sessions", json={"session_id": "mine"}, expect=201)
    await desk.call("POST", "/api/v1/sessions", json={"session_id": "mine"}, expect=409)


async def test_a_session_of_another_user_is_refused(desk: SystemUnderTest) -> None:
    await desk.ask("What's your return policy?", session_id="s1", user_id="ann")
    refused = {"question": "What's your return policy?", "session_id": "s1", "user_id": "bob"}
    await desk.call("POST", "/api/v1/queries", json=refused, expect=409)


async def test_an_anonymous_session_becomes_the_persons_who_is_named_in_it_first(desk: SystemUnderTest) -> None:
    await desk.ask("What's your return policy?", session_id="s1")
    await desk.ask("What is the return policy again?", session_id="s1", user_id="ann")
    assert (await desk.data("GET", "/api/v1/sessions/s1"))["user_id"] == "ann"


async def test_a_closed_session_takes_no_more_messages(desk: SystemUnderTest) -> None:
    await desk.ask("What's your return policy?", session_id="s1")
    closed = await desk.data("DELETE", "/api/v1/sessions/s1")
    assert closed["state"] == "closed"
    body = {"question": "What's your return policy?", "session_id": "s1"}
    for path in ("/api/v1/queries", "/api/v1/chat/completions", "/api/v1/chat/stream"):
        refusal = await desk.call("POST", path, json=body, expect=409)
        assert "closed" in refusal["error"]["message"]
    await desk.call("DELETE", "/api/v1/sessions/s1", expect=409)


async def test_a_session_lives_a_day_after_its_last_message_and_no_longer(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    await desk.ask("What's your return policy?", session_id="s1")
    desk.clock.advance(hours=23)
    await desk.ask("Within how many days can I return things?", session_id="s1")
    desk.clock.advance(hours=23)
    assert (await desk.data("GET", "/api/v1/sessions/s1"))["state"] == "active"
    desk.clock.advance(hours=1)
    assert (await desk.data("GET", "/api/v1/sessions/s1"))["state"] == "expired"
    body = {"question": "What's your return policy?", "session_id": "s1"}
    await desk.call("POST", "/api/v1/chat/completions", json=body, expect=409)


async def test_expiring_is_written_down_and_told_once(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    for name in ("s1", "s2"):
        await desk.ask("What's your return policy?", session_id=name)
    desk.clock.advance(hours=25)
    expire = desk.container.conversations.expire_sessions()
    assert [await expire("platform"), await expire("platform")] == [2, 0]
    told = [e.event for e in await desk.container.store().recorded_events("platform")]
    ended = [e for e in told if type(e).__name__ == "SessionClosed"]
    assert {(e.session_id, e.duration_ms) for e in ended} == {("s1", 86_400_000), ("s2", 86_400_000)}


async def test_a_users_numbers_are_counted_from_what_they_did(desk: SystemUnderTest) -> None:
    for rating, session in ((5, "s1"), (4, "s1"), (None, "s2")):
        asked = await desk.ask("What's your return policy?", session_id=session, user_id="ann")
        if rating:
            await desk.call("POST", f"/api/v1/queries/{asked['query_id']}/feedback", json={"rating": rating})
    seen = await desk.data("GET", "/api/v1/users/ann")
    assert (seen["total_queries"], seen["total_sessions"], seen["average_satisfaction"]) == (3, 2, 4.5)
    assert seen["preferred_language"] == "en"


async def test_a_profile_is_laid_over_and_a_null_takes_a_key_away(desk: SystemUnderTest) -> None:
    first = {"preferred_language": "ru", "metadata": {"contact_email": "a@example.com", "phone": "+1"}}
    await desk.call("PUT", "/api/v1/users/ann", json=first)
    await desk.call("PUT", "/api/v1/users/ann", json={"metadata": {"contact_email": "b@example.com", "phone": None}})
    seen = await desk.data("GET", "/api/v1/users/ann")
    assert (seen["preferred_language"], seen["metadata"]) == ("ru", {"contact_email": "b@example.com"})
    assert seen["average_satisfaction"] is None


async def test_somebody_nobody_knows_is_not_found(desk: SystemUnderTest) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/export")):
        await desk.call(method, f"/api/v1/users/nobody{path}", expect=404)


async def test_erasing_a_person_leaves_nothing_of_them_and_everything_of_others(desk: SystemUnderTest) -> None:
    for user in ("ann", "bob"):
        await desk.ask("What's your return policy?", session_id=f"of-{user}", user_id=user)
        await desk.ask("Which zoo has a blue elephant?", session_id=f"of-{user}", user_id=user)
    await desk.ask("What is your return policy?", user_id="ann")
    erasure = await desk.call("DELETE", "/api/v1/users/ann", expect=202)
    await desk.run_due()
    job = await desk.data("GET", f"/api/v1/jobs/{erasure['data']['job_id']}")
    assert job["status"] == "completed", job
    await desk.call("GET", "/api/v1/users/ann", expect=404)
    await desk.call("GET", "/api/v1/sessions/of-ann", expect=404)
    for path in ("history", "queries", "escalations"):
        left = await desk.data("GET", f"/api/v1/{path}", params={"user_id": "ann"})
        assert (left if path == "history" else left[path]) == []
    bobs = await desk.data("GET", "/api/v1/users/bob/export")
    assert [len(bobs[name]) for name in ("sessions", "messages", "queries", "escalations")] == [1, 3, 2, 1]


async def test_an_export_holds_everything_that_is_kept_of_a_person(desk: SystemUnderTest) -> None:
    await desk.ask("What's your return policy?", session_id="s1", user_id="ann")
    export = await desk.data("GET", "/api/v1/users/ann/export")
    assert [m["content"] for m in export["messages"]] == ["What's your return policy?", RETURNS[1]]
    assert export["queries"][0]["answer"] == RETURNS[1]


async def test_history_has_the_newest_messages_oldest_first(desk: SystemUnderTest) -> None:
    for question in ("What's your return policy?", "How long may I return things?"):
        await desk.ask(question, session_id="s1", user_id="ann")
    newest = await desk.data("GET", "/api/v1/history", params={"user_id": "ann", "limit": 3})
    assert [m["role"] for m in newest] == ["assistant", "user", "assistant"]
    assert newest == await desk.data("GET", "/api/v1/cache/messages", params={"user_id": "ann", "limit": 3})
    mine = await desk.data("GET", "/api/v1/history", params={"session_id": "s1", "role": "user"})
    assert [m["content"] for m in mine] == ["What's your return policy?", "How long may I return things?"]


async def test_what_is_softly_deleted_is_shown_to_nobody_and_kept(desk: SystemUnderTest) -> None:
    await desk.ask("What's your return policy?", session_id="s1", user_id="ann")
    body = {"user_id": "ann", "method": "soft"}
    assert (await desk.data("DELETE", "/api/v1/history", json=body))["deleted"] == 2
    assert await desk.data("GET", "/api/v1/history", params={"user_id": "ann"}) == []
    assert (await desk.data("GET", "/api/v1/sessions/s1"))["messages"] == []
    hard = await desk.data("DELETE", "/api/v1/history", json={"user_id": "ann", "method": "hard"})
    assert hard["deleted"] == 2
