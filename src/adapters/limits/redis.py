"""Windows in Redis, shared by all processes: each verb is one atomic script."""

from importlib.resources import files
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from application.ports.limits import LimiterUnavailable
from domain.limits import BURST_EVERY, BURST_SECONDS, Policy, Standing, Verdict, seconds_to_wait

PATIENCE = 0.3
"""Seconds a request may wait for its counters before it is counted in the process."""
SCRIPT = files("adapters.limits").joinpath("window.lua").read_text()


def connect(url: str) -> Redis:
    """A client whose callers wait for one of its connections rather than be refused one."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=32,
        timeout=PATIENCE,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)


class RedisLimiter:
    """Moments are the callers': processes whose clocks differ count windows that differ by as much. A command
    whose reply was lost is sent again by the client, and counts once."""

    def __init__(self, client: Redis, prefix: str = "supportrag:limits") -> None:
        self._client, self._prefix = client, prefix
        self._script = client.register_script(SCRIPT)

    async def take(self, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Verdict:
        reply = await self._run("take", subject, policy, cost, ticket, now)
        allowed, beyond, crossed = (bool(flag) for flag in reply[:3])
        standing = _standing(policy, reply, now)
        if allowed:
            return Verdict(True, standing, beyond=beyond, crossed=crossed)
        wait = seconds_to_wait(now, *(_moment(text) for text in reply[5:8]))
        return Verdict(False, standing, crossed=crossed, wait=wait)

    async def give_back(self, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Standing:
        return _standing(policy, await self._run("give_back", subject, policy, cost, ticket, now), now)

    async def look(self, subject: str, policy: Policy, now: float) -> Standing:
        return _standing(policy, await self._run("look", subject, policy, 0, "", now), now)

    async def close(self) -> None:
        await self._client.aclose()

    async def _run(self, verb: str, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Any:
        own = f"{self._prefix}:{{{subject}:{policy.quota.value}}}"  # braces keep the three on one shard
        keys = (f"{own}:passed", f"{own}:beyond", f"{own}:announced")
        numbers = (f"{now:.6f}", policy.window, policy.limit, policy.hard, cost, ticket, BURST_SECONDS, BURST_EVERY)
        try:
            return await self._script(keys=keys, args=(verb, *numbers))
        except (RedisError, OSError) as error:
            raise LimiterUnavailable(type(error).__name__) from error


def _standing(policy: Policy, reply: Any, now: float) -> Standing:
    newest = _moment(reply[4])
    return Standing(policy, int(reply[3]), now if newest is None else newest + policy.window, now)


def _moment(text: bytes) -> float | None:
    return float(text) if text else None
