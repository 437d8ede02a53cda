"""Both presets, every row of the table of decisions, by a hand-wound clock: in memory, and on PostgreSQL with `now`
passed in. Never early, and at most a tenth late."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.support.webhooks import MakeWorld, WebhookWorld, caller

from application.ports.delivery import Answer
from domain.delivery import Delivery, State
from domain.retries import PRESETS, Failure, Outcome, Preset, Reason, RetrySettings

RETRIED = [
    *(Outcome(status=status) for status in (300, 301, 307, 404, 408, 409, 413, 422, 425, 429, 500, 502, 503, 504)),
    *(Outcome(failure=failure) for failure in Failure if failure not in (Failure.BLOCKED, Failure.TOO_LARGE)),
]
FINAL = {
    Outcome(status=400): Reason.NON_RETRYABLE,
    Outcome(status=401): Reason.NON_RETRYABLE,
    Outcome(status=403): Reason.NON_RETRYABLE,
    Outcome(status=410): Reason.GONE,
    Outcome(failure=Failure.BLOCKED): Reason.BLOCKED_TARGET,
}


def named(value: Any) -> str:
    outcome = value if isinstance(value, Outcome) else None
    return str(outcome.status or outcome.failure) if outcome else str(value)


async def waits(world: WebhookWorld, outcome: Outcome) -> tuple[list[float], Delivery]:
    """The seconds between the attempts at a receiver that always answers so, and how it ended."""
    world.sender.default = Answer(outcome, 1, error="bad")
    known = {delivery.id for delivery in await world.deliveries()}
    await world.fail_questions()
    times = await world.run_until_quiet()
    [delivery] = [each for each in await world.deliveries() if each.id not in known]
    return [(later - earlier).total_seconds() for earlier, later in pairwise(times)], delivery


@pytest.mark.parametrize("chance", [0.0, 1.0])
@pytest.mark.parametrize("preset", Preset)
async def test_what_may_pass_is_tried_again_as_the_table_says(
    make_webhook_world: MakeWorld, preset: Preset, chance: float
) -> None:
    delays = PRESETS[preset].delays
    world = make_webhook_world(chance=lambda: chance)
    for outcome in RETRIED:
        hook = (await world.webhook(retry_policy=RetrySettings(preset=preset))).webhook
        waited, delivery = await waits(world, outcome)
        assert waited == pytest.approx([delay * (1 + 0.1 * chance) for delay in delays]), named(outcome)
        assert all(0 <= wait - delay <= delay * 0.1 + 1e-6 for wait, delay in zip(waited, delays, strict=True))
        assert (delivery.state, delivery.reason) == (State.FAILED, Reason.EXHAUSTED)
        assert delivery.attempts == len(delays) + 1
        await world.delete(caller(), hook.id)


@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize(("outcome", "reason"), FINAL.items(), ids=named)
async def test_what_cannot_pass_is_given_up_at_once(
    make_webhook_world: MakeWorld, preset: Preset, outcome: Outcome, reason: Reason
) -> None:
    world = make_webhook_world()
    hook = (await world.webhook(retry_policy=RetrySettings(preset=preset))).webhook
    waited, delivery = await waits(world, outcome)
    assert (waited, delivery.state, delivery.reason, delivery.attempts) == ([], State.FAILED, reason, 1)
    assert (await world.stored(hook.id)).active is (reason is not Reason.GONE)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_the_end_of_it(make_webhook_world: MakeWorld, status: int) -> None:
    world = make_webhook_world()
    await world.webhook()
    waited, delivery = await waits(world, Outcome(status=status))
    assert (waited, delivery.state, delivery.reason) == ([], State.SUCCEEDED, None)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_is_tried_again_as_long_as_a_rotation_overlaps(
    make_webhook_world: MakeWorld, status: int
) -> None:
    world = make_webhook_world()
    hook = (await world.webhook()).webhook
    await world.rotate(caller(), hook.id, None, timedelta(seconds=100))
    waited, delivery = await waits(world, Outcome(status=status))
    assert waited == [5, 30, 300]
    assert delivery.reason is Reason.NON_RETRYABLE


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (503, 2.0, [5, 30, 300, 1800]), (503, 60.0, [60, 60, 300, 1800]), (503, 10.0**9, [1800] * 4),
        (429, 60.0, [60, 60, 300, 1800]), (500, 60.0, [5, 30, 300, 1800]), (404, 60.0, [5, 30, 300, 1800]),
    ],
)  # fmt: skip
async def test_retry_after_is_honoured_where_it_means_something(
    make_webhook_world: MakeWorld, status: int, asked: float, expected: list[float]
) -> None:
    world = make_webhook_world()
    await world.webhook()
    waited, _ = await waits(world, Outcome(status=status, retry_after=asked))
    assert waited == expected


async def test_nothing_goes_out_a_day_after_the_event(make_webhook_world: MakeWorld) -> None:
    world = make_webhook_world()
    hook = (await world.webhook(retry_policy=RetrySettings(preset=Preset.EXTENDED, max_retries=10))).webhook
    await world.change(caller(), hook.id, {"paused_until": world.clock.now() + timedelta(hours=20)})
    waited, delivery = await waits(world, Outcome(status=500))
    assert waited == [5, 30, 180, 900, 3600]
    assert (delivery.state, delivery.reason) == (State.FAILED, Reason.EXPIRED)
