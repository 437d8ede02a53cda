"""The store in memory: real commit and rollback, copies at the border, version checks. Kept by nobody
when the process ends, and otherwise as good as any."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from adapters.storage.codec import decode_event, encode_event, twin
from adapters.storage.memory_rows import MemoryCollection, Rows
from adapters.storage.recording import EventRecorder, Told, unheard
from application.ports.storage import JOBS, ClaimedJob, Collection, RecordedEvent, Statistics, Table
from application.ports.system import Clock, Ids
from domain.aggregates import Aggregate, Event
from domain.jobs import Job, JobStatus
from domain.paging import Condition, Op
from domain.qa_pairs import PairStatistics

A = TypeVar("A", bound=Aggregate)


class MemoryStatistics:
    def __init__(self, committed: dict[str, PairStatistics]) -> None:
        self._committed = committed
        self._added: dict[str, PairStatistics] = {}

    async def add(self, pair_id: str, delta: PairStatistics) -> None:
        self._added[pair_id] = _sum(self._added.get(pair_id, PairStatistics()), delta)

    async def of(self, pair_ids: Sequence[str]) -> dict[str, PairStatistics]:
        return {key: self._total(key) for key in pair_ids if key in self._committed or key in self._added}

    def apply(self) -> None:
        self._committed.update({key: self._total(key) for key in self._added})

    def _total(self, key: str) -> PairStatistics:
        nothing = PairStatistics()
        return _sum(self._committed.get(key, nothing), self._added.get(key, nothing))


def _sum(a: PairStatistics, b: PairStatistics) -> PairStatistics:
    fields = PairStatistics.__dataclass_fields__
    return PairStatistics(**{name: getattr(a, name) + getattr(b, name) for name in fields})


class MemoryUnitOfWork:
    def __init__(self, store: "MemoryStore", tenant_id: str) -> None:
        self.tenant_id = tenant_id
        self._store = store
        self._forget()

    def __getitem__(self, table: Table[A]) -> Collection[A]:
        if table.name not in self._collections:
            rows = self._store.rows(self.tenant_id, table)
            self._collections[table.name] = MemoryCollection(table, rows, self._events.extend)
        return self._collections[table.name]

    @property
    def statistics(self) -> Statistics:
        return self._statistics

    async def knowledge_version(self) -> int:
        return self._store.knowledge_versions[self.tenant_id]

    async def touch_knowledge(self) -> None:
        self._touched = True

    def announce(self, event: Event) -> None:
        self._events.append(event)

    async def commit(self) -> None:
        events = [decode_event(*encode_event(event)) for event in self._events]
        for collection in self._collections.values():
            collection.check()
        for collection in self._collections.values():
            collection.apply()
        self._statistics.apply()
        self._store.knowledge_versions[self.tenant_id] += self._touched
        self._store.publish(self.tenant_id, events)
        self._forget()
        if events:
            await self._store.told()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget()

    def _forget(self) -> None:
        self._collections: dict[str, MemoryCollection[Any]] = {}
        self._events: list[Event] = []
        self._touched = False
        self._statistics = MemoryStatistics(self._store.statistics[self.tenant_id])


class MemoryStore:
    def __init__(
        self, clock: Clock, ids: Ids, current_trace: Callable[[], str | None] = lambda: None, told: Told = unheard
    ) -> None:
        self._recorder, self.told = EventRecorder(clock, ids, current_trace), told
        self._tenants: dict[str, dict[str, Rows]] = defaultdict(dict)
        self.statistics: dict[str, dict[str, PairStatistics]] = defaultdict(dict)
        self.knowledge_versions: dict[str, int] = defaultdict(int)
        self.outbox: list[RecordedEvent] = []

    def begin(self, tenant_id: str) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self, tenant_id)

    def rows(self, tenant_id: str, table: Table[Any]) -> Rows:
        tables = self._tenants[tenant_id]
        if table.name not in tables:
            tables[table.name] = Rows(table)
        return tables[table.name]

    def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        self.outbox.extend(self._recorder.record(tenant_id, events))

    async def recorded_events(self, tenant_id: str) -> list[RecordedEvent]:
        """The tenant's outbox, oldest first."""
        return [replace(recorded) for recorded in self.outbox if recorded.tenant_id == tenant_id]

    async def tenants(self) -> list[str]:
        return sorted(name for name, tables in self._tenants.items() if any(t.by_id for t in tables.values()))

    async def tenants_with(self, table: Table[Any]) -> list[str]:
        return sorted(name for name in list(self._tenants) if self.rows(name, table).by_id)

    async def count_all(self, table: Table[Any]) -> int:
        return sum(len(self.rows(name, table).by_id) for name in list(self._tenants))

    async def claim(self, now: datetime, claim_id: str) -> ClaimedJob | None:
        due = min(self._due_jobs(now), key=lambda pair: (pair[1].created_at, pair[1].id), default=None)
        if due is None:
            return None
        tenant_id, job = due
        async with self.begin(tenant_id) as uow:
            mine = await uow[JOBS].get(job.id)
            mine.claim(now, claim_id)
            await uow[JOBS].save(mine)
            await uow.commit()
        return ClaimedJob(tenant_id, mine.id, mine.type)

    async def renew(self, tenant_id: str, job_id: str, claim_id: str, now: datetime) -> bool:
        rows = self.rows(tenant_id, JOBS)
        job: Job | None = rows.by_id.get(job_id)
        if job is None or job.claim_id != claim_id:
            return False
        renewed = twin(job)
        renewed.renew(now)
        rows.put(renewed)
        return True

    def _due_jobs(self, now: datetime) -> Iterable[tuple[str, Job]]:
        claimable = (Condition("status", Op.IN, (JobStatus.PENDING, JobStatus.PROCESSING)),)
        for tenant_id in list(self._tenants):
            for job in self.rows(tenant_id, JOBS).candidates(claimable):
                if job.lease_until is None or job.lease_until <= now:
                    yield tenant_id, job

    async def ping(self) -> None:
        """Memory is always there."""

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""
