"""When the database is away: a clear answer soon, nothing half-written, and on it goes by itself."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from tests.support.aggregates import START
from tests.support.postgres import Gate

from adapters.storage.postgres import PostgresStore
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.storage import CATEGORIES
from domain.errors import ServiceUnavailable
from domain.events import DocumentArchived
from domain.taxonomy import Category

SOON = 2.0


@pytest.fixture
async def gate(database_url: str) -> AsyncIterator[Gate]:
    async with Gate(database_url) as gate:
        yield gate


@pytest.fixture
async def store(gate: Gate) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(gate.url, ManualClock(), CountingIds(), connections=4)
    await store.open()
    yield store
    gate.thaw()
    await store.close()


def category(key: str) -> Category:
    category = Category(id=key, created_at=START, updated_at=START, name=key)
    category.record(DocumentArchived(document_id=key, qa_archived=0))
    return category


async def save(store: PostgresStore, key: str) -> None:
    async with store.begin("acme") as uow:
        await uow[CATEGORIES].save(category(key))
        await uow.commit()


async def saved(store: PostgresStore) -> list[str]:
    async with store.begin("acme") as uow:
        return [item.id for item in await uow[CATEGORIES].list((), "id")]


async def refused_soon(store: PostgresStore, key: str = "x") -> None:
    begun = time.perf_counter()
    with pytest.raises(ServiceUnavailable) as refused:
        await save(store, key)
    assert time.perf_counter() - begun < SOON
    assert refused.value.retry_after is not None and refused.value.retry_after <= SOON


async def test_a_database_that_is_away_at_the_start_is_told_soon(gate: Gate) -> None:
    await gate.close()
    begun = time.perf_counter()
    with pytest.raises(ServiceUnavailable):
        await PostgresStore(gate.url, ManualClock(), CountingIds()).open()
    assert time.perf_counter() - begun < SOON


async def test_a_database_that_goes_away_is_told_soon_and_found_again(gate: Gate, store: PostgresStore) -> None:
    await save(store, "before")
    await gate.close()
    await refused_soon(store)
    with pytest.raises(ServiceUnavailable):
        await store.ping()
    await gate.reopen()
    await save(store, "after")
    await store.ping()
    assert await saved(store) == ["after", "before"]


async def test_connections_that_died_in_the_pool_are_not_noticed_by_anybody(gate: Gate, store: PostgresStore) -> None:
    """A restart of the database between two requests costs neither of them anything."""
    await asyncio.gather(*(save(store, f"c{n}") for n in range(4)))
    await gate.close()
    await gate.reopen()
    await asyncio.gather(*(save(store, f"d{n}") for n in range(4)))
    assert len(await saved(store)) == 8


async def test_a_transaction_that_is_cut_leaves_nothing(gate: Gate, store: PostgresStore) -> None:
    with pytest.raises(ServiceUnavailable):
        async with store.begin("acme") as uow:
            await uow[CATEGORIES].save(category("half"))
            await gate.close()
            await uow.commit()
    await gate.reopen()
    assert await saved(store) == []
    assert await store.recorded_events("acme") == []


async def test_a_cut_is_told_by_every_verb_that_follows(gate: Gate, store: PostgresStore) -> None:
    async with store.begin("acme") as uow:
        await uow[CATEGORIES].save(category("half"))
        await gate.close()
        for _ in range(3):
            with pytest.raises(ServiceUnavailable):
                await uow[CATEGORIES].count()
        with pytest.raises(ServiceUnavailable):
            await uow.commit()
    await gate.reopen()
    assert await saved(store) == []


async def test_a_database_that_hangs_is_told_soon(gate: Gate, store: PostgresStore) -> None:
    await save(store, "before")
    gate.freeze()
    await asyncio.gather(*(refused_soon(store) for _ in range(6)))
    gate.thaw()
    await save(store, "after")
    assert await saved(store) == ["after", "before"]


async def test_a_statement_that_takes_too_long_is_given_up(gate: Gate) -> None:
    store = PostgresStore(gate.url, ManualClock(), CountingIds(), command_seconds=0.3)
    await store.open()
    async with store.begin("acme") as uow:
        await uow[CATEGORIES].save(category("a"))
        gate.freeze()
        with pytest.raises(ServiceUnavailable):
            await uow[CATEGORIES].count()
        begun = time.perf_counter()
    assert time.perf_counter() - begun < SOON, "leaving it does not hang either"
    gate.thaw()
    assert await saved(store) == []
    await store.close()


async def test_when_all_connections_are_taken_one_waits_and_then_is_told(store: PostgresStore) -> None:
    holders = [store.begin("acme") for _ in range(4)]
    for holder in holders:
        await holder[CATEGORIES].count()
    await refused_soon(store)
    waiting = asyncio.create_task(save(store, "patient"))
    await asyncio.sleep(0.1)
    for holder in holders:
        await holder.__aexit__(None, None, None)
    await waiting
    assert await saved(store) == ["patient"]


async def test_who_gives_up_waiting_for_another_writer_gives_its_connection_back(store: PostgresStore) -> None:
    await save(store, "a")
    async with store.begin("acme") as first:
        held = await first[CATEGORIES].get("a")
        await first[CATEGORIES].save(held)
        for _ in range(8):
            waiting = asyncio.create_task(change(store, "a"))
            await asyncio.sleep(0.03)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await first.commit()
    await change(store, "a")
    assert await saved(store) == ["a"]


async def change(store: PostgresStore, key: str) -> None:
    async with store.begin("acme") as uow:
        await uow[CATEGORIES].save(await uow[CATEGORIES].get(key))
        await uow.commit()


async def test_a_hundred_at_once_share_four_connections(store: PostgresStore, database_url: str) -> None:
    await asyncio.gather(*(save(store, f"c{n:03}") for n in range(100)))
    assert len(await saved(store)) == 100


async def test_nothing_of_a_failed_transaction_can_be_committed(store: PostgresStore) -> None:
    """A use-case that swallows a refusal of the database must not believe that its work was kept."""
    async with store.begin("acme") as uow:
        await uow[CATEGORIES].save(category("a"))
        with pytest.raises(Exception, match="too long"):
            await uow[CATEGORIES].save(category("".join(chr(33 + n * 7919 % 5000) for n in range(5000))))
        with pytest.raises(Exception, match=r"aborted|failed"):
            await uow.commit()
    assert await saved(store) == []
