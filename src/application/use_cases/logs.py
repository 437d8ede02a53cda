"""Reading the service's log, keeping it, and forgetting what is old."""

import asyncio
from datetime import timedelta

from application.ports.logs import LogBook, LogFilter, LogLine
from application.ports.system import Clock
from domain.access import Caller
from domain.errors import DomainError
from domain.paging import Page, PageRequest

FLUSH_EVERY = 1.0
KEPT_DAYS = 14


class BrowseLogs:
    def __init__(self, book: LogBook) -> None:
        self._book = book

    async def __call__(self, caller: Caller, wanted: LogFilter, request: PageRequest) -> Page[LogLine]:
        """Of the caller's tenant; raises `InvalidInput` for a foreign cursor, `ServiceUnavailable`."""
        await self._book.flush()
        return await self._book.page(caller.tenant_id, wanted, request)


class KeepLogs:
    """Writes what was logged to where it can be searched, off the way of those who log."""

    def __init__(self, book: LogBook) -> None:
        self._book = book

    async def run_forever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            await self()

    async def __call__(self) -> None:
        try:
            await self._book.flush()
        except DomainError:
            return  # the store is away: the lines wait in the book


class ForgetLogs:
    """Lines live 14 days, or as long as the deployment keeps questions where that is shorter."""

    def __init__(self, book: LogBook, clock: Clock, retention_days: int) -> None:
        self._book, self._clock = book, clock
        self._days = min(KEPT_DAYS, retention_days) if retention_days else KEPT_DAYS

    async def __call__(self) -> int:
        return await self._book.forget(self._clock.now() - timedelta(days=self._days))
