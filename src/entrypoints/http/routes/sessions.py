"""Conversations: opened, read, closed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.use_cases.sessions import BrowseSessions, CloseSession, NewSession, OpenSession, SessionView
from domain.access import Scope
from domain.errors import Conflict, NotFound
from domain.sessions import Message, Session
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, created, ok
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

ANONYMOUS = "anonymous"
"""How the person of a conversation is shown while nobody has said who it is."""
Metadata = Annotated[dict[str, Any], Meta(max_length=50)]


class SessionIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """`metadata.filters` narrows every question of the session to pairs that carry these values."""

    user_id: Id | None = None
    session_id: Id | None = None
    metadata: Metadata = {}

    def to_session(self) -> NewSession:
        return NewSession(self.user_id, self.session_id, self.metadata)


class SessionOut(Struct, kw_only=True):
    session_id: str
    user_id: str
    created_at: datetime
    expires_at: datetime
    state: str
    metadata: Mapping[str, Any]


class MessageOut(Struct, kw_only=True):
    message_id: str
    role: str
    content: str
    timestamp: datetime
    query_id: str | UnsetType = UNSET
    author: str | UnsetType = UNSET
    """The person who wrote it, of an operator's message."""

    @staticmethod
    def of(message: Message) -> "MessageOut":
        return MessageOut(
            message_id=message.id,
            role=message.role,
            content=message.content,
            timestamp=message.created_at,
            query_id=message.query_id or UNSET,
            author=message.author or UNSET,
        )


class SessionSeen(SessionOut, kw_only=True):
    conversation_turns: int
    messages: list[MessageOut]
    """The newest hundred, oldest first."""
    escalation_id: str | UnsetType = UNSET
    """While a person has the conversation."""
    operator_id: str | UnsetType = UNSET

    @staticmethod
    def of(view: SessionView) -> "SessionSeen":
        session = view.session
        return SessionSeen(
            session_id=session.id,
            user_id=session.user_id or ANONYMOUS,
            created_at=session.created_at,
            expires_at=session.expires_at,
            state=view.state,
            metadata=session.metadata,
            conversation_turns=session.turns,
            messages=[MessageOut.of(message) for message in view.messages],
            escalation_id=session.escalation_id or UNSET,
            operator_id=session.operator_id or UNSET,
        )


class SessionClosedOut(Struct, kw_only=True):
    session_id: str
    state: str
    closed_at: datetime


def session_links(session_id: str) -> dict[str, str]:
    own = f"/api/v1/sessions/{session_id}"
    return {
        "self": own,
        "ask": "/api/v1/chat/completions",
        "escalate": f"/api/v1/chat/sessions/{session_id}/escalate",
        "history": f"/api/v1/history?session_id={session_id}",
    }


class SessionsController(Controller):
    path = "/api/v1/sessions"
    tags = ("sessions",)

    @post(
        "/", status_code=201, operation_id="openSession", opt=rules(scope=(Scope.WRITE, Scope.CHAT), raises=(Conflict,))
    )
    async def open(
        self, data: JSONBody[SessionIn], caller: Caller, open_session: NamedDependency[OpenSession]
    ) -> Envelope[SessionOut]:
        """Open a conversation; it lives until nothing was said in it for 24 hours."""
        session = await open_session(caller, data.to_session())
        return created(_opened(session), links=session_links(session.id))

    @get(
        "/{session_id:str}",
        operation_id="getSession",
        opt=rules(scope=(Scope.READ, Scope.CHAT), raises=(NotFound,)),
    )
    async def one(
        self, session_id: FromPath[Id], caller: Caller, browse_sessions: NamedDependency[BrowseSessions]
    ) -> Envelope[SessionSeen]:
        """A conversation and what was said in it last."""
        return ok(SessionSeen.of(await browse_sessions.one(caller, session_id)), links=session_links(session_id))

    @delete(
        "/{session_id:str}",
        status_code=200,
        operation_id="closeSession",
        opt=rules(scope=(Scope.WRITE, Scope.CHAT), raises=(NotFound, Conflict)),
    )
    async def close(
        self, session_id: FromPath[Id], caller: Caller, close_session: NamedDependency[CloseSession]
    ) -> Envelope[SessionClosedOut]:
        """Close a conversation; it takes no more messages and stays readable."""
        session = await close_session(caller, session_id)
        ended = session.closed_at or session.updated_at
        out = SessionClosedOut(session_id=session.id, state=session.state, closed_at=ended)
        return ok(out, links={"self": f"/api/v1/sessions/{session_id}"})


def _opened(session: Session) -> SessionOut:
    return SessionOut(
        session_id=session.id,
        user_id=session.user_id or ANONYMOUS,
        created_at=session.created_at,
        expires_at=session.expires_at,
        state=session.state,
        metadata=session.metadata,
    )
