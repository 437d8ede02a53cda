"""One event on its way to one webhook: its states, its attempts, and the words users read for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.canonical import Rendered, canonical_json, rfc3339
from domain.errors import Conflict, PayloadTooLarge
from domain.lanes import Lane
from domain.retries import LIFETIME, Decision, GiveUp, Outcome, Reason, RetryPolicy, Succeed, TryAgain
from domain.signing import data_signature

LEASE_MARGIN = timedelta(seconds=20)
MAX_LOST_LEASES = 5
MAX_BODY_BYTES = 256 * 1024
KEPT_RESPONSE_BYTES = 4096


class State(StrEnum):
    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Kind(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicEvent:
    """An event as the outside sees it, under one of its public names."""

    id: str
    tenant_id: str
    type: str
    data: Mapping[str, Any]
    occurred_at: datetime
    trace_id: str | None = None
    correlation_id: str | None = None
    subject: str | None = None
    """The job that it is about, if it is about one: callbacks go by it."""
    withheld_from: str | None = None
    """The webhook that must not get it: the one that brought it, or the one that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt: what went out (without secrets) and what came back (its first 4 KiB)."""

    number: int
    started_at: datetime
    duration_ms: int
    outcome: Outcome
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)
    response_body: str | None = None
    error: str | None = None
    stale: bool = False
    """The lease was lost before it ended: logged, and without effect."""


@dataclass(slots=True, kw_only=True)
class Delivery:
    id: str
    tenant_id: str
    webhook_id: str
    event_id: str
    event_type: str
    policy: RetryPolicy
    created_at: datetime
    updated_at: datetime
    due_at: datetime
    kind: Kind = Kind.AUTOMATIC
    original_id: str | None = None
    state: State = State.PENDING
    reason: Reason | None = None
    attempts: int = 0
    """How many really went out and were heard of."""
    lost_leases: int = 0
    claim_id: str | None = None
    lease_until: datetime | None = None
    last_attempt_at: datetime | None = None
    last_status: int | None = None
    last_duration_ms: int | None = None
    last_error: str | None = None
    finished_at: datetime | None = None
    retried_as: str | None = None
    """The delivery that a person made of this one when it had failed."""

    @property
    def expires_at(self) -> datetime:
        return self.created_at + LIFETIME

    @property
    def is_finished(self) -> bool:
        return self.state in (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    def claim(self, claim_id: str, now: datetime) -> None:
        self.state, self.claim_id, self.updated_at = State.IN_FLIGHT, claim_id, now
        self.lease_until = now + timedelta(seconds=self.policy.timeout_seconds) + LEASE_MARGIN

    def settle(self, attempt: Attempt, decision: Decision, now: datetime) -> None:
        """Takes in what came of an attempt and what follows from it."""
        self.attempts = attempt.number
        self.last_attempt_at, self.last_duration_ms = attempt.started_at, attempt.duration_ms
        self.last_status, self.last_error = attempt.outcome.status, attempt.error
        match decision:
            case Succeed():
                self._leave(State.SUCCEEDED, now)
            case TryAgain(due_at=due_at):
                self._leave(State.PENDING, now)
                self.due_at = due_at
            case GiveUp(reason=reason):
                self.give_up(reason, now)

    def give_up(self, reason: Reason, now: datetime) -> None:
        self.reason = reason
        self.last_error = self.last_error or reason.replace("_", " ")
        self._leave(State.FAILED, now)

    def lose_lease(self, now: datetime) -> None:
        """The worker that had it is gone: due again at once, and no attempt used up; given up after five, and a
        test, that somebody waited for, at once."""
        self.lost_leases += 1
        if self.lost_leases >= MAX_LOST_LEASES or self.kind is Kind.TEST:
            self.give_up(Reason.WORKER_LOST, now)
            return
        self._leave(State.PENDING, now)
        self.due_at = now

    def hand_back(self, now: datetime) -> None:
        """Claimed but not sent: due again at once."""
        self._leave(State.PENDING, now)

    def cancel(self, now: datetime) -> None:
        if not self.is_finished:
            self._leave(State.CANCELLED, now)

    def again(self, delivery_id: str, now: datetime) -> "Delivery":
        """A new delivery of the same event that names this one as its original."""
        if not self.is_finished:
            raise Conflict(f"The delivery is {shown_status(self, now)}; only a finished one can be retried.")
        return Delivery(
            id=delivery_id, tenant_id=self.tenant_id, webhook_id=self.webhook_id, event_id=self.event_id,
            event_type=self.event_type, policy=self.policy, created_at=now, updated_at=now, due_at=now,
            kind=Kind.MANUAL, original_id=self.id,
        )  # fmt: skip

    def _leave(self, state: State, now: datetime) -> None:
        self.state, self.updated_at = state, now
        self.claim_id = self.lease_until = None
        self.finished_at = now if self.is_finished else None


def settled_lane(lane: Lane, delivery: Delivery, outcome: Outcome, decision: Decision, now: datetime) -> Lane:
    """What an attempt leaves behind in its webhook's lane."""
    if delivery.kind is Kind.TEST:
        return lane
    lane = lane.counted(succeeded=isinstance(decision, Succeed), failed=isinstance(decision, GiveUp))
    lane = lane.after_attempt(delivery.id, outcome, now)
    match decision:
        case TryAgain(due_at=until, pause_webhook=True) | GiveUp(pause_until=datetime() as until):
            lane = lane.paused(until)
    match decision:
        case GiveUp(reason=Reason.EXHAUSTED | Reason.EXPIRED):
            return lane.after_giving_up(now)
    return lane


