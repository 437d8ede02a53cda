"""Whatever a handler does, its job ends, or is taken up again, and the runner goes on."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.queue.memory import LocalSignal
from adapters.storage.memory import MemoryStore
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.storage import JOBS, UnitOfWork
from application.use_cases.job_running import JobRunner
from application.use_cases.jobs import BrowseJobs, CancelJob, WatchJob, Work, new_job
from domain.access import Caller, Principal, Scope
from domain.errors import InvalidInput, ServiceUnavailable
from domain.jobs import LEASE, MAX_TRIES, Job, JobStatus, JobType

CALLER = Caller(Principal("acme", frozenset({Scope.ADMIN})))


class Office:
    """A runner with one handler, and a clock wound by hand."""

    def __init__(self, handler: Callable[[Work], Awaitable[None]]) -> None:
        self.clock, self.ids = ManualClock(), CountingIds()
        self.store, self.signal = MemoryStore(self.clock, self.ids), LocalSignal()
        handlers = {JobType.REINDEX: handler}
        self.runner = JobRunner(self.store, self.store, handlers, self.signal, self.clock, self.ids)

    async def submit(self) -> str:
        job = new_job(self.ids, self.clock, JobType.REINDEX, CALLER, 10)
        async with self.store.begin("acme") as uow:
            await uow[JOBS].save(job)
            await uow.commit()
        return job.id

    async def job(self, job_id: str) -> Job:
        async with self.store.begin("acme") as uow:
            return await uow[JOBS].get(job_id)


async def _complete(work: Work, clock: ManualClock) -> None:
    async def complete(uow: UnitOfWork, job: Job) -> None:
        job.complete(clock.now(), {})

    await work.change(complete)


async def test_a_refusal_of_the_domain_fails_the_job_in_its_words() -> None:
    async def refuse(_: Work) -> None:
        raise InvalidInput("There is nothing to do.")

    office = Office(refuse)
    job_id = await office.submit()
    await office.runner.run_due()
    job = await office.job(job_id)
    assert (job.status, job.error and job.error.message) == (JobStatus.FAILED, "There is nothing to do.")


async def test_a_fault_of_our_own_fails_the_job_and_not_the_runner() -> None:
    async def err(_: Work) -> None:
        raise KeyError("a secret")

    office = Office(err)
    job_id = await office.submit()
    await office.runner.run_due()
    job = await office.job(job_id)
    assert job.error is not None
    assert job.error.code == "INTERNAL_ERROR"
    assert "secret" not in job.error.message


async def test_what_is_away_for_a_while_only_delays_the_job() -> None:
    calls = []

    async def try_it(work: Work) -> None:
        calls.append(office.clock.now())
        if len(calls) < 4:
            raise ServiceUnavailable("away")
        await _complete(work, office.clock)

    office = Office(try_it)
    job_id = await office.submit()
    for _ in range(12):
        await office.runner.run_due()
        office.clock.advance(seconds=1)
    assert (await office.job(job_id)).status is JobStatus.COMPLETED
    assert [(later - calls[0]).total_seconds() for later in calls] == [0, 1, 3, 7]


async def test_what_stays_away_fails_the_job_in_the_end() -> None:
    async def never(_: Work) -> None:
        raise ServiceUnavailable("away")

    office = Office(never)
    job_id = await office.submit()
    for _ in range(MAX_TRIES + 1):
        await office.runner.run_due()
        office.clock.advance(seconds=31)
    assert (await office.job(job_id)).status is JobStatus.FAILED


async def test_a_job_whose_process_died_is_taken_up_after_its_lease_and_not_before() -> None:
    async def die(_: Work) -> None:
        raise asyncio.CancelledError

    office = Office(die)
    job_id = await office.submit()
    await office.runner.run_one()
    assert await office.runner.run_one() is False
    office.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert await office.runner.run_one() is True
    assert (await office.job(job_id)).lost_leases == 1


async def test_cancelling_stops_work_that_never_asks_within_two_seconds() -> None:
    begun = asyncio.Event()
    ended: list[str] = []

    async def work_on(_: Work) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("stopped")

    office = Office(work_on)
    job_id = await office.submit()
    running = asyncio.create_task(office.runner.run_one())
    await begun.wait()
    await CancelJob(office.store, office.clock)(CALLER, job_id)
    async with asyncio.timeout(2):
        await running
    assert ended == ["stopped"]
    assert (await office.job(job_id)).status is JobStatus.CANCELLED


async def test_stopping_the_runner_hands_the_job_back_at_once() -> None:
    begun = asyncio.Event()

    async def work_on(_: Work) -> None:
        begun.set()
        await asyncio.sleep(60)

    office = Office(work_on)
    job_id = await office.submit()
    running = asyncio.create_task(office.runner.run_forever())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    job = await office.job(job_id)
    assert (job.status, job.lease_until, job.lost_leases) == (JobStatus.PENDING, None, 0)


async def test_two_runners_never_do_the_same_job() -> None:
    done: list[str] = []

    async def work_on(work: Work) -> None:
        await asyncio.sleep(0)
        done.append(work.job_id)
        await _complete(work, office.clock)

    office = Office(work_on)
    jobs = [await office.submit() for _ in range(20)]
    handlers = {JobType.REINDEX: work_on}
    other = JobRunner(office.store, office.store, handlers, office.signal, office.clock, office.ids)
    await asyncio.gather(office.runner.run_due(), other.run_due())
    assert sorted(done) == sorted(jobs)


async def test_a_watcher_is_told_of_each_move_until_the_end() -> None:
    async def advance(work: Work) -> None:
        for done in (3, 7):
            await asyncio.sleep(0.5)

            async def move(uow: UnitOfWork, job: Job, done: int = done) -> None:
                job.advance(office.clock.now(), done=done)

            await work.change(move)
        await asyncio.sleep(0.5)
        await _complete(work, office.clock)

    office = Office(advance)
    job_id = await office.submit()
    running = asyncio.create_task(office.runner.run_one())
    watch = WatchJob(BrowseJobs(office.store, office.clock), office.signal)
    seen = [(move.job.status, move.job.done) async for move in watch(CALLER, job_id)]
    await running
    assert seen[-1] == (JobStatus.COMPLETED, 7)
    assert [done for status, done in seen if status is JobStatus.PROCESSING] == [0, 3, 7]
