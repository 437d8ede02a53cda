"""Conversations: who talks, who owns the conversation, when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.access import Principal, Scope
from domain.aggregates import Aggregate
from domain.errors import Conflict, NotFound
from domain.events import MessageAdded, SessionClosed, SessionOpened

IDLE_LIFE = timedelta(hours=24)


class SessionState(StrEnum):
    ACTIVE = "active"
    WITH_OPERATOR = "with_operator"
    CLOSED = "closed"
    EXPIRED = "expired"


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(slots=True, kw_only=True)
class Session(Aggregate):
    user_id: str | None
    expires_at: datetime
    state: SessionState = SessionState.ACTIVE
    metadata: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)
    """The channel it lives in: source, thread_id, channel …"""
    turns: int = 0
    message_count: int = 0
    closed_at: datetime | None = None
    escalation_id: str | None = None
    """The escalation by which a person has it; `None` while the service speaks."""
    operator_id: str | None = None
    opened_by: str | None = None
    """The key that opened it: a publishable key sees no others."""

    @classmethod
    def open(
        cls,
        session_id: str,
        user_id: str | None,
        now: datetime,
        metadata: Mapping[str, Any] | None = None,
        origin: Mapping[str, Any] | None = None,
        opened_by: str | None = None,
    ) -> "Session":
        session = cls(
            id=session_id,
            user_id=user_id,
            created_at=now,
            updated_at=now,
            expires_at=now + IDLE_LIFE,
            metadata=metadata or {},
            origin=origin or {},
            opened_by=opened_by,
        )
        session.record(SessionOpened(session_id=session_id, user_id=user_id))
        return session

    def state_at(self, now: datetime) -> SessionState:
        """As it is now; what a person has in hand does not expire."""
        if self.state is SessionState.ACTIVE and now >= self.expires_at:
            return SessionState.EXPIRED
        return self.state

    @property
    def is_with_operator(self) -> bool:
        return self.state is SessionState.WITH_OPERATOR

    @property
    def filters(self) -> Mapping[str, str]:
        return filters_in(self.metadata)

    def require_open(self, now: datetime) -> None:
        state = self.state_at(now)
        if state in (SessionState.CLOSED, SessionState.EXPIRED):
            raise Conflict(f"The session is {state}; open a new one.", field="session_id")

    def require_user(self, user_id: str | None) -> None:
        if user_id is not None and self.user_id is not None and user_id != self.user_id:
            raise Conflict("The session belongs to another user.", field="session_id")

    def require_reach(self, principal: Principal) -> None:
        """A publishable key reaches the sessions it opened and no others; of those it learns nothing."""
        if not principal.may(Scope.READ) and self.opened_by != principal.key_id:
            raise NotFound(f"There is no session {self.id!r}.")

    def belong_to(self, user_id: str | None) -> None:
        """An anonymous conversation becomes the person's who is named in it first."""
        self.user_id = self.user_id or user_id

    def add(self, message: "Message", now: datetime) -> None:
        """Takes a message in; the session lives on for another day."""
        self.require_open(now)
        self.message_count += 1
        self.turns += message.role == Role.USER
        self.updated_at, self.expires_at = now, now + IDLE_LIFE
        self.record(
            MessageAdded(
                session_id=self.id,
                message_id=message.id,
                role=message.role,
                content=message.content,
                user_id=self.user_id,
            )
        )

    def hand_over(self, escalation_id: str, operator_id: str, now: datetime) -> None:
        """From here on a person speaks, and only a person. An expired conversation lives again."""
        if self.state is SessionState.CLOSED:
            raise Conflict("The session is closed.", field="session_id")
        if self.is_with_operator and operator_id != self.operator_id and escalation_id != self.escalation_id:
            raise Conflict("Another person has this conversation.", details={"escalation_id": self.escalation_id})
        self.state, self.escalation_id, self.operator_id = SessionState.WITH_OPERATOR, escalation_id, operator_id
        self.closed_at, self.updated_at = None, now

    def hand_back(self, now: datetime) -> None:
        """To the service, with a fresh day to live."""
        self.state = SessionState.ACTIVE
        self.escalation_id = self.operator_id = self.closed_at = None
        self.updated_at, self.expires_at = now, now + IDLE_LIFE

    def expire(self, now: datetime) -> None:
        """Ends it as of the moment its time was up."""
        self._end(SessionState.EXPIRED, min(now, self.expires_at), now)

    def close(self, now: datetime) -> None:
        state = self.state_at(now)
        if state in (SessionState.CLOSED, SessionState.EXPIRED):
            raise Conflict(f"The session is {state} already.", field="session_id")
        self._end(SessionState.CLOSED, now, now)

    def _end(self, state: SessionState, ended: datetime, now: datetime) -> None:
        self.state, self.closed_at, self.updated_at = state, ended, now
        self.record(
            SessionClosed(
                session_id=self.id,
                user_id=self.user_id,
                turn_count=self.turns,
                message_count=self.message_count,
                duration_ms=int((ended - self.created_at).total_seconds() * 1000),
            )
        )


MAX_FILTERS = 10


def filters_in(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The pair metadata that answers must carry, as `metadata.filters` names it: {"entity": "HOTEL X"}."""
    given = metadata.get("filters")
    if not isinstance(given, Mapping):
        return {}
    texts = [(key, value) for key, value in given.items() if isinstance(key, str) and isinstance(value, str)]
    return dict(texts[:MAX_FILTERS])


@dataclass(slots=True, kw_only=True)
class Message(Aggregate):
    """`position` orders the messages of a session for every reader alike."""

    session_id: str
    user_id: str | None
    role: Role
    content: str
    position: int
    query_id: str | None = None
    author: str | None = None
    hidden: bool = False
    """Softly deleted: kept for evaluation, shown to nobody."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """`channel`: where it was sent, and the ids it has there."""

    def hide(self, now: datetime) -> None:
        self.hidden, self.updated_at = True, now

    def reword(self, content: str, now: datetime) -> None:
        self.content, self.updated_at = content, now


@dataclass(slots=True, kw_only=True)
class UserProfile(Aggregate):
    """`id` is the caller's own name for the person. What can be counted is counted, not kept here."""

    preferred_language: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def change(self, language: str | None, metadata: Mapping[str, Any], now: datetime) -> None:
        """Lays `metadata` over what is there; a `None` takes a key away."""
        merged = {**self.metadata, **metadata}
        self.metadata = {key: value for key, value in merged.items() if value is not None}
        self.preferred_language, self.updated_at = language or self.preferred_language, now
