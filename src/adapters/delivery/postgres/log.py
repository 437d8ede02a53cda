"""What is and was on its way, for reading, and for forgetting."""
# ruff: noqa: S608 - names come from constants, and every value is an argument

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.delivery.postgres import statements as sql
from adapters.delivery.postgres.rows import (
    DELIVERY_COLUMNS,
    EVENT_COLUMNS,
    Transaction,
    attempt_of,
    delivery_of,
    event_of,
    lane_of,
)
from application.ports.delivery import DeliveryFilter, Retention
from domain.catalogue import EVERYTHING
from domain.delivery import Attempt, Delivery, PublicEvent
from domain.errors import InvalidInput, NotFound
from domain.footprints import Footprint
from domain.lanes import Lane
from domain.paging import Page, PageRequest

_DELIVERIES = f"SELECT {', '.join(DELIVERY_COLUMNS)} FROM webhook_deliveries WHERE tenant_id = $1"
_COUNT = "SELECT count(*) FROM webhook_deliveries WHERE tenant_id = $1"
_EVENTS = f"SELECT position, {', '.join(EVENT_COLUMNS)} FROM public_events WHERE tenant_id = $1"
LOOKED_AT_ONCE = 5000
_CONDITIONS = {
    "webhook_id": "webhook_id = {}", "state": "state = {}", "event_type": "event_type = {}",
    "event_id": "event_id = {}", "due_by": "due_at <= {}", "due_after": "due_at > {}", "since": "created_at >= {}",
    "until": "created_at <= {}",
}  # fmt: skip


