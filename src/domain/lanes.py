"""The lane of a webhook: how much may be on its way to it at once, in an hour, or at all.

A lane changes with every attempt, the webhook only when its owner changes it; so they are kept apart.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.retries import Outcome

MAX_IN_FLIGHT = 10
MAX_PER_HOUR = 1000
GROW_AFTER = 20
BREAK_AFTER = 20
BREAK_DELIVERIES = 3
FIRST_BREAK = timedelta(seconds=30)
LONGEST_BREAK = timedelta(minutes=15)
SILENT_DAYS = timedelta(days=5)
EXHAUSTED_COUNT = 10
EXHAUSTED_SPAN = timedelta(hours=12)
RATE_BUCKETS = 61
"""Minutes that count for "the last hour": the one an hour ago began in the middle of, to be never over."""


@dataclass(frozen=True, slots=True)
class LaneLimits:
    in_flight: int = MAX_IN_FLIGHT
    per_hour: int = MAX_PER_HOUR


CEILINGS = LaneLimits(in_flight=32, per_hour=100_000)
"""What a webhook's owner may raise its limits to, unless the deployment says otherwise: a quarter of a worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    webhook_id: str
    tenant_id: str
    since: datetime
    """When the lane was opened: the silence of one that never had a success is counted from here."""
    limits: LaneLimits = LaneLimits()
    slots: int = MAX_IN_FLIGHT
    """What of `limits.in_flight` the receiver seems to bear."""
    good_run: int = 0
    bad_run: int = 0
    bad_deliveries: tuple[str, ...] = ()
    """Up to three different deliveries of the present run of failures."""
    breaks: int = 0
    broken_until: datetime | None = None
    paused_until: datetime | None = None
    """The receiver asked for it (429)."""
    stopped_until: datetime | None = None
    """The owner asked for it."""
    last_success_at: datetime | None = None
    exhausted: int = 0
    first_exhausted_at: datetime | None = None
    last_exhausted_at: datetime | None = None
    succeeded: int = 0
    failed: int = 0
    last_attempt_at: datetime | None = None
    last_status: str | None = None

    @property
    def free_slots(self) -> int:
        """While the receiver only fails, one attempt at a time finds out whether it is back."""
        bearable = min(self.slots, self.limits.in_flight)
        return 1 if self.breaks else max(1, bearable)

    def open_at(self, now: datetime) -> bool:
        return self.held_until is None or self.held_until <= now

    @property
    def held_until(self) -> datetime | None:
        holds = (self.broken_until, self.paused_until, self.stopped_until)
        return max((until for until in holds if until), default=None)

    def limited(self, limits: LaneLimits, stopped_until: datetime | None = None) -> "Lane":
        """With the limits and the pause that the owner wants; what the receiver bears stays known."""
        grown = limits.in_flight > self.limits.in_flight
        slots = limits.in_flight if grown else min(self.slots, limits.in_flight)
        return replace(self, limits=limits, slots=slots, stopped_until=stopped_until)

    def renewed(self, now: datetime) -> "Lane":
        """Of a webhook that its owner activates again: earlier failures are not held against it."""
        fresh = Lane(webhook_id=self.webhook_id, tenant_id=self.tenant_id, since=now)
        return replace(
            fresh.limited(self.limits, self.stopped_until),
            succeeded=self.succeeded,
            failed=self.failed,
            last_attempt_at=self.last_attempt_at,
            last_status=self.last_status,
            last_success_at=self.last_success_at,
        )

    def paused(self, until: datetime) -> "Lane":
        return replace(self, paused_until=max(until, self.paused_until or until))

    def after_attempt(self, delivery_id: str, outcome: Outcome, now: datetime) -> "Lane":
        lane = self._after_success(now) if outcome.succeeded else self._after_failure(delivery_id, outcome, now)
        return replace(lane, last_attempt_at=now, last_status="success" if outcome.succeeded else "failed")

    def _after_success(self, now: datetime) -> "Lane":
        grown = self.good_run + 1 >= GROW_AFTER and self.slots < self.limits.in_flight
        return replace(
            self,
            good_run=0 if grown else self.good_run + 1,
            slots=self.slots + 1 if grown else self.slots,
            bad_run=0,
            bad_deliveries=(),
            breaks=0,
            broken_until=None,
            last_success_at=now,
            exhausted=0,
            first_exhausted_at=None,
            last_exhausted_at=None,
        )

    def _after_failure(self, delivery_id: str, outcome: Outcome, now: datetime) -> "Lane":
        known = self.bad_deliveries
        more = known if delivery_id in known or len(known) >= BREAK_DELIVERIES else (*known, delivery_id)
        slots = max(1, self.slots // 2) if outcome.is_strain else self.slots
        lane = replace(self, good_run=0, slots=slots, bad_run=self.bad_run + 1, bad_deliveries=more)
        breaks = lane.bad_run >= BREAK_AFTER and len(more) >= BREAK_DELIVERIES and self.open_at(now)
        return lane._broken(now) if breaks else lane

    def _broken(self, now: datetime) -> "Lane":
        pause = min(FIRST_BREAK * 2 ** min(self.breaks, 10), LONGEST_BREAK)
        return replace(self, breaks=self.breaks + 1, broken_until=now + pause)

    def after_giving_up(self, now: datetime) -> "Lane":
        """A delivery to it was exhausted."""
        first = self.first_exhausted_at or now
        return replace(self, exhausted=self.exhausted + 1, first_exhausted_at=first, last_exhausted_at=now)

    def counted(self, *, succeeded: int = 0, failed: int = 0) -> "Lane":
        return replace(self, succeeded=self.succeeded + succeeded, failed=self.failed + failed)

    def is_dead(self, now: datetime) -> bool:
        """No success for 5 days, and at least 10 exhausted deliveries over 12 hours or more."""
        if self.first_exhausted_at is None or self.last_exhausted_at is None:
            return False
        silent = now - max(self.last_success_at or self.since, self.since) >= SILENT_DAYS
        lasting = self.last_exhausted_at - self.first_exhausted_at >= EXHAUSTED_SPAN
        return silent and lasting and self.exhausted >= EXHAUSTED_COUNT


def minute_of(moment: datetime) -> int:
    """The number of the minute that counts towards the hourly limit."""
    return int(moment.timestamp()) // 60


def counts_since(now: datetime) -> int:
    """The first of the minutes whose attempts count at `now`."""
    return minute_of(now) - RATE_BUCKETS + 1
