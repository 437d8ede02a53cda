"""The schema: numbered files of plain SQL, each applied once, in order, in a transaction of its own."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from adapters.advisory_locks import AdvisoryLock
from adapters.storage.postgres.errors import translated
from adapters.storage.postgres.reaching import connect

FOLDER = Path(__file__).parent.parent / "sql"

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
"""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class ChangedMigration(RuntimeError):
    """A migration was edited after it had been applied; write a new one instead."""


def known_migrations(folder: Path = FOLDER) -> list[Migration]:
    return [Migration(path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("*.sql"))]


async def migrate(url: str, folder: Path = FOLDER) -> list[str]:
    """Applies what is missing and returns its names; safe to run twice, and from two places at once."""
    with translated():
        connection = await connect(url)
        try:
            return [m.name for m in known_migrations(folder) if await _apply(connection, m)]
        finally:
            await connection.close()


async def pending_migrations(url: str, folder: Path = FOLDER) -> list[str]:
    with translated():
        connection = await connect(url)
        try:
            return await missing_from(connection, folder)
        finally:
            await connection.close()


async def missing_from(connection: "asyncpg.Connection[asyncpg.Record]", folder: Path = FOLDER) -> list[str]:
    """The names of known migrations that this database lacks; it may have newer ones."""
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return [m.name for m in known_migrations(folder)]
    applied = await connection.fetch("SELECT name FROM schema_migrations")
    return [m.name for m in known_migrations(folder) if m.name not in {row["name"] for row in applied}]


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> bool:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", AdvisoryLock.MIGRATING)
        await connection.execute(_LEDGER)
        known = await connection.fetchval("SELECT checksum FROM schema_migrations WHERE name = $1", migration.name)
        if known is not None:
            _require_unchanged(migration, known)
            return False
        await connection.execute("SELECT set_config('app.scope', 'all_tenants', true)")
        await connection.execute(migration.sql)
        values = (migration.name, migration.checksum)
        await connection.execute("INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", *values)
    return True


def _require_unchanged(migration: Migration, checksum: str) -> None:
    if checksum != migration.checksum:
        raise ChangedMigration(f"{migration.name}.sql was edited after it had been applied; write a new one instead.")
