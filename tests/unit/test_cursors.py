"""Cursors: what goes in comes out, and nothing else gets in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.aggregates import FLOATS, INTEGERS, MOMENTS, TEXTS

from adapters.storage.cursors import decode_cursor, encode_cursor
from adapters.storage.layout import Field
from domain.errors import InvalidInput

WORD, NUMBER, RATIO, FLAG = (Field("f", kind, nullable=False) for kind in (str, int, float, bool))
MOMENT, NOTE = Field("f", datetime, nullable=False), Field("f", str, nullable=True)

keys = st.one_of(
    st.tuples(st.just(WORD), TEXTS),
    st.tuples(st.just(NUMBER), INTEGERS),
    st.tuples(st.just(RATIO), FLOATS),
    st.tuples(st.just(FLAG), st.booleans()),
    st.tuples(st.just(MOMENT), MOMENTS),
    st.tuples(st.just(NOTE), st.none() | TEXTS),
)


@given(key=keys, last_id=TEXTS, sort=TEXTS)
def test_a_cursor_gives_back_its_key_exactly(key: tuple[Field, Any], last_id: str, sort: str) -> None:
    field, value = key
    assert decode_cursor(encode_cursor(sort, (value, last_id)), sort, field) == (value, last_id)


@given(key=keys, last_id=TEXTS)
def test_a_cursor_is_a_word_that_needs_no_escaping_in_an_address(key: tuple[Field, Any], last_id: str) -> None:
    word = encode_cursor("f", (key[1], last_id))
    assert word.replace("-", "a").replace("_", "a").isalnum() and word.isascii()


@given(word=st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")), field=st.sampled_from(
    (WORD, NUMBER, RATIO, FLAG, MOMENT, NOTE)))  # fmt: skip
def test_a_word_that_is_no_cursor_is_refused_and_nothing_worse_happens(word: str, field: Field) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        decode_cursor(word, "f", field)


@pytest.mark.parametrize(
    ("value", "last_id", "field"),
    [
        ("text", "a", NUMBER),
        (7, "a", WORD),
        (None, "a", WORD),
        (2**63, "a", NUMBER),
        ("2026-01-07T10:00:00", "a", MOMENT),
        ("a\0", "a", WORD),
        ("a", "a\0", WORD),
        ("a", 7, WORD),
        ([1], "a", WORD),
        (1, "a", FLAG),
    ],
)
def test_a_forged_cursor_of_another_type_is_refused(value: Any, last_id: Any, field: Field) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(encode_cursor("f", (value, last_id)), "f", field)


def test_a_cursor_made_for_the_other_direction_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_cursor(encode_cursor("f", ("a", "b")), "-f", WORD)
    assert refused.value.problems[0].field == "cursor"


def test_microseconds_survive() -> None:
    moment = datetime(2026, 1, 7, tzinfo=UTC) + timedelta(microseconds=1)
    assert decode_cursor(encode_cursor("f", (moment, "a")), "f", MOMENT)[0] == moment
