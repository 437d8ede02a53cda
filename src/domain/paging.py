"""Lists: what part of one is asked for, and what part that was."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")
U = TypeVar("U")

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class Op(StrEnum):
    EQ = "eq"
    IN = "in"
    GE = "ge"
    GT = "gt"
    LE = "le"
    LT = "lt"
    HAS = "has"
    """The field is a list and holds the value."""
    HAS_ANY = "has_any"
    """The field is a list and holds one of the values."""
    LIKE = "like"
    """The field's text contains the value, ignoring case."""


Scalar = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter: `field` is a dotted path into the aggregate (`metadata.category`)."""

    field: str
    op: Op
    value: Any


Where = tuple[Condition, ...]


def where(**equal: Any) -> Where:
    """Conditions that fields equal values; a `None` asks nothing, `__` in a name stands for a dot.

    A suffix names another operator: `created_at__ge=…`, `status__in=(…)`, `tags__has=…`.
    """
    return tuple(_condition(name, value) for name, value in equal.items() if value is not None)


def _condition(name: str, value: Any) -> Condition:
    path, _, suffix = name.rpartition("__")
    if path and suffix in Op._value2member_map_:
        return Condition(path.replace("__", "."), Op(suffix), value)
    return Condition(name.replace("__", "."), Op.EQ, value)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`limit` items from `offset`, or after `cursor`; `sort` is a field, with `-` for descending."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    cursor: str | None = None
    sort: str = "-created_at"

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def sort_field(self) -> str:
        return self.sort.lstrip("-")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    total: int
    limit: int
    offset: int
    has_next: bool
    next_cursor: str | None = None

    def map(self, render: Callable[[T], U]) -> "Page[U]":
        rendered = tuple(render(item) for item in self.items)
        return Page(rendered, self.total, self.limit, self.offset, self.has_next, self.next_cursor)
