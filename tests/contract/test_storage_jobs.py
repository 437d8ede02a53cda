"""What every store promises of taking jobs up: each goes to exactly one claimant, and none is lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.support.aggregates import START
from tests.support.storage import World

from application.ports.storage import JOBS, ClaimedJob
from domain.events import JobStarted
from domain.jobs import LEASE, Job, JobStatus, JobType


def job(key: str, minutes: int = 0, **members: Any) -> Job:
    made = START + timedelta(minutes=minutes)
    return Job(**{"id": key, "created_at": made, "updated_at": made, "type": JobType.INGESTION} | members)


async def test_the_oldest_job_of_all_tenants_is_claimed_first(world: World) -> None:
    await world.save(JOBS, job("a", 3), job("z", 1), tenant="acme")
    await world.save(JOBS, job("m", 2), tenant="other")
    claimed = [await world.store.claim(world.clock.now(), f"c{n}") for n in range(4)]
    assert claimed == [
        ClaimedJob("acme", "z", JobType.INGESTION),
        ClaimedJob("other", "m", JobType.INGESTION),
        ClaimedJob("acme", "a", JobType.INGESTION),
        None,
    ]


async def test_a_claim_starts_the_job_under_a_lease_and_tells_so(world: World) -> None:
    await world.save(JOBS, job("a"))
    await world.store.claim(world.clock.now(), "mine")
    found = await world.find(JOBS, "a")
    assert (found.status, found.claim_id, found.version) == (JobStatus.PROCESSING, "mine", 2)
    assert found.lease_until == world.clock.now() + LEASE
    assert await world.events() == [JobStarted(job_id="a", job_type="ingestion")]


@pytest.mark.parametrize("status", [s for s in JobStatus if s not in (JobStatus.PENDING, JobStatus.PROCESSING)])
async def test_a_job_that_waits_or_has_ended_is_not_claimed(world: World, status: JobStatus) -> None:
    await world.save(JOBS, job("a", status=status))
    assert await world.store.claim(world.clock.now(), "mine") is None


async def test_a_job_whose_lease_ran_out_is_taken_up_by_another(world: World) -> None:
    await world.save(JOBS, job("a"))
    await world.store.claim(world.clock.now(), "first")
    world.clock.advance(seconds=LEASE.total_seconds() - 0.001)
    assert await world.store.claim(world.clock.now(), "second") is None
    world.clock.advance(seconds=0.001)
    assert await world.store.claim(world.clock.now(), "second") == ClaimedJob("acme", "a", JobType.INGESTION)
    found = await world.find(JOBS, "a")
    assert (found.claim_id, found.lost_leases) == ("second", 1)
    assert await world.store.renew("acme", "a", "first", world.clock.now()) is False
    assert await world.store.renew("acme", "a", "second", world.clock.now()) is True


async def test_a_renewed_lease_holds_on_and_makes_no_save_stale(world: World) -> None:
    await world.save(JOBS, job("a", total=4))
    await world.store.claim(world.clock.now(), "mine")
    held = await world.find(JOBS, "a")
    now = world.clock.advance(seconds=20)
    assert await world.store.renew("acme", "a", "mine", now) is True
    renewed = await world.find(JOBS, "a")
    assert (renewed.lease_until, renewed.version) == (now + LEASE, held.version)
    world.clock.advance(seconds=20)
    assert await world.store.claim(world.clock.now(), "second") is None
    held.advance(world.clock.now(), done=1)
    await world.save(JOBS, held)
    assert (await world.find(JOBS, "a")).done == 1


async def test_the_lease_of_a_cancelled_or_missing_or_foreign_job_is_lost(world: World) -> None:
    await world.save(JOBS, job("a"))
    await world.store.claim(world.clock.now(), "mine")
    assert await world.store.renew("other", "a", "mine", world.clock.now()) is False
    assert await world.store.renew("acme", "nothing", "mine", world.clock.now()) is False
    cancelled = await world.find(JOBS, "a")
    cancelled.cancel(world.clock.now(), "somebody")
    await world.save(JOBS, cancelled)
    assert await world.store.renew("acme", "a", "mine", world.clock.now()) is False


async def test_of_fifty_claims_at_once_each_job_goes_to_exactly_one(world: World) -> None:
    await world.save(JOBS, *(job(f"j{n:02}", n % 7) for n in range(30)), tenant="acme")
    await world.save(JOBS, *(job(f"j{n:02}", n % 5) for n in range(15)), tenant="other")
    claims = await asyncio.gather(*(world.store.claim(world.clock.now(), f"c{n}") for n in range(50)))
    claimed = [(c.tenant_id, c.job_id) for c in claims if c is not None]
    assert len(claimed) == len(set(claimed)) == 45
    holders = {(await world.find(JOBS, key, tenant)).claim_id for tenant, key in claimed}
    assert len(holders) == 45


async def test_a_job_that_a_transaction_holds_is_passed_over_or_its_claim_is_safe(world: World) -> None:
    """A job that is being cancelled is either claimed before or cancelled: never both."""
    await world.save(JOBS, job("a"))
    async with world.begin() as uow:
        mine = await uow[JOBS].get("a")
        mine.cancel(world.clock.now(), "somebody")
        await uow[JOBS].save(mine)
        claimed = await world.store.claim(world.clock.now(), "worker")
        if world.waits_for_other_writers:
            assert claimed is None
            await uow.commit()
    assert (await world.find(JOBS, "a")).status is (
        JobStatus.CANCELLED if world.waits_for_other_writers else JobStatus.PROCESSING
    )
