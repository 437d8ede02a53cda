"""When a delivery is tried again: a table of delays and a pure decision over what came of an attempt."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LIFETIME = timedelta(hours=24)
MAX_JITTER = 0.1
MAX_RETRIES = 10
MIN_TIMEOUT, MAX_TIMEOUT = 1.0, 30.0


class Preset(StrEnum):
    STANDARD = "standard"
    EXTENDED = "extended"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds before each retry, counted from the end of the failed attempt, and the deadline of one attempt."""

    delays: tuple[float, ...]
    timeout_seconds: float

    @property
    def longest_delay(self) -> float:
        return max(self.delays, default=0.0)


PRESETS = {
    Preset.STANDARD: RetryPolicy((5, 30, 300, 1800), 10),
    Preset.EXTENDED: RetryPolicy((5, 30, 180, 900, 3600, 10800), 30),
}


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """What a webhook's owner chose; `None` takes the preset's."""

    preset: Preset = Preset.STANDARD
    max_retries: int | None = None
    timeout_seconds: float | None = None

    @property
    def policy(self) -> RetryPolicy:
        """More retries than the preset has delays repeat the last delay."""
        base = PRESETS[self.preset]
        count = len(base.delays) if self.max_retries is None else self.max_retries
        repeated = base.delays + base.delays[-1:] * max(0, count - len(base.delays))
        timeout = base.timeout_seconds if self.timeout_seconds is None else self.timeout_seconds
        return RetryPolicy(repeated[:count], timeout)


class Failure(StrEnum):
    """Why an attempt got no answer."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    DNS = "dns"
    TLS = "tls"
    PROTOCOL = "protocol"
    BLOCKED = "blocked_target"
    TOO_LARGE = "payload_too_large"
    """Not sent: even without its data the body is over the limit."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: an HTTP status, or a failure. `retry_after` in seconds, if the answer named one."""

    status: int | None = None
    failure: Failure | None = None
    retry_after: float | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_refused_key(self) -> bool:
        """Whether the receiver may not have known the secret."""
        return self.status in _REFUSED_KEY

    @property
    def is_strain(self) -> bool:
        """Whether the receiver seems to be overloaded."""
        return self.failure is Failure.TIMEOUT or (self.status is not None and self.status >= 500)


class Reason(StrEnum):
    """Why a delivery was given up."""

    EXHAUSTED = "exhausted"
    NON_RETRYABLE = "non_retryable"
    GONE = "gone"
    BLOCKED_TARGET = "blocked_target"
    EXPIRED = "expired"
    WORKER_LOST = "worker_lost"
    PAYLOAD_TOO_LARGE = "payload_too_large"


@dataclass(frozen=True, slots=True)
class Succeed:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    due_at: datetime
    pause_webhook: bool = False
    """The receiver asked everybody to wait: nothing goes to this webhook before `due_at`."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    reason: Reason
    deactivate: bool = False
    pause_until: datetime | None = None
    """The receiver asked everybody to wait, though this delivery is over: nothing goes to this webhook before then."""


Decision = Succeed | TryAgain | GiveUp

_FINAL = frozenset({400, 401, 403})
_REFUSED_KEY = frozenset({401, 403})
_HONOURS_RETRY_AFTER = frozenset({429, 503})


def decide(
    policy: RetryPolicy,
    attempts: int,
    outcome: Outcome,
    *,
    now: datetime,
    expires_at: datetime,
    key_overlaps: bool = False,
    jitter: float = 0.0,
) -> Decision:
    """What follows from the `attempts`-th attempt that went out, which ended at `now`.

    `jitter` in 0..1 is the share of the 10 % that may be added; the table's delay is never shortened.
    `key_overlaps`: a secret rotation is under way, so that 401 and 403 may pass.
    """
    if outcome.succeeded:
        return Succeed()
    final = _final(outcome, key_overlaps)
    if final:
        return final
    if attempts > len(policy.delays):
        return GiveUp(Reason.EXHAUSTED, pause_until=_wished_pause(policy, outcome, now))
    due_at, is_throttled = now + timedelta(seconds=_delay(policy, attempts, outcome, jitter)), outcome.status == 429
    if due_at > expires_at:
        return GiveUp(Reason.EXPIRED, pause_until=due_at if is_throttled else None)
    return TryAgain(due_at, pause_webhook=is_throttled)


def _final(outcome: Outcome, key_overlaps: bool) -> GiveUp | None:
    if outcome.failure is Failure.BLOCKED:
        return GiveUp(Reason.BLOCKED_TARGET)
    if outcome.failure is Failure.TOO_LARGE:
        return GiveUp(Reason.PAYLOAD_TOO_LARGE)
    if outcome.status == 410:
        return GiveUp(Reason.GONE, deactivate=True)
    if outcome.status in _FINAL and not (key_overlaps and outcome.is_refused_key):
        return GiveUp(Reason.NON_RETRYABLE)
    return None


def _wished_pause(policy: RetryPolicy, outcome: Outcome, now: datetime) -> datetime | None:
    """Until when a 429 to the last attempt holds the others. A policy without retries has no longest delay: there the
    standard one's bounds what a receiver may ask for."""
    if outcome.status != 429 or outcome.retry_after is None:
        return None
    longest = policy.longest_delay or PRESETS[Preset.STANDARD].longest_delay
    return now + timedelta(seconds=min(outcome.retry_after, longest))


def _delay(policy: RetryPolicy, attempts: int, outcome: Outcome, jitter: float) -> float:
    delay = policy.delays[attempts - 1]
    if outcome.status in _HONOURS_RETRY_AFTER and outcome.retry_after is not None:
        delay = max(delay, min(outcome.retry_after, policy.longest_delay))
    return delay * (1 + MAX_JITTER * min(max(jitter, 0.0), 1.0))
