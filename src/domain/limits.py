"""How much a key may do: sliding windows that are exact, a soft and a hard limit, and the minute in between.

A window is a log of what passed. Nothing is approximated: at any moment the sum of what passed within the last
`window` seconds is known, and what is refused or given back leaves no trace in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil

from domain.access import Tier

MINUTE = 60.0
DAY = 86_400.0
BURST_SECONDS = 60.0
"""How long the soft limit may be exceeded, from the first request that did."""
BURST_EVERY = 3600.0
"""How long after that first request the next such minute may begin."""

BATCH_SIZES: Mapping[Tier, int] = {Tier.FREE: 5, Tier.PRO: 50, Tier.ENTERPRISE: 1000}


class Quota(StrEnum):
    QUERIES = "queries"
    REQUESTS = "requests"
    UPLOADS = "uploads"


@dataclass(frozen=True, slots=True)
class Policy:
    """`limit` units in any `window` seconds; `hard` is what is never exceeded."""

    quota: Quota
    limit: int
    window: float

    @property
    def hard(self) -> int:
        return self.limit * 6 // 5


_NUMBERS: Mapping[Tier, tuple[int, int, int]] = {Tier.FREE: (10, 100, 10), Tier.PRO: (100, 600, 100)}

POLICIES: Mapping[Tier, Mapping[Quota, Policy]] = {
    tier: {
        Quota.QUERIES: Policy(Quota.QUERIES, queries, MINUTE),
        Quota.REQUESTS: Policy(Quota.REQUESTS, requests, MINUTE),
        Quota.UPLOADS: Policy(Quota.UPLOADS, uploads, DAY),
    }
    for tier, (queries, requests, uploads) in _NUMBERS.items()
}
"""Tiers that are not limited are not in it."""


def policy_of(tier: Tier, quota: Quota) -> Policy | None:
    return POLICIES.get(tier, {}).get(quota)


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request costs of a quota."""

    quota: Quota
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Standing:
    """What was used of a window at a moment, and when all of it is free again (both unix seconds)."""

    policy: Policy
    used: int
    resets_at: float
    seen_at: float

    @property
    def remaining(self) -> int:
        return max(0, self.policy.limit - self.used)

    @property
    def resets_in(self) -> int:
        """Whole seconds, rounded up."""
        return max(0, ceil(self.resets_at - self.seen_at))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request passes. `beyond` says that it passed over the soft limit, `crossed` that the limit was
    reached for the first time within a window, `wait` in how many seconds asking again makes sense."""

    allowed: bool
    standing: Standing
    beyond: bool = False
    crossed: bool = False
    wait: float = 0.0


def may_exceed(opened_at: float | None, now: float) -> bool:
    """Whether the soft limit may be exceeded now, the last burst having begun at `opened_at`."""
    return opened_at is None or now < opened_at + BURST_SECONDS or now >= opened_at + BURST_EVERY


def seconds_to_wait(now: float, opened_at: float | None, below_limit: float | None, below_hard: float | None) -> float:
    """Until a refused request would pass, if nothing else came. `below_*` are the moments at which enough will
    have left the window for it to fit under the limits; None when it never fits."""
    possible = [below_limit] if below_limit is not None else []
    if below_hard is not None:
        if may_exceed(opened_at, max(below_hard, now)):
            possible.append(below_hard)
        elif opened_at is not None:
            possible.append(max(below_hard, opened_at + BURST_EVERY))
    return max(0.0, min(possible) - now) if possible else DAY


@dataclass(slots=True)
class _Pass:
    at: float
    cost: int
    ticket: str


@dataclass(slots=True)
class Window:
    """One key's window of one quota, as the process keeps it; the same rules as in adapters/limits/window.lua."""

    passed: list[_Pass] = field(default_factory=list)
    beyond: list[tuple[float, str]] = field(default_factory=list)
    """What passed over the soft limit in the present burst; a refund takes it out, the first opened the burst."""
    announced_at: float | None = None

    def take(self, policy: Policy, cost: int, ticket: str, now: float) -> Verdict:
        self._forget(policy, now)
        used = self._used() + cost
        crossed = used > policy.limit and self._announce(policy, now)
        if used > policy.hard or (used > policy.limit and not may_exceed(self._opened_at(), now)):
            wait = seconds_to_wait(now, self._opened_at(), *self._fits(policy, cost))
            return Verdict(False, self.look(policy, now), crossed=crossed, wait=wait)
        self.passed.append(_Pass(now, cost, ticket))
        if used > policy.limit:
            self.beyond.append((now, ticket))
        return Verdict(True, self.look(policy, now), beyond=used > policy.limit, crossed=crossed)

    def give_back(self, policy: Policy, ticket: str, now: float) -> Standing:
        self.passed = [each for each in self.passed if each.ticket != ticket]
        self.beyond = [each for each in self.beyond if each[1] != ticket]
        return self.look(policy, now)

    def look(self, policy: Policy, now: float) -> Standing:
        self._forget(policy, now)
        return Standing(policy, self._used(), self.passed[-1].at + policy.window if self.passed else now, now)

    def is_idle(self, policy: Policy, now: float) -> bool:
        """Nothing in it matters any more."""
        self._forget(policy, now)
        return not (self.passed or self.beyond) and not self._announced(policy, now)

    def _forget(self, policy: Policy, now: float) -> None:
        if self.passed and self.passed[0].at <= now - policy.window:
            self.passed = [each for each in self.passed if each.at > now - policy.window]
        opened_at = self._opened_at()
        if opened_at is not None and now >= opened_at + BURST_EVERY:
            self.beyond = []

    def _used(self) -> int:
        return sum(each.cost for each in self.passed)

    def _opened_at(self) -> float | None:
        return self.beyond[0][0] if self.beyond else None

    def _announced(self, policy: Policy, now: float) -> bool:
        return self.announced_at is not None and now < self.announced_at + policy.window

    def _announce(self, policy: Policy, now: float) -> bool:
        if self._announced(policy, now):
            return False
        self.announced_at = now
        return True

    def _fits(self, policy: Policy, cost: int) -> tuple[float | None, float | None]:
        return tuple(self._free_at(policy, limit - cost) for limit in (policy.limit, policy.hard))  # type: ignore[return-value]

    def _free_at(self, policy: Policy, room_left: int) -> float | None:
        """When at most `room_left` units will be in the window."""
        used, leaves_at = self._used(), 0.0
        if room_left < 0:
            return None
        for each in self.passed:
            if used <= room_left:
                break
            used, leaves_at = used - each.cost, each.at + policy.window
        return leaves_at


def narrowest(standings: Sequence[Standing]) -> Standing:
    """The one with the smallest part left: what a caller should know first."""
    return min(standings, key=lambda standing: standing.remaining / standing.policy.limit)
