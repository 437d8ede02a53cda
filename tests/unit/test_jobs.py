"""What a job allows, and what it counts against itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Conflict
from domain.jobs import LEASE, LONGEST_PAUSE, Job, JobStatus, JobType

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def job(**given_: object) -> Job:
    return Job(id="job_1", created_at=NOW, updated_at=NOW, type=JobType.BATCH, **given_)  # type: ignore[arg-type]


def test_a_lease_lost_after_progress_counts_against_nobody() -> None:
    one = job(total=10)
    for _ in range(20):
        one.claim(NOW, "claim")
        one.claim(NOW + LEASE, "another")
        assert one.lost_leases == 1
        one.advance(NOW, done=one.done + 1)
        assert one.lost_leases == 0
        one.hand_back(NOW)


def test_leases_lost_without_progress_add_up() -> None:
    one = job()
    for _ in range(6):
        one.claim(NOW, "claim")
    assert one.lost_leases == 5


@given(st.integers(0, 40))
def test_pauses_grow_to_half_a_minute_and_no_further(tries: int) -> None:
    one = job(tries=tries)
    one.try_later(NOW)
    assert one.status is JobStatus.PENDING
    assert one.claim_id is None
    assert one.lease_until is not None
    assert timedelta(seconds=1) <= one.lease_until - NOW <= LONGEST_PAUSE
    assert one.tries == tries + 1


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
def test_what_has_ended_does_not_end_again(end: str) -> None:
    one = job()
    one.complete(NOW, {})
    with pytest.raises(Conflict):
        {"complete": lambda: one.complete(NOW, {}), "fail": lambda: one.fail(NOW, "X", "x"),
         "cancel": lambda: one.cancel(NOW, "me")}[end]()  # fmt: skip


def test_the_time_left_comes_from_the_rate_so_far() -> None:
    one = job(total=10)
    one.claim(NOW, "claim")
    assert one.eta_seconds(NOW) is None
    one.advance(NOW, done=5)
    assert one.eta_seconds(NOW + timedelta(seconds=10)) == 10.0
