"""Processes that share a database, and those that cannot: the one that came first has the place."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from tests.support.postgres import Gate, renamed

from adapters.advisory_locks import AdvisoryLock
from adapters.storage.postgres import Presence
from domain.errors import Conflict, ServiceUnavailable


class Places:
    """Processes on one database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._taken: list[Presence] = []

    async def enter(self, *, alone: bool, url: str | None = None) -> tuple[Presence, list[str]]:
        presence = Presence(url or self._url, alone=alone, sleep=_a_moment)
        self._taken.append(presence)
        return presence, await presence.enter()

    async def close(self) -> None:
        for presence in self._taken:
            await presence.leave()


async def _a_moment(_: float) -> None:
    await asyncio.sleep(0.02)


@pytest.fixture
async def places(database_url: str) -> AsyncIterator[Places]:
    places = Places(database_url)
    yield places
    await places.close()


async def test_any_number_that_share_what_they_know_have_room(places: Places) -> None:
    assert [(await places.enter(alone=False))[1] for _ in range(3)] == [[], [], []]


async def test_a_process_that_is_about_keeps_nobody_from_doing_anything_else(places: Places, database_url: str) -> None:
    await places.enter(alone=False)
    connection = await asyncpg.connect(database_url)
    try:
        for lock in set(AdvisoryLock) - {AdvisoryLock.PRESENCE}:
            assert await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock), lock
    finally:
        await connection.close()


def test_every_advisory_lock_is_taken_by_its_name() -> None:
    src = Path(__file__).parents[2] / "src"
    numbered = re.compile(r"pg_\w*advisory\w*\(\s*\d")
    assert [file for file in src.rglob("*.py") if numbered.search(file.read_text())] == []


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True)])
async def test_one_that_keeps_what_it_knows_to_itself_is_alone(places: Places, first: bool, second: bool) -> None:
    holder, _ = await places.enter(alone=first)
    late, others = await places.enter(alone=second)
    assert len(others) == 1
    assert others[0].startswith("supportrag ")
    await holder.leave()
    assert await late.enter(patience=5) == []


async def test_whoever_is_late_waits_for_one_that_is_just_leaving(places: Places) -> None:
    holder, _ = await places.enter(alone=True)
    late = (await places.enter(alone=True))[0]
    entering = asyncio.create_task(late.enter(patience=100))
    await asyncio.sleep(0.1)
    assert not entering.done()
    await holder.leave()
    assert await entering == []


async def test_a_place_lost_with_the_connection_is_taken_again_or_its_new_holder_named(
    places: Places, database_url: str
) -> None:
    async with Gate(database_url) as gate:
        first, _ = await places.enter(alone=True, url=gate.url)
        keeping = asyncio.create_task(first.keep())
        await gate.close()
        await gate.reopen()
        await asyncio.sleep(0.5)
        assert not keeping.done()
        assert (await places.enter(alone=True))[1] != []
        await gate.close()
        second = await _entered(places)
        await gate.reopen()
        assert len(await asyncio.wait_for(keeping, 20)) == 1
        await second.leave()


async def _entered(places: Places) -> Presence:
    """Another, as soon as the server knows that the first is gone."""
    while True:
        presence, others = await places.enter(alone=True)
        if not others:
            return presence


async def test_databases_do_not_know_each_other(places: Places, database_url: str, empty_database: str) -> None:
    await places.enter(alone=True)
    assert (await places.enter(alone=True, url=empty_database))[1] == []


async def test_a_database_or_user_that_the_server_does_not_know_is_told_from_one_that_is_away(
    places: Places, database_url: str
) -> None:
    with pytest.raises(Conflict, match="does not exist"):
        await places.enter(alone=True, url=renamed(database_url, "no_such_database"))
    with pytest.raises(ServiceUnavailable, match=r"127\.0\.0\.1:9/x cannot be reached"):
        await places.enter(alone=True, url="postgresql://user:secret@127.0.0.1:9/x")


async def test_the_lock_is_of_the_session_and_ends_with_it(places: Places, database_url: str) -> None:
    await places.enter(alone=True)
    connection = await asyncpg.connect(database_url)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'supportrag %'"
    await connection.execute(ended + " AND datname = current_database()")
    await connection.close()
    await (await _entered(places)).leave()
