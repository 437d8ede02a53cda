"""The record of what administrators did."""

from dataclasses import dataclass
from datetime import datetime

from application.ports.storage import AUDIT, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from domain.access import Caller
from domain.audit import AuditEntry
from domain.ids import Prefix
from domain.paging import Page, PageRequest, where


@dataclass(frozen=True, slots=True)
class Action:
    name: str
    method: str
    path: str
    client: str | None


@dataclass(frozen=True, slots=True)
class AuditFilters:
    action: str | None = None
    key_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class RecordAction:
    """Written before the action, so that none goes unrecorded, whatever dies in between."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    async def begin(self, caller: Caller, action: Action) -> str:
        """The entry's id."""
        now, principal = self._clock.now(), caller.principal
        entry = AuditEntry(
            id=self._ids.new(Prefix.AUDIT),
            created_at=now,
            updated_at=now,
            action=action.name,
            method=action.method,
            path=action.path,
            key_id=principal.key_id or "",
            home_tenant_id=principal.home_tenant_id or principal.tenant_id,
            request_id=caller.request_id,
            trace_id=caller.trace_id,
            client=action.client,
        )
        async with self._store.begin(caller.tenant_id) as uow:
            await uow[AUDIT].save(entry)
            await uow.commit()
        return entry.id

    async def complete(self, caller: Caller, entry_id: str, status: int) -> None:
        async def work(uow: UnitOfWork) -> None:
            entry = await uow[AUDIT].get(entry_id)
            entry.status, entry.updated_at = status, self._clock.now()
            await uow[AUDIT].save(entry)

        await committed(self._store, caller.tenant_id, work)


class BrowseAudit:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, caller: Caller, filters: AuditFilters, request: PageRequest) -> Page[AuditEntry]:
        conditions = where(
            action=filters.action,
            key_id=filters.key_id,
            created_at__ge=filters.since,
            created_at__lt=filters.until,
        )
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[AUDIT].page(conditions, request)
