"""The way to a Redis that may go away: tried briefly, then left alone for a while."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from domain.errors import ServiceUnavailable

log = structlog.get_logger(__name__)
T = TypeVar("T")

PATIENCE = 0.4
"""Seconds a command may take; what is kept here is worth no longer wait."""
PAUSE = 2.0
"""Seconds for which nobody tries after a failure: questions must not each wait for what is gone."""


def connect(url: str) -> Redis:
    """A client that tries a lost connection once more and waits for nothing long."""
    return Redis.from_url(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=0,
        max_connections=64,
    )


class Reach:
    """Does what it is asked to, or gives the stand-in while Redis is out of reach."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, pause: float = PAUSE) -> None:
        self._clock, self._pause = clock, pause
        self._again_at = 0.0

    @property
    def is_resting(self) -> bool:
        return self._clock() < self._again_at

    async def or_else(self, stand_in: T, verb: Callable[[], Awaitable[T]]) -> T:
        if self.is_resting:
            return stand_in
        try:
            return await verb()
        except (RedisError, OSError) as error:
            self._rest(error)
            return stand_in

    async def required(self, verb: Callable[[], Awaitable[T]]) -> T:
        """Raises `ServiceUnavailable`; tries also while resting, and ends the rest when it succeeds."""
        try:
            found = await verb()
        except (RedisError, OSError) as error:
            self._rest(error)
            raise ServiceUnavailable("Redis cannot be reached.", retry_after=self._pause) from error
        self._again_at = 0.0
        return found

    def _rest(self, error: Exception) -> None:
        if not self.is_resting:
            log.warning("redis_out_of_reach", error=type(error).__name__, pause_seconds=self._pause)
        self._again_at = self._clock() + self._pause