def reaped_lane(lane: Lane, delivery: Delivery, now: datetime) -> Lane:
    """What a delivery that was given up while it waited leaves behind. One that expired behind a broken receiver
    was exhausted by it: most of a long outage never get their last attempt."""
    lane = lane.counted(failed=1)
    broken = delivery.reason is Reason.EXPIRED and lane.breaks > 0
    return lane.after_giving_up(now) if broken else lane


_WORDS = {
    State.IN_FLIGHT: "sent",
    State.SUCCEEDED: "success",
    State.FAILED: "delivery_failed",
    State.CANCELLED: "cancelled",
}

_STATES_OF_WORDS = {
    "pending": State.PENDING,
    "queued": State.PENDING,
    "sent": State.IN_FLIGHT,
    "success": State.SUCCEEDED,
    "failed": State.FAILED,
    "delivery_failed": State.FAILED,
    "cancelled": State.CANCELLED,
}

STATUS_WORDS = tuple(_STATES_OF_WORDS)


def shown_status(delivery: Delivery, now: datetime) -> str:
    """pending (due later), queued (due now), sent (in flight), success, delivery_failed or cancelled."""
    if delivery.state is State.PENDING:
        return "pending" if delivery.due_at > now else "queued"
    return _WORDS[delivery.state]


def state_of_word(word: str) -> State:
    """The state that a filter asks for; `failed` and `delivery_failed` name the same. Raises `KeyError`."""
    return _STATES_OF_WORDS[word]


_RESOURCES = {
    "query_id": "queries", "document_id": "documents", "job_id": "jobs", "session_id": "sessions",
    "escalation_id": "escalations",
}  # fmt: skip


def _resource_url(data: Mapping[str, Any]) -> str:
    found = ((path, data[name]) for name, path in _RESOURCES.items() if data.get(name))
    return next((f"/api/v1/{path}/{value}" for path, value in found), "/api/v1/events")


def render_body(webhook_id: str, event: PublicEvent, attempt: int, key: bytes) -> bytes:
    """The one serialization that is signed and sent. Beyond 256 KiB `data` is replaced by where to read it; raises
    `PayloadTooLarge` when what is left is still larger."""
    body = _render(webhook_id, event, canonical_json(event.data), attempt, key)
    if len(body) <= MAX_BODY_BYTES:
        return body
    stub = {"truncated": True, "resource_url": _resource_url(event.data)}
    body = _render(webhook_id, event, canonical_json(stub), attempt, key)
    if len(body) > MAX_BODY_BYTES:
        raise PayloadTooLarge("The event is too large to be sent, even without its data.")
    return body


def _render(webhook_id: str, event: PublicEvent, data: bytes, attempt: int, key: bytes) -> bytes:
    return canonical_json({
        "webhook_id": webhook_id,
        "event_id": event.id,
        "event_type": event.type,
        "timestamp": rfc3339(event.occurred_at),
        "retry_count": attempt - 1,
        "delivery_attempt": attempt,
        "data": Rendered(data),
        "metadata": {
            "webhook_id": webhook_id,
            "delivery_attempt": attempt,
            "signature": data_signature(key, event.id, data),
            "trace_id": event.trace_id,
            "correlation_id": event.correlation_id,
        },
    })  # fmt: skip
