"""People: what is known of them, and what they may take with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from application.ports.storage import ESCALATIONS, MESSAGES, QUERIES, SESSIONS, USERS, Store, UnitOfWork
from application.ports.system import Clock
from application.transactions import committed
from domain.access import Caller
from domain.errors import NotFound
from domain.escalation import Escalation
from domain.languages import SUPPORTED
from domain.paging import where
from domain.queries import QueryRecord
from domain.sessions import Message, Session, UserProfile


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
