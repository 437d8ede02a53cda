"""Aggregates of one kind in memory: what is committed, and one transaction's changes laid over it."""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Generic, TypeVar

from adapters.storage.codec import decode, encode, twin
from adapters.storage.cursors import decode_cursor, encode_cursor
from adapters.storage.layout import indexed_field, require_askable, wanted_values
from adapters.storage.matching import matches, path_value, sort_key
from application.ports.storage import Table
from domain.aggregates import Aggregate, Event
from domain.errors import NotFound, StaleVersion
from domain.paging import Condition, Op, Page, PageRequest, Where

A = TypeVar("A", bound=Aggregate)
_NO_IDS: frozenset[str] = frozenset()
AT_ONCE = 4000
"""Rows looked at before others get their turn: some milliseconds."""
Order = Callable[[Any], tuple[tuple[int, Any], str]]


class Rows:
    """The committed aggregates of one kind and tenant, with a hash index on every indexed field."""

    def __init__(self, table: Table[Any]) -> None:
        self.by_id: dict[str, Any] = {}
        self._fields = table.indexed
        self._index: dict[str, dict[Any, set[str]]] = {field: defaultdict(set) for field in table.indexed}
        self._written: dict[str, tuple[bytes, dict[str, bytes | None]]] = {}
        """What was read before, as it is written: reading it again only has to decode it."""

    def copy(self, item: A) -> A:
        """Of a committed aggregate."""
        if item.id not in self._written:
            self._written[item.id] = encode(item, item.version)
        return decode(type(item), *self._written[item.id])

    def put(self, item: Any) -> None:
        self.drop(item.id)
        self.by_id[item.id] = item
        for field in self._fields:
            self._index[field][path_value(item, field)].add(item.id)

    def drop(self, key: str) -> None:
        old = self.by_id.pop(key, None)
        self._written.pop(key, None)
        if old is None:
            return
        for field in self._fields:
            self._index[field][path_value(old, field)].discard(key)

    def candidates(self, where: Where) -> Iterable[Any]:
        """The rows that the conditions leave of which the indexes can tell."""
        ids = self._ids([condition for condition in where if self._tells(condition)])
        return self.by_id.values() if ids is None else [self.by_id[key] for key in ids]

    def untold(self, where: Where) -> Where:
        """The conditions of which the indexes cannot tell."""
        return tuple(condition for condition in where if not self._tells(condition))

    def exactly(self, where: Where) -> Collection[str] | None:
        """The ids of the rows that satisfy the conditions; None when the indexes alone cannot tell."""
        if not all(map(self._tells, where)):
            return None
        ids = self._ids(where)
        return self.by_id.keys() if ids is None else ids

    def _tells(self, condition: Condition) -> bool:
        return condition.op in (Op.EQ, Op.IN) and condition.field in self._index

    def _ids(self, conditions: Sequence[Condition]) -> AbstractSet[str] | None:
        """Not to be changed: it may be the index's own."""
        if not conditions:
            return None
        first, *others = sorted(map(self._having, conditions), key=len)
        for other in others:
            first = first & other
        return first

    def _having(self, condition: Condition) -> AbstractSet[str]:
        index = self._index[condition.field]
        values = list(wanted_values(condition))
        if len(values) == 1:
            return index.get(values[0], _NO_IDS)
        return frozenset().union(*(index.get(value, _NO_IDS) for value in values))


