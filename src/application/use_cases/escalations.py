"""Handing over to a person, and what that person does: take it, speak, resolve it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.ports.models import LanguageDetector
from application.ports.queue import WorkSignal
from application.ports.storage import ESCALATIONS, QUERIES, SESSIONS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.tenants import TenantViews
from application.transactions import committed
from application.use_cases.outgoing import leaves_by_channel, send_later
from application.use_cases.sessions import new_message, save_message, spoken
from application.use_cases.teaching import Lesson, stage_lesson
from domain.access import Caller
from domain.errors import Conflict
from domain.escalation import (
    Escalation,
    EscalationStatus,
    Reason,
    requested,
    summarise,
)
from domain.ids import Prefix
from domain.paging import Page, PageRequest, where
from domain.queries import EscalationVerdict, Turn
from domain.sessions import Message, Role, Session, SessionState

TRANSCRIPT_MESSAGES = 50


async def open_escalation(
    uow: UnitOfWork,
    ids: Ids,
    now: datetime,
    *,
    verdict: EscalationVerdict,
    question: str,
    session: Session | None,
    user_id: str | None,
    query_id: str | None,
    origin: Mapping[str, Any],
) -> Escalation:
    """Saves an open escalation with the conversation so far, and announces it."""
    turns = await spoken(uow, session.id, TRANSCRIPT_MESSAGES) if session else (Turn("user", question, now),)
    opened = Escalation(
        id=ids.new(Prefix.ESCALATION),
        created_at=now,
        updated_at=now,
        session_id=session.id if session else None,
        user_id=user_id or (session.user_id if session else None),
        query_id=query_id,
        reason=verdict.reason,
        reason_code=verdict.code,
        category=verdict.category,
        team=verdict.team,
        priority=verdict.priority,
        question=question,
        summary=summarise([(turn.role, turn.content) for turn in turns]),
        transcript=tuple(_line(turn) for turn in turns),
    )
    opened.announce(origin)
    await uow[ESCALATIONS].save(opened)
    return opened


def _line(turn: Turn) -> dict[str, Any]:
    return {
        "role": turn.role,
        "content": turn.content,
        "timestamp": turn.timestamp.isoformat() if turn.timestamp else None,
    }


class HandOver:
    """Hands a conversation over because somebody wants it so."""

    def __init__(self, store: Store, views: TenantViews, clock: Clock, ids: Ids) -> None:
        self._store, self._views, self._clock, self._ids = store, views, clock, ids

    async def __call__(self, caller: Caller, session_id: str, reason: str, priority: str | None) -> Escalation:
        """The escalation; the one that is there already when the conversation is with a person or waits for
        one by request. Raises `NotFound`, or `Conflict` for a conversation that has ended."""
        policy = (await self._views.of(caller.tenant_id)).settings.escalation

        async def hand_over(uow: UnitOfWork) -> Escalation:
            now = self._clock.now()
            session = await uow[SESSIONS].get(session_id)
            session.require_reach(caller.principal)
            session.require_open(now)
            known = await self._waiting(uow, session)
            if known is not None:
                return known
            said = [turn for turn in await spoken(uow, session.id, TRANSCRIPT_MESSAGES) if turn.role == "user"]
            return await open_escalation(
                uow,
                self._ids,
                now,
                verdict=requested(reason, priority, policy),
                question=said[-1].content if said else reason,
                session=session,
                user_id=session.user_id,
                query_id=None,
                origin=session.origin,
            )

        return await committed(self._store, caller.tenant_id, hand_over)

    async def _waiting(self, uow: UnitOfWork, session: Session) -> Escalation | None:
        if session.escalation_id is not None:
            return await uow[ESCALATIONS].get(session.escalation_id)
        open_ = await uow[ESCALATIONS].list(where(session_id=session.id, status=EscalationStatus.OPEN))
        return next((found for found in open_ if found.reason_code == Reason.REQUESTED), None)


@dataclass(frozen=True, slots=True)
class EscalationFilters:
    status: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    category: str | None = None
    priority: str | None = None
    operator_id: str | None = None


class BrowseEscalations:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, caller: Caller, filters: EscalationFilters, request: PageRequest) -> Page[Escalation]:
        conditions = where(**{name: getattr(filters, name) for name in EscalationFilters.__slots__})
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[ESCALATIONS].page(conditions, request)

    async def one(self, caller: Caller, escalation_id: str) -> Escalation:
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[ESCALATIONS].get(escalation_id)


class AssignEscalation:
    """Gives an escalation, and with it the conversation, to a person."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(
        self, caller: Caller, escalation_id: str, operator_id: str, operator_name: str | None
    ) -> Escalation:
        """Raises `Conflict` for one that is resolved, or whose conversation another person has."""

        async def assign(uow: UnitOfWork) -> Escalation:
            now = self._clock.now()
            escalation = await uow[ESCALATIONS].get(escalation_id)
            escalation.assign(operator_id, operator_name, now)
            session = await session_of(uow, escalation)
            if session is not None and session.state is not SessionState.CLOSED:
                session.hand_over(escalation.id, operator_id, now)
                await uow[SESSIONS].save(session)
            await uow[ESCALATIONS].save(escalation)
            return escalation

        return await committed(self._store, caller.tenant_id, assign)


