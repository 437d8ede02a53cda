"""The store in memory: real commit and rollback, copies at the border, version checks. Kept by nobody
when the process ends, and otherwise as good as any."""

import copy
import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from adapters.storage.cursors import decode_cursor, encode_cursor, foreign_cursor
from adapters.storage.matching import matches, path_value, sort_key
from application.ports.storage import JOBS, ClaimedJob, Collection, RecordedEvent, Statistics, Table
from application.ports.system import Clock, Ids
from domain.aggregates import Aggregate, Event
from domain.errors import NotFound, StaleVersion
from domain.ids import Prefix
from domain.jobs import Job, JobStatus
from domain.paging import Condition, Op, Page, PageRequest, Where
from domain.qa_pairs import PairStatistics

A = TypeVar("A", bound=Aggregate)


class Rows:
    """The committed aggregates of one kind and tenant, with a hash index on every indexed field."""

    def __init__(self, table: Table[Any]) -> None:
        self.by_id: dict[str, Any] = {}
        self._fields = table.indexed
        self._index: dict[str, dict[Any, set[str]]] = {field: defaultdict(set) for field in table.indexed}

    def put(self, item: Any) -> None:
        self.drop(item.id)
        self.by_id[item.id] = item
        for field in self._fields:
            self._index[field][path_value(item, field)].add(item.id)

    def drop(self, key: str) -> None:
        old = self.by_id.pop(key, None)
        if old is None:
            return
        for field in self._fields:
            self._index[field][path_value(old, field)].discard(key)

    def candidates(self, where: Where) -> Iterable[Any]:
        """The rows that the most selective equality condition leaves."""
        sets = [self._ids(c) for c in where if c.op in (Op.EQ, Op.IN) and c.field in self._index]
        if not sets:
            return self.by_id.values()
        return [self.by_id[key] for key in min(sets, key=len)]

    def _ids(self, condition: Condition) -> set[str]:
        values = condition.value if condition.op is Op.IN else (condition.value,)
        return set().union(*(self._index[condition.field].get(value, ()) for value in values))


class MemoryCollection(Generic[A]):
    """Committed rows with this transaction's changes laid over them."""

    def __init__(self, uow: "MemoryUnitOfWork", table: Table[A], rows: Rows) -> None:
        self._uow, self._table, self._rows = uow, table, rows
        self.changes: dict[str, A | None] = {}
        self.read_versions: dict[str, int] = {}

    async def get(self, id: str) -> A:  # noqa: A002
        found = await self.find(id)
        if found is None:
            raise NotFound(f"There is no {self._table.noun} {id!r}.")
        return found

    async def find(self, id: str) -> A | None:  # noqa: A002
        item = self._current(id)
        return None if item is None else self._copy(item)

    async def get_many(self, ids: Sequence[str]) -> list[A]:
        found = (self._current(key) for key in ids)
        return [self._copy(item) for item in found if item is not None]

    async def save(self, item: A) -> None:
        stored = self._current(item.id)
        if item.version != (stored.version if stored else 0):
            raise StaleVersion(f"The {self._table.noun} {item.id!r} was changed by somebody else.")
        self.read_versions.setdefault(item.id, item.version)
        self._uow.collect(item.take_events())
        item.version += 1
        self.changes[item.id] = self._copy(item)

    async def save_all(self, items: Sequence[A]) -> None:
        for item in items:
            await self.save(item)

    async def remove(self, id: str) -> bool:  # noqa: A002
        known = self._current(id) is not None
        if known:
            self.changes[id] = None
        return known

    async def remove_where(self, where: Where) -> int:
        found = list(self._matching(where))
        for item in found:
            self.changes[item.id] = None
        return len(found)

    async def page(self, where: Where, request: PageRequest) -> Page[A]:
        found = list(self._matching(where))
        key = _order(request.sort_field)
        after = decode_cursor(request.cursor, request.sort) if request.cursor else None
        rest = found if after is None else _rest(found, key, after, request.descending)
        pick = heapq.nlargest if request.descending else heapq.nsmallest
        window = pick(request.offset + request.limit + 1, rest, key=key)[request.offset :]
        items, has_next = window[: request.limit], len(window) > request.limit
        cursor = encode_cursor(request.sort, key(items[-1])) if has_next else None
        copies = tuple(self._copy(item) for item in items)
        return Page(copies, len(found), request.limit, request.offset, has_next, cursor)

    async def list(self, where: Where, sort: str = "created_at", limit: int | None = None) -> list[A]:
        found = sorted(self._matching(where), key=_order(sort.lstrip("-")), reverse=sort.startswith("-"))
        return [self._copy(item) for item in found[:limit]]

    async def count(self, where: Where = ()) -> int:
        if not where and not self.changes:
            return len(self._rows.by_id)
        return sum(1 for _ in self._matching(where))

    def _current(self, key: str) -> A | None:
        return self.changes[key] if key in self.changes else self._rows.by_id.get(key)

    def _matching(self, where: Where) -> Iterable[A]:
        committed = (item for item in self._rows.candidates(where) if item.id not in self.changes)
        changed = (item for item in self.changes.values() if item is not None)
        return (item for part in (committed, changed) for item in part if matches(item, where))

    def check(self) -> None:
        """Raises when a row that this transaction saved was changed by another since."""
        for key, version in self.read_versions.items():
            stored = self._rows.by_id.get(key)
            if (stored.version if stored else 0) != version:
                raise StaleVersion(f"The {self._table.noun} {key!r} was changed by somebody else.")

    def apply(self) -> None:
        for key, item in self.changes.items():
            if item is None:
                self._rows.drop(key)
            else:
                self._rows.put(item)

    def _copy(self, item: A) -> A:
        # The values inside aggregates are immutable by convention, so that the outermost copy is enough.
        twin = copy.copy(item)
        twin._events = []
        return twin


