"""Says what is wrong with a single text, number, date or choice, in the words of JSON Schema."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect as kinds

from domain.errors import Problem

_NAMES: Mapping[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
_EXPECTED: Mapping[type, str] = {
    kinds.StructType: "object",
    kinds.DictType: "object",
    kinds.TypedDictType: "object",
    kinds.DataclassType: "object",
    kinds.ListType: "array",
    kinds.SetType: "array",
    kinds.FrozenSetType: "array",
    kinds.VarTupleType: "array",
    kinds.TupleType: "array",
    kinds.StrType: "string",
    kinds.BoolType: "boolean",
    kinds.IntType: "integer",
    kinds.FloatType: "number",
    kinds.NoneType: "null",
    kinds.DateTimeType: "date-time",
    kinds.DateType: "date",
    kinds.TimeType: "time",
    kinds.TimeDeltaType: "duration",
    kinds.UUIDType: "uuid",
    kinds.DecimalType: "decimal",
}
_FORMATS: Mapping[type, tuple[type, str]] = {
    kinds.DateTimeType: (datetime, "2026-01-07T10:15:30Z"),
    kinds.DateType: (date, "2026-01-07"),
    kinds.TimeType: (time, "10:15:30Z"),
    kinds.TimeDeltaType: (timedelta, "PT30S"),
    kinds.UUIDType: (UUID, "01936b2e-8f5c-7000-8000-000000000000"),
    kinds.DecimalType: (Decimal, "12.50"),
}

Kind = kinds.Type


def wrong_type(value: Any, expected: str, path: str, **more: Any) -> Problem:
    provided = _NAMES.get(type(value), "file")
    article = "an" if expected[0] in "aio" else "a"
    details = {"expected": expected, "provided_type": provided, **more}
    return Problem(f"Expected {article} {expected}.", path, details=details)


def expectation(kind: Kind) -> str:
    """The kind in the words of JSON Schema."""
    if isinstance(kind, kinds.Metadata):
        return expectation(kind.type)
    if isinstance(kind, kinds.UnionType):
        return " or ".join(dict.fromkeys(expectation(option) for option in kind.types))
    if isinstance(kind, kinds.CustomType):
        return "file"
    if isinstance(kind, kinds.EnumType | kinds.LiteralType):
        return "string"
    return _EXPECTED.get(type(kind), "value")


def length_problems(length: int, kind: Any, path: str, unit: str) -> Iterator[Problem]:
    least, most = kind.min_length, kind.max_length
    if (least is None or length >= least) and (most is None or length <= most):
        return
    bounds = {"min_length": least, "max_length": most, "provided_length": length}
    broken, limit = ("min_length", least) if least is not None and length < least else ("max_length", most)
    words = "at least" if broken == "min_length" else "at most"
    plural = unit if limit == 1 else "entries" if unit == "entry" else f"{unit}s"
    kept = {name: bound for name, bound in bounds.items() if name in {broken, "provided_length"}}
    yield Problem(f"Must have {words} {limit} {plural}.", path, details=kept)


def _check_text(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield wrong_type(value, "string", path)
        return
    yield from length_problems(len(value), kind, path, "character")
    if kind.pattern is not None and not re.search(kind.pattern, value):
        yield Problem("The text does not have the expected form.", path, details={"pattern": kind.pattern})


def _check_integer(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield wrong_type(value, "integer", path)
        return
    yield from _bounds(value, kind, path)


def _check_number(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield wrong_type(value, "number", path)
        return
    yield from _bounds(value, kind, path)


def _bounds(value: float, kind: Any, path: str) -> Iterator[Problem]:
    rules: tuple[tuple[str, str, Any, Callable[[Any], bool]], ...] = (
        ("minimum", "at least", kind.ge, lambda bound: value >= bound),
        ("exclusive_minimum", "greater than", kind.gt, lambda bound: value > bound),
        ("maximum", "at most", kind.le, lambda bound: value <= bound),
        ("exclusive_maximum", "less than", kind.lt, lambda bound: value < bound),
        ("multiple_of", "a multiple of", kind.multiple_of, lambda bound: value % bound == 0),
    )
    for name, words, bound, holds in rules:
        if bound is not None and not holds(bound):
            yield Problem(f"Must be {words} {bound}.", path, details={name: bound})


def _check_plain(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    wanted = bool if isinstance(kind, kinds.BoolType) else type(None)
    if not isinstance(value, wanted):
        yield wrong_type(value, expectation(kind), path)


def _check_choice(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    enumerated = isinstance(kind, kinds.EnumType)
    allowed = [member.value for member in kind.cls] if enumerated else list(kind.values)
    if type(value) not in {type(choice) for choice in allowed}:
        yield wrong_type(value, _NAMES.get(type(allowed[0]), "string"), path, allowed=allowed)
    elif value not in allowed:
        names = ", ".join(str(choice) for choice in allowed)
        yield Problem(f"Must be one of: {names}.", path, details={"allowed": allowed})


def check_format(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    """Dates, ids and the like, which are text in JSON."""
    target, example = _FORMATS.get(type(kind), (getattr(kind, "cls", None), None))
    if target is None:
        return
    try:
        parsed = msgspec.convert(value, target)
    except (msgspec.ValidationError, ValueError, TypeError):
        more = {"example": example} if example else {}
        yield wrong_type(value, expectation(kind), path, **more)
        return
    if isinstance(parsed, datetime) and parsed.tzinfo is None:
        details = {"rule": "time_zone", "example": example}
        yield Problem("The time needs a zone: end it in Z or an offset.", path, details=details)


SCALAR_CHECKS: Mapping[type, Callable[[Any, Any, str], Iterator[Problem]]] = {
    kinds.StrType: _check_text,
    kinds.IntType: _check_integer,
    kinds.FloatType: _check_number,
    kinds.BoolType: _check_plain,
    kinds.NoneType: _check_plain,
    kinds.EnumType: _check_choice,
    kinds.LiteralType: _check_choice,
}