class SpeakAsOperator:
    """A person's words into the conversation they have, and out through its channel."""

    def __init__(self, store: Store, signal: WorkSignal, clock: Clock, ids: Ids) -> None:
        self._store, self._signal, self._clock, self._ids = store, signal, clock, ids

    async def __call__(self, caller: Caller, escalation_id: str, text: str, operator_id: str | None) -> Message:
        """Raises `Conflict` unless the escalation is assigned, its conversation lives, and nobody else has it."""

        async def speak(uow: UnitOfWork) -> Message:
            escalation = await uow[ESCALATIONS].get(escalation_id)
            if escalation.status is not EscalationStatus.ASSIGNED:
                raise Conflict(f"The escalation is {escalation.status}; assign it first.")
            if operator_id is not None and operator_id != escalation.operator_id:
                raise Conflict("The escalation is assigned to another person.", field="operator_id")
            session = await session_of(uow, escalation)
            if session is None:
                raise Conflict("The escalation has no conversation; resolve it with an answer.")
            return await say_as_operator(uow, self._ids, self._clock.now(), session, text, escalation.operator_id)

        message = await committed(self._store, caller.tenant_id, speak)
        await self._signal.wake()
        return message


async def session_of(uow: UnitOfWork, escalation: Escalation) -> Session | None:
    return await uow[SESSIONS].find(escalation.session_id) if escalation.session_id else None


async def say_as_operator(
    uow: UnitOfWork, ids: Ids, now: datetime, session: Session, text: str, operator_id: str | None
) -> Message:
    """Saves the message and the session, and sends the message out where the session has a channel."""
    message = new_message(ids, now, session, Role.OPERATOR, text, author=operator_id)
    await save_message(uow, session, message, now)
    await uow[SESSIONS].save(session)
    if leaves_by_channel(session.origin):
        await send_later(uow, ids, now, message)
    return message


@dataclass(frozen=True, slots=True)
class Resolution:
    answer: str | None = None
    operator_id: str | None = None
    add_to_knowledge: bool = False
    question: str | None = None
    """How the question is to stand in the knowledge base, where that differs from how it was asked."""
    category: str | None = None
    intent: str | None = None


class ResolveEscalation:
    """Ends an escalation: the answer reaches the customer, the conversation goes back to the service, and what
    was answered may be learnt."""

    def __init__(
        self,
        store: Store,
        languages: LanguageDetector,
        views: TenantViews,
        signal: WorkSignal,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store, self._languages, self._views = store, languages, views
        self._signal, self._clock, self._ids = signal, clock, ids

    async def __call__(self, caller: Caller, escalation_id: str, resolution: Resolution) -> Escalation:
        """Raises `Conflict` for one that is resolved, `InvalidInput` for knowledge without an answer."""
        settings = (await self._views.of(caller.tenant_id)).settings

        async def resolve(uow: UnitOfWork) -> Escalation:
            now = self._clock.now()
            escalation = await uow[ESCALATIONS].get(escalation_id)
            escalation.resolve(resolution.answer, resolution.operator_id, now)
            await self._end_conversation(uow, escalation, now)
            if resolution.add_to_knowledge:
                lesson = await self._lesson(uow, escalation, resolution)
                staged = await stage_lesson(uow, self._ids, now, lesson, settings.limits)
                escalation.staged_draft_id, escalation.staged_qa_id = staged.draft_id, staged.id
            await uow[ESCALATIONS].save(escalation)
            return escalation

        resolved = await committed(self._store, caller.tenant_id, resolve)
        await self._signal.wake()
        return resolved

    async def _end_conversation(self, uow: UnitOfWork, escalation: Escalation, now: datetime) -> None:
        """The answer enters the conversation, and the service has it again unless another escalation of it is
        still in a person's hands."""
        session = await session_of(uow, escalation)
        if session is None or session.state is SessionState.CLOSED:
            return
        if session.state_at(now) is SessionState.EXPIRED:
            session.hand_back(now)
        if escalation.answer is not None:
            await say_as_operator(uow, self._ids, now, session, escalation.answer, escalation.operator_id)
        if session.escalation_id == escalation.id:
            others = await uow[ESCALATIONS].list(where(session_id=session.id, status=EscalationStatus.ASSIGNED))
            held = [other for other in others if other.id != escalation.id and other.operator_id is not None]
            session.hand_back(now)
            if held:
                session.hand_over(held[-1].id, str(held[-1].operator_id), now)
        await uow[SESSIONS].save(session)

    async def _lesson(self, uow: UnitOfWork, escalation: Escalation, resolution: Resolution) -> Lesson:
        query = await uow[QUERIES].find(escalation.query_id) if escalation.query_id else None
        asked = query.standalone_question if query else escalation.question
        question = (resolution.question or asked).strip()
        return Lesson(
            question=question,
            answer=(escalation.answer or "").strip(),
            language=self._languages.detect(question).language,
            category=resolution.category,
            intent=resolution.intent,
            escalation_id=escalation.id,
            operator_id=escalation.operator_id,
        )
