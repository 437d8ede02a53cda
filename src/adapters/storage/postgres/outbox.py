"""The outbox: the table `events`, written in the transaction of the change that an event tells of.

A relay takes the oldest rows whose `relayed_at` is null (index `events_to_relay`), `FOR UPDATE SKIP LOCKED`,
in a transaction of all tenants, and sets `relayed_at` together with what it makes of them."""

from collections.abc import Sequence
from typing import Any

from adapters.storage.codec import decode_event, encode_event
from adapters.storage.postgres.transactions import Transaction
from adapters.storage.recording import EventRecorder, Told, unheard
from application.ports.storage import RecordedEvent
from domain.aggregates import Event

COLUMNS = "id, tenant_id, name, payload, occurred_at, trace_id"
"""What `recorded_event` reads."""

_PUT = f"INSERT INTO events ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)"  # noqa: S608 - a constant
_OF_TENANT = f"SELECT {COLUMNS} FROM events WHERE tenant_id = $1 ORDER BY seq"  # noqa: S608


class Outbox:
    def __init__(self, recorder: EventRecorder, told: Told = unheard) -> None:
        self._recorder, self.told = recorder, told

    async def put(self, transaction: Transaction, tenant_id: str, events: Sequence[Event]) -> None:
        """Records the events with whatever else the transaction does."""
        recorded = self._recorder.record(tenant_id, events)
        if recorded:
            await transaction.fetch_each(_PUT, [_row(event) for event in recorded])

    async def of(self, transaction: Transaction, tenant_id: str) -> list[RecordedEvent]:
        """The tenant's events, oldest first."""
        return [recorded_event(row) for row in await transaction.fetch(_OF_TENANT, (tenant_id,))]


def recorded_event(row: Any) -> RecordedEvent:
    """From a row of `COLUMNS`."""
    event = decode_event(row["name"], row["payload"])
    return RecordedEvent(row["id"], row["tenant_id"], event, row["occurred_at"], row["trace_id"])


def _row(recorded: RecordedEvent) -> tuple[Any, ...]:
    name, payload = encode_event(recorded.event)
    return (recorded.id, recorded.tenant_id, name, payload.decode(), recorded.occurred_at, recorded.trace_id)
