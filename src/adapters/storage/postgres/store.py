"""The store on PostgreSQL: one table a kind of aggregate, one transaction a unit of work."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from adapters.storage import codec
from adapters.storage.postgres.outbox import Outbox
from adapters.storage.postgres.transactions import ALL_TENANTS, Database, Transaction
from adapters.storage.postgres.unit_of_work import PostgresUnitOfWork
from adapters.storage.recording import EventRecorder, Told, unheard
from application.ports.storage import JOBS, TABLES, ClaimedJob, RecordedEvent, Table
from application.ports.system import Clock, Ids
from domain.jobs import Job

DUE_JOB = """
SELECT tenant_id, id FROM jobs
WHERE status IN ('pending', 'processing') AND (lease_until IS NULL OR lease_until <= $1)
ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_HELD = "SELECT body FROM jobs WHERE tenant_id = $1 AND id = $2 FOR UPDATE"
_RENEW = """
UPDATE jobs SET lease_until = $3, body = $4::jsonb - '_events' WHERE tenant_id = $1 AND id = $2
"""
_OWNERS = """
(WITH RECURSIVE owner AS (
    SELECT min(tenant_id) AS name FROM {table}
    UNION ALL
    SELECT (SELECT min(tenant_id) FROM {table} WHERE tenant_id > owner.name) FROM owner WHERE owner.name IS NOT NULL
) SELECT name FROM owner WHERE name IS NOT NULL)
"""
"""Steps from tenant to tenant along the primary key, however many rows each has."""


class PostgresStore:
    """`connections` bounds what this process opens; `command_seconds` what one statement may take."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        ids: Ids,
        current_trace: Callable[[], str | None] = lambda: None,
        told: Told = unheard,
        *,
        connections: int = 10,
        command_seconds: float = 10.0,
    ) -> None:
        self._database = Database(url, connections, command_seconds)
        self.outbox = Outbox(EventRecorder(clock, ids, current_trace), told)

    def begin(self, tenant_id: str) -> PostgresUnitOfWork:
        return PostgresUnitOfWork(self.transaction(tenant_id), tenant_id, self.outbox)

    def transaction(self, tenant_id: str | None = None) -> Transaction:
        """Of one tenant, or (`None`) over all: for claims, and for whatever else keeps tables in this database."""
        return Transaction(self._database, tenant_id or "", ALL_TENANTS if tenant_id is None else "")

    async def tenants(self) -> list[str]:
        owners = " UNION ".join(_OWNERS.format(table=table.name) for table in TABLES)
        async with self.transaction() as transaction:
            return sorted(row["name"] for row in await transaction.fetch(owners, ()))

    async def tenants_with(self, table: Table[Any]) -> list[str]:
        async with self.transaction() as transaction:
            rows = await transaction.fetch(_OWNERS.format(table=table.name), ())
            return sorted(row["name"] for row in rows)

    async def count_all(self, table: Table[Any]) -> int:
        async with self.transaction() as transaction:
            return int(await transaction.fetchval(f"SELECT count(*) FROM {table.name}", ()))  # noqa: S608

    async def recorded_events(self, tenant_id: str) -> list[RecordedEvent]:
        """The tenant's outbox, oldest first."""
        async with self.transaction(tenant_id) as transaction:
            return await self.outbox.of(transaction, tenant_id)

    async def claim(self, now: datetime, claim_id: str) -> ClaimedJob | None:
        async with self.transaction() as transaction:
            due = await transaction.fetch(DUE_JOB, (now,))
            return await self._take(transaction, due[0], now, claim_id) if due else None

    async def renew(self, tenant_id: str, job_id: str, claim_id: str, now: datetime) -> bool:
        async with self.transaction(tenant_id) as transaction:
            body = await transaction.fetchval(_HELD, (tenant_id, job_id))
            job = codec.decode(Job, body, {}) if body else None
            if job is None or job.claim_id != claim_id:
                return False
            job.renew(now)
            kept, _ = codec.encode(job, job.version)
            await transaction.fetch(_RENEW, (tenant_id, job_id, job.lease_until, kept.decode()))
            await transaction.commit()
            return True

    async def ping(self) -> None:
        async with self.transaction() as transaction:
            await transaction.fetchval("SELECT 1", ())

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    async def _take(self, transaction: Transaction, due: Any, now: datetime, claim_id: str) -> ClaimedJob:
        uow = PostgresUnitOfWork(transaction, due["tenant_id"], self.outbox)
        job = await uow[JOBS].get(due["id"])
        job.claim(now, claim_id)
        await uow[JOBS].save(job)
        await uow.commit()
        return ClaimedJob(uow.tenant_id, job.id, job.type)
