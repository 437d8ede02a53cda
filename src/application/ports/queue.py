"""Waking those who do the work. The truth about what is due stands in the store."""

from typing import Protocol


class WorkSignal(Protocol):
    """A hint that work may be due; it may be lost, so that nobody may rely on it alone."""

    async def wake(self) -> None: ...

    async def wait(self, seconds: float) -> None:
        """Returns when somebody woke us, and in any case after so many seconds."""
        ...
