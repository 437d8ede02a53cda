"""Reading the service's log, keeping it, and forgetting what is old."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from application.cursors import SealedCursors
from application.ports.delivery import Cipher
from application.ports.logs import LogBook, LogFilter, LogLine
from application.ports.system import Clock
from domain.access import Caller
from domain.errors import DomainError
from domain.paging import Page, PageRequest

FLUSH_EVERY = 1.0
KEPT_DAYS = 14


class BrowseLogs:
    def __init__(self, book: LogBook, cipher: Cipher) -> None:
        self._book, self._cursors = book, SealedCursors(cipher, "logs")

    async def __call__(self, caller: Caller, wanted: LogFilter, request: PageRequest) -> Page[LogLine]:
        """Of the caller's tenant; raises `InvalidInput` for a foreign cursor, `ServiceUnavailable`."""
        tenant_id, cursor = caller.tenant_id, request.cursor
        if cursor is not None:
            request = replace(request, cursor=self._cursors.open(tenant_id, cursor))
        await self._book.flush()
        found = await self._book.page(tenant_id, wanted, request)
        behind = found.next_cursor
        return replace(found, next_cursor=self._cursors.seal(tenant_id, behind)) if behind else found


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
