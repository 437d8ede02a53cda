"""Times that come in keep their instant and lose their offset: inside, and on the way out, all is UTC."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from msgspec import inspect as kinds
from msgspec.structs import force_setattr

T = TypeVar("T")


def to_utc(value: T, kind: Any) -> T:
    """`value` with every time in it in UTC, ValueError for one without a zone; free for a type without times."""
    return _converted(value) if _holds_times(kind) else value


def _converted(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            force_setattr(value, name, _converted(getattr(value, name)))
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return type(value)(_converted(item) for item in value)
    if isinstance(value, dict):
        return {key: _converted(item) for key, item in value.items()}
    return value


@lru_cache(maxsize=1024)
def _holds_times(kind: Any) -> bool:
    return _reaches_time(kinds.type_info(kind), set())


def _reaches_time(kind: Any, seen: set[Any]) -> bool:
    if isinstance(kind, kinds.DateTimeType):
        return True
    if kind is None or getattr(kind, "cls", None) in seen:
        return False
    seen.add(getattr(kind, "cls", object()))
    return any(_reaches_time(inner, seen) for inner in _inner(kind))


def _inner(kind: Any) -> list[Any]:
    fields = [field.type for field in getattr(kind, "fields", ())]
    parts = [getattr(kind, name, None) for name in ("type", "item_type", "key_type", "value_type")]
    several = [*getattr(kind, "types", ()), *getattr(kind, "item_types", ())]
    return [inner for inner in (*fields, *parts, *several) if inner is not None]
