"""A tenant's aggregates of one kind, inside one transaction."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from adapters.storage import codec
from adapters.storage.cursors import Key, decode_cursor, encode_cursor
from adapters.storage.layout import blob_fields, indexed_field, is_storable, require_askable
from adapters.storage.matching import path_value
from adapters.storage.postgres import statements
from adapters.storage.postgres.transactions import Transaction
from application.ports.storage import Table
from domain.aggregates import Aggregate, Event
from domain.errors import NotFound, StaleVersion
from domain.paging import Condition, Op, Page, PageRequest, Where

A = TypeVar("A", bound=Aggregate)


class PostgresCollection(Generic[A]):
    def __init__(
        self,
        transaction: Transaction,
        tenant_id: str,
        table: Table[A],
        collect: Callable[[Sequence[Event]], None],
    ) -> None:
        self._transaction, self._tenant_id, self._table, self._collect = transaction, tenant_id, table, collect
        self._blobs = blob_fields(table.type)

    async def get(self, id: str) -> A:  # noqa: A002
        found = await self.find(id)
        if found is None:
            raise NotFound(f"There is no {self._table.noun} {id!r}.")
        return found

    async def find(self, id: str) -> A | None:  # noqa: A002
        found = await self.get_many((id,))
        return found[0] if found else None

    async def get_many(self, ids: Sequence[str]) -> list[A]:
        query = statements.select(self._table, self._tenant_id)
        query.add(f" AND id = ANY({query.hold([key for key in ids if is_storable(key)])})")
        rows = {row["id"]: row for row in await self._transaction.fetch(query.text, query.args)}
        return [self._restored(rows[key]) for key in ids if key in rows]

    async def save(self, item: A) -> None:
        await self.save_all((item,))

    async def save_all(self, items: Sequence[A]) -> None:
        """In the order of ids, so that two transactions which save the same aggregates don't block each other."""
        ordered = sorted(items, key=lambda item: item.id)
        await self._write(statements.insert(self._table), [item for item in ordered if item.version == 0])
        await self._write(statements.update(self._table), [item for item in ordered if item.version != 0])
        for item in items:
            item.version += 1
            self._collect(item.take_events())

    async def remove(self, id: str) -> bool:  # noqa: A002
        if not is_storable(id):
            return False
        return await self.remove_where((Condition("id", Op.EQ, id),)) == 1

    async def remove_where(self, where: Where) -> int:
        require_askable(self._table, where)
        query = statements.delete(self._table, self._tenant_id, where)
        return len(await self._transaction.fetch(query.text, query.args))

    async def page(self, where: Where, request: PageRequest) -> Page[A]:
        require_askable(self._table, where)
        query = statements.page(self._table, self._tenant_id, where, request, self._after(request))
        rows = await self._transaction.fetch(query.text, query.args)
        items = tuple(self._restored(row) for row in rows[: request.limit])
        has_next = len(rows) > request.limit
        cursor = self._cursor(request, items[-1]) if has_next else None
        return Page(items, await self.count(where), request.limit, request.offset, has_next, cursor)

    async def list(self, where: Where, sort: str = "created_at", limit: int | None = None) -> list[A]:
        require_askable(self._table, where)
        query = statements.select(self._table, self._tenant_id, where)
        query.add(statements.order_by(indexed_field(self._table, sort.lstrip("-")), sort.startswith("-")))
        query.add(f" LIMIT {query.hold(limit)}")
        return [self._restored(row) for row in await self._transaction.fetch(query.text, query.args)]

    async def count(self, where: Where = ()) -> int:
        require_askable(self._table, where)
        query = statements.count(self._table, self._tenant_id, where)
        return int(await self._transaction.fetchval(query.text, query.args))

    async def _write(self, sql: str, items: Sequence[A]) -> None:
        if not items:
            return
        written = await self._transaction.fetch_each(sql, [self._row(item) for item in items])
        if len(written) < len(items):
            stale = {item.id for item in items} - {row["id"] for row in written}
            named = min(stale, default=items[0].id)
            raise StaleVersion(f"The {self._table.noun} {named!r} was changed by somebody else.")

    def _row(self, item: A) -> tuple[Any, ...]:
        """The arguments of `statements.insert` and `statements.update`."""
        body, blobs = codec.encode(item, version=item.version + 1)
        fields = (path_value(item, f.path) for f in statements.extra_fields(self._table))
        base = (self._tenant_id, item.id, item.version + 1, item.created_at, item.updated_at, body.decode())
        return (*base, *fields, *blobs.values())

    def _restored(self, row: Any) -> A:
        return codec.decode(self._table.type, row["body"], {name: row[name] for name in self._blobs})

    def _after(self, request: PageRequest) -> Key | None:
        if request.cursor is None:
            return None
        return decode_cursor(request.cursor, request.sort, indexed_field(self._table, request.sort_field))

    def _cursor(self, request: PageRequest, last: A) -> str:
        return encode_cursor(request.sort, (path_value(last, request.sort_field), last.id))
