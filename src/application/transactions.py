"""Transactions that many may want at once."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from application.ports.storage import Store, UnitOfWork
from domain.errors import StaleVersion

T = TypeVar("T")

ATTEMPTS = 20


async def committed(store: Store, tenant_id: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """Does the work in a transaction and commits it; when somebody else was faster, again on what is there
    now. The work must read everything that it changes."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await _once(store, tenant_id, work)
        except StaleVersion:
            continue
    return await _once(store, tenant_id, work)


async def _once(store: Store, tenant_id: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    async with store.begin(tenant_id) as uow:
        result = await work(uow)
        await uow.commit()
    return result
