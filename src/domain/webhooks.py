"""A webhook: where a tenant wants its events sent, or from where it may be told of things."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate
from domain.catalogue import subscribes
from domain.delivery import PublicEvent
from domain.errors import Conflict, InvalidInput
from domain.events import WebhookDisabled
from domain.lanes import Lane, LaneLimits
from domain.retries import RetrySettings
from domain.webhook_rules import problems_of

MAX_VALID_SECRETS = 3


class Direction(StrEnum):
    OUTGOING = "outgoing"
    INCOMING = "incoming"
    BOTH = "both"


class SignatureMode(StrEnum):
    """How incoming bodies are signed: with the time, or (seed 000's older form) alone."""

    STRICT = "strict"
    COMPAT = "compat"


class Purpose(StrEnum):
    STANDING = "standing"
    CALLBACK = "callback"
    """Made for the events of one job, and gone with it."""


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it is stored. `until` ends the overlap after a rotation; `None` is valid for good."""

    id: str
    sealed: str
    created_at: datetime
    until: datetime | None = None
    shown: bool = True
    """Whether its owner was ever told it; what nobody knows need not overlap with what follows."""

    def valid_at(self, now: datetime) -> bool:
        return self.until is None or self.until > now


def _valid(secrets: Sequence[SealedSecret], now: datetime) -> tuple[SealedSecret, ...]:
    return tuple(secret for secret in secrets if secret.valid_at(now))


def _rotated(
    secrets: Sequence[SealedSecret], fresh: SealedSecret, overlap: timedelta, now: datetime
) -> tuple[SealedSecret, ...]:
    known = [secret for secret in _valid(secrets, now) if secret.shown][-(MAX_VALID_SECRETS - 1) :]
    ends = now + overlap
    ended = [replace(old, until=min(old.until or ends, ends)) for old in known]
    return (*_valid(ended, now), fresh)


@dataclass(slots=True, kw_only=True)
class Webhook(Aggregate):
    url: str | None = None
    events: tuple[str, ...] = ()
    name: str | None = None
    description: str | None = None
    active: bool = True
    direction: Direction = Direction.OUTGOING
    retry_policy: RetrySettings = field(default_factory=RetrySettings)
    limits: LaneLimits = field(default_factory=LaneLimits)
    secrets: tuple[SealedSecret, ...] = ()
    """Oldest first; only those valid at the time count."""
    incoming_secrets: tuple[SealedSecret, ...] = ()
    """What others sign with, of a webhook that goes both ways: with the one that signs our deliveries, these could be
    sent back to us as theirs. Webhooks from before there were such have none until their secret is rotated."""
    sealed_headers: str | None = None
    header_names: tuple[str, ...] = ()
    ip_whitelist: tuple[str, ...] = ()
    incoming_signature_mode: SignatureMode = SignatureMode.STRICT
    metadata: Mapping[str, Any] = field(default_factory=dict)
    created_by: str | None = None
    paused_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    """Why the service itself deactivated it."""
    purpose: Purpose = Purpose.STANDING
    job_id: str | None = None
    """The job whose events a callback is for."""

    @property
    def sends(self) -> bool:
        return self.direction is not Direction.INCOMING and self.url is not None

    @property
    def receives(self) -> bool:
        return self.direction is not Direction.OUTGOING

    def wants(self, event: PublicEvent) -> bool:
        """Whether the event is to be delivered to it."""
        if not (self.active and self.sends) or event.withheld_from == self.id:
            return False
        if self.purpose is Purpose.CALLBACK and event.subject != self.job_id:
            return False
        return subscribes(self.events, event.type)

    def as_limited(self, lane: Lane) -> Lane:
        """The lane with this webhook's limits and pause."""
        return lane.limited(self.limits, self.paused_until)

    def signing_secrets(self, now: datetime) -> tuple[SealedSecret, ...]:
        """Valid for what goes out."""
        return _valid(self.secrets, now)

    def verifying_secrets(self, now: datetime) -> tuple[SealedSecret, ...]:
        """Valid for what comes in."""
        return _valid(self.incoming_secrets or self.secrets, now)

    def key_overlaps(self, now: datetime) -> bool:
        return len(self.signing_secrets(now)) > 1

    def rotate_secret(self, fresh: SealedSecret, overlap: timedelta, now: datetime) -> None:
        """The newest secret so far stays valid for the overlap, at once invalid when that is nothing."""
        self.secrets, self.updated_at = _rotated(self.secrets, fresh, overlap, now), now

    def rotate_incoming_secret(self, fresh: SealedSecret, overlap: timedelta, now: datetime) -> None:
        """The same for what comes in, which so far may have been proved by `secrets`."""
        self.incoming_secrets = _rotated(self.incoming_secrets or self.secrets, fresh, overlap, now)
        self.updated_at = now

    def turn(self, before: Direction, unseen: SealedSecret) -> None:
        """Fits the secrets to a direction that was another `before`. The way that a webhook gains gets a secret that
        nobody has seen: nothing is proved by it until it is rotated."""
        if before is self.direction:
            return
        if before is Direction.BOTH and self.incoming_secrets:
            self.secrets = self.incoming_secrets if self.direction is Direction.INCOMING else self.secrets
            self.incoming_secrets = ()
        elif self.direction is Direction.BOTH and before is Direction.INCOMING:
            self.secrets, self.incoming_secrets = (unseen,), self.secrets
        elif self.direction is Direction.BOTH and before is Direction.OUTGOING:
            self.incoming_secrets = (unseen,)

    def change(self, changes: Mapping[str, Any], now: datetime) -> None:
        """Takes new values for the named properties; whether they are good, `problems_of` says."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.updated_at = now
        if changes.get("active"):
            self.disabled_at = self.disabled_reason = None

    def require_valid(self) -> None:
        problems = problems_of(self)
        if problems:
            raise InvalidInput(problems=problems)

    def require_sending(self) -> None:
        if not self.sends:
            raise Conflict("This webhook only receives; nothing can be sent to it.")

    def disable(self, reason: str, event_id: str | None, now: datetime) -> None:
        """The service gives it up, and tells the tenant's other webhooks."""
        if not self.active:
            return
        self.active, self.disabled_at, self.disabled_reason, self.updated_at = False, now, reason, now
        self.record(WebhookDisabled(webhook_id=self.id, event_id=event_id, last_error=reason))
