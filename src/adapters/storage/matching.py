"""Conditions and order over aggregates in memory."""

from collections.abc import Callable, Mapping
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


def _of_known(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Nothing unknown is greater, smaller, like or among anything."""
    return lambda value, wanted: value is not None and wanted is not None and test(value, wanted)


_TESTS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: lambda value, wanted: value == wanted,
    Op.IN: lambda value, wanted: value in wanted,
    Op.GE: _of_known(lambda value, wanted: value >= wanted),
    Op.GT: _of_known(lambda value, wanted: value > wanted),
    Op.LE: _of_known(lambda value, wanted: value <= wanted),
    Op.LT: _of_known(lambda value, wanted: value < wanted),
    Op.HAS: _of_known(lambda value, wanted: wanted in value),
    Op.HAS_ANY: _of_known(lambda value, wanted: any(each in value for each in wanted)),
    Op.LIKE: _of_known(lambda value, wanted: wanted.lower() in value.lower()),
}


def sort_key(value: Any) -> tuple[int, Any]:
    """`None` lowest."""
    return (0, 0) if value is None else (1, value)
