"""Stores to hold the contract against: one world an adapter."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import asyncpg
import pytest
from tests.support.aggregates import SPECIMENS
from tests.support.postgres import Server

from adapters.storage.layout import blob_fields
from adapters.storage.memory import MemoryStore
from adapters.storage.postgres import PostgresStore
from adapters.storage.postgres.statements import COLUMN_TYPES, extra_fields
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.storage import Table
from domain.paging import where

TRACE = "0af7651916cd43dd8448eb211c80319c"


@dataclass
class World:
    """A store with nothing in it. Both adapters are a `Store` and its `JobClaims` in one."""

    store: Any
    clock: ManualClock
    waits_for_other_writers: bool
    """A save blocks until another transaction that saved the same has ended; else the first commit wins."""
    _numbers: Any = None

    def begin(self, tenant: str = "acme") -> Any:
        return self.store.begin(tenant)

    def new_tenant(self) -> str:
        """For properties: each example has the store for itself."""
        self._numbers = self._numbers or count(1)
        return f"tenant{next(self._numbers)}"

    async def save(self, table: Table[Any], *items: Any, tenant: str = "acme") -> None:
        async with self.begin(tenant) as uow:
            await uow[table].save_all(items)
            await uow.commit()

    async def find(self, table: Table[Any], key: str, tenant: str = "acme") -> Any:
        async with self.begin(tenant) as uow:
            return await uow[table].find(key)

    async def ids(self, table: Table[Any], tenant: str = "acme", **equal: Any) -> list[str]:
        async with self.begin(tenant) as uow:
            return [item.id for item in await uow[table].list(where(**equal), "id")]

    async def events(self, tenant: str = "acme") -> list[Any]:
        return [recorded.event for recorded in await self.store.recorded_events(tenant)]


def definition(table: Table[Any]) -> str:
    """The statement that a migration needs for this kind of aggregate."""
    fields = [f"'{f.column} {COLUMN_TYPES[f.type]}'" for f in extra_fields(table)]
    updated = ["'updated_at timestamptz'"] if "updated_at" in table.indexed else []
    arguments = ", ".join((f"'{table.name}'", *fields, *updated))
    statement = f"SELECT define_collection({arguments});"
    blobs = [f"ALTER TABLE {table.name} ADD COLUMN {name} bytea;" for name in blob_fields(table.type)]
    return "\n".join([statement, *blobs])


_EMPTY_ALL = """
DO $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN SELECT pg_class.oid FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE attname = 'tenant_id' AND relkind IN ('r', 'p') LOOP
        EXECUTE format('DELETE FROM %s', relation);
    END LOOP;
END $$
"""


@pytest.fixture(scope="module")
def specimens_database(postgres_server: Server, migrated_template: str) -> Iterator[Server]:
    """One for a module: emptying it takes a tenth of the time that making another would."""
    name = postgres_server.create(migrated_template)
    inside = Server(postgres_server.database_url(name))
    inside.run(definition(SPECIMENS))
    yield inside
    postgres_server.drop(name)


@pytest.fixture(params=["memory", "postgres"])
def place(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the world's store keeps its rows: the URL of an empty database, or `None` for memory."""
    if request.param == "memory":
        yield None
        return
    database: Server = request.getfixturevalue("specimens_database")
    yield database.url
    database.run(_EMPTY_ALL)


@pytest.fixture
async def world(place: str | None) -> AsyncIterator[World]:
    clock, ids = ManualClock(), CountingIds()
    if place is None:
        yield World(MemoryStore(clock, ids, lambda: TRACE), clock, waits_for_other_writers=False)
        return
    store = PostgresStore(place, clock, ids, lambda: TRACE)
    await store.open()
    yield World(store, clock, waits_for_other_writers=True)
    await store.close()


@pytest.fixture
async def postgres_world(database_url: str) -> AsyncIterator[World]:
    clock = ManualClock()
    store = PostgresStore(database_url, clock, CountingIds(), lambda: TRACE)
    await store.open()
    yield World(store, clock, waits_for_other_writers=True)
    await store.close()


async def run_sql(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()
