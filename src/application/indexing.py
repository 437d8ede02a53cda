"""Keeping the indexes what the store says: every change is a recorded task, done until it holds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from datetime import timedelta

from application.embedding import PairVectors, titled
from application.ports.lexical import LexicalIndex, LexicalRow
from application.ports.storage import INDEX_TASKS, PAIRS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.ports.vectors import VectorIndex, VectorRow
from application.transactions import committed
from domain.errors import DomainError, ServiceUnavailable
from domain.ids import Prefix
from domain.index_tasks import IndexAction, IndexTask
from domain.paging import where
from domain.qa_pairs import PairStatus, QAPair
from domain.ranking import RankingProfile

PAIRS_PER_TASK = 256
LOOKED_AT = 50
OTHERS_POLL = 0.05
LEFT_AFTER = timedelta(seconds=3)
"""Nobody else touches a task sooner than this after whoever recorded it, or last tried."""

Taken = tuple[IndexTask | None, bool]
"""A task that was free and is claimed now; and whether there are any, if only in others' hands."""
Take = Callable[[UnitOfWork], Awaitable[Taken]]

_recorded: ContextVar[tuple[str, ...]] = ContextVar("index_tasks_recorded_here", default=())
"""By the request or job at hand: what it waits for before it answers, however much else there is to do."""


