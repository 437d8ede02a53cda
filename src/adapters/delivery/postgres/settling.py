"""Ends of attempts, written together: whatever ends while a transaction is under way goes into the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import Context
from dataclasses import replace
from typing import Any

from adapters.delivery.postgres import statements as sql
from adapters.delivery.postgres.rows import Transaction, attempt_body, changes_row, columns, lane_of, lane_row
from application.ports.delivery import Settled
from domain.aggregates import Event
from domain.delivery import settled_lane
from domain.lanes import Lane

Open = Callable[[str | None], Transaction]
"""A transaction of a tenant, or (`None`) over all of them."""
Put = Callable[[Any, str, Sequence[Event]], Awaitable[None]]
"""Puts events into the outbox of a transaction."""
Waiting = tuple[Settled, "asyncio.Future[Lane | None]"]
BATCH = 100


class Settling:
    """Group commit: one transaction settles all that waits, so that the rate is not bound by round trips."""

    def __init__(self, open_transaction: Open, put: Put) -> None:
        self._open, self._put = open_transaction, put
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def settle(self, settled: Settled) -> Lane | None:
        future: asyncio.Future[Lane | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((settled, future))
        if self._writing is None or self._writing.done():
            # In a context of its own: what others settle is not part of the request at hand.
            self._writing = asyncio.create_task(self._write(), context=Context())
        return await future

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            try:
                lanes = await self._settle([settled for settled, _ in batch])
            except Exception as error:
                # Whoever waits for one of these is told; their leases run out, and nothing else is harmed.
                for future in (future for _, future in batch if not future.done()):
                    future.set_exception(error)
                continue
            for (_, future), lane in zip(batch, lanes, strict=True):
                if not future.done():
                    future.set_result(lane)

    async def _settle(self, batch: Sequence[Settled]) -> list[Lane | None]:
        async with self._open(None) as transaction:
            lanes = await locked_lanes(transaction, (settled.delivery.webhook_id for settled in batch))
            rows = await transaction.fetch(sql.SETTLE, columns(_values(each) for each in batch))
            held = {row["number"] for row in rows}
            after = [_follow(lanes, each) if number in held else None for number, each in enumerate(batch, 1)]
            await transaction.fetch(sql.KEEP_LANE, columns(lane_row(lane) for lane in lanes.values()))
            for settled, lane in zip(batch, after, strict=True):
                if lane is not None and settled.announce:
                    await self._put(transaction, settled.delivery.tenant_id, settled.announce)
            await transaction.commit()
        return after


def _values(settled: Settled) -> tuple[Any, ...]:
    delivery = replace(settled.delivery)
    delivery.settle(settled.attempt, settled.decision, settled.now)
    claim_id = settled.delivery.claim_id
    return (*changes_row(delivery), claim_id, settled.attempt.started_at, attempt_body(settled.attempt))


def _follow(lanes: dict[str, Lane], settled: Settled) -> Lane:
    """The lane after the attempt, also in `lanes`."""
    key, outcome = settled.delivery.webhook_id, settled.attempt.outcome
    lanes[key] = settled_lane(lanes[key], settled.delivery, outcome, settled.decision, settled.now)
    return lanes[key]


async def locked_lanes(transaction: Transaction, webhook_ids: Iterable[str]) -> dict[str, Lane]:
    """Locked in the order of their ids, so that two who want the same ones don't block each other."""
    rows = await transaction.fetch(sql.LOCK_LANES, (sorted(set(webhook_ids)),))
    return {lane.webhook_id: lane for lane in (lane_of(row["body"]) for row in rows)}
