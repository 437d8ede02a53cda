"""Forgetting a person: what is theirs, and wherever else a trace of it is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from application.ports.cache import AnswerCache
from application.ports.queue import WorkSignal
from application.ports.storage import (
    ESCALATIONS,
    JOBS,
    MESSAGES,
    QUERIES,
    SESSIONS,
    TRACES,
    USERS,
    Collection,
    Store,
    Table,
    UnitOfWork,
)
from application.ports.system import Clock, Ids
from application.transactions import committed
from application.use_cases.jobs import Work, new_job
from application.use_cases.mentions import ForgetMentions, footprint_of
from domain.access import Caller
from domain.errors import NotFound
from domain.footprints import Footprint
from domain.jobs import Job, JobType
from domain.paging import Where, where

ERASED_AT_ONCE = 200
_COUNTED: tuple[Table[Any], ...] = (SESSIONS, MESSAGES, QUERIES, ESCALATIONS)


class EraseUser:
    """Has a person's data erased, by a job."""

    def __init__(self, store: Store, signal: WorkSignal, clock: Clock, ids: Ids) -> None:
        self._store, self._signal, self._clock, self._ids = store, signal, clock, ids

    async def __call__(self, caller: Caller, user_id: str) -> Job:
        """Raises `NotFound` for somebody of whom nothing is kept."""

        async def queue(uow: UnitOfWork) -> Job:
            counts = [await uow[table].count(where(user_id=user_id)) for table in _COUNTED]
            if not any(counts) and await uow[USERS].find(user_id) is None:
                raise NotFound(f"There is no user {user_id!r}.")
            job = new_job(self._ids, self._clock, JobType.ERASURE, caller, sum(counts) or 1, user_id=user_id)
            job.stage = "erasing"
            await uow[JOBS].save(job)
            return job

        job = await committed(self._store, caller.tenant_id, queue)
        await self._signal.wake()
        return job


class ErasePerson:
    """The job of an erasure: first whatever mentions them, then what is theirs, by whose ids the mentions are
    found; and every remembered answer, since one may repeat a person's words. Taken up again it goes on with what
    is left. The erasure itself stays on record: its job, that job's events and the audit log name the person."""

    def __init__(self, store: Store, mentions: ForgetMentions, cache: AnswerCache, clock: Clock) -> None:
        self._store, self._mentions, self._cache, self._clock = store, mentions, cache, clock

    async def __call__(self, work: Work) -> None:
        user_id = str((await work.checkpoint()).input["user_id"])
        theirs = await self._forget_mentions(work, user_id)
        for step in (self._messages, self._queries, self._escalations, self._sessions):
            while await self._some(work, theirs, step):
                continue
        await self._cache.clear(work.tenant_id)

        async def finish(uow: UnitOfWork, job: Job) -> None:
            await uow[USERS].remove(user_id)
            job.complete(self._clock.now(), {"user_id": user_id, "erased": job.done})

        await work.change(finish)

    async def _forget_mentions(self, work: Work, user_id: str) -> Footprint:
        """What comes in meanwhile is looked for once more: a question under way may end after the first look."""
        await self._mentions(work.tenant_id, await footprint_of(self._store, work.tenant_id, user_id))
        theirs = await footprint_of(self._store, work.tenant_id, user_id)
        await self._mentions(work.tenant_id, theirs)
        return theirs

    async def _some(
        self, work: Work, theirs: Footprint, step: Callable[[UnitOfWork, Footprint], Awaitable[int]]
    ) -> int:
        removed = 0

        async def erase(uow: UnitOfWork, job: Job) -> None:
            nonlocal removed
            removed = await step(uow, theirs)
            job.advance(self._clock.now(), done=job.done + removed, succeeded=job.done + removed)

        await work.change(erase)
        await asyncio.sleep(0)  # a store in memory would let nobody else run meanwhile
        return removed

    async def _messages(self, uow: UnitOfWork, theirs: Footprint) -> int:
        """Those said before a conversation had their name belong to them too."""
        return await _remove_some(uow[MESSAGES], theirs)

    async def _queries(self, uow: UnitOfWork, theirs: Footprint) -> int:
        ids = [query.id for query in await _some_of(uow[QUERIES], theirs)]
        for table in (QUERIES, TRACES):
            await _remove_ids(uow, table, ids)
        return len(ids)

    async def _escalations(self, uow: UnitOfWork, theirs: Footprint) -> int:
        return await _remove_some(uow[ESCALATIONS], theirs)

    async def _sessions(self, uow: UnitOfWork, theirs: Footprint) -> int:
        ids = [session.id for session in await uow[SESSIONS].list(where(user_id=theirs.user_id), limit=ERASED_AT_ONCE)]
        await _remove_ids(uow, SESSIONS, ids)
        return len(ids)


async def _some_of(collection: Collection[Any], theirs: Footprint) -> list[Any]:
    """Under their name, or in one of their conversations."""
    conditions: tuple[Where, ...] = (where(user_id=theirs.user_id),)
    if theirs.sessions:
        conditions += (where(session_id__in=tuple(sorted(theirs.sessions))),)
    for condition in conditions:
        if found := await collection.list(condition, limit=ERASED_AT_ONCE):
            return found
    return []


async def _remove_some(collection: Collection[Any], theirs: Footprint) -> int:
    found = await _some_of(collection, theirs)
    for item in found:
        await collection.remove(item.id)
    return len(found)


async def _remove_ids(uow: UnitOfWork, table: Table[Any], ids: Sequence[str]) -> None:
    for key in ids:
        await uow[table].remove(key)
