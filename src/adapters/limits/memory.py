"""Windows in this process. Nothing here awaits, so that no two callers can interleave."""

from domain.limits import Policy, Standing, Verdict, Window

SWEEP_EVERY = 1024
"""Takes after which idle windows are thrown out."""


class MemoryLimiter:
    def __init__(self) -> None:
        self._windows: dict[tuple[str, Policy], Window] = {}
        self._takes = 0

    async def take(self, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Verdict:
        self._sweep(now)
        return self._window(subject, policy).take(policy, cost, ticket, now)

    async def give_back(self, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Standing:
        return self._window(subject, policy).give_back(policy, ticket, now)

    async def look(self, subject: str, policy: Policy, now: float) -> Standing:
        return self._windows.get((subject, policy), Window()).look(policy, now)

    async def close(self) -> None:
        """Nothing to close."""

    def _window(self, subject: str, policy: Policy) -> Window:
        return self._windows.setdefault((subject, policy), Window())

    def _sweep(self, now: float) -> None:
        self._takes += 1
        if self._takes % SWEEP_EVERY == 0:
            idle = [key for key, window in self._windows.items() if window.is_idle(key[1], now)]
            for key in idle:
                del self._windows[key]
