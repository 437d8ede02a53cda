"""Rows and what they stand for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any, Protocol, Self

import msgspec

from domain.delivery import Attempt, Delivery, Kind, PublicEvent, State
from domain.lanes import Lane
from domain.retries import Reason, RetryPolicy

_encoder = msgspec.json.Encoder()
_lanes = msgspec.json.Decoder(Lane)
_attempts = msgspec.json.Decoder(Attempt)

DELIVERY_COLUMNS = (
    "tenant_id", "id", "webhook_id", "event_id", "event_type", "kind", "original_id", "retried_as", "delays",
    "timeout_seconds", "created_at", "updated_at", "due_at", "state", "reason", "attempts", "lost_leases", "claim_id",
    "lease_until", "last_attempt_at", "last_status", "last_duration_ms", "last_error", "finished_at",
)  # fmt: skip
CHANGING_COLUMNS = (
    "updated_at", "due_at", "state", "reason", "attempts", "lost_leases", "claim_id", "lease_until",
    "last_attempt_at", "last_status", "last_duration_ms", "last_error", "finished_at",
)  # fmt: skip
"""Those that attempts change."""
_COMPOSED = {"kind", "delays", "timeout_seconds", "state", "reason"}
_PLAIN = tuple(name for name in DELIVERY_COLUMNS if name not in _COMPOSED)
EVENT_COLUMNS = ("tenant_id", "id", "type", "data", "occurred_at", "trace_id", "correlation_id", "subject")
_EVENT_MEMBERS = tuple(member.name for member in fields(PublicEvent) if member.name in EVENT_COLUMNS)


class Transaction(Protocol):
    """One of the store's, as far as it is needed here: begins late, is rolled back unless committed."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def fetch(self, sql: str, args: Sequence[Any]) -> list[Any]: ...

    async def fetchval(self, sql: str, args: Sequence[Any]) -> Any: ...

    async def fetch_each(self, sql: str, rows: Sequence[Sequence[Any]]) -> list[Any]: ...

    async def commit(self) -> None: ...


def columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """One list a column, as statements for many rows take them; there is at least one row."""
    return [list(column) for column in zip(*rows, strict=True)]


def delivery_row(delivery: Delivery) -> tuple[Any, ...]:
    """The values of `DELIVERY_COLUMNS`."""
    return tuple(_column(delivery, name) for name in DELIVERY_COLUMNS)


def changes_row(delivery: Delivery) -> tuple[Any, ...]:
    """tenant_id, id, and the values of `CHANGING_COLUMNS`."""
    return (delivery.tenant_id, delivery.id, *(_column(delivery, name) for name in CHANGING_COLUMNS))


def _column(delivery: Delivery, name: str) -> Any:
    if name == "delays":
        return "{" + ",".join(map(str, delivery.policy.delays)) + "}"  # a list in a list has to be a text
    if name == "timeout_seconds":
        return delivery.policy.timeout_seconds
    value = getattr(delivery, name)
    return str(value) if isinstance(value, StrEnum) else value


def delivery_of(row: Mapping[str, Any]) -> Delivery:
    return Delivery(
        **{name: row[name] for name in _PLAIN},
        kind=Kind(row["kind"]),
        policy=RetryPolicy(tuple(row["delays"]), row["timeout_seconds"]),
        state=State(row["state"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
    )


def event_row(event: PublicEvent, *, logged: bool) -> tuple[Any, ...]:
    """The values of `EVENT_COLUMNS` and `logged`."""
    data = _encoder.encode(event.data).decode()
    return (*(data if name == "data" else getattr(event, name) for name in EVENT_COLUMNS), logged)


def event_of(row: Mapping[str, Any], prefix: str = "") -> PublicEvent:
    members = {name: row[prefix + name] for name in _EVENT_MEMBERS}
    return PublicEvent(**members | {"data": msgspec.json.decode(members["data"])})


def lane_row(lane: Lane) -> tuple[Any, ...]:
    """tenant_id, webhook_id, free_slots, per_hour, held_until, body."""
    body = _encoder.encode(lane).decode()
    return (lane.tenant_id, lane.webhook_id, lane.free_slots, lane.limits.per_hour, lane.held_until, body)


def lane_of(body: str) -> Lane:
    return _lanes.decode(body)


def attempt_body(attempt: Attempt) -> str:
    return _encoder.encode(attempt).decode()


def attempt_of(row: Mapping[str, Any]) -> Attempt:
    attempt = _attempts.decode(row["body"])
    return replace(attempt, stale=row["stale"])
