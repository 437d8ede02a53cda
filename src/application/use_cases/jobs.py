"""Long work: looking at it, cancelling it, and doing it, in whichever process takes it up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from application.ports.queue import WorkSignal
from application.ports.storage import JOB_ITEMS, JOBS, ClaimedJob, JobClaims, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from domain.access import Caller
from domain.errors import Conflict, DomainError
from domain.jobs import LEASE, MAX_LOST_LEASES, Job, JobItem, JobType
from domain.paging import Page, PageRequest, where

RENEW_EVERY = LEASE.total_seconds() / 6
"""Also how late a cancellation may be noticed by work that never asks."""
CANCEL_CHECK = 0.5


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


class JobRunner:
    """Takes up one due job after another, keeps its lease, and lets go when it is cancelled."""

    def __init__(
        self,
        store: Store,
        claims: JobClaims,
        handlers: Mapping[JobType, JobHandler],
        signal: WorkSignal,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store, self._claims, self._handlers = store, claims, handlers
        self._signal, self._clock, self._ids = signal, clock, ids

    async def run_forever(self, idle_seconds: float = 1.0) -> None:
        """Until it is cancelled; what runs then is handed back to the queue."""
        while True:
            try:
                busy = await self.run_one()
            except DomainError:
                busy = False  # the store is away; what is due will still be due
            if not busy:
                await self._signal.wait(idle_seconds)

    async def run_due(self) -> int:
        """Does everything that is due; how many jobs that were."""
        done = 0
        while await self.run_one():
            done += 1
        return done

    async def run_one(self) -> bool:
        claim_id = self._ids.new("claim")
        claimed = await self._claims.claim(self._clock.now(), claim_id)
        if claimed is None:
            return False
        await self._do(Work(self._store, self._clock, claimed, claim_id), claimed, claim_id)
        return True

    async def _do(self, work: Work, claimed: ClaimedJob, claim_id: str) -> None:
        doing = asyncio.create_task(self._handle(work, claimed))
        keeping = asyncio.create_task(self._keep(claimed, claim_id, doing))
        try:
            await doing
        except JobLost:
            return
        except asyncio.CancelledError:
            if doing.cancelled() and not _is_being_cancelled():
                return  # the lease was lost: the job is somebody else's, or nobody's any more
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            await self._hand_back(work)
            raise
        finally:
            keeping.cancel()

    async def _handle(self, work: Work, claimed: ClaimedJob) -> None:
        job = await work.checkpoint()
        if job.lost_leases >= MAX_LOST_LEASES:
            await self._fail(work, "WORKER_LOST", "The processes that worked on this died repeatedly.")
            return
        try:
            await self._handlers[claimed.type](work)
        except DomainError as refusal:
            await self._fail(work, refusal.code, refusal.message)

    async def _keep(self, claimed: ClaimedJob, claim_id: str, doing: "asyncio.Task[None]") -> None:
        """Renews the lease and stops the work within a second of losing it."""
        since = 0.0
        while not doing.done():
            await asyncio.sleep(CANCEL_CHECK)
            since += CANCEL_CHECK
            if since >= RENEW_EVERY or await self._is_cancelled(claimed):
                since = 0.0
                if not await self._claims.renew(claimed.tenant_id, claimed.job_id, claim_id, self._clock.now()):
                    doing.cancel()

    async def _is_cancelled(self, claimed: ClaimedJob) -> bool:
        async with self._store.begin(claimed.tenant_id) as uow:
            job = await uow[JOBS].find(claimed.job_id)
        return job is None or job.is_finished

    async def _fail(self, work: Work, code: str, message: str) -> None:
        async def fail(uow: UnitOfWork, job: Job) -> None:
            job.fail(self._clock.now(), code, message)

        await work.change(fail)

    async def _hand_back(self, work: Work) -> None:
        async def hand_back(uow: UnitOfWork, job: Job) -> None:
            job.hand_back(self._clock.now())

        try:
            await work.change(hand_back)
        except (JobLost, DomainError):
            return  # finished, or it will be taken up when its lease runs out
        await self._signal.wake()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


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
    now = clock.now()
    return Job(
        id=ids.new(prefix),
        created_at=now,
        updated_at=now,
        type=type_,
        total=total,
        created_by=caller.principal.key_id,
        input={key: value for key, value in input_.items() if value is not None},
    )
