"""Whoever delivers is woken by a commit that has something to tell, and by no other."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.webhooks import TENANT, a_failure

from adapters.storage.memory import MemoryStore
from adapters.storage.postgres import PostgresStore
from adapters.system.fixed import CountingIds, ManualClock
from application.hints import EventHint
from application.ports.storage import USERS
from domain.sessions import UserProfile

NOBODY = {"preferred_language": None}


class Bell:
    def __init__(self) -> None:
        self.rung = 0

    async def wake(self) -> None:
        self.rung += 1


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(webhook_database: str | None, bell: Bell, clock: ManualClock) -> AsyncIterator[Any]:
    hint: Any = EventHint(bell, clock)  # type: ignore[arg-type]
    made: Any = (
        MemoryStore(clock, CountingIds(), told=hint)
        if webhook_database is None
        else PostgresStore(webhook_database, clock, CountingIds(), told=hint)
    )
    await made.open()
    yield made
    await made.close()


async def test_a_commit_with_events_wakes(store: Any, bell: Bell) -> None:
    async with store.begin(TENANT) as uow:
        uow.announce(a_failure())
        assert bell.rung == 0
        await uow.commit()
    assert bell.rung == 1


async def test_a_commit_without_events_and_a_rollback_do_not(store: Any, bell: Bell, clock: ManualClock) -> None:
    async with store.begin(TENANT) as uow:
        await uow[USERS].save(UserProfile(id="u", created_at=clock.now(), updated_at=clock.now(), **NOBODY))
        await uow.commit()
    async with store.begin(TENANT) as uow:
        uow.announce(a_failure())
    assert bell.rung == 0


async def test_many_commits_wake_as_often_as_a_busy_one_looks_by_himself(bell: Bell, clock: ManualClock) -> None:
    hint = EventHint(bell, clock)  # type: ignore[arg-type]
    for _ in range(10):
        await hint()
    clock.advance(seconds=0.06)
    await hint()
    assert bell.rung == 2
