"""The explanation of a refused value and the decoder that refuses it must never disagree."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct
from msgspec.inspect import type_info

from domain.errors import InvalidInput
from entrypoints.http.decoding import decode
from entrypoints.http.explaining import explain


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(Enum):
    ONE = 1
    TWO = 2


class Named(TypedDict, total=False):
    name: str
    age: int


@dataclass
class Point:
    x: float
    y: float = 0.0


class Cat(Struct, tag="cat", forbid_unknown_fields=True):
    lives: Annotated[int, Meta(ge=0, le=9)]


class Dog(Struct, tag="dog", forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1)]


class Span(Struct):
    low: int
    high: int = 10

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must not be above high")


class Renamed(Struct, rename="camel", forbid_unknown_fields=True):
    first_name: str
    parts: list[Span] = []


KINDS: list[Any] = [
    Annotated[str, Meta(min_length=1, max_length=3)],
    Annotated[str, Meta(pattern="^[a-z]+$")],
    Annotated[int, Meta(ge=-2, lt=5)],
    Annotated[int, Meta(multiple_of=3)],
    Annotated[float, Meta(gt=0)],
    bool,
    None,
    str | None,
    int | str,
    bool | float | None,
    Literal["a", "b", 3],
    Literal["a"] | None,
    Colour,
    Level,
    Annotated[list[Annotated[int, Meta(ge=0)]], Meta(min_length=1, max_length=2)],
    list[str] | None,
    set[int],
    tuple[int, ...],
    tuple[int, str],
    dict[str, int],
    dict[Colour, bool],
    dict[str, Any],
    Any,
    datetime,
    date,
    timedelta,
    UUID,
    Decimal,
    Named,
    Point,
    Cat | Dog,
    Cat | Dog | None,
    list[Cat | Dog],
    Span,
    Renamed,
    Span | None,
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-9, 12)
    | st.floats(-5, 20, allow_nan=False)
    | st.sampled_from(["", "a", "b", "abcd", "red", "cat", "dog", "1", "2026-01-01", "2026-01-01T00:00:00Z", "P1D"])
    | st.sampled_from(["12.5", "01936b2e-8f5c-7000-8000-000000000000", "2026-01-01T00:00:00+05:00"])
)
names = st.sampled_from(["x", "y", "low", "high", "type", "lives", "name", "firstName", "parts", "age", "red"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@settings(max_examples=150, deadline=None)
@given(value=values)
def test_a_value_has_problems_exactly_when_it_is_refused(kind: Any, value: Any) -> None:
    try:
        msgspec.json.decode(json.dumps(value), type=kind)
        refused = False
    except msgspec.ValidationError:
        refused = True

    problems = list(explain(value, type_info(kind)))
    assert bool(problems) is refused, problems
    assert all(problem.field and problem.message for problem in problems)


@pytest.mark.parametrize(
    ("kind", "value", "fields"),
    [
        (list[Cat | Dog], [{"type": "cat", "lives": 10}, {"type": "dog"}, {"type": "cow"}],
         ["0.lives", "1.name", "2.type"]),
        (Renamed, {"first_name": 1, "parts": [{"low": 11}, {"low": "x"}]},
         ["firstName", "first_name", "parts.0", "parts.1.low"]),
        (dict[Colour, bool], {"red": 1, "green": True}, ["red", "green"]),
        (tuple[int, str], [1, 2], ["1"]),
        (int, "x", ["body"]),
    ],
)  # fmt: skip
def test_every_problem_has_its_place(kind: Any, value: Any, fields: list[str]) -> None:
    assert sorted(str(problem.field) for problem in explain(value, type_info(kind))) == sorted(fields)


def test_a_good_body_is_decoded_to_its_type() -> None:
    assert decode(b'{"low": 1}', Span) == Span(1)


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=40) | st.text(alphabet='{}[]",:0123456789eE+-.\\u d8ntfalsr', max_size=40).map(str.encode)
)
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    try:
        decode(body, dict[str, Any])
    except InvalidInput as refusal:
        assert all(problem.field for problem in refusal.problems)
