"""Which fields of an aggregate its table filters and sorts by, and of what type they are."""

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from application.ports.storage import Table
from domain.errors import InvalidInput
from domain.paging import Condition, Op, Where

_NO_CHARACTERS = re.compile("[\0\ud800-\udfff]")
ALWAYS = ("id", "created_at")
_blob_fields: dict[type[Any], tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True)
class Field:
    """`type` is one of str, int, float, bool, datetime, bytes, and tuple for a list of texts."""

    path: str
    type: type
    nullable: bool

    @property
    def column(self) -> str:
        return self.path.replace(".", "_")


@cache
def indexed_fields(table: Table[Any]) -> Mapping[str, Field]:
    """The fields that conditions and sorts may name, by their dotted path."""
    return {path: _resolve(table.type, path) for path in (*ALWAYS, *table.indexed)}


def blob_fields(kind: type[Any]) -> tuple[str, ...]:
    """The members that hold bytes: kept beside the body, not in it."""
    if kind not in _blob_fields:
        hints = get_type_hints(kind).items()
        _blob_fields[kind] = tuple(name for name, hint in hints if hint in (bytes, bytes | None))
    return _blob_fields[kind]


def indexed_field(table: Table[Any], path: str) -> Field:
    try:
        return indexed_fields(table)[path]
    except KeyError:
        text = f"{table.name} cannot be filtered or sorted by {path!r}: name it in `indexed`, and in a migration"
        raise ValueError(text) from None


def require_askable(table: Table[Any], where: Where) -> None:
    """Refuses conditions on fields that are not indexed, and texts that no store can hold."""
    for condition in where:
        indexed_field(table, condition.field)
        values = condition.value if isinstance(condition.value, list | tuple | set | frozenset) else (condition.value,)
        if not all(is_storable(value) for value in values):
            raise InvalidInput("This text holds characters that are none.", field=condition.field)


def wanted_values(condition: Condition) -> Iterable[Any]:
    return condition.value if condition.op is Op.IN else (condition.value,)


def is_storable(value: Any) -> bool:
    """Whether a text is without U+0000 and halves of surrogate pairs, which a database refuses."""
    return not isinstance(value, str) or _NO_CHARACTERS.search(value) is None


def _resolve(kind: Any, path: str) -> Field:
    nullable = False
    for part in path.split("."):
        kind, optional = _without_none(_member(kind, part))
        nullable = nullable or optional
    return Field(path, _plain(kind), nullable)


def _member(kind: Any, name: str) -> Any:
    if is_dataclass(kind):
        return get_type_hints(kind)[name]
    if get_origin(kind) is Mapping or get_origin(kind) is dict:
        return get_args(kind)[1] | None  # any key may be missing
    raise TypeError(f"{kind} has no member {name!r}")


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    rest = [part for part in get_args(hint) if part is not type(None)]
    if len(rest) != 1:
        raise TypeError(f"a field that lists use has one type, not {hint}")
    return rest[0], True


def _plain(kind: Any) -> type:
    if get_origin(kind) is Literal or kind is Any:
        return str
    if get_origin(kind) in (tuple, list, frozenset):
        return tuple
    for plain in (str, bool, int, float, datetime, bytes):
        if isinstance(kind, type) and issubclass(kind, plain):
            return plain
    raise TypeError(f"{kind} cannot be a column")
