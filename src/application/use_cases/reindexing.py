"""Building an index anew from the store, beside the questions that go on being answered."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from application.indexing import PAIRS_PER_TASK, Indexer
from application.ports.queue import WorkSignal
from application.ports.storage import JOBS, PAIRS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.use_cases.jobs import Work, new_job
from domain.access import Caller, Principal, Scope
from domain.jobs import Job, JobType
from domain.paging import where

MARGIN = timedelta(seconds=30)
"""By which the clocks of processes may differ, and what was being committed when the filling began."""


class RequestReindex:
    """Queues one job for each tenant that has any pairs."""

    def __init__(self, store: Store, signal: WorkSignal, clock: Clock, ids: Ids) -> None:
        self._store, self._signal, self._clock, self._ids = store, signal, clock, ids

    async def __call__(self, tenant_ids: Sequence[str] = ()) -> list[tuple[str, Job]]:
        """Each job with its tenant; without tenants named, of all."""
        found = [(tenant, await self._queue(tenant)) for tenant in tenant_ids or await self._store.tenants_with(PAIRS)]
        await self._signal.wake()
        return found

    async def _queue(self, tenant_id: str) -> Job:
        caller = Caller(Principal(tenant_id, frozenset({Scope.ADMIN})))
        async with self._store.begin(tenant_id) as uow:
            job = new_job(self._ids, self._clock, JobType.REINDEX, caller, max(1, await uow[PAIRS].count()))
            await uow[JOBS].save(job)
            await uow.commit()
        return job


class FillBeside:
    """Tells an index that nobody reads yet of everything there is, while changes go on."""

    def __init__(self, store: Store, indexer: Indexer, clock: Clock) -> None:
        self._store, self._indexer, self._clock = store, indexer, clock

    async def __call__(self, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
        """How many pairs it was told of; what was changed meanwhile is told again."""
        begun, done = self._clock.now(), 0
        total = await self._store.count_all(PAIRS)
        for tenant_id in await self._store.tenants_with(PAIRS):
            async for ids in pair_ids(self._store, tenant_id):
                await self._indexer.tell(tenant_id, ids)
                done += len(ids)
                progress(done, max(done, total))
        await self.tell_changed_since(begun - MARGIN)
        return done

    async def tell_changed_since(self, moment: datetime) -> None:
        for tenant_id in await self._store.tenants_with(PAIRS):
            async for ids in pair_ids(self._store, tenant_id, since=moment):
                await self._indexer.tell(tenant_id, ids)


async def pair_ids(
    store: Store, tenant_id: str, *, last: str = "", since: datetime | None = None
) -> AsyncIterator[list[str]]:
    """In portions, in their order: those after `last`, and changed `since`."""
    while True:
        async with store.begin(tenant_id) as uow:
            pairs = await uow[PAIRS].list(where(id__gt=last), sort="id", limit=PAIRS_PER_TASK)
        if not pairs:
            return
        yield [pair.id for pair in pairs if since is None or pair.updated_at > since]
        last = pairs[-1].id


class Reindex:
    """The job: tells the indexes of every pair there is, archived ones included, in the order of their ids. The
    indexes serve all the while; vectors that are kept with the pairs are not made again."""

    def __init__(self, store: Store, indexer: Indexer, clock: Clock) -> None:
        self._store, self._indexer, self._clock = store, indexer, clock

    async def __call__(self, work: Work) -> None:
        job = await work.checkpoint()
        last = str(job.result.get("last_id", ""))
        async for ids in pair_ids(self._store, work.tenant_id, last=last):
            await self._indexer.tell(work.tenant_id, ids)
            await self._note(work, ids[-1], len(ids))
        await work.change(self._finish)

    async def _note(self, work: Work, last: str, count: int) -> None:
        async def note(uow: UnitOfWork, job: Job) -> None:
            job.stage, job.result = "indexing", {"last_id": last}
            job.total = max(job.total, job.done + count)
            job.advance(self._clock.now(), done=job.done + count, succeeded=job.succeeded + count)

        await work.change(note)

    async def _finish(self, uow: UnitOfWork, job: Job) -> None:
        await uow.touch_knowledge()
        job.complete(self._clock.now(), {"pairs_reindexed": job.succeeded})
