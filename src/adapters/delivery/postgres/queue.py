"""The queue: relaying, claiming, settling. The truth is in the tables; nothing here remembers anything."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.delivery.postgres import statements as sql
from adapters.delivery.postgres.log import PostgresDeliveryLog
from adapters.delivery.postgres.rows import (
    Transaction,
    changes_row,
    columns,
    delivery_of,
    delivery_row,
    event_of,
    event_row,
    lane_of,
    lane_row,
)
from adapters.delivery.postgres.settling import Open, Put, Settling, locked_lanes
from application.ports.delivery import Claimed, FanOut, Room, Settled
from application.ports.storage import RecordedEvent
from domain.aggregates import Event
from domain.delivery import LEASE_MARGIN, Delivery, PublicEvent, State, reaped_lane
from domain.errors import Conflict
from domain.lanes import Lane, LaneLimits, counts_since, minute_of
from domain.retries import LIFETIME, Reason

Read = Callable[[Any], RecordedEvent]
"""An outbox event from its row."""
REAP_BATCH = 200


class PostgresDeliveries(PostgresDeliveryLog):
    """All scheduling goes by the `now` that it is given; workers take theirs from one clock."""

    def __init__(self, open_transaction: Open, put: Put, read: Read) -> None:
        super().__init__(open_transaction)
        self._put, self._read = put, read
        self._settling = Settling(open_transaction, put)

    async def relay(self, limit: int, fan_out: Callable[[Sequence[RecordedEvent]], Awaitable[FanOut]]) -> int:
        async with self._open(None) as transaction:
            rows = await transaction.fetch(sql.TO_RELAY, (limit,))
            if not rows:
                return 0
            await self._take_in(transaction, await fan_out([self._read(row) for row in rows]))
            await transaction.fetch(sql.RELAYED, ([row["seq"] for row in rows],))
            await transaction.commit()
        return len(rows)

    async def _take_in(self, transaction: Transaction, result: FanOut) -> None:
        opened = {d.webhook_id: _fresh_lane(d, result.limits[d.webhook_id]) for d in result.deliveries}
        if opened:
            await transaction.fetch(sql.OPEN_LANE, columns(lane_row(opened[key]) for key in sorted(opened)))
        if result.events:
            await transaction.fetch(sql.PUT_EVENT, columns(event_row(event, logged=True) for event in result.events))
        if result.deliveries:
            await transaction.fetch(sql.PUT_DELIVERY, columns(map(delivery_row, result.deliveries)))

    async def add(self, event: PublicEvent | None, delivery: Delivery, limits: LaneLimits) -> None:
        async with self._open(None) as transaction:
            if delivery.original_id is not None:
                marks = (delivery.tenant_id, delivery.original_id, delivery.id)
                if not await transaction.fetch(sql.MARK_RETRIED, marks):
                    raise Conflict("The delivery was retried already.")
            if event is not None:
                await transaction.fetch(sql.PUT_EVENT, columns([event_row(event, logged=False)]))
            await transaction.fetch(sql.OPEN_LANE, columns([lane_row(_fresh_lane(delivery, limits))]))
            await transaction.fetch(sql.PUT_DELIVERY, columns([delivery_row(delivery)]))
            await transaction.commit()

    async def claim(self, now: datetime, claim_id: str, room: Room) -> list[Claimed]:
        full = [webhook_id for webhook_id, held in room.holds.items() if held >= room.per_lane]
        async with self._open(None) as transaction:
            lanes = await transaction.fetch(sql.DUE_LANES, (now, full, counts_since(now), room.capacity))
            if not lanes:
                return []
            rows = await transaction.fetch(sql.CLAIM, _claim_values(lanes, now, claim_id, room))
            await transaction.commit()
        claimed = [Claimed(delivery_of(row), event_of(row, "event_")) for row in rows]
        return sorted(claimed, key=lambda one: (one.delivery.due_at, one.delivery.id))

    async def settle(self, settled: Settled) -> Lane | None:
        return await self._settling.settle(settled)

    async def hand_back(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        rows = [(each.id, each.claim_id, now, minute_of(each.updated_at)) for each in deliveries]
        async with self._open(None) as transaction:
            await transaction.fetch_each(sql.HAND_BACK, rows)
            await transaction.commit()

    async def reap(self, now: datetime, announce: Callable[[Delivery], Sequence[Event]]) -> int:
        async with self._open(None) as transaction:
            found = await transaction.fetch(sql.OVERDUE, (now, now - LIFETIME, REAP_BATCH))
            if not found:
                return 0
            lanes = await locked_lanes(transaction, (row["webhook_id"] for row in found))
            overdue = ([row["id"] for row in found], now, now - LIFETIME)
            rows = await transaction.fetch(sql.LOCK_OVERDUE, overdue)
            for delivery in (delivery_of(row) for row in rows):
                await self._reaped(transaction, delivery, lanes, now, announce)
            if lanes:
                await transaction.fetch(sql.KEEP_LANE, columns(map(lane_row, lanes.values())))
            await transaction.commit()
        return len(rows)

    async def _reaped(
        self,
        transaction: Transaction,
        delivery: Delivery,
        lanes: dict[str, Lane],
        now: datetime,
        announce: Callable[[Delivery], Sequence[Event]],
    ) -> None:
        if delivery.state is State.IN_FLIGHT:
            delivery.lose_lease(now)
        else:
            delivery.give_up(Reason.EXPIRED, now)
        await transaction.fetch(sql.KEEP_DELIVERY, columns([changes_row(delivery)]))
        if delivery.state is State.FAILED:
            lanes[delivery.webhook_id] = reaped_lane(lanes[delivery.webhook_id], delivery, now)
            await self._put(transaction, delivery.tenant_id, announce(delivery))

    async def cancel(self, tenant_id: str, webhook_id: str, now: datetime) -> int:
        async with self._open(tenant_id) as transaction:
            gone = int(await transaction.fetchval(sql.CANCEL, (tenant_id, webhook_id, now)))
            await transaction.commit()
        return gone

    async def change_lane(self, tenant_id: str, webhook_id: str, now: datetime, change: Callable[[Lane], Lane]) -> None:
        fresh = Lane(webhook_id=webhook_id, tenant_id=tenant_id, since=now)
        async with self._open(tenant_id) as transaction:
            await transaction.fetch(sql.OPEN_LANE, columns([lane_row(fresh)]))
            lane = lane_of(await transaction.fetchval(sql.LOCK_LANE, (webhook_id,)))
            await transaction.fetch(sql.KEEP_LANE, columns([lane_row(change(lane))]))
            await transaction.commit()

    async def next_due(self) -> datetime | None:
        async with self._open(None) as transaction:
            due: datetime | None = await transaction.fetchval(sql.NEXT_DUE, ())
        return due


def _fresh_lane(delivery: Delivery, limits: LaneLimits) -> Lane:
    lane = Lane(webhook_id=delivery.webhook_id, tenant_id=delivery.tenant_id, since=delivery.created_at)
    return lane.limited(limits)


def _claim_values(lanes: Sequence[Mapping[str, Any]], now: datetime, claim_id: str, room: Room) -> tuple[Any, ...]:
    """The arguments of `statements.CLAIM`."""
    ids = [lane["webhook_id"] for lane in lanes]
    return (
        ids,
        [lane["free_slots"] for lane in lanes],
        [lane["per_hour"] for lane in lanes],
        [room.per_lane - room.holds.get(webhook_id, 0) for webhook_id in ids],
        counts_since(now),
        now,
        now - LIFETIME,
        room.capacity,
        claim_id,
        LEASE_MARGIN,
        minute_of(now),
    )
