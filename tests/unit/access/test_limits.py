"""Sliding windows, by a hand-wound clock."""

from hypothesis import given
from hypothesis import strategies as st
from tests.support.limits import QUERIES, Oracle, Step, steps

from domain.access import Tier
from domain.limits import POLICIES, Quota, Window, policy_of


class Key:
    """A key that asks, and keeps count of what it was told."""

    def __init__(self) -> None:
        self.window, self.now, self._tickets = Window(), 1_767_780_000.0, 0

    def ask(self, times: int = 1, cost: int = 1) -> list[bool]:
        return [self.verdict(cost).allowed for _ in range(times)]

    def verdict(self, cost: int = 1):  # type: ignore[no-untyped-def]
        self._tickets += 1
        return self.window.take(QUERIES, cost, str(self._tickets), self.now)

    def later(self, seconds: float) -> "Key":
        self.now += seconds
        return self


@given(st.lists(steps, max_size=60))
def test_a_window_decides_as_one_that_remembers_everything(course: list[Step]) -> None:
    window, oracle, now = Window(), Oracle(), 1_767_780_000.0
    for number, step in enumerate(course):
        now += step.later
        if step.gives_back is not None:
            window.give_back(QUERIES, str(step.gives_back), now)
            oracle.gives_back(str(step.gives_back))
        else:
            verdict = window.take(QUERIES, step.cost, str(number), now)
            assert verdict.allowed == oracle.takes(step.cost, str(number), now)
        assert window.look(QUERIES, now).used == oracle.used(now) <= QUERIES.hard


@given(st.lists(steps, max_size=60), st.integers(1, 5))
def test_a_refused_request_passes_when_it_waited_as_long_as_it_was_told(course: list[Step], cost: int) -> None:
    window, now = Window(), 1_767_780_000.0
    for number, step in enumerate(course):
        now += step.later
        window.take(QUERIES, step.cost, str(number), now)
    verdict = window.take(QUERIES, cost, "wanted", now)
    if not verdict.allowed:
        assert verdict.wait > 0
        assert not window.take(QUERIES, cost, "early", now + verdict.wait - 0.125).allowed
        assert window.take(QUERIES, cost, "patient", now + verdict.wait).allowed


def test_twelve_of_ten_pass_the_first_time_with_a_warning_for_the_last_two() -> None:
    key = Key()
    verdicts = [key.verdict() for _ in range(13)]
    assert [v.allowed for v in verdicts] == [True] * 12 + [False]
    assert [v.beyond for v in verdicts[:12]] == [False] * 10 + [True] * 2


def test_the_burst_minute_ends_sixty_seconds_after_its_first_request() -> None:
    key = Key()
    assert all(key.ask(10))
    assert key.later(30).ask() == [True]  # opens the minute
    assert key.later(31).ask(10) == [True] * 10  # the first ten have left the window; the eleventh has not
    assert key.ask() == [True]
    assert key.later(28.75).ask() == [False]  # the minute ends now, and the window is over its limit


def test_the_next_burst_minute_begins_an_hour_after_the_first() -> None:
    key = Key()
    assert key.ask(13) == [True] * 12 + [False]
    for _ in range(59):
        assert key.later(60).ask(12) == [True] * 10 + [False] * 2
    assert key.later(60).ask(13) == [True] * 12 + [False]


def test_the_window_slides_rather_than_starts_anew() -> None:
    key = Key()
    for _ in range(10):
        assert key.later(5).ask() == [True]
    key.ask(2)
    assert key.later(10).ask() == [False]
    assert key.later(60).ask(5) == [True] * 5


def test_what_is_given_back_was_never_taken_not_even_the_burst_it_opened() -> None:
    key = Key()
    key.ask(10)
    key.verdict()
    key.window.give_back(QUERIES, "11", key.now)
    assert key.window.look(QUERIES, key.now).used == 10
    assert key.later(600).ask(12) == [True] * 12  # the burst minute was not spent


def test_crossing_a_limit_is_announced_once_a_window() -> None:
    key = Key()
    assert [v.crossed for v in (key.verdict() for _ in range(14))] == [False] * 10 + [True] + [False] * 3
    key.later(60)
    assert [v.crossed for v in (key.verdict() for _ in range(12))] == [False] * 10 + [True, False]


def test_the_table_of_tiers_is_the_contracts() -> None:
    numbers = {
        tier: {quota.value: (p.limit, p.hard, p.window) for quota, p in policies.items()}
        for tier, policies in POLICIES.items()
    }
    assert numbers == {
        Tier.FREE: {"queries": (10, 12, 60), "requests": (100, 120, 60), "uploads": (10, 12, 86_400)},
        Tier.PRO: {"queries": (100, 120, 60), "requests": (600, 720, 60), "uploads": (100, 120, 86_400)},
    }
    assert policy_of(Tier.ENTERPRISE, Quota.QUERIES) is None
