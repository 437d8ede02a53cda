"""What is wrong with a change of the configuration: every field of it, each with its bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from domain.bounds import Among, Between, Fixed, Length, Offence
from domain.configuration import effective, merged
from domain.errors import InvalidInput, Problem
from domain.guardrails import RULES, Action, Severity
from domain.settings import GuardrailSetting, TenantSettings

_GUARDRAILS = tuple(rule.rule_id for rule in RULES)
_NAMES_ONE = {"severity": tuple(Severity), "action": tuple(Action)}
"""Texts of a guardrail whose values another module defines."""


def check(changes: Mapping[str, Any], overrides: Mapping[str, Any], defaults: TenantSettings) -> TenantSettings:
    """The configuration that the changes would make. Raises `InvalidInput` naming every offence."""
    problems = list(_walk(changes, TenantSettings, "", defaults))
    if problems:
        raise InvalidInput(problems=problems)
    whole = effective(defaults, merged(overrides, changes, defaults))
    problems = list(_together(whole))
    if problems:
        raise InvalidInput(problems=problems)
    return whole


def _together(settings: TenantSettings) -> Iterator[Problem]:
    """What single values cannot tell."""
    retrieval = settings.retrieval
    if retrieval.bm25_weight == 0 and retrieval.vector_weight == 0:
        details = {"rule": "one_above_zero", "provided": 0}
        yield Problem("One of bm25_weight and vector_weight must be above 0.", "retrieval.vector_weight", None, details)


def _walk(value: Any, hint: Any, path: str, fixed: Any) -> Iterator[Problem]:
    """The problems of `value` as `hint`; `fixed` is what the deployment has in that place."""
    base, bounds = _taken_apart(hint)
    if value is None and path:
        return  # takes an override back
    if is_dataclass(base):
        yield from _section(value, base, path, fixed)
    elif get_origin(base) is Mapping:
        yield from _mapping(value, get_args(base)[1], path, bounds)
    elif not _fits(value, base):
        yield _wrong_type(path, value, _expected(base))
    elif any(isinstance(bound, Fixed) for bound in bounds) and value != fixed:
        yield _problem(path, Offence("is set by the deployment", {"rule": "read_only"}))
    else:
        yield from (_problem(path, offence) for bound in bounds for offence in bound.offences(value))


def _section(value: Any, kind: Any, path: str, fixed: Any) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield _wrong_type(path, value, "an object")
        return
    known = hints(kind)
    for name, given in value.items():
        place = f"{path}.{name}" if path else name
        if name not in known:
            yield _unknown(place, tuple(known))
        elif name == "guardrails":
            yield from _guardrails(given, place)
        else:
            yield from _walk(given, known[name], place, getattr(fixed, name, None))


def _guardrails(value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        if value is not None:
            yield _wrong_type(path, value, "an object")
        return
    for rule_id, given in value.items():
        if rule_id not in _GUARDRAILS:
            yield _unknown(f"{path}.{rule_id}", _GUARDRAILS)
        else:
            yield from _walk(given, GuardrailSetting, f"{path}.{rule_id}", None)


def _mapping(value: Any, hint: Any, path: str, bounds: tuple[Any, ...]) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield _wrong_type(path, value, "an object")
        return
    yield from (_problem(path, offence) for bound in bounds for offence in bound.offences(value))
    for name, given in value.items():
        yield from (_problem(f"{path}.{name[:100]}", offence) for offence in Length(1, 128).offences(name))
        yield from _walk(given, hint, f"{path}.{name[:100]}", None)


def _fits(value: Any, base: Any) -> bool:
    if get_origin(base) is Literal:
        return value in get_args(base)
    if get_origin(base) is tuple:
        return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    if base is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, base) and (base is bool or not isinstance(value, bool))


def _expected(base: Any) -> str:
    if get_origin(base) is Literal:
        return f"one of {', '.join(get_args(base))}"
    words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    return "a list of texts" if get_origin(base) is tuple else words[base]


def _taken_apart(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """The bare type and its bounds; `X | None` counts as `X`."""
    if get_origin(hint) in (Union, UnionType):
        hint = next(option for option in get_args(hint) if option is not NoneType)
    if get_origin(hint) is Annotated:
        base, *bounds = get_args(hint)
        return base, tuple(bounds)
    return hint, ()


@cache
def hints(kind: type) -> dict[str, Any]:
    """Of each member, its type with its bounds."""
    found = get_type_hints(kind, include_extras=True)
    bounded = {name: Annotated[found[name], Among(_NAMES_ONE[name])] for name in _NAMES_ONE if name in found}
    return {member.name: bounded.get(member.name, found[member.name]) for member in fields(kind)}


def _problem(path: str, offence: Offence) -> Problem:
    return Problem(f"{path or 'The body'} {offence.message}.", path or None, details=offence.details)


def _wrong_type(path: str, value: Any, expected: str) -> Problem:
    names = {str: "string", bool: "boolean", list: "array", dict: "object", NoneType: "null"}
    details = {"rule": "type", "expected": expected, "provided_type": names.get(type(value), "number")}
    return _problem(path, Offence(f"must be {expected}", details))


def _unknown(path: str, allowed: tuple[str, ...]) -> Problem:
    details = {"rule": "unknown_field", "allowed": sorted(allowed)}
    return Problem(f"There is no such setting; known are: {', '.join(sorted(allowed))}.", path, details=details)


def json_schema(hint: Any = TenantSettings) -> dict[str, Any]:
    """JSON Schema of a change: any part of the configuration, null where a value is to be taken back."""
    base, bounds = _taken_apart(hint)
    if get_origin(base) is Annotated or get_origin(base) in (Union, UnionType):
        inner, more = _taken_apart(base)
        base, bounds = inner, (*more, *bounds)
    if is_dataclass(base) and isinstance(base, type):
        return _object_schema(base)
    if get_origin(base) is Mapping:
        return {"type": ["object", "null"], "additionalProperties": json_schema(get_args(base)[1])}
    schema = _plain_schema(base)
    for bound in bounds:
        schema |= _bound_schema(bound, schema)
    return schema


def _object_schema(kind: type) -> dict[str, Any]:
    known = {name: json_schema(hint) for name, hint in hints(kind).items()}
    if "guardrails" in known:
        rules = {rule_id: json_schema(GuardrailSetting) for rule_id in _GUARDRAILS}
        known["guardrails"] = {"type": ["object", "null"], "properties": rules, "additionalProperties": False}
    return {"type": ["object", "null"], "properties": known, "additionalProperties": False}


def _plain_schema(base: Any) -> dict[str, Any]:
    if get_origin(base) is Literal:
        return {"enum": [*get_args(base), None]}
    if get_origin(base) is tuple:
        return {"type": ["array", "null"], "items": {"type": "string"}}
    names = {str: "string", int: "integer", float: "number", bool: "boolean"}
    return {"type": [names[base], "null"]}


def _bound_schema(bound: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    listed = "array" in schema["type"]
    if isinstance(bound, Between):
        return {"minimum": bound.minimum, "maximum": bound.maximum}
    if isinstance(bound, Length):
        size = "Items" if listed else "Length"
        return {f"min{size}": bound.minimum, f"max{size}": bound.maximum}
    if isinstance(bound, Among):
        allowed = {"enum": list(bound.allowed)}
        return {"items": allowed, "uniqueItems": True} if listed else {"enum": [*bound.allowed, None]}
    return {"readOnly": True} if isinstance(bound, Fixed) else {}
