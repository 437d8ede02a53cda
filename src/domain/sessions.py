"""Conversations: who talks, who owns the conversation, when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate
from domain.errors import Conflict
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
    operator_id: str | None = None

    @classmethod
    def open(
        cls,
        session_id: str,
        user_id: str | None,
        now: datetime,
        metadata: Mapping[str, Any] | None = None,
        origin: Mapping[str, Any] | None = None,
    ) -> "Session":
        session = cls(
            id=session_id,
            user_id=user_id,
            created_at=now,
            updated_at=now,
            expires_at=now + IDLE_LIFE,
            metadata=metadata or {},
            origin=origin or {},
        )
        session.record(SessionOpened(session_id=session_id, user_id=user_id))
        return session

    def state_at(self, now: datetime) -> SessionState:
        if self.state is not SessionState.CLOSED and now >= self.expires_at:
            return SessionState.EXPIRED
        return self.state

    @property
    def is_with_operator(self) -> bool:
        return self.state is SessionState.WITH_OPERATOR

    def require_open(self, now: datetime) -> None:
        state = self.state_at(now)
        if state in (SessionState.CLOSED, SessionState.EXPIRED):
            raise Conflict(f"The session is {state}; open a new one.", field="session_id")

    def require_user(self, user_id: str | None) -> None:
        if user_id is not None and self.user_id is not None and user_id != self.user_id:
            raise Conflict("The session belongs to another user.", field="session_id")

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

    def hand_over(self, escalation_id: str, operator_id: str | None, now: datetime) -> None:
        """From here on a person speaks, and only a person."""
        self.require_open(now)
        self.state, self.escalation_id, self.operator_id = (
            SessionState.WITH_OPERATOR, escalation_id, operator_id,
        )  # fmt: skip
        self.updated_at = now

    def hand_back(self, now: datetime) -> None:
        self.state = SessionState.ACTIVE
        self.escalation_id = self.operator_id = None
        self.updated_at = now

    def close(self, now: datetime, state: SessionState = SessionState.CLOSED) -> None:
        if self.state in (SessionState.CLOSED, SessionState.EXPIRED):
            raise Conflict(f"The session is {self.state} already.")
        self.state, self.closed_at, self.updated_at = state, now, now
        self.record(
            SessionClosed(
                session_id=self.id,
                user_id=self.user_id,
                turn_count=self.turns,
                message_count=self.message_count,
                duration_ms=int((now - self.created_at).total_seconds() * 1000),
            )
        )


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


@dataclass(slots=True, kw_only=True)
class UserProfile(Aggregate):
    """`id` is the caller's own name for the person. What can be counted is counted, not kept here."""

    preferred_language: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