class MemoryCollection(Generic[A]):
    """Committed rows with this transaction's changes laid over them."""

    def __init__(self, table: Table[A], rows: Rows, collect: Callable[[Sequence[Event]], None]) -> None:
        self._table, self._rows, self._collect = table, rows, collect
        self._changes: dict[str, A | None] = {}
        self._versions: dict[str, int] = {}
        """Of the committed rows, when this transaction first saved or removed them."""

    async def get(self, id: str) -> A:  # noqa: A002
        found = await self.find(id)
        if found is None:
            raise NotFound(f"There is no {self._table.noun} {id!r}.")
        return found

    async def find(self, id: str) -> A | None:  # noqa: A002
        item = self._current(id)
        return None if item is None else self._copy(item)

    async def get_many(self, ids: Sequence[str]) -> list[A]:
        found = (self._current(key) for key in ids)
        return [self._copy(item) for item in found if item is not None]

    async def save(self, item: A) -> None:
        if item.version != _version(self._current(item.id)):
            raise self._stale(item.id)
        self._change(item.id, twin(item, item.version + 1))
        item.version += 1
        self._collect(item.take_events())

    async def save_all(self, items: Sequence[A]) -> None:
        for item in items:
            await self.save(item)

    async def remove(self, id: str) -> bool:  # noqa: A002
        known = self._current(id) is not None
        if known:
            self._change(id, None)
        return known

    async def remove_where(self, where: Where) -> int:
        found = await self._found(where)
        for item in found:
            self._change(item.id, None)
        return len(found)

    async def _found(self, where: Where) -> list[A]:
        """As they are when it begins, whatever others commit meanwhile."""
        require_askable(self._table, where)
        found, rest = list(self._unchanged(where)), self._rows.untold(where)
        if rest:
            found = [item async for part in _in_parts(found) for item in part if matches(item, rest)]
        return found + [item for item in self._changes.values() if item is not None and matches(item, where)]

    async def _first(self, count: int, items: Sequence[A], sort: str) -> list[A]:
        pick = heapq.nlargest if sort.startswith("-") else heapq.nsmallest
        order = self._order(sort.lstrip("-"))
        best: list[A] = []
        async for part in _in_parts(items):
            best = pick(count, [*best, *part], key=order)
        return best

    async def page(self, where: Where, request: PageRequest) -> Page[A]:
        found = await self._found(where)
        rest = self._after(found, request)
        window = await self._first(request.offset + request.limit + 1, rest, request.sort)
        window = window[request.offset :]
        items, has_next = window[: request.limit], len(window) > request.limit
        cursor = self._cursor(request, items[-1]) if has_next else None
        copies = tuple(self._copy(item) for item in items)
        return Page(copies, len(found), request.limit, request.offset, has_next, cursor)

    async def list(self, where: Where, sort: str = "created_at", limit: int | None = None) -> list[A]:
        found = await self._found(where)
        if limit is not None:
            return [self._copy(item) for item in await self._first(limit, found, sort)]
        found.sort(key=self._order(sort.lstrip("-")), reverse=sort.startswith("-"))
        return [self._copy(item) for item in found]

    def _copy(self, item: A) -> A:
        return twin(item) if item.id in self._changes else self._rows.copy(item)

    async def count(self, where: Where = ()) -> int:
        require_askable(self._table, where)
        known = self._rows.exactly(where)
        if known is None:
            return len(await self._found(where))
        unchanged = len(known) - sum(1 for key in self._changes if key in known)
        return unchanged + sum(1 for item in self._changes.values() if item is not None and matches(item, where))

    def check(self) -> None:
        """Raises when a row that this transaction saved was changed by another since."""
        for key, version in self._versions.items():
            if self._changes[key] is not None and _version(self._rows.by_id.get(key)) != version:
                raise self._stale(key)

    def apply(self) -> None:
        for key, item in self._changes.items():
            if item is None:
                self._rows.drop(key)
            else:
                self._rows.put(item)

    def _current(self, key: str) -> A | None:
        return self._changes[key] if key in self._changes else self._rows.by_id.get(key)

    def _change(self, key: str, item: A | None) -> None:
        self._versions.setdefault(key, _version(self._rows.by_id.get(key)))
        self._changes[key] = item

    def _unchanged(self, where: Where) -> Iterable[A]:
        """The committed rows that the indexes leave, without those that this transaction has changed."""
        return (item for item in self._rows.candidates(where) if item.id not in self._changes)

    def _order(self, path: str) -> Order:
        field = indexed_field(self._table, path)
        return lambda item: (sort_key(path_value(item, field.path)), item.id)

    def _after(self, found: Sequence[A], request: PageRequest) -> Sequence[A]:
        if request.cursor is None:
            return found
        order, field = self._order(request.sort_field), indexed_field(self._table, request.sort_field)
        value, last_id = decode_cursor(request.cursor, request.sort, field)
        last = (sort_key(value), last_id)
        return [item for item in found if (order(item) < last if request.descending else order(item) > last)]

    def _cursor(self, request: PageRequest, last: A) -> str:
        return encode_cursor(request.sort, (path_value(last, request.sort_field), last.id))

    def _stale(self, key: str) -> StaleVersion:
        return StaleVersion(f"The {self._table.noun} {key!r} was changed by somebody else.")


async def _in_parts(items: Sequence[A]) -> AsyncIterator[Sequence[A]]:
    """Others get their turn between two parts."""
    for start in range(0, len(items), AT_ONCE):
        if start:
            await asyncio.sleep(0)
        yield items[start : start + AT_ONCE]


def _version(item: Aggregate | None) -> int:
    return item.version if item else 0
