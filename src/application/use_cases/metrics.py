"""The numbers of the whole service, for those who run it."""

import asyncio
from typing import Protocol

from application.use_cases.watching import MeasureHealth, ReadQueues
from domain.access import Caller
from domain.errors import Forbidden


class Exposition(Protocol):
    """Every number that was kept, as those who scrape read it."""

    def render(self) -> bytes: ...


class ShowMetrics:
    """They count over all tenants, so that no tenant's own administrator may see them."""

    def __init__(self, numbers: Exposition, queues: ReadQueues, health: MeasureHealth, own_tenant: str) -> None:
        self._numbers, self._own_tenant = numbers, own_tenant
        self._queues, self._health = queues, health

    async def __call__(self, caller: Caller) -> bytes:
        """Raises `Forbidden` for whoever is not of the operators."""
        home = caller.principal.home_tenant_id or caller.tenant_id
        if home != self._own_tenant:
            raise Forbidden("Metrics count over all tenants: only operators of the service may see them.")
        await asyncio.gather(self._queues(), self._health())
        return self._numbers.render()
