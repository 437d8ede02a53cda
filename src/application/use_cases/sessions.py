"""Conversations and what was said in them: opened, read, closed, expired."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from application.ports.storage import MESSAGES, SESSIONS, USERS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from domain.access import Caller
from domain.errors import Conflict
from domain.ids import Prefix
from domain.paging import PageRequest, where
from domain.queries import Turn
from domain.sessions import Message, Role, Session, SessionState, UserProfile

SHOWN_MESSAGES = 100
EXPIRED_AT_ONCE = 200

_SPOKEN_AS = {Role.OPERATOR: "assistant"}


async def spoken(uow: UnitOfWork, session_id: str, limit: int) -> tuple[Turn, ...]:
    """The last messages of a session, oldest first, as the pipeline reads them."""
    return tuple(
        Turn(_SPOKEN_AS.get(message.role, message.role), message.content, message.created_at)
        for message in await last_messages(uow, session_id, limit)
    )


async def last_messages(uow: UnitOfWork, session_id: str, limit: int) -> list[Message]:
    """Oldest first; what was deleted is left out."""
    shown = where(session_id=session_id, hidden=False)
    return (await uow[MESSAGES].list(shown, sort="-position", limit=limit))[::-1]


async def save_message(uow: UnitOfWork, session: Session, message: Message, now: datetime) -> None:
    """The message, and the session's count of it; the session itself is still to be saved."""
    session.add(message, now)
    await uow[MESSAGES].save(message)


def new_message(
    ids: Ids,
    now: datetime,
    session: Session,
    role: Role,
    content: str,
    *,
    query_id: str | None = None,
    author: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Message:
    """The next message of the session. Positions follow the session's own count, whose version check keeps
    two writers apart."""
    return Message(
        id=ids.new(Prefix.MESSAGE),
        created_at=now,
        updated_at=now,
        session_id=session.id,
        user_id=session.user_id,
        role=role,
        content=content,
        position=session.message_count + 1,
        query_id=query_id,
        author=author,
        metadata=metadata or {},
    )


async def meet_user(uow: UnitOfWork, user_id: str | None, now: datetime, language: str | None = None) -> None:
    """A person who is named for the first time gets a profile."""
    if user_id is not None and await uow[USERS].find(user_id) is None:
        profile = UserProfile(id=user_id, created_at=now, updated_at=now, preferred_language=language)
        await uow[USERS].save(profile)


@dataclass(frozen=True, slots=True)
class NewSession:
    user_id: str | None = None
    session_id: str | None = None
    """The caller's own name for it."""
    metadata: Mapping[str, Any] = field(default_factory=dict)


class OpenSession:
    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids

    async def __call__(self, caller: Caller, wanted: NewSession) -> Session:
        """Raises `Conflict` when a session of that id exists."""
        now, opened_by = self._clock.now(), caller.principal.key_id
        session_id = wanted.session_id or self._ids.new(Prefix.SESSION)

        async def open_(uow: UnitOfWork) -> Session:
            if await uow[SESSIONS].find(session_id) is not None:
                raise Conflict(f"There is a session {session_id!r} already.", field="session_id")
            session = Session.open(session_id, wanted.user_id, now, wanted.metadata, opened_by=opened_by)
            await uow[SESSIONS].save(session)
            language = wanted.metadata.get("language")
            await meet_user(uow, wanted.user_id, now, language if isinstance(language, str) else None)
            return session

        return await committed(self._store, caller.tenant_id, open_)


@dataclass(frozen=True, slots=True)
class SessionView:
    session: Session
    state: SessionState
    messages: Sequence[Message]
    """The newest `SHOWN_MESSAGES`, oldest first; the history has them all."""


class BrowseSessions:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def one(self, caller: Caller, session_id: str) -> SessionView:
        async with self._store.begin(caller.tenant_id) as uow:
            session = await uow[SESSIONS].get(session_id)
            session.require_reach(caller.principal)
            messages = await last_messages(uow, session_id, SHOWN_MESSAGES)
        return SessionView(session, session.state_at(self._clock.now()), messages)


class CloseSession:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, caller: Caller, session_id: str) -> Session:
        async def close(uow: UnitOfWork) -> Session:
            session = await uow[SESSIONS].get(session_id)
            session.require_reach(caller.principal)
            session.close(self._clock.now())
            await uow[SESSIONS].save(session)
            return session

        return await committed(self._store, caller.tenant_id, close)


class ExpireSessions:
    """Ends the sessions in which nothing was said for a day. Until it comes by they are refused and shown as
    expired all the same: this only writes it down and tells subscribers."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, tenant_id: str) -> int:
        """How many it ended."""
        ended = 0
        while batch := await committed(self._store, tenant_id, self._some):
            ended += batch
        return ended

    async def _some(self, uow: UnitOfWork) -> int:
        now = self._clock.now()
        idle = where(state=SessionState.ACTIVE, expires_at__le=now)
        found = (await uow[SESSIONS].page(idle, PageRequest(EXPIRED_AT_ONCE, sort="expires_at"))).items
        for session in found:
            session.expire(now)
        await uow[SESSIONS].save_all(found)
        return len(found)
