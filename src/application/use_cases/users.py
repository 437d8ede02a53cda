"""People: what is known of them, what they may take with them, and forgetting them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
from domain.access import Caller
from domain.errors import NotFound
from domain.escalation import Escalation
from domain.jobs import Job, JobType
from domain.languages import SUPPORTED
from domain.paging import Where, where
from domain.queries import QueryRecord
from domain.sessions import Message, Session, UserProfile

ERASED_AT_ONCE = 200
_COUNTED: tuple[Table[Any], ...] = (SESSIONS, MESSAGES, QUERIES)


@dataclass(frozen=True, slots=True)
class UserView:
    profile: UserProfile
    preferred_language: str
    """What they chose, else what they last wrote in."""
    total_queries: int
    total_sessions: int
    average_satisfaction: float | None
    """Of their ratings, 1 to 5; `None` before the first."""
    last_activity: datetime


class BrowseUsers:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def one(self, caller: Caller, user_id: str) -> UserView:
        async with self._store.begin(caller.tenant_id) as uow:
            profile = await uow[USERS].get(user_id)
            queries = await uow[QUERIES].list(where(user_id=user_id), sort="-created_at")
            sessions = await uow[SESSIONS].count(where(user_id=user_id))
            said = await uow[MESSAGES].list(where(user_id=user_id), sort="-created_at", limit=1)
        ratings = [query.feedback.rating for query in queries if query.feedback is not None]
        active = [profile.updated_at, *(item.created_at for item in (*queries[:1], *said))]
        return UserView(
            profile=profile,
            preferred_language=profile.preferred_language or (queries[0].language if queries else SUPPORTED[0]),
            total_queries=len(queries),
            total_sessions=sessions,
            average_satisfaction=round(sum(ratings) / len(ratings), 2) if ratings else None,
            last_activity=max(active),
        )


@dataclass(frozen=True, slots=True)
class UserChanges:
    preferred_language: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Laid over what is there; a `None` takes a key away."""


class EditUser:
    """Changes a profile, or begins one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, caller: Caller, user_id: str, changes: UserChanges) -> UserProfile:
        async def edit(uow: UnitOfWork) -> UserProfile:
            now = self._clock.now()
            found = await uow[USERS].find(user_id)
            profile = found or UserProfile(id=user_id, created_at=now, updated_at=now)
            profile.change(changes.preferred_language, changes.metadata, now)
            await uow[USERS].save(profile)
            return profile

        return await committed(self._store, caller.tenant_id, edit)


@dataclass(frozen=True, slots=True)
class Belongings:
    """Everything that is kept of a person."""

    profile: UserProfile | None
    sessions: Sequence[Session]
    messages: Sequence[Message]
    queries: Sequence[QueryRecord]
    escalations: Sequence[Escalation]


class ExportUser:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, caller: Caller, user_id: str) -> Belongings:
        """Raises `NotFound` for somebody of whom nothing is kept."""
        theirs = where(user_id=user_id)
        async with self._store.begin(caller.tenant_id) as uow:
            found = Belongings(
                profile=await uow[USERS].find(user_id),
                sessions=await uow[SESSIONS].list(theirs),
                messages=await uow[MESSAGES].list(theirs),
                queries=await uow[QUERIES].list(theirs),
                escalations=await uow[ESCALATIONS].list(theirs),
            )
        if not any((found.profile, found.sessions, found.messages, found.queries, found.escalations)):
            raise NotFound(f"There is no user {user_id!r}.")
        return found


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
    """The job of an erasure: messages, questions with their traces, escalations, sessions, profile, and every
    remembered answer, since one may repeat a person's words. Taken up again it goes on with what is left."""

    def __init__(self, store: Store, cache: AnswerCache, clock: Clock) -> None:
        self._store, self._cache, self._clock = store, cache, clock

    async def __call__(self, work: Work) -> None:
        user_id = str((await work.checkpoint()).input["user_id"])
        for step in (self._messages, self._queries, self._escalations, self._sessions):
            while await self._some(work, user_id, step):
                continue
        await self._cache.clear(work.tenant_id)

        async def finish(uow: UnitOfWork, job: Job) -> None:
            await uow[USERS].remove(user_id)
            job.complete(self._clock.now(), {"user_id": user_id, "erased": job.done})

        await work.change(finish)

    async def _some(self, work: Work, user_id: str, step: Callable[[UnitOfWork, str], Awaitable[int]]) -> int:
        removed = 0

        async def erase(uow: UnitOfWork, job: Job) -> None:
            nonlocal removed
            removed = await step(uow, user_id)
            job.advance(self._clock.now(), done=job.done + removed, succeeded=job.done + removed)

        await work.change(erase)
        await asyncio.sleep(0)  # a store in memory would let nobody else run meanwhile
        return removed

    async def _messages(self, uow: UnitOfWork, user_id: str) -> int:
        """Those said before a conversation had their name belong to them too."""
        sessions = await uow[SESSIONS].list(where(user_id=user_id), limit=ERASED_AT_ONCE)
        inside = where(session_id__in=tuple(session.id for session in sessions))
        removed = await _remove_some(uow[MESSAGES], inside) if sessions else 0
        return removed or await _remove_some(uow[MESSAGES], where(user_id=user_id))

    async def _queries(self, uow: UnitOfWork, user_id: str) -> int:
        found = await uow[QUERIES].list(where(user_id=user_id), limit=ERASED_AT_ONCE)
        ids = tuple(query.id for query in found)
        for table in (QUERIES, TRACES):
            await _remove_ids(uow, table, ids)
        return len(ids)

    async def _escalations(self, uow: UnitOfWork, user_id: str) -> int:
        return await _remove_some(uow[ESCALATIONS], where(user_id=user_id))

    async def _sessions(self, uow: UnitOfWork, user_id: str) -> int:
        return await _remove_some(uow[SESSIONS], where(user_id=user_id))


async def _remove_some(collection: Collection[Any], theirs: Where) -> int:
    found = await collection.list(theirs, limit=ERASED_AT_ONCE)
    for item in found:
        await collection.remove(item.id)
    return len(found)


async def _remove_ids(uow: UnitOfWork, table: Table[Any], ids: Sequence[str]) -> None:
    for key in ids:
        await uow[table].remove(key)
