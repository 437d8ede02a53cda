"""`committed`: races are run again in turn, and none waits for itself."""

import asyncio
from typing import Any

import pytest
from tests.support.aggregates import START

from adapters.storage.memory import MemoryStore
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.storage import CATEGORIES, UnitOfWork
from application.transactions import committed
from domain.errors import StaleVersion
from domain.taxonomy import Category


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(ManualClock(), CountingIds())


async def nothing(_: UnitOfWork) -> str:
    return "done"


async def test_one_inside_another_of_the_same_tenant_is_refused_at_once(store: MemoryStore) -> None:
    async def work(_: UnitOfWork) -> None:
        await committed(store, "acme", nothing)

    with pytest.raises(RuntimeError, match="use its unit of work"):
        await asyncio.wait_for(committed(store, "acme", work), 10)


async def test_one_inside_another_is_refused_where_a_race_was_lost_too(store: MemoryStore) -> None:
    """There it would wait for ever for the turn that the outer one has."""
    attempts = iter((StaleVersion("lost"), None))

    async def lose(_: UnitOfWork) -> None:
        raise StaleVersion("lost")

    async def work(_: UnitOfWork) -> None:
        if lost := next(attempts):
            raise lost
        await committed(store, "acme", lose)

    with pytest.raises(RuntimeError, match="use its unit of work"):
        await asyncio.wait_for(committed(store, "acme", work), 10)


async def test_what_one_sets_going_is_not_inside_it(store: MemoryStore) -> None:
    going: list[asyncio.Task[str]] = []

    async def later() -> str:
        return await committed(store, "acme", nothing)

    async def work(_: UnitOfWork) -> None:
        going.append(asyncio.create_task(later()))

    await committed(store, "acme", work)
    assert await going[0] == "done"


async def test_after_one_has_failed_the_next_goes_on(store: MemoryStore) -> None:
    async def fail(_: UnitOfWork) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await committed(store, "acme", fail)
    assert await committed(store, "acme", nothing) == "done"


async def test_another_tenants_stands_by_itself(store: MemoryStore) -> None:
    async def work(_: UnitOfWork) -> Any:
        return await committed(store, "other", nothing)

    assert await committed(store, "acme", work) == "done"


async def test_all_who_change_one_thing_at_once_get_their_turn(store: MemoryStore) -> None:
    async def make(uow: UnitOfWork) -> None:
        await uow[CATEGORIES].save(Category(id="c", created_at=START, updated_at=START, name=""))

    async def lengthen(uow: UnitOfWork) -> None:
        category = await uow[CATEGORIES].get("c")
        await asyncio.sleep(0)
        category.name += "x"
        await uow[CATEGORIES].save(category)

    await committed(store, "acme", make)
    await asyncio.gather(*(committed(store, "acme", lengthen) for _ in range(60)))
    async with store.begin("acme") as uow:
        assert (await uow[CATEGORIES].get("c")).name == "x" * 60
