"""Transactions that many may want at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from weakref import WeakValueDictionary

from application.ports.storage import Store, UnitOfWork
from domain.errors import StaleVersion

T = TypeVar("T")

ATTEMPTS = 20

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""By tenant, as long as somebody waits. Of many who change one thing all but one lose; they go on one after the
other, or the same few would lose again and again until they give up."""


async def committed(store: Store, tenant_id: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """Does the work in a transaction and commits it; when somebody else was faster, again on what is there
    now, in turn with others of this process. The work must read everything that it changes."""
    try:
        return await _once(store, tenant_id, work)
    except StaleVersion:
        async with _turns.setdefault(tenant_id, asyncio.Lock()):
            return await _again(store, tenant_id, work)


async def _again(store: Store, tenant_id: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    for _ in range(ATTEMPTS - 2):
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