class PostgresDeliveryLog:
    def __init__(self, open_transaction: Callable[[str | None], Transaction]) -> None:
        self._open = open_transaction

    async def page(self, tenant_id: str, chosen: DeliveryFilter, request: PageRequest) -> Page[Delivery]:
        where, values = _where(chosen)
        args: list[Any] = [tenant_id, *values]
        async with self._open(tenant_id) as transaction:
            total = await transaction.fetchval(_COUNT + where, args)
            if request.cursor is not None:
                where += await self._after(transaction, tenant_id, request, args)
            direction = "DESC" if request.descending else "ASC"
            args += [request.limit + 1, request.offset]
            tail = f" ORDER BY created_at {direction}, id {direction} LIMIT ${len(args) - 1} OFFSET ${len(args)}"
            rows = await transaction.fetch(_DELIVERIES + where + tail, args)
        items = tuple(delivery_of(row) for row in rows[: request.limit])
        has_next = len(rows) > request.limit
        return Page(items, total, request.limit, request.offset, has_next, items[-1].id if has_next else None)

    async def _after(self, transaction: Transaction, tenant_id: str, request: PageRequest, args: list[Any]) -> str:
        """The condition that begins behind the cursor, the id of the last delivery seen."""
        known = await transaction.fetch(_DELIVERIES + " AND id = $2", (tenant_id, _storable(request.cursor or "")))
        if not known:
            raise InvalidInput("This cursor was not made by this list, or is no longer good.", field="cursor")
        args += [known[0]["created_at"], known[0]["id"]]
        return f" AND (created_at, id) {'<' if request.descending else '>'} (${len(args) - 1}, ${len(args)})"

    async def get(self, tenant_id: str, delivery_id: str) -> Delivery:
        async with self._open(tenant_id) as transaction:
            rows = await transaction.fetch(_DELIVERIES + " AND id = $2", (tenant_id, _storable(delivery_id)))
        if not rows:
            raise NotFound(f"There is no delivery {delivery_id!r}.")
        return delivery_of(rows[0])

    async def attempts(self, tenant_id: str, delivery_id: str) -> list[Attempt]:
        query = "SELECT body, stale FROM webhook_attempts WHERE tenant_id = $1 AND delivery_id = $2 ORDER BY started_at"
        async with self._open(tenant_id) as transaction:
            return [attempt_of(row) for row in await transaction.fetch(query, (tenant_id, _storable(delivery_id)))]

    async def find_event(self, tenant_id: str, event_id: str) -> PublicEvent | None:
        async with self._open(tenant_id) as transaction:
            rows = await transaction.fetch(_EVENTS + " AND id = $2", (tenant_id, _storable(event_id)))
        return event_of(rows[0]) if rows else None

    async def events(
        self, tenant_id: str, after: int | None, limit: int, types: Sequence[str] = ()
    ) -> list[tuple[int, PublicEvent]]:
        query = _EVENTS + f" AND logged AND position > $2{_typed(types, 4)} ORDER BY position LIMIT $3"
        async with self._open(tenant_id) as transaction:
            rows = await transaction.fetch(query, (tenant_id, after or 0, limit, *_type_values(types)))
        return [(row["position"], event_of(row)) for row in rows]

    async def count_events(self, tenant_id: str, types: Sequence[str] = ()) -> int:
        query = f"SELECT count(*) FROM public_events WHERE tenant_id = $1 AND logged{_typed(types, 2)}"
        async with self._open(tenant_id) as transaction:
            return int(await transaction.fetchval(query, (tenant_id, *_type_values(types))))

    async def last_position(self, tenant_id: str) -> int:
        query = "SELECT coalesce(max(position), 0) FROM public_events WHERE tenant_id = $1 AND logged"
        async with self._open(tenant_id) as transaction:
            return int(await transaction.fetchval(query, (tenant_id,)))

    async def last_announced(self, tenant_id: str, event_type: str, subject: str) -> datetime | None:
        async with self._open(tenant_id) as transaction:
            at: datetime | None = await transaction.fetchval(sql.LAST_ANNOUNCED, (tenant_id, event_type, subject))
        return at

    async def lanes(self, tenant_id: str, webhook_ids: Sequence[str]) -> dict[str, Lane]:
        async with self._open(tenant_id) as transaction:
            rows = await transaction.fetch(sql.LANES, (tenant_id, [_storable(key) for key in webhook_ids]))
        return {lane.webhook_id: lane for lane in (lane_of(row["body"]) for row in rows)}

    async def tenant_of(self, webhook_id: str) -> str | None:
        async with self._open(None) as transaction:
            tenant_id: str | None = await transaction.fetchval(sql.TENANT_OF, (_storable(webhook_id),))
        return tenant_id

    async def counts(self, now: datetime) -> Mapping[str, float]:
        async with self._open(None) as transaction:
            [row] = await transaction.fetch(sql.COUNTS, (now,))
        return dict(row)

    async def forget(self, older: Retention, limit: int) -> int:
        steps = (
            (sql.FORGET_FAILURES, older.failures),
            (sql.FORGET_DELIVERIES, older.events),
            (sql.FORGET_ATTEMPTS, older.attempts),
            (sql.FORGET_OUTBOX, older.events),
            (sql.FORGET_EVENTS, older.events),
        )
        return sum([await self._forgotten(statement, before, limit) for statement, before in steps])

    async def erase(self, tenant_id: str, theirs: Footprint) -> int:
        """The outbox first: what is being relayed meanwhile is in the log when its rows are free."""
        return sum(
            [await self._erased(statement, tenant_id, theirs) for statement in (sql.ERASE_OUTBOX, sql.ERASE_EVENTS)]
        )

    async def _erased(self, statement: str, tenant_id: str, theirs: Footprint) -> int:
        ids = (theirs.sessions, theirs.queries, theirs.escalations, theirs.jobs)
        names = (_storable(theirs.user_id), *(sorted(map(_storable, each)) for each in ids))
        last: str | None = ""
        gone = 0
        while last is not None:
            async with self._open(tenant_id) as transaction:
                [row] = await transaction.fetch(statement, (tenant_id, last, LOOKED_AT_ONCE, *names))
                await transaction.commit()
            last, gone = row["last"], gone + row["gone"]
        return gone

    async def _forgotten(self, statement: str, before: datetime, limit: int) -> int:
        async with self._open(None) as transaction:
            gone = int(await transaction.fetchval(statement, (before, limit)))
            await transaction.commit()
        return gone


def _storable(key: str) -> str:
    """No id holds what the database cannot: such a key is as unknown as any other."""
    fit = "\x00" not in key and not any("\ud800" <= letter <= "\udfff" for letter in key)
    return key if fit else ""


def _where(chosen: DeliveryFilter) -> tuple[str, list[Any]]:
    text, values = "", []
    for name, condition in _CONDITIONS.items():
        value = getattr(chosen, name)
        if value is not None:
            values.append(_storable(str(value)) if isinstance(value, str) else value)
            text += " AND " + condition.format(f"${len(values) + 1}")
    text += " AND retried_as IS NULL" if chosen.unretried else ""
    return text + ("" if chosen.with_tests else " AND kind <> 'test'"), values


def _typed(types: Sequence[str], place: int) -> str:
    if not types or EVERYTHING in types:
        return ""
    return (
        f" AND (type = ANY(${place}) OR EXISTS (SELECT FROM unnest(${place + 1}::text[]) p WHERE starts_with(type, p)))"
    )


def _type_values(types: Sequence[str]) -> tuple[list[str], ...]:
    if not types or EVERYTHING in types:
        return ()
    names = [_storable(name) for name in types if not name.endswith(".*")]
    return (names, [_storable(name[:-1]) for name in types if name.endswith(".*")])
