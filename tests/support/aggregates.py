"""Aggregates of every kind, made from their types: a new kind needs no sample of its own."""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from application.ports.storage import Table
from domain.aggregates import Aggregate

START = datetime(2026, 1, 7, 10, 0, tzinfo=UTC)

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FLOATS.filter(lambda x: abs(x) < 1e15) | TEXTS
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    Any: JSON,
    str: TEXTS,
    int: INTEGERS,
    float: FLOATS,
    bool: st.booleans(),
    bytes: st.binary(max_size=50),
    datetime: MOMENTS,
    timedelta: st.timedeltas(timedelta(0), timedelta(days=9)),
    types.NoneType: st.none(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type, of which the mappings of anything hold what JSON can."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    if is_dataclass(hint):
        return st.builds(hint, **members_of(hint))
    return _GENERIC[get_origin(hint)](get_args(hint))


def members_of(kind: Any) -> dict[str, st.SearchStrategy[Any]]:
    hints = get_type_hints(kind)
    return {member.name: values_of(hints[member.name]) for member in fields(kind) if member.name[0] != "_"}


def _union(args: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.one_of(*map(values_of, args))


def _tuple(args: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if args[-1:] == (Ellipsis,):
        return st.lists(values_of(args[0]), max_size=3).map(tuple)
    return st.tuples(*map(values_of, args))


def _mapping(args: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.dictionaries(values_of(args[0]), values_of(args[1]), max_size=3)


_GENERIC: dict[Any, Callable[[tuple[Any, ...]], st.SearchStrategy[Any]]] = {
    Union: _union,
    types.UnionType: _union,
    Literal: st.sampled_from,
    tuple: _tuple,
    frozenset: lambda args: st.frozensets(values_of(args[0]), max_size=3),
    Mapping: _mapping,
    dict: _mapping,
}


def aggregates(table: Table[Any]) -> st.SearchStrategy[Any]:
    """New ones (version 0) of this kind."""
    return st.builds(table.type, **members_of(table.type) | {"id": IDS, "version": st.just(0)})


def examples_of(strategy: st.SearchStrategy[Any], number: int) -> list[Any]:
    """Drawn before the test runs: Hypothesis cannot draw inside a coroutine.
    How long drawing takes says nothing here: the first draw of a process on a busy machine takes seconds."""
    found: list[Any] = []

    @settings(
        max_examples=number,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


IDS = st.text("abcdefghijkmnpqrstvwxyz0123456789_", min_size=1, max_size=12)


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True, slots=True)
class Inner:
    word: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Specimen(Aggregate):
    """Every type of field that a list may filter and sort by, once required and once optional."""

    word: str = ""
    note: str | None = None
    number: int = 0
    rank: int | None = None
    ratio: float = 0.0
    flag: bool = False
    moment: datetime | None = None
    colour: Colour = Colour.RED
    labels: tuple[str, ...] = ()
    inner: Inner = Inner()
    content: bytes = b""
    thumbnail: bytes | None = None
    anything: Mapping[str, Any] = field(default_factory=dict)


SPECIMENS = Table(
    "specimens",
    Specimen,
    "specimen",
    ("word", "note", "number", "rank", "ratio", "flag", "moment", "colour", "labels", "inner.word",
     "inner.extra.key", "updated_at"),
)  # fmt: skip


def specimen(key: str, **members: Any) -> Specimen:
    return Specimen(**{"id": key, "created_at": START, "updated_at": START} | members)
