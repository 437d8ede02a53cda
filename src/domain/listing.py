"""Pages of lists that are computed whole: sorted by any key, read on by a cursor that inserts don't move."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from domain.errors import InvalidInput
from domain.paging import Page, PageRequest

T = TypeVar("T")

Key = Callable[[T], tuple[Any, str]]
"""What an item is sorted by (a number, a text or `None`), and the id that breaks ties."""


def page_of(items: Sequence[T], key: Callable[[T], tuple[Any, str]], request: PageRequest) -> Page[T]:
    """The page of `items` sorted by `key`; `None` sorts lowest. Raises `InvalidInput` for a foreign cursor."""
    ordered = sorted(items, key=lambda item: _order(key(item)), reverse=request.descending)
    rest = ordered
    if request.cursor is not None:
        last = _order(_decoded(request.cursor, request.sort))
        rest = [item for item in ordered if _is_after(_order(key(item)), last, request.descending)]
    window = rest[request.offset : request.offset + request.limit]
    has_next = len(rest) > request.offset + request.limit
    cursor = _encoded(request.sort, key(window[-1])) if has_next and window else None
    return Page(tuple(window), len(items), request.limit, request.offset, has_next, cursor)


def _order(found: tuple[Any, str]) -> tuple[bool, Any, str]:
    value, name = found
    return (False, 0, name) if value is None else (True, value, name)


def _is_after(mine: tuple[bool, Any, str], last: tuple[bool, Any, str], descending: bool) -> bool:
    return mine < last if descending else mine > last


def _encoded(sort: str, found: tuple[Any, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *found]).encode()).decode().rstrip("=")


def _decoded(cursor: str, sort: str) -> tuple[Any, str]:
    try:
        made_for, value, name = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidInput("This is no cursor of this list.", field="cursor") from error
    if made_for != sort or not isinstance(name, str) or not isinstance(value, int | float | str | None):
        raise InvalidInput("This cursor belongs to another list or sort.", field="cursor")
    return value, name
