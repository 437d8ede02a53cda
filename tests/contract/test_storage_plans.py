"""An index for every list: what PostgreSQL does with 100 000 rows of a kind, asked with EXPLAIN."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from tests.support.aggregates import START
from tests.support.postgres import Server

from adapters.storage.cursors import Key
from adapters.storage.layout import indexed_field, indexed_fields
from adapters.storage.postgres import statements
from adapters.storage.postgres.store import DUE_JOB
from adapters.storage.postgres.transactions import ALL_TENANTS, Database
from application.ports.storage import DOCUMENTS, JOBS, MESSAGES, PAIRS, QUERIES, Table
from domain.paging import Condition, Op, PageRequest

ROWS = 100_000
BIG = (PAIRS, QUERIES, MESSAGES, JOBS, DOCUMENTS)

_VALUES = {
    str: "'v' || n % 500",
    int: "n % 500",
    bool: "n % 2 = 0",
    float: "n",
    datetime: "timestamptz '2026-01-07' + n * interval '1 second'",
    tuple: "ARRAY['v' || n % 500]",
}
_STATUSES = "(ARRAY['completed', 'failed', 'completed', 'completed', 'pending'])[1 + n % 5]"
"""A job's status decides which index a claim takes."""


def filling(table: Table[Any], rows: int) -> str:
    fields = statements.extra_fields(table)
    values = [_STATUSES if (table, f.path) == (JOBS, "status") else _VALUES[f.type] for f in fields]
    columns = ", ".join(
        ("tenant_id", "id", "version", "created_at", "updated_at", "body", *(f'"{f.column}"' for f in fields))
    )
    base = "CASE WHEN n % 10 = 0 THEN 'other' ELSE 'acme' END, lpad(n::text, 8, '0'), 1"
    return (
        f"INSERT INTO {table.name} ({columns}) "
        f"SELECT {', '.join((base, _VALUES[datetime], _VALUES[datetime], JSON_BODY, *values))} "
        f"FROM generate_series(1, {rows}) AS n"
    )


JSON_BODY = """'{"text": "%s"}'::jsonb""" % ("words " * 50)
"""Of an ordinary size, for that decides whether an index is worth its while."""


@pytest.fixture(scope="module")
def big_database_url(postgres_server: Server, migrated_template: str) -> Any:
    name = postgres_server.create(migrated_template)
    url = postgres_server.database_url(name)
    inside = Server(url)
    for table in BIG:
        # Rows made in bulk say too little for the triggers, whose tables are not what is looked at here.
        # Without synchronous commits vacuum calls nothing visible to all that is not flushed yet.
        quiet = f"ALTER TABLE {table.name} DISABLE TRIGGER USER"
        inside.run(quiet, filling(table, ROWS), "CHECKPOINT", f"VACUUM ANALYZE {table.name}")
    yield url
    postgres_server.drop(name)


@asynccontextmanager
async def transaction(url: str, scope: str = "", tenant: str = "acme") -> AsyncIterator[Any]:
    """A connection as the store uses it: in the app's role, under row security."""
    database = Database(url, connections=1, command_seconds=30)
    await database.open()
    connection = await database.begin(tenant, scope)
    yield connection
    await database.release(connection, sound=False)
    await database.close()


async def plan_of(connection: Any, sql: str, args: list[Any]) -> dict[str, Any]:
    """The plan that serves all values alike, and not one made for these alone."""
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *args))
    return dict(plan[0]["Plan"])


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", ()) for node in nodes(inner))]


def require_indexed(plan: dict[str, Any], *, sorted_by_index: bool) -> None:
    kinds = [node["Node Type"] for node in nodes(plan)]
    assert "Seq Scan" not in kinds, json.dumps(plan, indent=1)
    assert any("Index" in kind for kind in kinds)
    if sorted_by_index:
        assert "Sort" not in kinds, json.dumps(plan, indent=1)


every_big_kind = pytest.mark.parametrize("table", BIG, ids=lambda table: table.name)
both_ways = pytest.mark.parametrize("sort", ["-created_at", "created_at"])
AFTER: dict[str, Key | None] = {"first": None, "next": (START, "00005000")}


@every_big_kind
@both_ways
@pytest.mark.parametrize("after", AFTER.values(), ids=AFTER.keys())
async def test_a_page_by_time_reads_an_index_in_its_order(
    big_database_url: str, table: Table[Any], sort: str, after: Key | None
) -> None:
    query = statements.page(table, "acme", (), PageRequest(sort=sort), after)
    async with transaction(big_database_url) as connection:
        require_indexed(await plan_of(connection, query.text, query.args), sorted_by_index=True)


@every_big_kind
async def test_a_page_of_what_equals_something_reads_an_index_in_its_order(
    big_database_url: str, table: Table[Any]
) -> None:
    async with transaction(big_database_url) as connection:
        for path in table.indexed:
            if indexed_field(table, path).type is tuple:
                continue
            value = {str: "v7", int: 7, bool: True, float: 7.0, datetime: START}[indexed_field(table, path).type]
            query = statements.page(table, "acme", (Condition(path, Op.EQ, value),), PageRequest(), None)
            plan = await plan_of(connection, query.text, query.args)
            require_indexed(plan, sorted_by_index=True)


@every_big_kind
async def test_a_page_sorted_by_any_indexed_field_begins_in_an_index(big_database_url: str, table: Table[Any]) -> None:
    """But for a field of two or three values: whoever sorts by it has a third of the rows sorted by id."""
    async with transaction(big_database_url) as connection:
        for path in indexed_fields(table).keys() - {"status", "hidden"}:
            for sign in ("", "-"):
                query = statements.page(table, "acme", (), PageRequest(sort=sign + path), None)
                plan = await plan_of(connection, query.text, query.args)
                require_indexed(plan, sorted_by_index=True)


@every_big_kind
async def test_looking_up_saving_and_removing_go_by_the_key(big_database_url: str, table: Table[Any]) -> None:
    wanted = (Condition("id", Op.IN, ("00000001", "00000002")),)
    one = (Condition("id", Op.EQ, "00000001"),)
    async with transaction(big_database_url) as connection:
        for query in (statements.select(table, "acme", wanted), statements.delete(table, "acme", one)):
            plan = await plan_of(connection, query.text, query.args)
            require_indexed(plan, sorted_by_index=True)


@every_big_kind
async def test_counting_for_the_total_reads_an_index_alone(big_database_url: str, table: Table[Any]) -> None:
    """For a tenant with a tenth of the rows; whoever has nearly all of them is counted by reading the table."""
    path = table.indexed[0]
    conditions = ((), (Condition(path, Op.EQ, "v7"),))
    async with transaction(big_database_url, tenant="other") as connection:
        for where in conditions:
            query = statements.count(table, "other", where)
            plan = await plan_of(connection, query.text, query.args)
            assert "Index Only Scan" in {node["Node Type"] for node in nodes(plan)}, json.dumps(plan, indent=1)


async def test_the_next_job_is_found_by_an_index_over_all_tenants(big_database_url: str) -> None:
    async with transaction(big_database_url, ALL_TENANTS) as connection:
        plan = await plan_of(connection, DUE_JOB, [START])
    require_indexed(plan, sorted_by_index=True)
    assert "jobs_to_claim" in {node.get("Index Name") for node in nodes(plan)}


async def test_a_plan_without_an_index_would_be_noticed(big_database_url: str) -> None:
    async with transaction(big_database_url) as connection:
        plan = await plan_of(connection, "SELECT body FROM qa_pairs WHERE body->>'language' = $1", ["en"])
        with pytest.raises(AssertionError):
            require_indexed(plan, sorted_by_index=False)