class Indexer:
    """Tells the indexes of changed pairs, in any number of processes at once.

    Two processes may tell of the same pair in either order. So each reads the pairs again after telling, and
    tells again what has changed meanwhile: whoever tells last has told what the store says.
    """

    def __init__(
        self,
        store: Store,
        embedded: PairVectors,
        vectors: VectorIndex,
        lexical: LexicalIndex,
        profile: RankingProfile,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store, self._embedded, self._vectors, self._lexical = store, embedded, vectors, lexical
        self._profile, self._clock, self._ids = profile, clock, ids

    async def record(self, uow: UnitOfWork, pairs: Sequence[QAPair]) -> None:
        """In the transaction of the change: what the indexes will have to be told of these pairs."""
        now = self._clock.now()
        for start in range(0, len(pairs), PAIRS_PER_TASK):
            task = IndexTask(
                id=self._ids.new(Prefix.INDEX_TASK),
                created_at=now,
                updated_at=now,
                action=IndexAction.PUT,
                pair_ids=tuple(pair.id for pair in pairs[start : start + PAIRS_PER_TASK]),
            )
            await uow[INDEX_TASKS].save(task)
            _recorded.set((*_recorded.get(), task.id))
        await uow.touch_knowledge()

    async def catch_up(self, tenant_id: str) -> bool:
        """Does what was recorded here, or, where nothing was, everything that waits; False when an index
        refused, and the rest waits for the next time."""
        mine = _recorded.get()
        _recorded.set(())
        return await self._do_all(tenant_id, lambda uow: self._take(uow, mine))

    async def do_left(self, tenant_id: str) -> bool:
        """Does what nobody has got to do for a while: its process died, or the index was away."""
        return await self._do_all(tenant_id, self._take_left)

    async def _do_all(self, tenant_id: str, take: Take) -> bool:
        while True:
            task, others = await committed(self._store, tenant_id, take)
            if task is not None and not await self._do(tenant_id, task):
                return False
            if task is None and not others:
                return True
            if task is None:
                await asyncio.sleep(OTHERS_POLL)

    async def lag(self, tenant_id: str) -> int:
        """How many tasks wait."""
        async with self._store.begin(tenant_id) as uow:
            return await uow[INDEX_TASKS].count()

    async def rebuild(self, tenant_id: str) -> int:
        """Records tasks for all active pairs; how many pairs that are."""
        count, last = 0, ""
        while pairs := await self._active_after(tenant_id, last):
            async with self._store.begin(tenant_id) as uow:
                await self.record(uow, pairs)
                await uow.commit()
            count, last = count + len(pairs), pairs[-1].id
        _recorded.set(())
        return count

    async def fill(self, tenant_id: str, *, dense: bool = True) -> int:
        """Tells indexes that live in this process only of all active pairs; how many. For the time before
        anybody else uses them."""
        count, last = 0, ""
        while pairs := await self._active_after(tenant_id, last):
            await self._put(tenant_id, pairs, dense=dense)
            count, last = count + len(pairs), pairs[-1].id
        return count

    async def _active_after(self, tenant_id: str, last: str) -> list[QAPair]:
        async with self._store.begin(tenant_id) as uow:
            following = where(status=PairStatus.ACTIVE, id__gt=last)
            return await uow[PAIRS].list(following, sort="id", limit=PAIRS_PER_TASK)

    async def _take(self, uow: UnitOfWork, ids: Sequence[str]) -> Taken:
        """Of these tasks, or of all that wait."""
        tasks = uow[INDEX_TASKS]
        found = await tasks.get_many(ids) if ids else await tasks.list((), limit=LOOKED_AT)
        return await self._claimed(uow, found), bool(found)

    async def _take_left(self, uow: UnitOfWork) -> Taken:
        before = self._clock.now() - LEFT_AFTER
        found = await uow[INDEX_TASKS].list((), limit=LOOKED_AT)
        return await self._claimed(uow, [task for task in found if task.updated_at <= before]), False

    async def _claimed(self, uow: UnitOfWork, tasks: Sequence[IndexTask]) -> IndexTask | None:
        now = self._clock.now()
        free = next((task for task in tasks if task.is_free(now)), None)
        if free is not None:
            free.claim(now)
            await uow[INDEX_TASKS].save(free)
        return free

    async def _do(self, tenant_id: str, task: IndexTask) -> bool:
        try:
            await self.tell(tenant_id, task.pair_ids)
        except ServiceUnavailable as refusal:
            await self._put_off(tenant_id, task.id, refusal.message)
            return False
        async with self._store.begin(tenant_id) as uow:
            await uow[INDEX_TASKS].remove(task.id)
            await uow.touch_knowledge()  # an answer worked out while the index lagged may have been remembered
            await uow.commit()
        return True

    async def tell(self, tenant_id: str, ids: Sequence[str]) -> None:
        """Brings the indexes to what the store says of these pairs. Raises `ServiceUnavailable`."""
        told: dict[str, int] = {}
        pairs = await self._read(tenant_id, ids)
        while changed := [key for key in ids if told.get(key, -1) != _version(pairs, key)]:
            await self._tell_once(tenant_id, changed, [pairs[key] for key in changed if key in pairs])
            told |= {key: _version(pairs, key) for key in changed}
            pairs = await self._read(tenant_id, ids)

    async def _read(self, tenant_id: str, ids: Sequence[str]) -> dict[str, QAPair]:
        async with self._store.begin(tenant_id) as uow:
            return {pair.id: pair for pair in await uow[PAIRS].get_many(ids)}

    async def _tell_once(self, tenant_id: str, ids: Sequence[str], pairs: Sequence[QAPair]) -> None:
        active = [pair for pair in pairs if pair.status is PairStatus.ACTIVE]
        gone = sorted(set(ids) - {pair.id for pair in active})
        if gone:
            await self._vectors.delete(tenant_id, gone)
            await self._lexical.delete(tenant_id, gone)
        if active:
            await self._put(tenant_id, active)

    async def _put(self, tenant_id: str, pairs: Sequence[QAPair], *, dense: bool = True) -> None:
        for space in self._profile.spaces if dense else ():
            served = [pair for pair in pairs if space.serves(pair.language)]
            if served:
                vectors = await self._embedded(tenant_id, space, served)
                rows = [VectorRow(pair.id, vectors[pair.id], pair.indexed_fields()) for pair in served]
                await self._vectors.upsert(tenant_id, space.name, rows)
        words = [LexicalRow(p.id, titled(p), p.answer, p.indexed_fields()) for p in pairs]
        await self._lexical.upsert(tenant_id, words)

    async def _put_off(self, tenant_id: str, task_id: str, why: str) -> None:
        async def put_off(uow: UnitOfWork) -> None:
            task = await uow[INDEX_TASKS].find(task_id)
            if task is not None:
                task.put_off(self._clock.now(), why)
                await uow[INDEX_TASKS].save(task)

        try:
            await committed(self._store, tenant_id, put_off)
        except DomainError:
            return  # the store is away too: the claim lapses by itself


def _version(pairs: dict[str, QAPair], key: str) -> int:
    """0 for a pair that is not there."""
    return pairs[key].version if key in pairs else 0
