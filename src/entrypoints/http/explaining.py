"""Says everything that is wrong with a value that should have been of a type, not only the first thing."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import inspect as kinds

from domain.errors import Problem
from entrypoints.http.fitness import join
from entrypoints.http.scalars import SCALAR_CHECKS, Kind, check_format, expectation, length_problems, wrong_type


def explain(value: Any, kind: Kind, path: str = "") -> Iterator[Problem]:
    """The problems of `value`, a decoded JSON value, as `kind`; nothing when it fits."""
    for problem in _explain(value, kind, path):
        yield problem if problem.field else replace(problem, field="body")


def _explain(value: Any, kind: Kind, path: str) -> Iterator[Problem]:
    if isinstance(kind, kinds.Metadata):
        yield from _with_code(_explain(value, kind.type, path), (kind.extra or {}).get("code"))
        return
    check = _CHECKS.get(type(kind), check_format)
    yield from check(value, kind, path)


def _with_code(problems: Iterator[Problem], code: str | None) -> Iterator[Problem]:
    """`Meta(extra={"code": …})` gives the problems of a field an error code of their own when it is too long."""
    for problem in problems:
        fits = code and "max_length" in problem.details
        yield replace(problem, code=code) if fits else problem


def _check_fields(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield wrong_type(value, "object", path)
        return
    found = [*_missing(value, kind, path), *_unknown(value, kind, path)]
    for field in kind.fields:
        if field.encode_name in value:
            found += _explain(value[field.encode_name], field.type, join(path, field.encode_name))
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
        yield Problem(message, path, details={"rule": "consistent"})


def _check_array(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield wrong_type(value, "array", path)
        return
    yield from length_problems(len(value), kind, path, "item")
    for index, item in enumerate(value):
        yield from _explain(item, kind.item_type, join(path, str(index)))


def _check_tuple(value: Any, kind: kinds.TupleType, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield wrong_type(value, "array", path)
    elif len(value) != len(kind.item_types):
        exact = {"min_length": len(kind.item_types), "max_length": len(kind.item_types)}
        details = {**exact, "provided_length": len(value)}
        yield Problem(f"Must have exactly {len(kind.item_types)} items.", path, details=details)
    else:
        for index, (item, item_kind) in enumerate(zip(value, kind.item_types, strict=True)):
            yield from _explain(item, item_kind, join(path, str(index)))


def _check_mapping(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield wrong_type(value, "object", path)
        return
    yield from length_problems(len(value), kind, path, "entry")
    for name, item in value.items():
        yield from _explain(name, kind.key_type, join(path, name))
        yield from _explain(item, kind.value_type, join(path, name))


def _check_union(value: Any, kind: kinds.UnionType, path: str) -> Iterator[Problem]:
    """Of several alternatives, the problems of the one that the value means to be."""
    options = [option for option in kind.types if not isinstance(option, kinds.NoneType)]
    if value is None and len(options) < len(kind.types):
        return
    tagged = {option.tag: option for option in options if isinstance(option, kinds.StructType) and option.tag}
    if isinstance(value, dict) and len(tagged) > 1:
        yield from _check_tagged(value, tagged, path)
        return
    attempts = [list(_explain(value, option, path)) for option in options]
    if all(attempts):
        meant = [found for found in attempts if len(options) == 1 or not _is_of_another_type(found, path)]
        yield from meant[0] if meant else [wrong_type(value, expectation(kind), path)]


def _check_tagged(value: dict[str, Any], tagged: Mapping[Any, Any], path: str) -> Iterator[Problem]:
    name = next(iter(tagged.values())).tag_field
    tag = value.get(name)
    if isinstance(tag, str | int) and tag in tagged:
        yield from _explain(value, tagged[tag], path)
    else:
        details = {"rule": "required" if tag is None else "choice", "allowed": list(tagged)}
        yield Problem(f"Must be one of: {', '.join(map(str, tagged))}.", join(path, name), details=details)


def _is_of_another_type(found: list[Problem], path: str) -> bool:
    return found[0].field == path and "provided_type" in found[0].details


def _anything(value: Any, kind: Any, path: str) -> Iterator[Problem]:
    return iter(())


_CHECKS: Mapping[type, Callable[[Any, Any, str], Iterator[Problem]]] = {
    **SCALAR_CHECKS,
    kinds.StructType: _check_fields,
    kinds.TypedDictType: _check_fields,
    kinds.DataclassType: _check_fields,
    kinds.DictType: _check_mapping,
    kinds.ListType: _check_array,
    kinds.SetType: _check_array,
    kinds.FrozenSetType: _check_array,
    kinds.VarTupleType: _check_array,
    kinds.TupleType: _check_tuple,
    kinds.UnionType: _check_union,
    kinds.AnyType: _anything,
    kinds.RawType: _anything,
}
