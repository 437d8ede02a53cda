"""The schema on PostgreSQL: complete, migrated safely, and binding every statement to its tenant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from tests.support.aggregates import SPECIMENS, specimen
from tests.support.postgres import Server
from tests.support.storage import World, definition, run_sql

from adapters.storage.layout import blob_fields
from adapters.storage.postgres import PostgresStore, migrate, pending_migrations
from adapters.storage.postgres.migrations import ChangedMigration, known_migrations
from adapters.storage.postgres.statements import COLUMN_TYPES, extra_fields
from adapters.storage.postgres.transactions import Database
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.storage import DOCUMENTS, TABLES, Table
from domain.errors import ServiceUnavailable

_COLUMNS = """
SELECT attname, replace(format_type(atttypid, NULL), 'timestamp with time zone', 'timestamptz') FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
"""


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def store(url: str) -> PostgresStore:
    return PostgresStore(url, ManualClock(), CountingIds())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_every_kind_of_the_registry_has_its_table_and_columns(
    specimens_database: Server, table: Table[Any]
) -> None:
    async with connected(specimens_database.url) as connection:
        present = dict(await connection.fetch(_COLUMNS, table.name))
        indexes = await connection.fetch("SELECT indexdef FROM pg_indexes WHERE tablename = $1", table.name)
    hint = f"a new file in adapters/storage/sql must say this, or define_indexed for what is new:\n{definition(table)}"
    assert present, f"there is no table {table.name}: {hint}"
    expected = {f.column: COLUMN_TYPES[f.type] for f in extra_fields(table)}
    expected |= dict.fromkeys(blob_fields(table.type), "bytea")
    missing = {name: kind for name, kind in expected.items() if present.get(name) != kind}
    assert not missing, f"{table.name} lacks {missing}: {hint}"
    for name in {f.column for f in extra_fields(table) if f.type is not tuple} | ({*table.indexed} & {"updated_at"}):
        wanted = f"(tenant_id, {name} NULLS FIRST, created_at NULLS FIRST, id)"
        assert any(row["indexdef"].replace('"', "").endswith(wanted) for row in indexes), (
            f"no index {wanted} on {table.name}: {hint}"
        )


# Migrations


async def test_an_older_schema_is_refused_and_the_command_named(empty_database: str) -> None:
    names = [migration.name for migration in known_migrations()]
    assert await pending_migrations(empty_database) == names
    with pytest.raises(ServiceUnavailable, match=r"0001_foundations.*run `supportrag migrate`"):
        await store(empty_database).open()


async def test_migrating_twice_does_it_once(empty_database: str) -> None:
    names = [migration.name for migration in known_migrations()]
    assert await migrate(empty_database) == names
    assert await migrate(empty_database) == []
    assert await pending_migrations(empty_database) == []


async def test_migrating_from_many_places_at_once_does_it_once(empty_database: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(6)))
    assert sorted(name for names in applied for name in names) == [m.name for m in known_migrations()]


async def test_a_migration_that_was_edited_after_it_was_applied_is_refused(empty_database: str, tmp_path: Path) -> None:
    file = tmp_path / "0001_first.sql"
    file.write_text("CREATE TABLE first (id int)")
    assert await migrate(empty_database, tmp_path) == ["0001_first"]
    file.write_text("CREATE TABLE first (id bigint)")
    with pytest.raises(ChangedMigration, match=r"0001_first\.sql was edited"):
        await migrate(empty_database, tmp_path)


async def test_a_migration_that_fails_leaves_nothing_of_itself(empty_database: str, tmp_path: Path) -> None:
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE first (id int)")
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE second (id int); SELECT 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database, tmp_path)
    assert await pending_migrations(empty_database, tmp_path) == ["0002_second"]
    async with connected(empty_database) as connection:
        assert await connection.fetchval("SELECT to_regclass('second')") is None
        assert await connection.fetchval("SELECT to_regclass('first')") is not None


async def test_a_schema_newer_than_the_program_is_served(database_url: str) -> None:
    await run_sql(database_url, "INSERT INTO schema_migrations VALUES ('9999_from_the_future', 'x')")
    serving = store(database_url)
    await serving.open()
    await serving.close()


async def test_a_field_that_is_indexed_later_is_filled_from_the_bodies(world: World, place: str | None) -> None:
    await world.save(SPECIMENS, specimen("a", word="early", number=7))
    if place is None:
        return
    script = (
        "SELECT set_config('app.scope', 'all_tenants', true); "
        "SELECT define_indexed('specimens', 'early_word', 'text', 'word'); "
        "SELECT define_indexed('specimens', 'early_number', 'bigint', 'number');"
    )
    await run_sql(place, script)
    async with connected(place) as connection:
        assert tuple(await connection.fetchrow("SELECT early_word, early_number FROM specimens")) == ("early", 7)


# Tenancy


async def test_every_table_that_has_tenants_is_protected_against_its_owner_too(database_url: str) -> None:
    async with connected(database_url) as connection:
        rows = await connection.fetch("""
            SELECT relname, relrowsecurity AND relforcerowsecurity AS secured,
                   (SELECT count(*) FROM pg_policy WHERE polrelid = pg_class.oid) AS policies
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'tenant_id'
            WHERE relkind IN ('r', 'p')
        """)
    unprotected = [row["relname"] for row in rows if not (row["secured"] and row["policies"])]
    assert len(rows) >= len(TABLES) and not unprotected, f"SELECT protect_tenants(…) for {unprotected}"


async def two_tenants(url: str) -> None:
    script = "INSERT INTO documents VALUES " + ", ".join(
        f"('{tenant}', 'd', 1, now(), now(), '{{}}')" for tenant in ("acme", "other")
    )
    await run_sql(url, script)


FORGOTTEN = "SELECT tenant_id FROM documents"


async def test_a_forgotten_filter_returns_only_the_tenants_own_rows(database_url: str) -> None:
    """The superuser of the tests sees every row outside of the store's transactions, and its own inside."""
    await two_tenants(database_url)
    database = Database(database_url, connections=2, command_seconds=5)
    await database.open()
    async with connected(database_url) as outside:
        assert await outside.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert len(await outside.fetch(FORGOTTEN)) == 2
    for tenant, seen in (("acme", ["acme"]), ("other", ["other"]), ("third", []), ("", []), ("all_tenants", [])):
        connection = await database.begin(tenant, "")
        assert [row["tenant_id"] for row in await connection.fetch(FORGOTTEN)] == seen
        assert await connection.execute("UPDATE documents SET version = 9") == f"UPDATE {len(seen)}"
        assert await connection.execute("DELETE FROM documents") == f"DELETE {len(seen)}"
        await database.release(connection, sound=False)
    await database.close()


