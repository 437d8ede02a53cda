"""Summaries of conversations for operators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.summaries import clipped, summarise


def test_the_first_and_the_last_things_are_told_and_the_rest_is_counted() -> None:
    turns = [line for n in range(6) for line in (("user", f"Question {n}?"), ("assistant", f"Answer {n}."))]
    assert summarise(turns, "en").splitlines() == [
        "Customer: “Question 0?” Answer: “Answer 0.”",
        "(2 more messages)",
        *(f"Then: “Question {n}?” Answer: “Answer {n}.”" for n in (3, 4, 5)),
    ]


def test_what_was_said_twice_without_an_answer_is_told_once() -> None:
    assert summarise([("user", "Hello?"), ("user", "Hello?")], "en") == "Customer: “Hello?” No answer yet."


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ru"])
def test_every_language_has_its_own_words(language: str) -> None:
    others = {summarise([("user", "A b c")], other) for other in ("en", "de", "fr", "es", "ru") if other != language}
    assert summarise([("user", "A b c")], language) not in others


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.text(max_size=3000))))
def test_a_summary_stays_short_whatever_was_said(turns: list[tuple[str, str]]) -> None:
    assert len(summarise(turns, "fr")) < 2000


@given(st.text(max_size=500), st.integers(2, 300))
def test_a_clipped_text_keeps_to_its_limit(text: str, limit: int) -> None:
    assert len(clipped(text, limit)) <= limit
    assert text.startswith(clipped(text, limit).removesuffix("…"))
