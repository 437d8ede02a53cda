"""Wake-ups that follow a commit: hints, which may be lost."""

from application.ports.queue import WorkSignal
from application.ports.system import Clock

AT_MOST_EVERY = 0.05
"""Seconds; who is busy delivering looks as often by himself."""


class EventHint:
    """Wakes those who deliver when events were committed, so that an idle one need not be waited for."""

    def __init__(self, signal: WorkSignal, clock: Clock) -> None:
        self._signal, self._clock = signal, clock
        self._last = float("-inf")

    async def __call__(self) -> None:
        now = self._clock.monotonic()
        if now - self._last >= AT_MOST_EVERY:
            self._last = now
            await self._signal.wake()
