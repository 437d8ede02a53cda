"""Long work: looking at it, cancelling it, and what its handlers hold while they do it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from application.ports.queue import WorkSignal
from application.ports.storage import JOB_ITEMS, JOBS, ClaimedJob, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from domain.access import Caller
from domain.errors import Conflict
from domain.jobs import Job, JobItem, JobType
from domain.paging import Page, PageRequest, where

LOOK_EVERY = 0.25
"""Seconds after which a watcher looks again, at the latest."""
LOOK_AT_MOST_EVERY = 0.1


class JobLost(Exception):
    """The job was cancelled, or another process has taken it up."""


class JobCallbacks(Protocol):
    """Tells one address of one job's events."""

    async def for_job(
        self, uow: UnitOfWork, job_id: str, url: str, events: tuple[str, ...], secret: str | None
    ) -> object:
        """In the transaction that makes the job; raises `InvalidInput` for an address that cannot be told."""
        ...


class JobHandler(Protocol):
    """Does the jobs of one type, from wherever they were left. Items that are done are not done again.
    Raises `JobLost` (by `Work.checkpoint`) to let go of a job that is no longer its own."""

    async def __call__(self, work: "Work") -> None: ...


class Work:
    """A claimed job in the hands of its handler."""

    def __init__(self, store: Store, clock: Clock, claimed: ClaimedJob, claim_id: str) -> None:
        self._store, self._clock, self._claim_id = store, clock, claim_id
        self.tenant_id, self.job_id = claimed.tenant_id, claimed.job_id

    async def job(self) -> Job:
        async with self._store.begin(self.tenant_id) as uow:
            return await uow[JOBS].get(self.job_id)

    async def checkpoint(self) -> Job:
        """The job as it is now; raises `JobLost` when it is no longer this process's to do."""
        job = await self.job()
        self._require_mine(job)
        return job

    async def change(self, effect: Callable[[UnitOfWork, Job], Awaitable[None]]) -> Job:
        """Applies an effect and the job's progress in one transaction, if the job is still ours: this is
        what makes every effect happen once."""

        async def work(uow: UnitOfWork) -> Job:
            job = await uow[JOBS].get(self.job_id)
            self._require_mine(job)
            await effect(uow, job)
            await uow[JOBS].save(job)
            return job

        return await committed(self._store, self.tenant_id, work)

    def _require_mine(self, job: Job) -> None:
        if job.claim_id != self._claim_id or job.is_finished:
            raise JobLost(job.id)


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A job as its owner sees it."""

    job: Job
    eta_seconds: float | None


class BrowseJobs:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def one(self, caller: Caller, job_id: str) -> JobSeen:
        async with self._store.begin(caller.tenant_id) as uow:
            return self._seen(await uow[JOBS].get(job_id))

    async def page(
        self, caller: Caller, request: PageRequest, status: str | None = None, type_: str | None = None
    ) -> Page[JobSeen]:
        async with self._store.begin(caller.tenant_id) as uow:
            page = await uow[JOBS].page(where(status=status, type=type_), request)
        return page.map(self._seen)

    async def results(self, caller: Caller, job_id: str, request: PageRequest) -> tuple[Job, Page[JobItem]]:
        async with self._store.begin(caller.tenant_id) as uow:
            job = await uow[JOBS].get(job_id)
            return job, await uow[JOB_ITEMS].page(where(job_id=job_id), request)

    def _seen(self, job: Job) -> JobSeen:
        return JobSeen(job, job.eta_seconds(self._clock.now()))


class WatchJob:
    """Tells of a job whenever it has moved, until it has ended."""

    def __init__(self, browse: BrowseJobs, signal: WorkSignal) -> None:
        self._browse, self._signal = browse, signal

    async def __call__(self, caller: Caller, job_id: str) -> AsyncIterator[JobSeen]:
        """Raises `NotFound`. The first is the job as it is now, the last the finished one."""
        told = -1
        while True:
            seen = await self._browse.one(caller, job_id)
            if seen.job.version != told:
                told = seen.job.version
                yield seen
            if seen.job.is_finished:
                return
            await asyncio.sleep(LOOK_AT_MOST_EVERY)
            await self._signal.wait(LOOK_EVERY)


class CancelJob:
    """Stops a job that has not finished; what it has done stays done."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, caller: Caller, job_id: str) -> Job:
        async def cancel(uow: UnitOfWork) -> Job:
            job = await uow[JOBS].get(job_id)
            if job.is_finished:
                raise Conflict(f"The job is {job.status} already; it cannot be cancelled.")
            job.cancel(self._clock.now(), caller.principal.key_id or "user")
            await uow[JOBS].save(job)
            return job

        return await committed(self._store, caller.tenant_id, cancel)


def new_job(
    ids: Ids, clock: Clock, type_: JobType, caller: Caller, total: int, prefix: str = "job", **input_: Any
) -> Job:
    """What the work says of itself (`input_`), and the span that it continues."""
    now = clock.now()
    input_ |= {"traceparent": caller.traceparent, "trace_id": caller.trace_id or None}
    return Job(
        id=ids.new(prefix),
        created_at=now,
        updated_at=now,
        type=type_,
        total=total,
        created_by=caller.principal.key_id,
        input={key: value for key, value in input_.items() if value is not None},
    )
