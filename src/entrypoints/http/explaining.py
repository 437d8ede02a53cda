"""Says everything that is wrong with a value that should have been of a type, not only the first thing."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect as kinds

from domain.errors import Problem
from entrypoints.http.fitness import join

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


def explain(value: Any, kind: Kind, path: str = "") -> Iterator[Problem]:
    """The problems of `value`, a decoded JSON value, as `kind`; nothing when it fits."""
    if isinstance(kind, kinds.Metadata):
        yield from _with_code(explain(value, kind.type, path), (kind.extra or {}).get("code"))
        return
    check = _CHECKS.get(type(kind), _check_format)
    yield from check(value, kind, path)


def _with_code(problems: Iterator[Problem], code: str | None) -> Iterator[Problem]:
    """`Meta(extra={"code": …})` gives the problems of a field an error code of their own when it is too long."""
    for problem in problems:
        fits = code and "max_length" in problem.details
        yield Problem(problem.message, problem.field, code, problem.details) if fits else problem


def wrong_type(value: Any, expected: str, path: str, **more: Any) -> Problem:
    provided = _NAMES.get(type(value), "file")
    article = "an" if expected[0] in "aio" else "a"
    details = {"expected": expected, "provided_type": provided, **more}
    return Problem(f"Expected {article} {expected}.", path or "body", details=details)


def _check_fields(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield wrong_type(value, "object", path)
        return
    found = [*_missing(value, kind, path), *_unknown(value, kind, path)]
    for field in kind.fields:
        if field.encode_name in value:
            found += explain(value[field.encode_name], field.type, join(path, field.encode_name))
    yield from found or _own_rules(value, kind, path)


def _missing(value: dict[str, Any], kind: Any, path: str) -> Iterator[Problem]:
    for field in kind.fields:
        if field.required and field.encode_name not in value:
            details = {"rule": "required", "expected": expectation(field.type)}
            yield Problem("This field is required.", join(path, field.encode_name), details=details)


def _unknown(value: dict[str, Any], kind: Any, path: str) -> Iterator[Problem]:
    if not getattr(kind, "forbid_unknown_fields", False):
        return
    known = {field.encode_name for field in kind.fields} | {getattr(kind, "tag_field", None)}
    for name in value.keys() - known:
        details = {"rule": "unknown_field", "allowed": sorted(filter(None, known))}
        yield Problem("There is no such field.", join(path, name), details=details)


def _own_rules(value: dict[str, Any], kind: Any, path: str) -> Iterator[Problem]:
    """What the type's `__post_init__` says, once its fields are right by themselves."""
    try:
        msgspec.convert(value, kind.cls)
    except msgspec.ValidationError as error:
        message = str(error).split(" - at `$")[0]
        yield Problem(message, path or "body", details={"rule": "consistent"})


def _check_array(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield wrong_type(value, "array", path)
        return
    yield from _length(len(value), kind, path, "item")
    for index, item in enumerate(value):
        yield from explain(item, kind.item_type, join(path, str(index)))


def _check_mapping(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield wrong_type(value, "object", path)
        return
    yield from _length(len(value), kind, path, "entry")
    for name, item in value.items():
        yield from explain(name, kind.key_type, join(path, name))
        yield from explain(item, kind.value_type, join(path, name))


def _check_text(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield wrong_type(value, "string", path)
        return
    yield from _length(len(value), kind, path, "character")
    if kind.pattern is not None and not re.search(kind.pattern, value):
        yield Problem("The text does not have the expected form.", path, details={"pattern": kind.pattern})


def _length(length: int, kind: Any, path: str, unit: str) -> Iterator[Problem]:
    least, most = kind.min_length, kind.max_length
    if (least is None or length >= least) and (most is None or length <= most):
        return
    bounds = {"min_length": least, "max_length": most, "provided_length": length}
    broken, limit = ("min_length", least) if least is not None and length < least else ("max_length", most)
    words = "at least" if broken == "min_length" else "at most"
    plural = unit if limit == 1 else "entries" if unit == "entry" else f"{unit}s"
    kept = {name: bound for name, bound in bounds.items() if name in {broken, "provided_length"}}
    yield Problem(f"Must have {words} {limit} {plural}.", path or "body", details=kept)


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


def _check_union(value: Any, kind: kinds.UnionType, path: str) -> Iterator[Problem]:
    """Of several alternatives, the problems of the one that the value comes closest to."""
    alternatives = [option for option in kind.types if not isinstance(option, kinds.NoneType)]
    if value is None and len(alternatives) < len(kind.types):
        return
    attempts = [list(explain(value, option, path)) for option in alternatives]
    if not all(attempts):
        return
    near = [found for found in attempts if not _is_type_problem(found, path)] or attempts
    yield from min(near, key=len) if len(alternatives) == 1 or near is not attempts else _none_fits(value, kind, path)


def _is_type_problem(found: list[Problem], path: str) -> bool:
    return found[0].field == (path or "body") and "provided_type" in found[0].details


def _none_fits(value: Any, kind: kinds.UnionType, path: str) -> Iterator[Problem]:
    yield wrong_type(value, expectation(kind), path)


def _check_format(value: Any, kind: Any, path: str) -> Iterator[Problem]:
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


def _anything(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    return iter(())


_CHECKS: Mapping[type, Callable[[Any, Any, str], Iterator[Problem]]] = {
    kinds.StructType: _check_fields,
    kinds.TypedDictType: _check_fields,
    kinds.DataclassType: _check_fields,
    kinds.DictType: _check_mapping,
    kinds.ListType: _check_array,
    kinds.SetType: _check_array,
    kinds.FrozenSetType: _check_array,
    kinds.VarTupleType: _check_array,
    kinds.StrType: _check_text,
    kinds.IntType: _check_integer,
    kinds.FloatType: _check_number,
    kinds.BoolType: _check_plain,
    kinds.NoneType: _check_plain,
    kinds.EnumType: _check_choice,
    kinds.LiteralType: _check_choice,
    kinds.UnionType: _check_union,
    kinds.AnyType: _anything,
    kinds.RawType: _anything,
}
