"""A database that an older version wrote is brought to the newest with everything in it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from adapters.storage import codec
from adapters.storage.postgres import PostgresStore, migrate
from adapters.storage.postgres.migrations import FOLDER
from adapters.storage.postgres.word_search import PostgresWordSearch
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.storage import PAIRS
from domain.events import QuestionFailed
from domain.qa_pairs import QAPair
from domain.retrieval import Filters

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def first(count: int, folder: Path) -> Path:
    """A folder with the first migrations only, as an old version had."""
    folder.mkdir()
    for path in sorted(FOLDER.glob("*.sql"))[:count]:
        shutil.copy(path, folder)
    return folder


async def execute(url: str, sql: str, *args: Any) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT set_config('app.scope', 'all_tenants', false)")
        return list(await connection.fetch(sql, *args))
    finally:
        await connection.close()


async def opened(url: str) -> PostgresStore:
    store = PostgresStore(url, ManualClock(), CountingIds())
    await store.open()
    return store


async def test_what_the_first_migration_kept_is_kept(empty_database: str, tmp_path: Path) -> None:
    await migrate(empty_database, first(1, tmp_path / "old"))
    name, payload = codec.encode_event(QuestionFailed(query_id="q_1", error_code="X", error_message="It failed."))
    event = "INSERT INTO events (tenant_id, id, name, payload, occurred_at) VALUES ('acme', 'evt_1', $1, $2, $3)"
    await execute(empty_database, event, name, payload.decode(), NOW)
    await execute(empty_database, "INSERT INTO knowledge_versions VALUES ('acme', 41)")
    await execute(empty_database, "INSERT INTO pair_statistics VALUES ('acme', 'qa_1', 7, 3.5, 9, 2, 1, 1)")
    await migrate(empty_database)
    store = await opened(empty_database)
    async with store.begin("acme") as uow:
        assert await uow.knowledge_version() == 41
        assert (await uow.statistics.of(["qa_1"]))["qa_1"].times_retrieved == 7
    recorded = await store.recorded_events("acme")
    assert [each.event for each in recorded] == [codec.decode_event(name, payload)]
    await store.close()


@pytest.mark.parametrize("count", range(2, len(list(FOLDER.glob("*.sql")))))
async def test_pairs_of_any_older_version_are_read_and_found_by_their_words(
    count: int, empty_database: str, tmp_path: Path
) -> None:
    await migrate(empty_database, first(count, tmp_path / "old"))
    texts = {"question": "How do I reset my password?", "answer": "Follow the link.", "language": "en"}
    pair = QAPair(id="qa_1", created_at=NOW, updated_at=NOW, document_id="doc_1", **texts)
    body, _ = codec.encode(pair, version=1)
    await execute(
        empty_database,
        "INSERT INTO qa_pairs (tenant_id, id, version, created_at, updated_at, body, document_id, status) "
        "VALUES ('acme', 'qa_1', 1, $1, $1, $2, $3, $4)",
        NOW, body.decode(), pair.document_id, pair.status,
    )  # fmt: skip
    await migrate(empty_database)
    store = await opened(empty_database)
    async with store.begin("acme") as uow:
        kept = await uow[PAIRS].get("qa_1")
        kept.answer = "Changed."
        await uow[PAIRS].save(kept)
        await uow.commit()
    found = await PostgresWordSearch(store).matches("acme", "resetting passwords", 5, Filters())
    assert [row.answer for row in found.rows] == ["Changed."]
    for filters, there in (({None}, 1), ({None, "a"}, 1), ({"a"}, 0)):
        wanted = Filters(categories=frozenset(filters), intents=frozenset(filters))
        found = await PostgresWordSearch(store).matches("acme", "resetting passwords", 5, wanted)
        assert len(found.rows) == there
    await store.close()
