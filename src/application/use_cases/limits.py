"""Keeping keys to what their tier allows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.limits import Limiter, LimiterUnavailable
from application.ports.storage import Store
from application.ports.system import Clock, Ids
from domain.access import Principal
from domain.errors import RateLimitExceeded
from domain.events import QuotaExceeded
from domain.limits import Charge, Policy, Quota, Standing, Verdict, policy_of

PAUSE = timedelta(seconds=1)
"""For how long shared counters that were lost are not asked again."""


class FailingOverLimiter:
    """Counts in the shared counters, or in this process while they are gone."""

    def __init__(self, shared: Limiter, own: Limiter, clock: Clock, on_fallback: Callable[[], None]) -> None:
        self._shared, self._own, self._clock, self._on_fallback = shared, own, clock, on_fallback
        self._resting_until: datetime | None = None

    async def take(self, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Verdict:
        if not self._is_resting():
            try:
                return await self._shared.take(subject, policy, cost, ticket, now)
            except LimiterUnavailable:
                self._rest()
        self._on_fallback()
        return await self._own.take(subject, policy, cost, ticket, now)

    async def give_back(self, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Standing:
        if not self._is_resting():
            try:
                return await self._shared.give_back(subject, policy, cost, ticket, now)
            except LimiterUnavailable:
                self._rest()
        return await self._own.give_back(subject, policy, cost, ticket, now)

    async def look(self, subject: str, policy: Policy, now: float) -> Standing:
        if not self._is_resting():
            try:
                return await self._shared.look(subject, policy, now)
            except LimiterUnavailable:
                self._rest()
        return await self._own.look(subject, policy, now)

    async def close(self) -> None:
        await self._shared.close()
        await self._own.close()

    def _is_resting(self) -> bool:
        return self._resting_until is not None and self._clock.now() < self._resting_until

    def _rest(self) -> None:
        self._resting_until = self._clock.now() + PAUSE


@dataclass(frozen=True, slots=True)
class _Taken:
    policy: Policy
    cost: int


@dataclass(slots=True)
class Admitted:
    """What one request took. `standings` are of the quotas it is counted in, the one its route is about last."""

    subject: str
    ticket: str
    taken: list[_Taken]
    standings: list[Standing]
    beyond: bool = False
    """It passed over a soft limit."""


class UseQuota:
    """Takes what a request costs, all or nothing."""

    def __init__(self, limiter: Limiter, store: Store, clock: Clock, ids: Ids) -> None:
        self._limiter, self._store, self._clock, self._ids = limiter, store, clock, ids

    async def __call__(self, principal: Principal, charges: Sequence[Charge]) -> Admitted:
        """Raises `RateLimitExceeded`, with `details` of the quota that is used up, after `admitted` has told what
        there is to tell."""
        admitted = Admitted(subject_of(principal), self._ids.new("tkt"), [], [])
        for charge in charges:
            policy = policy_of(principal.tier, charge.quota)
            if policy is not None and charge.cost > 0:
                await self._take(principal, admitted, policy, charge.cost)
        return admitted

    async def give_back(self, admitted: Admitted) -> None:
        """Of a request that was refused: it does not count."""
        now = self._now()
        admitted.standings = [
            await self._limiter.give_back(admitted.subject, taken.policy, taken.cost, admitted.ticket, now)
            for taken in admitted.taken
        ]
        admitted.taken, admitted.beyond = [], False

    async def look(self, principal: Principal, quotas: Sequence[Quota] = tuple(Quota)) -> list[Standing]:
        """How its windows stand; empty for a key that is not limited."""
        policies = [policy for quota in quotas if (policy := policy_of(principal.tier, quota))]
        return [await self._limiter.look(subject_of(principal), policy, self._now()) for policy in policies]

    async def _take(self, principal: Principal, admitted: Admitted, policy: Policy, cost: int) -> None:
        verdict = await self._limiter.take(admitted.subject, policy, cost, admitted.ticket, self._now())
        if verdict.crossed:
            await self._announce(principal, policy)
        if not verdict.allowed:
            await self.give_back(admitted)
            raise QuotaUsedUp(verdict)
        admitted.taken.append(_Taken(policy, cost))
        admitted.standings.append(verdict.standing)
        admitted.beyond = admitted.beyond or verdict.beyond

    async def _announce(self, principal: Principal, policy: Policy) -> None:
        event = QuotaExceeded(user_id=principal.key_id, quota_type=policy.quota.value, limit=policy.limit)
        async with self._store.begin(principal.tenant_id) as uow:
            uow.announce(event)
            await uow.commit()

    def _now(self) -> float:
        return self._clock.now().timestamp()


class QuotaUsedUp(RateLimitExceeded):
    """The key has used up what its tier allows for now."""

    def __init__(self, verdict: Verdict) -> None:
        policy = verdict.standing.policy
        super().__init__(
            f"This key's tier allows {policy.limit} {policy.quota.value} in {policy.window:g} seconds.",
            details={
                "quota": policy.quota.value,
                "limit": policy.limit,
                "hard_limit": policy.hard,
                "window_seconds": int(policy.window),
                "used": verdict.standing.used,
            },
            retry_after=max(1.0, verdict.wait),
        )
        self.standing = verdict.standing


def subject_of(principal: Principal) -> str:
    """Whose windows a caller uses: its key's, whichever tenant it acts for."""
    return f"{principal.home_tenant_id or principal.tenant_id}/{principal.key_id or ''}"
