"""Which tenants there are, for those who run the platform."""

from dataclasses import dataclass
from datetime import datetime

from application.ports.storage import API_KEYS, TENANTS, Store
from domain.access import PLATFORM_TENANT, Caller
from domain.errors import Forbidden
from domain.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class TenantSeen:
    tenant_id: str
    created_at: datetime
    keys: int


class BrowseTenants:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, caller: Caller, request: PageRequest) -> Page[TenantSeen]:
        """Raises `Forbidden` for anyone but an administrator of the platform."""
        if not caller.principal.is_platform_admin:
            raise Forbidden("Only administrators of the platform see the tenants.")
        async with self._store.begin(PLATFORM_TENANT) as uow:
            found = await uow[TENANTS].page((), request)
        keys = {tenant.id: await self._keys(tenant.id) for tenant in found.items}
        return found.map(lambda tenant: TenantSeen(tenant.id, tenant.created_at, keys[tenant.id]))

    async def _keys(self, tenant_id: str) -> int:
        async with self._store.begin(tenant_id) as uow:
            return await uow[API_KEYS].count()
