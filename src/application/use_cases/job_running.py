"""Doing long work, in whichever process takes it up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from application.ports.queue import WorkSignal
from application.ports.storage import JOBS, ClaimedJob, JobClaims, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.use_cases.jobs import JobHandler, JobLost, Work
from domain.errors import DomainError, ServiceUnavailable
from domain.jobs import LEASE, MAX_LOST_LEASES, MAX_TRIES, Job, JobType

log = logging.getLogger(__name__)

RENEW_EVERY = LEASE.total_seconds() / 6
CANCEL_CHECK = 0.5
"""How late a cancellation may be noticed by work that never asks."""
IDLE_SECONDS = 1.0

Change = Callable[[UnitOfWork, Job], Awaitable[None]]


class JobRunner:
    """Takes up one due job after another, keeps its lease, and lets go when it is cancelled.

    A job ends when it is done, refused for a reason of its own, or given up: after five processes died over it
    without any progress, or when what it needs was away a dozen times in a row.
    """

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

    async def run_forever(self) -> None:
        """Until it is cancelled; what runs then is handed back to the queue."""
        while True:
            if not await self._ran_one():
                await self._signal.wait(IDLE_SECONDS)

    async def _ran_one(self) -> bool:
        try:
            return await self.run_one()
        except DomainError:
            return False  # the store is away; what is due will still be due
        except Exception:
            log.exception("a job could not be taken up")
            await asyncio.sleep(IDLE_SECONDS)
            return False

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
        except asyncio.CancelledError:
            if doing.cancelled() and not _is_being_cancelled():
                return  # the lease was lost: the job is somebody else's, or nobody's any more
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            await self._change(work, self._hand_back)
            raise
        finally:
            keeping.cancel()

    async def _handle(self, work: Work, claimed: ClaimedJob) -> None:
        try:
            job = await work.checkpoint()
            if job.lost_leases >= MAX_LOST_LEASES:
                await self._fail(work, "WORKER_LOST", "The processes that worked on this died repeatedly.")
                return
            await self._handlers[claimed.type](work)
        except JobLost:
            return
        except ServiceUnavailable as refusal:
            await self._change(work, self._later(refusal))
        except DomainError as refusal:
            await self._fail(work, refusal.code, refusal.message)
        except Exception:
            log.exception("job %s failed on our side", claimed.job_id)
            await self._fail(work, "INTERNAL_ERROR", "This could not be done for a reason on our side.")

    async def _keep(self, claimed: ClaimedJob, claim_id: str, doing: "asyncio.Task[None]") -> None:
        """Renews the lease and stops the work within a second of losing it."""
        since = 0.0
        while not doing.done():
            await asyncio.sleep(CANCEL_CHECK)
            since += CANCEL_CHECK
            try:
                if since >= RENEW_EVERY or await self._is_finished(claimed):
                    since = 0.0
                    if not await self._claims.renew(claimed.tenant_id, claimed.job_id, claim_id, self._clock.now()):
                        doing.cancel()
            except DomainError:
                continue  # the store is away; whoever takes the job up meanwhile, every effect happens once

    async def _is_finished(self, claimed: ClaimedJob) -> bool:
        async with self._store.begin(claimed.tenant_id) as uow:
            job = await uow[JOBS].find(claimed.job_id)
        return job is None or job.is_finished

    def _later(self, refusal: ServiceUnavailable) -> Change:
        async def later(uow: UnitOfWork, job: Job) -> None:
            if job.tries >= MAX_TRIES:
                job.fail(self._clock.now(), refusal.code, refusal.message)
            else:
                job.try_later(self._clock.now())

        return later

    async def _fail(self, work: Work, code: str, message: str) -> None:
        async def fail(uow: UnitOfWork, job: Job) -> None:
            job.fail(self._clock.now(), code, message)

        await self._change(work, fail)

    async def _hand_back(self, uow: UnitOfWork, job: Job) -> None:
        job.hand_back(self._clock.now())

    async def _change(self, work: Work, change: Change) -> None:
        try:
            await work.change(change)
        except (JobLost, DomainError):
            return  # finished by somebody, or it will be taken up when its lease runs out
        await self._signal.wake()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
