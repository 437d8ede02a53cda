"""Which processes use a database side by side: a lock of a session, which PostgreSQL takes back from the dead.

The connection must be the process's own for as long as it lives: a pooler that changes servers between
transactions (PgBouncer's transaction mode) would lose the lock or leave it behind.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from adapters.advisory_locks import AdvisoryLock
from adapters.storage.postgres.errors import translated
from adapters.storage.postgres.reaching import connect
from domain.errors import DomainError

LOOK_EVERY = 5.0
AGAIN_AFTER = 1.0
ANSWER_SECONDS = 5.0

_ALONE = "SELECT pg_try_advisory_lock($1)"
_SHARED = "SELECT pg_try_advisory_lock_shared($1)"
_OTHERS = """
SELECT DISTINCT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid() AND classid = 0 AND objid = $1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1
"""


class Presence:
    """`alone`: this process keeps to itself what others would have to know, so that none may be beside it."""

    def __init__(self, url: str, *, alone: bool, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._url, self._alone, self._sleep = url, alone, sleep
        self._connection: Any = None

    async def enter(self, patience: float = 0.0) -> list[str]:
        """Empty when the place is taken; else who is in the way, even after so many seconds. Raises
        `ServiceUnavailable`."""
        with translated():
            self._connection = await connect(self._url, application_name=_own_name())
            while not (taken := await self._try()) and patience > 0:
                await self._sleep(AGAIN_AFTER)
                patience -= AGAIN_AFTER
            others = [] if taken else await self._others()
        if others:
            await self.leave()
        return others

    async def keep(self) -> list[str]:
        """Until somebody else took the place while the database was away: who that is."""
        while True:
            await self._sleep(LOOK_EVERY)
            if not await self._is_held() and (others := await self._enter_again()):
                return others

    async def leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _try(self) -> bool:
        return bool(await self._connection.fetchval(_ALONE if self._alone else _SHARED, AdvisoryLock.PRESENCE))

    async def _others(self) -> list[str]:
        found = await self._connection.fetch(_OTHERS, AdvisoryLock.PRESENCE)
        return [row["application_name"] or "somebody" for row in found] or ["a process that is just ending"]

    async def _is_held(self) -> bool:
        try:
            with translated():
                await self._connection.fetchval("SELECT 1", timeout=ANSWER_SECONDS)
        except (DomainError, asyncpg.InterfaceError):
            return False
        return True

    async def _enter_again(self) -> list[str]:
        while True:
            await self.leave()
            try:
                return await self.enter(ANSWER_SECONDS)
            except (DomainError, asyncpg.InterfaceError):
                await self._sleep(AGAIN_AFTER)


def _own_name() -> str:
    """By which an operator finds the process."""
    return f"supportrag {socket.gethostname()}:{os.getpid()}"
