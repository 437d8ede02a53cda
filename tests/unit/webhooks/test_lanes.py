"""How much may be on its way to one webhook."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.lanes import Lane, LaneLimits, counts_since, minute_of
from domain.retries import Failure, Outcome

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)
GOOD, SLOW, ODD = Outcome(200), Outcome(failure=Failure.TIMEOUT), Outcome(404)


def lane(**changes: object) -> Lane:
    return replace(Lane(webhook_id="whk_1", tenant_id="t", since=NOW), **changes)  # type: ignore[arg-type]


def test_a_time_out_halves_the_slots_down_to_one() -> None:
    seen = []
    strained = lane()
    for _ in range(5):
        strained = strained.after_attempt("del_1", SLOW, NOW)
        seen.append(strained.free_slots)
    assert seen == [5, 2, 1, 1, 1]


def test_a_4xx_is_no_strain() -> None:
    assert lane().after_attempt("del_1", ODD, NOW).free_slots == 10


def test_twenty_successes_win_back_one_slot() -> None:
    back = lane(slots=2)
    for _ in range(19):
        back = back.after_attempt("del_1", GOOD, NOW)
    assert back.free_slots == 2
    assert back.after_attempt("del_1", GOOD, NOW).free_slots == 3


@given(st.lists(st.sampled_from([GOOD, SLOW, ODD]), max_size=300), st.integers(1, 10))
def test_slots_stay_between_one_and_the_limit(outcomes: list[Outcome], limit: int) -> None:
    current = lane().limited(LaneLimits(limit, 1000))
    for outcome in outcomes:
        current = current.after_attempt("del_1", outcome, NOW)
        assert 1 <= current.free_slots <= limit


def failing(count: int, deliveries: int, start: Lane | None = None) -> Lane:
    current = start or lane()
    for number in range(count):
        current = current.after_attempt(f"del_{number % deliveries}", SLOW, NOW)
    return current


def test_twenty_failures_over_three_deliveries_break_the_lane_for_thirty_seconds() -> None:
    assert failing(19, 3).open_at(NOW)
    assert failing(40, 2).open_at(NOW)
    broken = failing(20, 3)
    assert not broken.open_at(NOW + timedelta(seconds=29))
    assert broken.open_at(NOW + timedelta(seconds=30))
    assert broken.free_slots == 1


def test_each_further_break_is_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    current, now, spans = failing(20, 3), NOW, []
    for _ in range(7):
        assert current.broken_until is not None
        spans.append((current.broken_until - now).total_seconds())
        now = current.broken_until
        current = current.after_attempt("del_0", SLOW, now)
    assert spans == [30, 60, 120, 240, 480, 900, 900]


def test_one_success_mends_the_lane() -> None:
    mended = failing(20, 3).after_attempt("del_0", GOOD, NOW + timedelta(seconds=31))
    assert mended.open_at(NOW) and mended.bad_run == 0 and mended.breaks == 0


def exhausted(times: int, hours: float) -> Lane:
    current = lane(since=NOW - timedelta(days=6))
    for number in range(times):
        current = current.after_giving_up(NOW - timedelta(hours=hours * (1 - number / max(1, times - 1))))
    return current


def test_a_webhook_is_dead_after_five_silent_days_and_ten_exhausted_deliveries_over_twelve_hours() -> None:
    assert exhausted(10, 12).is_dead(NOW)
    assert not exhausted(9, 12).is_dead(NOW)
    assert not exhausted(10, 11.9).is_dead(NOW)
    assert not replace(exhausted(10, 12), last_success_at=NOW - timedelta(days=4)).is_dead(NOW)
    assert not replace(exhausted(10, 12), since=NOW - timedelta(days=4)).is_dead(NOW)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.floats(0, 3600))  # noqa: DTZ001
def test_whatever_went_out_within_the_hour_counts(moment: datetime, ago: float) -> None:
    now = moment.replace(tzinfo=UTC)
    assert minute_of(now - timedelta(seconds=ago)) >= counts_since(now)
    assert minute_of(now - timedelta(seconds=3721)) < counts_since(now)
