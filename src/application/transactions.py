"""Transactions that many may want at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from application.ports.storage import Store, UnitOfWork
from domain.errors import StaleVersion

T = TypeVar("T")

ATTEMPTS = 20

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""By tenant, as long as somebody waits. Of many who change one thing all but one lose; they go on one after the
other, or the same few would lose again and again until they give up."""

_inside: WeakKeyDictionary[object, frozenset[str]] = WeakKeyDictionary()
"""The tenants in whose transactions a task is. By task and not by context: what a transaction sets going may outlive
it, and is not inside."""


async def committed(store: Store, tenant_id: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """Does the work in a transaction and commits it; when somebody else was faster, again on what is there
    now, in turn with others of this process. The work must read everything that it changes.

    Within the work there is no other `committed` of the tenant: it would not see what the work has changed, and
    after a lost race it would wait for a turn that the work itself has. That is a `RuntimeError` at once."""
    if tenant_id in _inside.get(asyncio.current_task(), frozenset()):
        raise RuntimeError("A transaction of the same tenant is open around this one: use its unit of work.")
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
    task = asyncio.current_task()
    around = _inside.get(task, frozenset())
    _inside[task] = around | {tenant_id}
    try:
        async with store.begin(tenant_id) as uow:
            result = await work(uow)
            await uow.commit()
        return result
    finally:
        _inside[task] = around