def _order(field: str) -> Callable[[Any], tuple[Any, str]]:
    return lambda item: (sort_key(path_value(item, field)), item.id)


def _rest(found: list[A], key: Callable[[Any], Any], last: tuple[Any, str], descending: bool) -> list[A]:
    try:
        return [item for item in found if (key(item) < last if descending else key(item) > last)]
    except TypeError as error:  # a forged cursor holds a value of another type than the field
        raise foreign_cursor() from error


class MemoryStatistics:
    def __init__(self, committed: dict[str, PairStatistics]) -> None:
        self._committed = committed
        self._deltas: list[tuple[str, PairStatistics]] = []

    async def add(self, pair_id: str, delta: PairStatistics) -> None:
        self._deltas.append((pair_id, delta))

    async def of(self, pair_ids: Sequence[str]) -> dict[str, PairStatistics]:
        return {key: self._committed[key] for key in pair_ids if key in self._committed}

    def apply(self) -> None:
        for key, delta in self._deltas:
            self._committed[key] = _sum(self._committed.get(key, PairStatistics()), delta)


def _sum(a: PairStatistics, b: PairStatistics) -> PairStatistics:
    fields = PairStatistics.__dataclass_fields__
    return PairStatistics(**{name: getattr(a, name) + getattr(b, name) for name in fields})


class MemoryUnitOfWork:
    def __init__(self, store: "MemoryStore", tenant_id: str) -> None:
        self.tenant_id = tenant_id
        self._store = store
        self._collections: dict[str, MemoryCollection[Any]] = {}
        self._statistics = MemoryStatistics(store.statistics[tenant_id])
        self._events: list[Event] = []
        self._touched = False

    def __getitem__(self, table: Table[A]) -> Collection[A]:
        if table.name not in self._collections:
            rows = self._store.rows(self.tenant_id, table)
            self._collections[table.name] = MemoryCollection(self, table, rows)
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

    def collect(self, events: Sequence[Event]) -> None:
        self._events.extend(events)

    async def commit(self) -> None:
        for collection in self._collections.values():
            collection.check()
        for collection in self._collections.values():
            collection.apply()
        self._statistics.apply()
        self._store.knowledge_versions[self.tenant_id] += self._touched
        self._store.publish(self.tenant_id, self._events)
        self._forget()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget()

    def _forget(self) -> None:
        self._collections, self._events, self._touched = {}, [], False
        self._statistics = MemoryStatistics(self._store.statistics[self.tenant_id])


class MemoryStore:
    def __init__(self, clock: Clock, ids: Ids, current_trace: Callable[[], str | None] = lambda: None) -> None:
        self._clock, self._ids, self._current_trace = clock, ids, current_trace
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
        now, trace = self._clock.now(), self._current_trace()
        self.outbox.extend(
            RecordedEvent(self._ids.new(Prefix.EVENT), tenant_id, event, now, trace) for event in events
        )

    async def tenants(self) -> list[str]:
        return sorted(name for name, tables in self._tenants.items() if any(t.by_id for t in tables.values()))

    async def claim(self, now: datetime, claim_id: str) -> ClaimedJob | None:
        due = min(self._due_jobs(now), key=lambda pair: pair[1].id, default=None)
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
        async with self.begin(tenant_id) as uow:
            job = await uow[JOBS].find(job_id)
            if job is None or job.claim_id != claim_id:
                return False
            job.renew(now)
            await uow[JOBS].save(job)
            await uow.commit()
        return True

    def _due_jobs(self, now: datetime) -> Iterable[tuple[str, Job]]:
        for tenant_id in list(self._tenants):
            rows = self.rows(tenant_id, JOBS)
            statuses = (JobStatus.PENDING, JobStatus.PROCESSING)
            for job in rows.candidates((Condition("status", Op.IN, statuses),)):
                if job.lease_until is None or job.lease_until <= now:
                    yield tenant_id, job

    async def ping(self) -> None:
        """Memory is always there."""

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""