@pytest.mark.parametrize("nobody", ["", "all_tenants", "*"])
async def test_a_transaction_of_nobody_sees_nothing_and_one_of_all_tenants_sees_all(
    postgres_world: World, database_url: str, nobody: str
) -> None:
    await two_tenants(database_url)
    for tenant, seen in ((nobody, 0), ("acme", 1), (None, 2)):
        async with postgres_world.store.transaction(tenant) as transaction:
            assert len(await transaction.fetch(FORGOTTEN, ())) == seen


_TABLES = """
SELECT relname::text, relrowsecurity AND relforcerowsecurity AS bound FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname <> 'schema_migrations'
"""
_REQUIRED = """
SELECT attname::text AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attnotnull AND attidentity = ''
"""
_GOES_ROUND = """
SELECT relname::text FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
UNION ALL SELECT proname::text FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
"""
"""Views and functions that run with their owner's rights."""


def _sample(type_: str, tenant: str) -> str:
    if type_.endswith("[]"):
        return "'{}'"
    words = {"text": f"'of {tenant}'", "timestamp with time zone": "now()", "bytea": "''", "boolean": "false"}
    return words.get(type_, "'{}'" if type_.startswith("json") else "1")


async def fill(connection: Any, table: str, tenant: str) -> None:
    columns = {row["name"]: _sample(row["type"], tenant) for row in await connection.fetch(_REQUIRED, table)}
    columns["tenant_id"] = f"'{tenant}'"
    names, values = ", ".join(columns), ", ".join(columns.values())
    await connection.execute(f"INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT DO NOTHING")


