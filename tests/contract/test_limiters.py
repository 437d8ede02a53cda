"""What every limiter promises, counted in the process or in Redis."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.limits import QUERIES, Oracle, Step, steps
from tests.support.redis import RedisProcess

from adapters.limits.memory import MemoryLimiter
from adapters.limits.redis import RedisLimiter, connect
from adapters.system.fixed import ManualClock
from application.ports.limits import Limiter, LimiterUnavailable
from application.use_cases.limits import FailingOverLimiter
from domain.limits import Verdict

NOW = 1_767_780_000.0
_subjects = count()


def subject() -> str:
    """A key nobody has asked with yet."""
    return f"acme/key_{next(_subjects)}"


@pytest.fixture(params=["memory", "redis"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    if request.param == "memory":
        yield MemoryLimiter()
        return
    redis = RedisLimiter(connect(request.getfixturevalue("redis_url")))
    yield redis
    await redis.close()


async def take(limiter: Limiter, key: str, now: float = NOW, cost: int = 1, ticket: str = "") -> Verdict:
    return await limiter.take(key, QUERIES, cost, ticket or f"t{next(_subjects)}", now)


async def test_it_decides_as_one_that_remembers_everything(limiter: Limiter) -> None:
    courses: list[list[Step]] = []

    @settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=5, max_size=40))
    def collect(course: list[Step]) -> None:
        courses.append(course)

    collect()
    for course in courses:
        await follow(limiter, course)


async def follow(limiter: Limiter, course: list[Step]) -> None:
    oracle, key, now = Oracle(), subject(), NOW
    costs: dict[int, int] = {}
    for number, step in enumerate(course):
        now += step.later
        if step.gives_back is not None:
            await limiter.give_back(key, QUERIES, costs.get(step.gives_back, 1), str(step.gives_back), now)
            oracle.gives_back(str(step.gives_back))
        else:
            costs[number] = step.cost
            verdict = await take(limiter, key, now, step.cost, str(number))
            assert verdict.allowed == oracle.takes(step.cost, str(number), now), (number, course)
        assert (await limiter.look(key, QUERIES, now)).used == oracle.used(now)


async def test_fifty_callers_at_once_get_exactly_the_hard_limit(limiter: Limiter) -> None:
    key = subject()
    verdicts = await asyncio.gather(*(take(limiter, key, cost=1) for _ in range(50)))
    assert sum(verdict.allowed for verdict in verdicts) == 12
    assert sum(verdict.beyond for verdict in verdicts) == 2
    assert sum(verdict.crossed for verdict in verdicts) == 1


async def test_a_command_that_redis_gets_twice_counts_once(redis_url: str) -> None:
    limiter, key = RedisLimiter(connect(redis_url)), subject()
    for _ in range(3):
        assert (await take(limiter, key, ticket="same")).allowed
    assert (await limiter.look(key, QUERIES, NOW)).used == 1
    await limiter.close()


async def test_keys_and_quotas_do_not_share_a_window(limiter: Limiter) -> None:
    mine, theirs = subject(), subject()
    for _ in range(12):
        await take(limiter, mine)
    assert not (await take(limiter, mine)).allowed
    assert (await take(limiter, theirs)).standing.used == 1


async def test_it_says_when_asking_again_makes_sense(limiter: Limiter) -> None:
    key = subject()
    await take(limiter, key, NOW)
    for _ in range(11):
        await take(limiter, key, NOW + 10)
    refused = await take(limiter, key, NOW + 20)
    assert refused.wait == pytest.approx(40)  # the first leaves, and the minute is still open
    assert refused.standing.resets_at == pytest.approx(NOW + 70)
    assert (await take(limiter, key, NOW + 60)).allowed


async def test_looking_takes_nothing(limiter: Limiter) -> None:
    key = subject()
    for _ in range(30):
        assert (await limiter.look(key, QUERIES, NOW)).used == 0


async def test_without_redis_it_is_counted_in_the_process_and_told(own_redis: RedisProcess) -> None:
    fallbacks: list[int] = []
    clock = ManualClock()
    shared = RedisLimiter(connect(own_redis.url))
    limiter = FailingOverLimiter(shared, MemoryLimiter(), clock, lambda: fallbacks.append(1))
    key = subject()
    assert (await take(limiter, key)).standing.used == 1
    own_redis.stop()
    allowed = [(await take(limiter, key)).allowed for _ in range(13)]
    assert allowed == [True] * 12 + [False]
    assert len(fallbacks) == 13
    own_redis.start()
    clock.advance(seconds=2)
    assert (await take(limiter, key)).allowed, "the shared counters are used again"
    assert len(fallbacks) == 13
    await limiter.close()


async def test_lost_counters_are_said_to_be_lost() -> None:
    limiter = RedisLimiter(connect("redis://127.0.0.1:1"))
    with pytest.raises(LimiterUnavailable):
        await take(limiter, subject())
    await limiter.close()
