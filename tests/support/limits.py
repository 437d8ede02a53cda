"""What the contract says of limits, in the plainest words: the oracle that limiters are held against."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from domain.access import Tier
from domain.limits import POLICIES, Policy, Quota

QUERIES = POLICIES[Tier.FREE][Quota.QUERIES]
"""10 a minute, 12 at the most."""


@dataclass(frozen=True)
class Step:
    """Some seconds later somebody asks for `cost`, or gives back what the nth request took."""

    later: float
    cost: int
    gives_back: int | None = None


steps = st.builds(
    Step,
    later=st.sampled_from([0, 0, 0, 0.25, 1, 5, 19.75, 30, 59.75, 60, 61, 600, 3540, 3600]),
    cost=st.sampled_from([1, 1, 1, 1, 2, 5]),
    gives_back=st.none() | st.none() | st.none() | st.integers(0, 20),
)


@dataclass
class Oracle:
    """Looks at everything that ever passed."""

    policy: Policy = QUERIES
    passed: list[tuple[float, int, bool, str]] = field(default_factory=list)

    def used(self, now: float) -> int:
        return sum(cost for at, cost, _, _ in self.passed if now - self.policy.window < at)

    def takes(self, cost: int, ticket: str, now: float) -> bool:
        wanted = self.used(now) + cost
        beyond = wanted > self.policy.limit
        if wanted > self.policy.hard or (beyond and not self._may_burst(now)):
            return False
        self.passed.append((now, cost, beyond, ticket))
        return True

    def gives_back(self, ticket: str) -> None:
        self.passed = [each for each in self.passed if each[3] != ticket]

    def _may_burst(self, now: float) -> bool:
        """A burst lasts a minute from its first request; the next begins an hour after that at the earliest."""
        began: float | None = None
        for at, _, beyond, _ in self.passed:
            if beyond and (began is None or at >= began + 3600):
                began = at
        return began is None or now < began + 60 or now >= began + 3600
