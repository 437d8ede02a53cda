"""How the service is: each part asked, each asked briefly."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from application.ports.system import Clock

PATIENCE = 1.5
"""Seconds a part may take to say that it is there."""


class Condition(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Part:
    """A part to ask. Without a `probe` it is not configured, and `stand_in` says what serves in its place.
    What is not `vital` only degrades the service when it is gone."""

    name: str
    probe: Callable[[], Awaitable[Any]] | None = None
    stand_in: str | None = None
    vital: bool = False
    counts: bool = False
    """Whether the probe answers how much still waits to be done."""


@dataclass(frozen=True, slots=True)
class Component:
    condition: Condition
    latency_ms: float | None = None
    stand_in: str | None = None
    problem: str | None = None
    lag: int | None = None
    """How many changes it has still to learn of."""


@dataclass(frozen=True, slots=True)
class Health:
    condition: Condition
    uptime_seconds: int
    components: Mapping[str, Component]

    @property
    def is_whole(self) -> bool:
        """Whether every part that is configured is there; without one that is not vital the service goes on."""
        return all(part.condition is not Condition.UNHEALTHY for part in self.components.values())


class CheckHealth:
    def __init__(self, parts: Mapping[str, Part], clock: Clock) -> None:
        self._parts, self._clock = parts, clock
        self._started = clock.monotonic()

    async def __call__(self) -> Health:
        found = await asyncio.gather(*(self._ask(part) for part in self._parts.values()))
        components = dict(zip(self._parts, found, strict=True))
        uptime = int(self._clock.monotonic() - self._started)
        return Health(self._overall(components), uptime, components)

    async def _ask(self, part: Part) -> Component:
        if part.probe is None:
            return Component(Condition.DISABLED, stand_in=part.stand_in)
        begun = self._clock.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                found = await part.probe()
        except Exception as error:
            return Component(Condition.UNHEALTHY, problem=type(error).__name__)
        took = round((self._clock.monotonic() - begun) * 1000, 2)
        return Component(Condition.HEALTHY, took, part.stand_in, lag=found if part.counts else None)

    def _overall(self, components: Mapping[str, Component]) -> Condition:
        sick = [name for name, c in components.items() if c.condition is Condition.UNHEALTHY]
        if any(self._parts[name].vital for name in sick):
            return Condition.UNHEALTHY
        return Condition.DEGRADED if sick else Condition.HEALTHY
