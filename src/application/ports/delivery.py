"""Getting events to webhooks: the queue of deliveries, and what carries one over the network."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from application.ports.storage import RecordedEvent
from domain.aggregates import Event
from domain.delivery import Attempt, Delivery, PublicEvent, State
from domain.footprints import Footprint
from domain.lanes import Lane, LaneLimits
from domain.paging import Page, PageRequest
from domain.retries import Decision, Outcome


@dataclass(frozen=True, slots=True)
class Posting:
    """One POST: the exact bytes, and how long everything may take together."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. `body` is the first 4 KiB, as text; `error` is in words for the webhook's owner."""

    outcome: Outcome
    duration_ms: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    error: str | None = None


class Sender(Protocol):
    """Posts through the address guard. Never raises for what a receiver does, never follows a redirect,
    never tries twice, and is done by the timeout whatever the receiver is up to."""

    async def send(self, posting: Posting) -> Answer: ...

    async def close(self) -> None: ...


class Cipher(Protocol):
    """Seals texts for storage. What was sealed under one `context` opens under no other (`ValueError`)."""

    def seal(self, text: str, context: str) -> str: ...

    def open(self, sealed: str, context: str) -> str: ...

    def derive(self, purpose: str) -> str:
        """A secret of 256 bits for one purpose, the same each time as long as the master key is."""
        ...

    def fingerprint(self, secret: str) -> str:
        """Names a webhook's secret without helping to guess it."""
        ...


@dataclass(frozen=True, slots=True)
class FanOut:
    """What becomes of some outbox events: their public views, and who gets them."""

    events: Sequence[PublicEvent]
    deliveries: Sequence[Delivery]
    limits: Mapping[str, LaneLimits] = field(default_factory=dict)
    """Of every webhook that gets a delivery."""


@dataclass(frozen=True, slots=True)
class Claimed:
    delivery: Delivery
    event: PublicEvent


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of one attempt. `decision` is what the retry policy made of it."""

    delivery: Delivery
    """As it was claimed."""
    attempt: Attempt
    decision: Decision
    now: datetime
    announce: Sequence[Event] = ()
    """What is put into the outbox together with it."""


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """`due_by` and `due_after` tell queued from pending ones; `None` asks nothing."""

    webhook_id: str | None = None
    state: State | None = None
    event_type: str | None = None
    event_id: str | None = None
    due_by: datetime | None = None
    due_after: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    unretried: bool = False
    """Only those that nobody has retried by hand."""
    with_tests: bool = True


@dataclass(frozen=True, slots=True)
class Room:
    """What a worker can send now: `capacity` in all, and of one webhook `per_lane` less what it `holds`."""

    capacity: int
    per_lane: int
    holds: Mapping[str, int] = field(default_factory=dict)


class DeliveryQueue(Protocol):
    """Deliveries and their lanes, over all tenants; safe between any number of processes.

    An event is relayed exactly once, a delivery is never claimed by two at a time, and a lane never has
    more in flight or in any sliding hour than its limits.
    """

    async def relay(self, limit: int, fan_out: Callable[[Sequence[RecordedEvent]], Awaitable[FanOut]]) -> int:
        """Turns the oldest outbox events into public events and deliveries, all or none; how many it took."""
        ...

    async def add(self, event: PublicEvent | None, delivery: Delivery, limits: LaneLimits) -> None:
        """A delivery by hand (a retry, a test), of an event that is known or comes with it. One that was
        claimed before counts against no limit; one that names an original marks that as retried, and raises
        `Conflict` when it was already."""
        ...

    async def claim(self, now: datetime, claim_id: str, room: Room) -> list[Claimed]:
        """Takes the oldest due deliveries that the worker has room for."""
        ...

    async def settle(self, settled: Settled) -> Lane | None:
        """Records an attempt and its consequences; the lane as it is then. `None` when the claim was lost:
        the attempt is logged as stale and nothing else changes."""
        ...

    async def hand_back(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Returns claimed deliveries that were not sent, without using up an attempt or the hour."""
        ...

    async def reap(self, now: datetime, announce: Callable[[Delivery], Sequence[Event]]) -> int:
        """Returns deliveries whose lease ran out to the queue, and gives up the hopeless and the expired,
        announcing each of these; how many it touched."""
        ...

    async def cancel(self, tenant_id: str, webhook_id: str, now: datetime) -> int:
        """Cancels what waits for a webhook."""
        ...

    async def change_lane(self, tenant_id: str, webhook_id: str, now: datetime, change: Callable[[Lane], Lane]) -> None:
        """Applies a change to the webhook's lane, which is opened when there is none."""
        ...

    async def lanes(self, tenant_id: str, webhook_ids: Sequence[str]) -> dict[str, Lane]: ...

    async def last_announced(self, tenant_id: str, event_type: str, subject: str) -> datetime | None:
        """When the newest public event of the type about the subject happened."""
        ...

    async def next_due(self) -> datetime | None:
        """When the earliest waiting delivery is due; `None` when nothing waits."""
        ...


class DeliveryLog(Protocol):
    """What is and was on its way, for reading, one tenant at a time."""

    async def page(self, tenant_id: str, chosen: DeliveryFilter, request: PageRequest) -> Page[Delivery]: ...

    async def get(self, tenant_id: str, delivery_id: str) -> Delivery:
        """Raises `NotFound`."""
        ...

    async def attempts(self, tenant_id: str, delivery_id: str) -> list[Attempt]:
        """Oldest first."""
        ...

    async def find_event(self, tenant_id: str, event_id: str) -> PublicEvent | None:
        """`None` also when its payload is no longer kept."""
        ...

    async def events(
        self, tenant_id: str, after: int | None, limit: int, types: Sequence[str] = ()
    ) -> list[tuple[int, PublicEvent]]:
        """The event log from a position on (`None`: from the beginning), each with its own position.
        An event is never seen to appear before one that was seen already."""
        ...

    async def count_events(self, tenant_id: str, types: Sequence[str] = ()) -> int: ...

    async def last_position(self, tenant_id: str) -> int:
        """Of the newest event in the log; 0 when it is empty."""
        ...


@dataclass(frozen=True, slots=True)
class Retention:
    """What is older than these moments goes."""

    events: datetime
    attempts: datetime
    failures: datetime


class Upkeep(Protocol):
    async def forget(self, older: Retention, limit: int) -> int:
        """Removes at most `limit` of each kind; how many went."""
        ...

    async def erase(self, tenant_id: str, theirs: Footprint) -> int:
        """Removes every event that is about a person, from the outbox and the log, with its deliveries and their
        attempts, those that wait or are under way included; how many events went."""
        ...

    async def tenant_of(self, webhook_id: str) -> str | None:
        """The tenant whose webhook this is, for requests that prove themselves by its signature."""
        ...

    async def counts(self, now: datetime) -> Mapping[str, float]:
        """For metrics: `queued`, `in_flight`, `failed`, `oldest_due_seconds`."""
        ...
