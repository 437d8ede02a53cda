"""How fast analytics is over many recorded queries in PostgreSQL: `python -m benchmarks.analytics [--queries 1000000]`.

Fills a database of its own (beside the one that SUPPORTRAG_TEST_DATABASE_URL names, or in one started from its
wheel) with queries over 90 days: one in eight unanswered, one in ten rated, one in five from the cache. The rows
are put in without triggers and noted and folded afterwards, by the same SQL that the triggers and the service run.
Then the numbers are held to a count over the rows themselves, and every route is timed over HTTP in this process,
with new queries being noted but not yet folded, as it is in service.
"""

import argparse
import asyncio
import json
import logging
import os
import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import structlog
from benchmarks.storage import database_url
from rich.console import Console
from rich.table import Table
from tests.support.system import SystemUnderTest, running

from adapters.storage.postgres import migrate

TENANT = "platform"
AT_ONCE = 50_000
CALLS = 40
NOTES = 5000
FILL = """
INSERT INTO queries (tenant_id, id, version, created_at, updated_at, body, user_id, session_id, action, category,
    outcome, language)
SELECT $1, key, 1, at, at, $2::jsonb || jsonb_build_object(
        'question', question, 'standalone_question', question, 'created_at', moment, 'updated_at', moment, 'id', key,
        'category', category, 'intent', 'intent' || n % 40, 'language', language, 'source', 'web',
        'processing_time_ms', 5 + (random() ^ 4 * 2000)::int, 'cache_hit', random() < 0.2,
        'action', CASE WHEN lost THEN 'escalate' ELSE 'auto_reply' END,
        'outcome', CASE WHEN lost THEN 'escalated' ELSE 'completed' END,
        'escalation_reason', CASE WHEN lost THEN 'low_confidence' END,
        'user_id', 'user' || n % 5000,
        'feedback', CASE WHEN random() < 0.1
            THEN $3::jsonb || jsonb_build_object('rating', 1 + (random() * 4)::int) END),
    'user' || n % 5000, NULL, CASE WHEN lost THEN 'escalate' ELSE 'auto_reply' END, category,
    CASE WHEN lost THEN 'escalated' ELSE 'completed' END, language
FROM (SELECT *, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS moment FROM (
    SELECT n, now() - random() * interval '90 days' AS at, n % 8 = 0 AS lost, 'category' || n % 12 AS category,
        'en' AS language, 'q_bulk' || lpad(n::text, 10, '0') AS key,
        ($4::text[])[1 + (random() * (array_length($4::text[], 1) - 1))::int] AS question
    FROM generate_series($5::bigint, $6::bigint) AS n OFFSET 0) AS drawn OFFSET 0) AS made
"""
NOTE = """
INSERT INTO query_facts SELECT fact.* FROM queries, LATERAL (SELECT (fact_of(queries)).* OFFSET 0) AS fact
    WHERE id LIKE 'q_bulk%';
INSERT INTO query_notes SELECT query_facts.*, 1 FROM query_facts WHERE query_id LIKE 'q_bulk%';
"""
COUNT = """
SELECT count(*) AS total, count(*) FILTER (WHERE body->>'outcome' = 'completed') AS answered,
    count(*) FILTER (WHERE body->>'outcome' = 'escalated') AS escalated,
    count(*) FILTER (WHERE body->'feedback' ? 'rating') AS rated,
    avg((body->>'processing_time_ms')::numeric) AS mean,
    percentile_disc(0.95) WITHIN GROUP (ORDER BY (body->>'processing_time_ms')::bigint) AS p95,
    avg((body->'feedback'->>'rating')::numeric) AS satisfaction
FROM queries WHERE tenant_id = $1 AND created_at >= $2
"""
ROUTES = (
    "metrics?period=90d",
    "metrics?period=90d&resolution=1h",
    "metrics?period=7d",
    "metrics?period=1h&resolution=1m",
    "queries?period=90d&group_by=category",
    "queries?period=90d&group_by=day",
    "documents",
    "gaps?period=90d",
)


def questions(count: int) -> list[str]:
    chance = random.Random(1)
    verbs, things = "cancel change track return pay insure send find".split(), "order parcel invoice lamp desk".split()
    places = "Norway Canada Spain Peru Japan Kenya Chile Malta".split()
    return [
        f"How do I {chance.choice(verbs)} the {chance.choice(things)} to {chance.choice(places)}, number {n}?"
        for n in range(count)
    ]


