"""Conditions and order over aggregates in memory."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.paging import Condition, Op, Where


def path_value(item: Any, path: str) -> Any:
    """The value at a dotted path; `None` where a part of it is missing."""
    for part in path.split("."):
        item = item.get(part) if isinstance(item, Mapping) else getattr(item, part, None)
    return item


def matches(item: Any, where: Where) -> bool:
    return all(_holds(path_value(item, condition.field), condition) for condition in where)


def _holds(value: Any, condition: Condition) -> bool:
    return _TESTS[condition.op](value, condition.value)


_TESTS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: lambda value, wanted: value == wanted,
    Op.IN: lambda value, wanted: value in wanted,
    Op.GE: lambda value, wanted: value is not None and value >= wanted,
    Op.GT: lambda value, wanted: value is not None and value > wanted,
    Op.LE: lambda value, wanted: value is not None and value <= wanted,
    Op.LT: lambda value, wanted: value is not None and value < wanted,
    Op.HAS: lambda value, wanted: value is not None and wanted in value,
    Op.LIKE: lambda value, wanted: value is not None and wanted.casefold() in value.casefold(),
}


def sort_key(value: Any) -> tuple[int, Any]:
    """`None` lowest; times as instants, truth as numbers, the rest as it is."""
    if value is None:
        return (0, 0)
    if isinstance(value, datetime):
        return (1, value.timestamp())
    return (1, value)
