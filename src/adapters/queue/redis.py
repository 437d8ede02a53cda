"""Waking the workers of all processes through Redis; without it, those of this process only."""

import asyncio
import contextlib

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from adapters.queue.memory import LocalSignal

log = structlog.get_logger(__name__)

AGAIN_AFTER = 1.0
"""Seconds between tries to listen while Redis is out of reach."""
LISTEN_SECONDS = 5.0
SEND_SECONDS = 0.3


class RedisSignal:
    """Publishes wake-ups and hears those of others. A hint that is lost costs the time of one poll."""

    def __init__(self, client: Redis, channel: str = "supportrag:wake") -> None:
        """The caller closes the client."""
        self._redis, self._channel = client, channel
        self._local = LocalSignal()
        self._listening: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        tasks = [task for task in (self._listening, *self._sending) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._listening = None

    async def wake(self) -> None:
        """Returns at once: who has committed something need not wait for whoever may be asleep."""
        await self._local.wake()
        task = asyncio.create_task(self._publish())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def wait(self, seconds: float) -> None:
        await self._local.wait(seconds)

    async def _publish(self) -> None:
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(SEND_SECONDS):
                await self._redis.publish(self._channel, b"1")

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (RedisError, OSError) as error:
                log.debug("wake_ups_unheard", error=type(error).__name__)
                await asyncio.sleep(AGAIN_AFTER)

    async def _hear(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe(self._channel)
            await self._local.wake()  # what was missed until now
            while True:
                if await pubsub.get_message(timeout=LISTEN_SECONDS) is not None:
                    await self._local.wake()