@contextmanager
def own_database() -> Iterator[str]:
    with database_url() as server:
        name = f"bench_analytics_{os.getpid()}"
        asyncio.run(_execute(server, f"CREATE DATABASE {name}"))
        try:
            url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
            asyncio.run(_migrated(url))
            yield url
        finally:
            asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


async def _migrated(url: str) -> None:
    await migrate(url)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def fill(system: SystemUnderTest, connection: Any, count: int) -> float:
    """Copies of one answered and rated question, as the service records it."""
    await system.learn(("How do I return a lamp?", "Send it back."))
    asked = await system.ask("How do I return a lamp?")
    await system.call("POST", f"/api/v1/queries/{asked['query_id']}/feedback", json={"rating": 5})
    like = await connection.fetchval("SELECT body FROM queries WHERE id = $1", asked["query_id"])
    rated = json.dumps(json.loads(like)["feedback"])
    begun = time.perf_counter()
    await connection.execute("SET session_replication_role = replica")
    for first in range(0, count, AT_ONCE):
        last = min(first + AT_ONCE, count) - 1
        await connection.execute(FILL, TENANT, like, rated, questions(400), first, last, timeout=900)
    await connection.execute("SET session_replication_role = origin")
    await connection.execute(NOTE, timeout=900)
    while await system.container.seeing.fold_insights()():
        pass
    await connection.execute("VACUUM ANALYZE", timeout=900)
    return time.perf_counter() - begun


async def check(system: SystemUnderTest, connection: Any, console: Console) -> None:
    """The summary of 90 days beside a count over the rows."""
    shown = await system.data("GET", "/api/v1/analytics/metrics", params={"period": "90d"})
    begun = time.perf_counter()
    counted = await connection.fetchrow(COUNT, TENANT, datetime.fromisoformat(shown["since"]), timeout=900)
    took, summary = time.perf_counter() - begun, shown["summary"]
    pairs = {
        "queries": (summary["total_queries"], counted["total"]),
        "answered": (summary["auto_reply_rate"], round(counted["answered"] / counted["total"], 4)),
        "escalated": (summary["escalation_rate"], round(counted["escalated"] / counted["total"], 4)),
        "rated": (summary["rated_queries"], counted["rated"]),
        "mean ms": (summary["average_response_time_ms"], round(float(counted["mean"]), 2)),
        "p95 ms": (summary["p95_response_time_ms"], counted["p95"]),
        "satisfaction": (summary["satisfaction_score"], round(float(counted["satisfaction"]), 2)),
    }
    console.print(
        f"a count over the rows takes {took:.1f} s: " + ", ".join(f"{k} {v[0]} = {v[1]}" for k, v in pairs.items())
    )
    assert all(mine == theirs for mine, theirs in pairs.values()), pairs


async def note_some(connection: Any) -> None:
    """What came in since the last folding, by the trigger."""
    await connection.execute(
        "UPDATE queries SET body = jsonb_set(body, '{processing_time_ms}', '77') WHERE id IN "
        f"(SELECT id FROM queries WHERE id LIKE 'q_bulk%' LIMIT {NOTES})"
    )


async def timed(system: SystemUnderTest, route: str) -> list[float]:
    took: list[float] = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        await system.call("GET", f"/api/v1/analytics/{route}", expect=200)
        took.append((time.perf_counter() - begun) * 1000)
    return took


async def measure(url: str, count: int) -> None:
    console = Console(width=150)
    async with running(database_url=url, master_key="bench") as system:
        connection = await asyncpg.connect(url)
        took = await fill(system, connection, count)
        size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
        console.print(f"{count:,} queries: filled, noted and folded in {took:.0f} s, {size}")
        await check(system, connection, console)
        await note_some(connection)
        table = Table(
            "GET /api/v1/analytics/…", "first", "p50 ms", "p95 ms", title=f"{CALLS} calls, {NOTES} notes not folded"
        )
        for route in ROUTES:
            found = await timed(system, route)
            later = sorted(found[1:])
            p95 = later[int(len(later) * 0.95)]
            table.add_row(route, *(f"{x:.1f}" for x in (found[0], statistics.median(later), p95)))
        console.print(table)
        await connection.close()


def main() -> None:
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=1_000_000)
    with own_database() as url:
        asyncio.run(measure(url, parser.parse_args().queries))


if __name__ == "__main__":
    main()
