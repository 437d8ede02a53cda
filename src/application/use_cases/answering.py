"""Asking a question: the conversation it belongs to, the pipeline, and one transaction that records it all."""

from dataclasses import dataclass, replace
from datetime import datetime

from application.generation import Emit
from application.pipeline import AnswerPipeline, Run
from application.ports.storage import QUERIES, SESSIONS, TRACES, USERS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.tenants import TenantView, TenantViews
from application.transactions import committed
from application.use_cases.escalations import open_escalation
from application.use_cases.sessions import next_position, save_message, spoken
from domain.access import Caller
from domain.errors import DomainError, InvalidInput, Problem
from domain.events import QuestionAnswered, QuestionFailed, QuestionReceived
from domain.ids import Prefix
from domain.qa_pairs import PairStatistics
from domain.queries import Action, Answer, Outcome, QueryRecord, Question, Turn
from domain.retrieval import Filters
from domain.sessions import Message, Role, Session, UserProfile
from domain.tracing import Step, Trace

HISTORY_MESSAGES = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a question."""

    query_id: str
    answer: Answer
    session_id: str | None
    processing_time_ms: int
    trace_id: str


@dataclass(frozen=True, slots=True)
class _Conversation:
    session: Session | None
    turns: tuple[Turn, ...] = ()

    @property
    def earlier_questions(self) -> tuple[str, ...]:
        return tuple(turn.content for turn in self.turns if turn.role == "user")


class AskQuestion:
    """Answers a question, or hands it over; either way it is recorded, once, with what it took."""

    def __init__(self, store: Store, pipeline: AnswerPipeline, views: TenantViews, clock: Clock, ids: Ids) -> None:
        self._store, self._pipeline, self._views = store, pipeline, views
        self._clock, self._ids = clock, ids

    async def __call__(
        self, caller: Caller, question: Question, emit: Emit | None = None, query_id: str | None = None
    ) -> Asked:
        """Raises `Blocked`, `QueryTooLong`, `Conflict` (a session that is closed or another's),
        `DeadlineExceeded`, `ServiceUnavailable`."""
        view = await self._views.of(caller.tenant_id)
        _check_history(question, view)
        conversation = await self._conversation(caller, question)
        run = self._run(view, question, conversation, emit)
        name = query_id or self._ids.new(Prefix.QUERY)
        try:
            await self._work_out(run, conversation.session)
        except DomainError as refusal:
            await self._record_failure(caller, run, name, refusal)
            raise
        return await self._recorded(caller, run, conversation, name)

    async def _work_out(self, run: Run, session: Session | None) -> None:
        if session is not None and session.is_with_operator:
            self._pipeline.admit(run)
            run.answer = _left_to_operator(session)
        else:
            await self._pipeline(run)

    def _run(self, view: TenantView, question: Question, conversation: _Conversation, emit: Emit | None) -> Run:
        history = conversation.turns if question.history is None else question.history
        return Run(
            tenant=view,
            question=question,
            history=history,
            earlier_questions=conversation.earlier_questions,
            emit=emit,
            filters=Filters(metadata=dict(question.filters)),
        )

    async def _conversation(self, caller: Caller, question: Question) -> _Conversation:
        if question.session_id is None:
            return _Conversation(None)
        async with self._store.begin(caller.tenant_id) as uow:
            session = await uow[SESSIONS].find(question.session_id)
            if session is None:
                return _Conversation(None)
            session.require_user(question.user_id)
            session.require_open(self._clock.now())
            return _Conversation(session, await spoken(uow, session.id, HISTORY_MESSAGES))

    async def _recorded(self, caller: Caller, run: Run, conversation: _Conversation, query_id: str) -> Asked:
        assert run.answer is not None  # noqa: S101 - the pipeline returned

        async def record(uow: UnitOfWork) -> QueryRecord:
            return await _Recording(self, caller, run, query_id, uow).all_of_it()

        record_of = await committed(self._store, caller.tenant_id, record)
        took = round(run.timer.elapsed_ms)
        answer = replace(
            run.answer,
            escalation_id=record_of.escalation_id,
            metadata={**run.answer.metadata, "processing_time_ms": took},
        )
        return Asked(query_id, answer, record_of.session_id, took, caller.trace_id)

    async def _record_failure(self, caller: Caller, run: Run, query_id: str, refusal: DomainError) -> None:
        """Best effort: the caller gets the refusal whether or not the store is there to keep it."""
        if not run.text:
            return
        now = self._clock.now()
        code = "BLOCKED" if _is_block(refusal) else refusal.code
        record = _query_record(caller, run, query_id, now)
        record.outcome, record.error_code, record.error_message = Outcome.FAILED, code, refusal.message
        record.record(_received(record))
        record.record(QuestionFailed(query_id=query_id, error_code=code, error_message=refusal.message))
        async with self._store.begin(caller.tenant_id) as uow:
            await uow[QUERIES].save(record)
            await uow[TRACES].save(_trace(caller, run, query_id, now))
            await uow.commit()

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def ids(self) -> Ids:
        return self._ids


class _Recording:
    """Everything that one answered question leaves behind, saved through one unit of work."""

    def __init__(self, ask: AskQuestion, caller: Caller, run: Run, query_id: str, uow: UnitOfWork) -> None:
        self._ids, self._now = ask.ids, ask.clock.now()
        self._caller, self._run, self._query_id, self._uow = caller, run, query_id, uow

    async def all_of_it(self) -> QueryRecord:
        record = _query_record(self._caller, self._run, self._query_id, self._now)
        record.record(_received(record))
        session = await self._session()
        if session is not None:
            await self._speak(session, record)
        if record.action is Action.ESCALATE:
            await self._escalate(record, session)
        elif record.action is Action.AUTO_REPLY:
            record.record(_answered(record, self._run))
            await self._count_sources()
        if session is not None:
            await self._uow[SESSIONS].save(session)
        await self._meet_user()
        await self._uow[QUERIES].save(record)
        with self._run.timer.step(Step.RECORDING, question=self._run.shown[1]) as step:
            step.say(query_id=self._query_id, session_id=record.session_id)
        await self._uow[TRACES].save(_trace(self._caller, self._run, self._query_id, self._now))
        return record

    async def _session(self) -> Session | None:
        """The session as it is now: the pipeline took its time."""
        question = self._run.question
        if question.session_id is None:
            return None
        session = await self._uow[SESSIONS].find(question.session_id)
        if session is None:
            return Session.open(
                question.session_id, question.user_id, self._now, _session_metadata(question), question.origin
            )
        session.require_open(self._now)
        return session

    async def _speak(self, session: Session, record: QueryRecord) -> None:
        """The question and, unless a person has taken over meanwhile, the answer."""
        if session.is_with_operator:
            record.action, record.answer, record.escalation_id = (
                Action.WITH_OPERATOR, None, session.escalation_id,
            )  # fmt: skip
            self._run.answer = _left_to_operator(session)
        position = next_position(session)
        asked = self._message(session, Role.USER, self._run.text, position)
        await save_message(self._uow, session, asked, self._now)
        if record.answer is not None:
            answer = self._message(session, Role.ASSISTANT, record.answer, position + 1)
            await save_message(self._uow, session, answer, self._now)

    def _message(self, session: Session, role: Role, content: str, position: int) -> Message:
        return Message(
            id=self._ids.new(Prefix.MESSAGE),
            created_at=self._now,
            updated_at=self._now,
            session_id=session.id,
            user_id=session.user_id,
            role=role,
            content=content,
            position=position,
            query_id=self._query_id,
        )

    async def _escalate(self, record: QueryRecord, session: Session | None) -> None:
        assert self._run.verdict is not None  # noqa: S101 - an escalation has one
        opened = await open_escalation(
            self._uow,
            self._ids,
            self._now,
            verdict=self._run.verdict,
            question=self._run.text,
            session=session,
            user_id=self._run.question.user_id,
            query_id=self._query_id,
            origin=self._run.question.origin,
        )
        record.escalation_id = opened.id

    async def _count_sources(self) -> None:
        for source in self._run.sources:
            delta = PairStatistics(times_retrieved=1, relevance_sum=source.relevance_score)
            await self._uow.statistics.add(source.qa_id, delta)

    async def _meet_user(self) -> None:
        user_id = self._run.question.user_id
        if user_id is not None and await self._uow[USERS].find(user_id) is None:
            await self._uow[USERS].save(UserProfile(id=user_id, created_at=self._now, updated_at=self._now))


def _check_history(question: Question, view: TenantView) -> None:
    limit = view.settings.limits.max_conversation_turns
    given = len(question.history or ())
    if given > limit:
        message = f"Too many history messages (max {limit})"
        details = {"max_items": limit, "provided_items": given}
        raise InvalidInput(problems=[Problem(message, "conversation_history", details=details)])


def _session_metadata(question: Question) -> dict[str, object]:
    return {key: value for key, value in question.metadata.items() if key in ("source", "device_id", "language")}


def _left_to_operator(session: Session) -> Answer:
    return Answer(None, 0.0, Action.WITH_OPERATOR, escalation_id=session.escalation_id)


def _is_block(refusal: DomainError) -> bool:
    return any("rule_id" in problem.details for problem in refusal.problems)


def _query_record(caller: Caller, run: Run, query_id: str, now: datetime) -> QueryRecord:
    answer = run.answer or Answer(None, run.confidence or 0.0, Action.ESCALATE)
    return QueryRecord(
        id=query_id,
        created_at=now,
        updated_at=now,
        question=run.text,
        standalone_question=run.standalone or run.text,
        answer=answer.text,
        confidence=answer.confidence,
        action=answer.action,
        outcome=Outcome.COMPLETED if answer.action is Action.AUTO_REPLY else Outcome.ESCALATED,
        user_id=run.question.user_id,
        session_id=run.question.session_id,
        language=run.language,
        category=run.category,
        intent=run.intent,
        sources=answer.sources,
        escalation_id=answer.escalation_id,
        escalation_reason=answer.escalation.code if answer.escalation else None,
        cache_hit=answer.cache_hit,
        processing_time_ms=round(run.timer.elapsed_ms),
        trace_id=caller.trace_id,
        source=_text(run.question.metadata.get("source") or run.question.origin.get("source")),
        metadata={**answer.metadata, "logit": run.logit},
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _trace(caller: Caller, run: Run, query_id: str, now: datetime) -> Trace:
    return Trace(
        id=query_id,
        created_at=now,
        updated_at=now,
        trace_id=caller.trace_id,
        query_id=query_id,
        total_duration_ms=round(run.timer.elapsed_ms, 3),
        nodes=tuple(run.timer.nodes),
    )


def _received(record: QueryRecord) -> QuestionReceived:
    return QuestionReceived(
        query_id=record.id, question=record.question, user_id=record.user_id, session_id=record.session_id
    )


def _answered(record: QueryRecord, run: Run) -> QuestionAnswered:
    origin = run.question.origin
    return QuestionAnswered(
        query_id=record.id,
        question=record.question,
        answer=record.answer or "",
        confidence=record.confidence,
        sources=_announced(run),
        user_id=record.user_id,
        session_id=record.session_id,
        processing_time_ms=record.processing_time_ms,
        source_metadata={key: value for key, value in origin.items() if key != "correlation_id"},
        correlation_id=origin.get("correlation_id"),
    )


def _announced(run: Run) -> tuple[dict[str, object], ...]:
    return tuple(
        {"document_id": s.document_id, "qa_id": s.qa_id, "title": s.title, "relevance_score": s.relevance_score}
        for s in run.sources
    )
