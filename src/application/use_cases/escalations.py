"""What operators do with what was handed to them: see it, take it, speak, resolve it."""

from dataclasses import dataclass, replace
from datetime import datetime

from application.ports.models import LanguageDetector
from application.ports.queue import WorkSignal
from application.ports.storage import ESCALATIONS, QUERIES, SESSIONS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.tenants import TenantViews
from application.transactions import committed
from application.use_cases.handing_over import transcript_of
from application.use_cases.outgoing import leaves_by_channel, send_later
from application.use_cases.sessions import last_messages, new_message, save_message
from application.use_cases.teaching import Lesson, stage_lesson
from domain.access import Caller
from domain.errors import Conflict
from domain.escalation import Escalation, EscalationStatus
from domain.human_requests import asks_for_human
from domain.paging import Page, PageRequest, where
from domain.sessions import Message, Role, Session, SessionState

LOOKED_BACK = 50
"""So many messages before the end the question is looked for."""
QUEUE_ORDER = {"-priority": "rank", "priority": "-rank"}
"""The most urgent first is by ascending rank, and of one rank who has waited longest."""


@dataclass(frozen=True, slots=True)
class EscalationFilters:
    status: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    category: str | None = None
    priority: str | None = None
    operator_id: str | None = None
    team: str | None = None
    reason_code: str | None = None
    created_at__gt: datetime | None = None
    created_at__lt: datetime | None = None


class BrowseEscalations:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, caller: Caller, filters: EscalationFilters, request: PageRequest) -> Page[Escalation]:
        conditions = where(**{name: getattr(filters, name) for name in EscalationFilters.__slots__})
        ordered = replace(request, sort=QUEUE_ORDER.get(request.sort, request.sort))
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[ESCALATIONS].page(conditions, ordered)

    async def one(self, caller: Caller, escalation_id: str) -> Escalation:
        """With the conversation as it is by now."""
        async with self._store.begin(caller.tenant_id) as uow:
            found = await uow[ESCALATIONS].get(escalation_id)
            if found.session_id is not None:
                found.transcript = await transcript_of(uow, found.session_id)
        return found


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
            now = self._clock.now()
            if escalation.respond(now):
                await uow[ESCALATIONS].save(escalation)
            return await say_as_operator(uow, self._ids, now, session, text, escalation.operator_id)

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
        question = (resolution.question or await self._asked(uow, escalation)).strip()
        return Lesson(
            question=question,
            answer=(escalation.answer or "").strip(),
            language=self._languages.detect(question).language,
            category=resolution.category,
            intent=resolution.intent,
            escalation_id=escalation.id,
            operator_id=escalation.operator_id,
        )

    async def _asked(self, uow: UnitOfWork, escalation: Escalation) -> str:
        """What the answer answers: the question as it stands alone; of somebody who only asked for a person,
        the last thing they said besides."""
        if escalation.is_a_call_for_somebody and escalation.session_id is not None:
            said = await last_messages(uow, escalation.session_id, LOOKED_BACK)
            texts = [message.content for message in reversed(said) if message.role is Role.USER]
            real = [text for text in texts if not asks_for_human(text, "en")]
            return real[0] if real else escalation.question
        query = await uow[QUERIES].find(escalation.query_id) if escalation.query_id else None
        return query.standalone_question if query else escalation.question
