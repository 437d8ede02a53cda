"""The service notices what is wrong with it, and says so once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.support.system import SystemUnderTest, running

from adapters.storage.memory import MemoryStore
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.telemetry import SILENCE
from application.use_cases.health import CheckHealth, Part
from application.use_cases.queries import BrowseQueries
from application.use_cases.watching import MeasureHealth, WatchHealth
from domain.errors import ServiceUnavailable
from domain.events import ErrorOccurred, HealthChanged
from domain.jobs import JobType


@dataclass
class Backend:
    away: bool = False

    async def ping(self) -> None:
        if self.away:
            raise ServiceUnavailable


@dataclass
class Watched:
    store: MemoryStore = field(default_factory=lambda: MemoryStore(ManualClock(), CountingIds()))
    clock: ManualClock = field(default_factory=ManualClock)
    postgres: Backend = field(default_factory=Backend)
    redis: Backend = field(default_factory=Backend)

    def process(self) -> WatchHealth:
        parts = {
            "postgres": Part("postgres", self.postgres.ping, vital=True),
            "redis": Part("redis", self.redis.ping),
            "openai": Part("openai", None, "extractive"),
        }
        return WatchHealth(MeasureHealth(CheckHealth(parts, self.clock), SILENCE), self.store, self.clock, "platform")

    async def told(self, tenant: str = "platform") -> list[Any]:
        events = [recorded.event for recorded in await self.store.recorded_events(tenant)]
        return [(event.status, event.affected_components) for event in events if isinstance(event, HealthChanged)]


async def test_a_change_of_health_is_told_once_whoever_sees_it() -> None:
    watched = Watched()
    one, other = watched.process(), watched.process()
    await one()
    watched.redis.away = True
    for process in (one, other, one, other):
        await process()
    watched.redis.away = False
    for process in (other, one):
        await process()
    assert await watched.told() == [("degraded", ("redis",)), ("healthy", ("redis",))]


async def test_a_service_that_starts_well_says_nothing() -> None:
    watched = Watched()
    await watched.process()()
    assert await watched.told() == []


async def test_a_service_that_starts_ill_says_so() -> None:
    watched = Watched(redis=Backend(away=True))
    await watched.process()()
    assert await watched.told() == [("degraded", ("redis",))]


async def test_every_tenant_is_told() -> None:
    watched = Watched()
    process = watched.process()
    await process()
    async with watched.store.begin("acme") as uow:
        from application.ports.storage import USERS
        from domain.sessions import UserProfile

        now = watched.clock.now()
        await uow[USERS].save(UserProfile(id="u", created_at=now, updated_at=now))
        await uow.commit()
    watched.redis.away = True
    await process()
    assert await watched.told("acme") == [("degraded", ("redis",))]


@pytest.fixture
async def failing() -> AsyncIterator[SystemUnderTest]:
    class Broken(BrowseQueries):
        async def one(self, *_: Any) -> Any:
            raise ZeroDivisionError("the words of " + "a person")

    async with running(overrides={"browse_queries": Broken(None)}) as started:  # type: ignore[arg-type]
        yield started


async def told_errors(system: SystemUnderTest) -> list[ErrorOccurred]:
    events = [recorded.event for recorded in await system.container.store().recorded_events("platform")]
    return [event for event in events if isinstance(event, ErrorOccurred)]


async def test_an_unexpected_error_is_announced_once_a_minute_and_logged(failing: SystemUnderTest) -> None:
    for _ in range(3):
        await failing.call("GET", "/api/v1/queries/q_1", expect=500)
    (said,) = await told_errors(failing)
    assert said.error_message == "ZeroDivisionError in GET /api/v1/queries/{query_id}"
    logged = await failing.data("GET", "/api/v1/logs", params={"level": "ERROR"})
    assert logged["total"] == 3
    assert "words of a person" not in str(logged)


async def test_a_job_that_fails_as_nobody_foresaw_is_over_announced_and_counted(system: SystemUnderTest) -> None:
    class Broken:
        async def __call__(self, *_: Any) -> None:
            raise ZeroDivisionError

    system.container.handlers()[JobType.BATCH]._handler = Broken()
    body = {"queries": [{"id": "one", "question": "How long does it take?"}]}
    job = await system.data("POST", "/api/v1/queries/batch", json=body)
    await system.run_due()
    seen = await system.data("GET", f"/api/v1/jobs/{job['job_id']}")
    assert (seen["status"], seen["error"]["code"]) == ("failed", "INTERNAL_ERROR")
    assert [said.error_message for said in await told_errors(system)] == ["ZeroDivisionError in job batch_query"]
    lines = await system.data("GET", "/api/v1/logs", params={"level": "ERROR", "source": "watching"})
    assert lines["logs"][0]["fields"]["job_id"] == job["job_id"]


async def test_the_bare_health_of_the_program_is_watched(system: SystemUnderTest) -> None:
    assert await system.container.seeing.watch_health()() is None
    scraped = await system.http.get("/metrics")
    assert 'supportrag_health{component="service"} 1.0' in scraped.text


@pytest.mark.parametrize("path", ["/health", "/api/v1/health"])
async def test_a_configured_part_that_is_away_is_a_503_and_what_the_service_still_is_stands_in_the_body(
    path: str,
) -> None:
    """Nothing listens on port 9; without Redis questions are still answered."""
    async with running(redis_url="redis://127.0.0.1:9") as system:
        body = await system.call("GET", path, expect=503)
        assert (body["status"], body["data"]["dependencies"]["redis"]) == ("degraded", "unhealthy")
        assert (body["data"]["redis"], body["data"]["database"]) == ("unhealthy", "ok")
        await system.call("GET", "/readyz", expect=200)
