"""Waking workers of the same process."""

import asyncio


class LocalSignal:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    async def open(self) -> None:
        """Nobody else is listening."""

    async def close(self) -> None:
        """Whoever waits does so for a while only."""

    async def wake(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        self._event.clear()
