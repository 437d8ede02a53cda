"""Wake-ups: whoever waits is woken soon, in whichever process, and goes on without them in any case."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.support.redis import RedisProcess

from adapters.ephemeral.reach import connect
from adapters.queue.memory import LocalSignal
from adapters.queue.redis import RedisSignal


async def seconds(wait: Any) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await wait
    return loop.time() - begun


@pytest.fixture(params=["memory", "redis"])
async def signal(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if request.param == "memory":
        yield LocalSignal()
        return
    client = connect(request.getfixturevalue("redis_url"))
    started = RedisSignal(client)
    await started.open()
    await asyncio.sleep(0.1)
    await started.wait(0.05)  # what listening began with
    yield started
    await started.close()
    await client.aclose()


async def test_a_wake_up_ends_the_waiting_of_everybody(signal: Any) -> None:
    waiting = [asyncio.create_task(seconds(signal.wait(5))) for _ in range(3)]
    await asyncio.sleep(0.05)
    await signal.wake()
    assert max(await asyncio.gather(*waiting)) < 1


async def test_a_wake_up_before_the_waiting_is_not_lost(signal: Any) -> None:
    await signal.wake()
    assert await seconds(signal.wait(5)) < 1


async def test_without_a_wake_up_the_waiting_ends_when_the_time_is_up(signal: Any) -> None:
    assert 0.2 <= await seconds(signal.wait(0.2)) < 1


async def test_another_process_is_woken_too(redis_url: str) -> None:
    clients = connect(redis_url), connect(redis_url)
    here, there = (RedisSignal(client) for client in clients)
    await there.open()
    await asyncio.sleep(0.1)
    await there.wait(0.05)
    waiting = asyncio.create_task(seconds(there.wait(5)))
    await asyncio.sleep(0.05)
    await here.wake()
    assert await waiting < 1
    for one, client in zip((here, there), clients, strict=True):
        await one.close()
        await client.aclose()


async def test_waking_waits_for_no_lost_server_and_hears_it_again_when_it_is_back(own_redis: RedisProcess) -> None:
    client = connect(own_redis.url)
    signal = RedisSignal(client)
    await signal.open()
    await asyncio.sleep(0.1)
    own_redis.kill()
    assert await seconds(signal.wake()) < 0.1
    assert await seconds(signal.wait(5)) < 0.5  # this process hears itself all the same
    own_redis.start()
    other_client = connect(own_redis.url)
    other = RedisSignal(other_client)
    await eventually(lambda: _heard(signal, other))
    for one, its in ((signal, client), (other, other_client)):
        await one.close()
        await its.aclose()


async def _heard(signal: RedisSignal, other: RedisSignal) -> bool:
    waiting = asyncio.create_task(seconds(signal.wait(0.5)))
    await asyncio.sleep(0.05)
    await other.wake()
    return await waiting < 0.4


async def eventually(holds: Callable[[], Any]) -> None:
    for _ in range(20):
        if await holds():
            return
    raise AssertionError("it never held")