async def test_a_forgotten_filter_finds_nothing_of_another_tenant_in_any_table(database_url: str) -> None:
    """Whatever tables there are, the server's own catalogue says; every one has a row of two tenants."""
    async with connected(database_url) as outside:
        tables = await outside.fetch(_TABLES)
        assert len(tables) >= len(TABLES) and [row["relname"] for row in tables if not row["bound"]] == []
        assert await outside.fetch(_GOES_ROUND) == []
        await outside.execute("SET session_replication_role = replica")  # rows without what triggers read
        for row in tables:
            for tenant in ("acme", "other"):
                await fill(outside, row["relname"], tenant)
    serving = store(database_url)
    await serving.open()
    for name in [row["relname"] for row in tables]:
        for tenant, seen in (("acme", {"acme"}), ("other", {"other"}), ("nobody", set()), ("", set())):
            async with serving.transaction(tenant) as transaction:
                rows = await transaction.fetch(f"SELECT tenant_id FROM {name}", ())
            assert {row["tenant_id"] for row in rows} == seen, name
        async with serving.transaction("nobody") as transaction:
            assert await transaction.fetch(f"DELETE FROM {name} RETURNING 1", ()) == [], name
    await serving.close()


async def test_a_table_without_row_security_keeps_the_service_from_starting(database_url: str) -> None:
    await run_sql(database_url, "CREATE TABLE forgotten (tenant_id text)")
    with pytest.raises(ServiceUnavailable, match="Row security does not bind this database user in forgotten"):
        await store(database_url).open()


async def test_a_row_cannot_be_written_for_another_tenant(database_url: str) -> None:
    database = Database(database_url, connections=1, command_seconds=5)
    await database.open()
    connection = await database.begin("acme", "")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await connection.execute("INSERT INTO documents VALUES ('other', 'd', 1, now(), now(), '{}')")
    await database.release(connection, sound=False)
    await database.close()


async def test_the_tenant_of_one_transaction_is_forgotten_by_the_next_on_its_connection(database_url: str) -> None:
    await two_tenants(database_url)
    database = Database(database_url, connections=1, command_seconds=5)
    await database.open()
    connection = await database.begin("acme", "")
    assert len(await connection.fetch(FORGOTTEN)) == 1
    await connection.execute("COMMIT")
    await connection.execute("SET ROLE supportrag_app")
    assert await connection.fetch(FORGOTTEN) == []
    await database.release(connection, sound=False)
    await database.close()


@pytest.mark.parametrize("tenant", ["o'brien", "a\\b", "'); DROP TABLE documents; --", "тенант", "%s $1"])
async def test_a_tenants_name_is_only_ever_a_name(database_url: str, tenant: str) -> None:
    async with connected(database_url) as outside:
        await outside.execute("INSERT INTO documents VALUES ($1, 'd', 1, now(), now(), '{}')", tenant)
    database = Database(database_url, connections=1, command_seconds=5)
    await database.open()
    connection = await database.begin(tenant, "")
    assert [row["tenant_id"] for row in await connection.fetch(FORGOTTEN)] == [tenant]
    await database.release(connection, sound=False)
    await database.close()


@asynccontextmanager
async def database_of_a_user(server: Server, url: str, attributes: str) -> AsyncIterator[str]:
    """The same database as another user, who owns it."""
    parts = urlsplit(url)
    name, user = parts.path[1:], f"user_{parts.path[-12:]}"
    await run_sql(
        url, f"CREATE ROLE {user} LOGIN PASSWORD 'secret' {attributes}; ALTER DATABASE {name} OWNER TO {user}"
    )
    try:
        where = parts.netloc.rpartition("@")[2]
        yield urlunsplit(parts._replace(netloc=f"{user}:secret@{where}"))
    finally:
        script = f"ALTER DATABASE {name} OWNER TO CURRENT_USER; DROP OWNED BY {user} CASCADE; DROP ROLE {user}"
        await run_sql(url, script)


async def test_an_owner_without_rights_over_roles_is_bound_all_the_same(
    postgres_server: Server, empty_database: str
) -> None:
    async with database_of_a_user(postgres_server, empty_database, "NOSUPERUSER NOCREATEROLE") as url:
        await migrate(url)
        serving = store(url)
        await serving.open()
        async with serving.begin("acme") as uow:
            assert await uow[DOCUMENTS].list(()) == []
        await serving.close()
        await two_tenants(empty_database)
        async with connected(url) as connection:
            assert await connection.fetch(FORGOTTEN) == []
            await connection.execute("SELECT set_config('app.tenant', 'acme', false)")
            assert len(await connection.fetch(FORGOTTEN)) == 1


async def test_a_user_whom_row_security_does_not_bind_is_refused(postgres_server: Server, empty_database: str) -> None:
    async with database_of_a_user(postgres_server, empty_database, "BYPASSRLS") as url:
        await migrate(url)
        with pytest.raises(ServiceUnavailable, match="Row security does not bind"):
            await store(url).open()
