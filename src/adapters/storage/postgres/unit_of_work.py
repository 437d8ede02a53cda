"""One transaction of one tenant."""

from collections.abc import Sequence
from dataclasses import astuple, fields
from types import TracebackType
from typing import Self, TypeVar

from adapters.storage.layout import is_storable
from adapters.storage.postgres.collection import PostgresCollection
from adapters.storage.postgres.outbox import Outbox
from adapters.storage.postgres.transactions import Transaction
from application.ports.storage import Collection, Statistics, Table
from domain.aggregates import Aggregate, Event
from domain.qa_pairs import PairStatistics

A = TypeVar("A", bound=Aggregate)

_COUNTERS = tuple(member.name for member in fields(PairStatistics))
_ADD = f"""
INSERT INTO pair_statistics AS kept (tenant_id, pair_id, {", ".join(_COUNTERS)})
VALUES ({", ".join(f"${n}" for n in range(1, len(_COUNTERS) + 3))})
ON CONFLICT (tenant_id, pair_id)
DO UPDATE SET {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in _COUNTERS)}
"""  # noqa: S608 - made of the names of PairStatistics
_COUNTED = f"""
SELECT pair_id, {", ".join(_COUNTERS)} FROM pair_statistics WHERE tenant_id = $1 AND pair_id = ANY($2)
"""  # noqa: S608

_TOUCH = """
INSERT INTO knowledge_versions AS kept (tenant_id, version) VALUES ($1, 1)
ON CONFLICT (tenant_id) DO UPDATE SET version = kept.version + 1
"""
_KNOWLEDGE = "SELECT coalesce((SELECT version FROM knowledge_versions WHERE tenant_id = $1), 0)"


class PostgresStatistics:
    """Counts are written last and in the order of ids: a popular pair is locked for the commit only, and
    two transactions that count the same pairs don't block each other."""

    def __init__(self, transaction: Transaction, tenant_id: str) -> None:
        self._transaction, self._tenant_id = transaction, tenant_id
        self._waiting: list[tuple[str, PairStatistics]] = []

    async def add(self, pair_id: str, delta: PairStatistics) -> None:
        self._waiting.append((pair_id, delta))

    async def of(self, pair_ids: Sequence[str]) -> dict[str, PairStatistics]:
        await self.write()
        asked = [key for key in pair_ids if is_storable(key)]
        rows = await self._transaction.fetch(_COUNTED, (self._tenant_id, asked))
        return {row["pair_id"]: PairStatistics(**{name: row[name] for name in _COUNTERS}) for row in rows}

    async def write(self) -> None:
        waiting, self._waiting = sorted(self._waiting, key=lambda added: added[0]), []
        if waiting:
            rows = [(self._tenant_id, pair_id, *astuple(delta)) for pair_id, delta in waiting]
            await self._transaction.fetch_each(_ADD, rows)


class PostgresUnitOfWork:
    def __init__(self, transaction: Transaction, tenant_id: str, outbox: Outbox) -> None:
        self.tenant_id = tenant_id
        self._transaction, self._outbox = transaction, outbox
        self._statistics = PostgresStatistics(transaction, tenant_id)
        self._events: list[Event] = []
        self._touched = False

    def __getitem__(self, table: Table[A]) -> Collection[A]:
        return PostgresCollection(self._transaction, self.tenant_id, table, self._events.extend)

    @property
    def statistics(self) -> Statistics:
        return self._statistics

    async def knowledge_version(self) -> int:
        return int(await self._transaction.fetchval(_KNOWLEDGE, (self.tenant_id,)))

    async def touch_knowledge(self) -> None:
        self._touched = True

    def announce(self, event: Event) -> None:
        self._events.append(event)

    async def commit(self) -> None:
        tells = bool(self._events)
        await self._outbox.put(self._transaction, self.tenant_id, self._events)
        self._events.clear()
        await self._statistics.write()
        if self._touched:
            await self._transaction.fetch(_TOUCH, (self.tenant_id,))
        self._touched = False
        await self._transaction.commit()
        if tells:
            await self._outbox.told()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transaction.roll_back()
