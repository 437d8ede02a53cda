"""Questions that only the conversation before them explains."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.system import SystemUnderTest, running

HOTELS = [
    {"question": f"Does {name} have {thing}?", "answer": f"{word}, {name} {verb} {thing}.", "hotel": name}
    for name, word, verb in (("Allenbell", "Yes", "has"), ("Lakeside Inn", "No", "does not have"))
    for thing in ("free parking", "a swimming pool", "breakfast in the room")
]


@pytest.fixture(scope="module")
async def desk() -> AsyncIterator[SystemUnderTest]:
    async with running() as system:
        await system.learn(*HOTELS)
        await system.learn(("What is your return policy?", "You can return everything within 30 days of purchase."))
        yield system


async def ask(desk: SystemUnderTest, question: str, *before: str, **more: Any) -> Any:
    roles = ("assistant", "user")
    turns = [{"role": roles[n % 2], "content": said} for n, said in enumerate(reversed(before))][::-1]
    body = {"question": question, "conversation_history": turns, "options": {"use_cache": False}, **more}
    return await desk.data("POST", "/api/v1/chat/completions", json=body)


@pytest.mark.parametrize("hotel", ["Allenbell", "Lakeside Inn"])
async def test_a_follow_up_is_answered_for_what_is_spoken_of(desk: SystemUnderTest, hotel: str) -> None:
    answer = await ask(desk, "Does it have a swimming pool?", "I need a room.", f"There is a room at {hotel}.")
    assert hotel in answer["answer"] and answer["metadata"]["subject"] == {"hotel": hotel}


async def test_a_question_may_change_the_subject_by_a_name_or_by_its_matter(desk: SystemUnderTest) -> None:
    before = ("I need a room.", "There is a room at Allenbell.")
    named = await ask(desk, "And does Lakeside Inn have free parking?", *before)
    assert "Lakeside Inn" in named["answer"] and named["metadata"]["subject"] == {"hotel": "Lakeside Inn"}
    other = await ask(desk, "What is your return policy?", *before)
    assert other["answer"].startswith("You can return everything")


async def test_the_same_words_about_two_subjects_do_not_share_a_remembered_answer(desk: SystemUnderTest) -> None:
    seen = [
        await ask(desk, "Do you have free parking?", "A room?", f"There is a room at {hotel}.", options={})
        for hotel in ("Allenbell", "Lakeside Inn")
    ]
    assert [("Allenbell" in each["answer"], each["cache_hit"]) for each in seen] == [(True, False), (False, False)]


async def test_a_follow_up_in_a_session_with_a_filter_is_still_understood(desk: SystemUnderTest) -> None:
    session = {"session_id": "here", "metadata": {"filters": {"hotel": "Lakeside Inn"}}}
    await desk.call("POST", "/api/v1/sessions", json=session, expect=201)
    await desk.ask("Does Lakeside Inn have free parking?", session_id="here")
    asked = await desk.ask("And breakfast in the room?", session_id="here")
    assert asked["answer"] == "No, Lakeside Inn does not have breakfast in the room."
