"""When a delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.retries import (
    LIFETIME,
    PRESETS,
    Failure,
    GiveUp,
    Outcome,
    Preset,
    Reason,
    RetryPolicy,
    RetrySettings,
    Succeed,
    TryAgain,
    decide,
)

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)
FAR = NOW + timedelta(days=30)
STANDARD, EXTENDED = PRESETS[Preset.STANDARD], PRESETS[Preset.EXTENDED]

retryable = st.one_of(
    st.sampled_from([s for s in range(300, 600) if s not in (400, 401, 403, 410)]).map(lambda s: Outcome(status=s)),
    st.sampled_from([f for f in Failure if f not in (Failure.BLOCKED, Failure.TOO_LARGE)]).map(
        lambda f: Outcome(failure=f)
    ),
)
settings_of_owners = st.builds(
    RetrySettings, st.sampled_from(Preset), st.none() | st.integers(0, 10), st.none() | st.floats(1, 30)
)


@given(retryable, settings_of_owners, st.integers(1, 11), st.floats(0, 1))
def test_a_retry_is_never_earlier_than_the_table_and_at_most_a_tenth_later(
    outcome: Outcome, chosen: RetrySettings, attempts: int, jitter: float
) -> None:
    decision = decide(chosen.policy, attempts, outcome, now=NOW, expires_at=FAR, jitter=jitter)
    if attempts > len(chosen.policy.delays):
        assert decision == GiveUp(Reason.EXHAUSTED)
        return
    assert isinstance(decision, TryAgain)
    waited, table = (decision.due_at - NOW).total_seconds(), chosen.policy.delays[attempts - 1]
    assert table <= waited <= table * 1.1 + 1e-6


@given(retryable, st.floats(0, 10**9), st.integers(1, 6), st.floats(0, 1))
def test_retry_after_only_delays_and_never_beyond_the_longest_delay(
    outcome: Outcome, retry_after: float, attempts: int, jitter: float
) -> None:
    told = Outcome(outcome.status, outcome.failure, retry_after)
    decision = decide(EXTENDED, attempts, told, now=NOW, expires_at=FAR, jitter=jitter)
    assert isinstance(decision, TryAgain)
    waited, table = (decision.due_at - NOW).total_seconds(), EXTENDED.delays[attempts - 1]
    honoured = max(table, min(retry_after, 10800)) if outcome.status in (429, 503) else table
    assert honoured - 1e-5 <= waited <= honoured * 1.1 + 1e-5


@given(st.integers(200, 299), st.integers(1, 11))
def test_any_2xx_is_success(status: int, attempts: int) -> None:
    assert decide(STANDARD, attempts, Outcome(status), now=NOW, expires_at=NOW) == Succeed()


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(400), GiveUp(Reason.NON_RETRYABLE)),
        (Outcome(401), GiveUp(Reason.NON_RETRYABLE)),
        (Outcome(403), GiveUp(Reason.NON_RETRYABLE)),
        (Outcome(410), GiveUp(Reason.GONE, deactivate=True)),
        (Outcome(failure=Failure.BLOCKED), GiveUp(Reason.BLOCKED_TARGET)),
        (Outcome(failure=Failure.TOO_LARGE), GiveUp(Reason.PAYLOAD_TOO_LARGE)),
    ],
)
def test_some_answers_are_final_at_once(outcome: Outcome, expected: GiveUp) -> None:
    assert decide(STANDARD, 1, outcome, now=NOW, expires_at=FAR) == expected


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_tried_again_while_a_rotation_overlaps(status: int) -> None:
    decision = decide(STANDARD, 1, Outcome(status), now=NOW, expires_at=FAR, key_overlaps=True)
    assert decision == TryAgain(NOW + timedelta(seconds=5))


def test_a_429_pauses_the_whole_webhook_and_a_503_does_not() -> None:
    busy = decide(STANDARD, 1, Outcome(429, retry_after=60), now=NOW, expires_at=FAR)
    down = decide(STANDARD, 1, Outcome(503, retry_after=60), now=NOW, expires_at=FAR)
    assert busy == TryAgain(NOW + timedelta(seconds=60), pause_webhook=True)
    assert down == TryAgain(NOW + timedelta(seconds=60), pause_webhook=False)


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (Outcome(429, retry_after=60), 60), (Outcome(429, retry_after=10.0**9), 1800), (Outcome(429), None),
        (Outcome(503, retry_after=60), None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("policy", [STANDARD, RetrySettings(max_retries=0).policy], ids=["standard", "no retries"])
def test_a_429_to_the_last_attempt_pauses_the_webhook_too(
    policy: RetryPolicy, outcome: Outcome, seconds: float | None
) -> None:
    decision = decide(policy, len(policy.delays) + 1, outcome, now=NOW, expires_at=FAR)
    until = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert decision == GiveUp(Reason.EXHAUSTED, pause_until=until)


def test_a_429_pauses_the_webhook_though_the_delivery_would_come_too_late() -> None:
    decision = decide(STANDARD, 1, Outcome(429, retry_after=60), now=NOW, expires_at=NOW + timedelta(seconds=9))
    assert decision == GiveUp(Reason.EXPIRED, pause_until=NOW + timedelta(seconds=60))


def test_nothing_is_tried_later_than_a_day_after_the_event() -> None:
    soon = NOW - LIFETIME + timedelta(seconds=4)
    assert decide(STANDARD, 1, Outcome(500), now=NOW, expires_at=soon + LIFETIME) == GiveUp(Reason.EXPIRED)


def test_more_retries_than_the_preset_has_delays_repeat_the_last() -> None:
    assert RetrySettings(max_retries=6).policy.delays == (5, 30, 300, 1800, 1800, 1800)
    assert RetrySettings(max_retries=2, timeout_seconds=3).policy.delays == (5, 30)
    assert RetrySettings(max_retries=0).policy.longest_delay == 0


def test_the_presets_are_those_of_the_two_designs() -> None:
    assert RetrySettings().policy == STANDARD
    assert (STANDARD.delays, STANDARD.timeout_seconds) == ((5, 30, 300, 1800), 10)
    assert (EXTENDED.delays, EXTENDED.timeout_seconds) == ((5, 30, 180, 900, 3600, 10800), 30)
    assert sum(EXTENDED.delays) * 1.1 < LIFETIME.total_seconds()
