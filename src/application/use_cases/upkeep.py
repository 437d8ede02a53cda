"""What has to be done now and then, whether anybody asks or not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from application.indexing import Indexer
from application.ports.storage import INDEX_TASKS, QUERIES, TRACES, Store, Table
from application.ports.system import Clock
from domain.errors import DomainError
from domain.paging import where

log = logging.getLogger(__name__)

INDEXES_EVERY = 1.0
LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Chore:
    """Done every so many minutes, by one process at a time; doing it twice does no harm."""

    name: str
    minutes: int
    work: Callable[[], Awaitable[Any]]


class Upkeep:
    """In the embedded mode it runs its chores itself; workers share them out by their scheduler."""

    def __init__(self, store: Store, indexer: Indexer, chores: Sequence[Chore], clock: Clock) -> None:
        self._store, self._indexer, self._clock = store, indexer, clock
        self.chores = chores

    async def keep_indexes_forever(self) -> None:
        """Sees to it that what was committed is found, whatever died between the one and the other."""
        while True:
            await _without_failing("indexes", self.keep_indexes)
            await asyncio.sleep(INDEXES_EVERY)

    async def keep_indexes(self) -> None:
        for tenant_id in await self._store.tenants_with(INDEX_TASKS):
            await self._indexer.do_left(tenant_id)

    async def run_forever(self) -> None:
        due = {chore.name: self._clock.monotonic() for chore in self.chores}
        while True:
            for chore in self.chores:
                if due[chore.name] <= self._clock.monotonic():
                    due[chore.name] = self._clock.monotonic() + chore.minutes * 60
                    await _without_failing(chore.name, chore.work)
            await asyncio.sleep(LOOK_EVERY)


async def _without_failing(name: str, work: Callable[[], Awaitable[Any]]) -> None:
    """What fails now is done the next time; it must not keep the rest from being done."""
    try:
        await work()
    except DomainError as error:
        log.warning("upkeep %s waits: %s", name, error)
    except Exception:
        log.exception("upkeep %s failed", name)


def for_each_tenant(
    store: Store, table: Table[Any], work: Callable[[str], Awaitable[int]]
) -> Callable[[], Awaitable[int]]:
    """The work for every tenant that has any of these; how much it did in all."""

    async def all_of_them() -> int:
        return sum([await work(tenant_id) for tenant_id in await store.tenants_with(table)])

    return all_of_them


class ForgetOldQuestions:
    """Removes questions and their traces when they are older than the deployment keeps them; 0 days: never."""

    def __init__(self, store: Store, clock: Clock, days: int) -> None:
        self._store, self._clock, self._days = store, clock, days

    async def __call__(self, tenant_id: str) -> int:
        if self._days == 0:
            return 0
        old = where(created_at__lt=self._clock.now() - timedelta(days=self._days))
        async with self._store.begin(tenant_id) as uow:
            gone = await uow[QUERIES].remove_where(old) + await uow[TRACES].remove_where(old)
            await uow.commit()
        return gone
