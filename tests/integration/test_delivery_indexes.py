"""Every listing and every claim of the delivery queue has an index that serves it, however full the tables are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from adapters.delivery.postgres import statements as sql
from adapters.delivery.postgres.log import _DELIVERIES, _EVENTS, _where
from adapters.delivery.postgres.rows import CHANGING_COLUMNS, columns
from adapters.storage.postgres import PostgresStore
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.delivery import DeliveryFilter
from application.use_cases.redelivery import failed_deliveries
from domain.delivery import State

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)
ROWS = 20_000

FILL = f"""
INSERT INTO webhook_deliveries (tenant_id, id, webhook_id, event_id, event_type, kind, delays, timeout_seconds,
    created_at, updated_at, due_at, state, attempts, lost_leases, claim_id, lease_until, finished_at)
SELECT 'tenant' || n % 20, 'del_' || n, 'whk_' || n % 200, 'evt_' || n, 'query.failed', 'automatic', '{{5}}', 10,
    now - n * interval '1 minute', now, now - n * interval '1 second',
    CASE n % 50 WHEN 0 THEN 'pending' WHEN 1 THEN 'in_flight' WHEN 2 THEN 'failed' ELSE 'succeeded' END, 1, 0,
    CASE n % 50 WHEN 1 THEN 'c' END, CASE n % 50 WHEN 1 THEN now END, CASE WHEN n % 50 > 1 THEN now END
FROM generate_series(1, {ROWS}) AS n, (SELECT timestamptz '2026-01-07 10:00Z' AS now) AS at
"""
FILL_EVENTS = f"""
INSERT INTO public_events (tenant_id, id, type, data, occurred_at, subject, logged)
SELECT 'tenant' || n % 20, 'evt_' || n, 'job.progress', '{{}}',
    timestamptz '2026-01-07 10:00Z' - n * interval '1 minute', 'job_' || n, true FROM generate_series(1, {ROWS}) AS n
"""
FILL_LANES = """
INSERT INTO webhook_lanes SELECT 'tenant' || n % 20, 'whk_' || n, 10, 1000, NULL, '{}' FROM generate_series(0, 199) n
"""
FILL_WEBHOOKS = """
INSERT INTO webhooks (tenant_id, id, version, created_at, updated_at, body, active)
SELECT 'tenant' || n % 20, 'whk_' || n, 1, now(), now(), '{}', true FROM generate_series(0, 1999) n
"""
FILL_ATTEMPTS = f"""
INSERT INTO webhook_attempts SELECT 'tenant' || n % 20, 'del_' || n, now(), false, '{{}}'
FROM generate_series(1, {ROWS}) AS n
"""


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    opened = PostgresStore(database_url, ManualClock(), CountingIds())
    await opened.open()
    async with opened.transaction() as transaction:
        for filling in (FILL, FILL_EVENTS, FILL_LANES, FILL_WEBHOOKS, FILL_ATTEMPTS):
            await transaction.fetch(filling, ())
        await transaction.commit()
    owner = await asyncpg.connect(database_url)
    await owner.execute("ANALYZE")
    await owner.close()
    yield opened
    await opened.close()


async def plan(store: PostgresStore, tenant: str | None, query: str, *args: Any) -> str:
    async with store.transaction(tenant) as transaction:
        return "\n".join(row[0] for row in await transaction.fetch("EXPLAIN " + query, args))


def listing(chosen: DeliveryFilter) -> tuple[str, list[Any]]:
    where, values = _where(chosen)
    return _DELIVERIES + where + " ORDER BY created_at DESC, id DESC LIMIT 21", ["tenant3", *values]


@pytest.mark.parametrize(
    "chosen",
    [
        DeliveryFilter(), DeliveryFilter(webhook_id="whk_3"), DeliveryFilter(webhook_id="whk_3", state=State.FAILED),
        failed_deliveries(), failed_deliveries("whk_3"), DeliveryFilter(event_id="evt_3"),
    ],
    ids=["all", "webhook", "webhook and state", "failures", "failures of one", "event"],
)  # fmt: skip
async def test_lists_are_read_by_index(store: PostgresStore, chosen: DeliveryFilter) -> None:
    query, args = listing(chosen)
    found = await plan(store, "tenant3", query, *args)
    assert "Seq Scan" not in found, found


async def test_the_log_and_its_parts_are_read_by_index(store: PostgresStore) -> None:
    asked: list[tuple[str, tuple[Any, ...]]] = [
        (_EVENTS + " AND logged AND position > $2 ORDER BY position LIMIT 20", ("tenant3", 10)),
        (_EVENTS + " AND id = $2", ("tenant3", "evt_3")),
        (sql.LAST_ANNOUNCED, ("tenant3", "job.progress", "job_3")),
        ("SELECT body FROM webhook_attempts WHERE tenant_id = $1 AND delivery_id = $2", ("tenant3", "del_3")),
    ]
    for query, args in asked:
        found = await plan(store, "tenant3", query, *args)
        assert "Seq Scan" not in found, found


async def test_the_work_of_workers_is_found_by_index(store: PostgresStore) -> None:
    day = timedelta(days=1)
    asked: list[tuple[str, tuple[Any, ...]]] = [
        (sql.DUE_LANES, (NOW, [], 0, 64)),
        (sql.CLAIM, (["whk_50"], [10], [1000], [16], 0, NOW, NOW - day, 64, "c", timedelta(seconds=20), 1)),
        (sql.OVERDUE, (NOW, NOW - day, 200)),
        (sql.NEXT_DUE, ()),
        (sql.FORGET_DELIVERIES, (NOW - 30 * day, 1000)),
        (sql.TENANT_OF, ("whk_3",)),
    ]
    for query, args in asked:
        found = await plan(store, None, query, *args)
        assert "Seq Scan on webhook_deliveries" not in found and "Seq Scan on webhooks" not in found, found


async def test_an_attempt_is_recorded_by_key_though_the_table_was_empty_when_that_was_first_planned(
    database_url: str,
) -> None:
    """A plan kept from an empty table was measured to read all of a tenant's deliveries for each attempt."""
    new = PostgresStore(database_url, ManualClock(), CountingIds(), connections=1)
    await new.open()
    nothing = columns([("tenant3", "del_none", *[None] * len(CHANGING_COLUMNS), "c", NOW, "{}")])
    for _ in range(10):  # a server keeps a plan after five
        async with new.transaction() as transaction:
            await transaction.fetch(sql.SETTLE, nothing)
    async with new.transaction() as transaction:
        await transaction.fetch(FILL, ())
        found = "\n".join(row[0] for row in await transaction.fetch("EXPLAIN " + sql.SETTLE, nothing))
        kept = "SELECT generic_plans FROM pg_prepared_statements WHERE statement = $1"
        assert await transaction.fetchval(kept, (sql.SETTLE,)) == 0
    await new.close()
    assert found.count("webhook_deliveries_pkey") == 2 and "Seq Scan on webhook_deliveries" not in found, found
