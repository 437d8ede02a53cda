"""SAQ: schedules that any number of workers share, each chore done by one of them."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError
from saq import CronJob, Job, Worker
from saq.queue.redis import RedisQueue
from saq.types import PartialTimersDict

NAME = "supportrag"
AGAIN_AFTER = 1.0
LOST_AFTER = 30
"""Seconds without a heartbeat after which a chore counts as lost and is done by another worker."""
LONGEST = 3600
GRACE_SECONDS = 2


class Chore(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def minutes(self) -> int: ...
    @property
    def work(self) -> Callable[[], Awaitable[Any]]: ...


class _WithoutLosses(logging.Filter):
    """SAQ tells of a lost Redis every second, with a stack; the health of the service says it once and for all."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, RedisError | OSError)


class PatientQueue(RedisQueue):
    """Waits where SAQ's own would spin while Redis is out of reach."""

    async def dequeue(self, timeout: float = 0.0, poll_interval: float = 0.0) -> Job | None:  # noqa: ASYNC109 - SAQ's own signature
        try:
            return await super().dequeue(timeout=timeout or 1.0, poll_interval=poll_interval)
        except (RedisError, OSError):
            await asyncio.sleep(AGAIN_AFTER)
            return None


class SaqSchedule:
    """Runs the chores whenever they are due, until it is stopped. What jobs there are to do is not SAQ's to
    know: that stands in the store, so that nothing is lost with Redis."""

    def __init__(self, url: str, chores: Sequence[Chore]) -> None:
        logging.getLogger("saq").addFilter(_WithoutLosses())
        self._queue = PatientQueue(Redis.from_url(url, socket_connect_timeout=2), name=NAME)
        self._worker: Worker[Any] = _Worker(
            self._queue,
            functions=[],
            cron_jobs=[_cron(chore) for chore in chores],
            concurrency=2,
            timers=PartialTimersDict(schedule=1, worker_info=10, sweep=10, abort=5),
            shutdown_grace_period_s=GRACE_SECONDS,
        )

    async def run_forever(self) -> None:
        """Until it is cancelled."""
        try:
            await self._worker.start()
        finally:
            await self._queue.disconnect()


class _Worker(Worker[Any]):
    SIGNALS: ClassVar[list[Any]] = []  # type: ignore[misc]
    """The process decides when to stop, not one of its parts."""


def _cron(chore: Chore) -> CronJob[Any]:
    async def run(context: Mapping[str, Any]) -> None:
        beating = asyncio.create_task(_beat(context["job"]))
        try:
            await chore.work()
        finally:
            beating.cancel()

    run.__qualname__ = chore.name
    return CronJob(run, pattern(chore.minutes), retries=3, timeout=LONGEST, heartbeat=LOST_AFTER, ttl=60)


async def _beat(job: Job) -> None:
    while True:
        await asyncio.sleep(LOST_AFTER / 4)
        with contextlib.suppress(RedisError, OSError):
            await job.update()


def pattern(minutes: int) -> str:
    """The cron expression for every so many minutes; whole hours from an hour on."""
    return f"*/{minutes} * * * *" if minutes < 60 else f"0 */{min(23, minutes // 60)} * * *"
