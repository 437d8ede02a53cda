"""What a question leaves behind: its record, its messages, its trace, its events, an escalation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from application.ports.storage import QUERIES, SESSIONS, TRACES, UnitOfWork
from application.ports.system import Ids
from application.run import Run
from application.use_cases.handing_over import open_escalation
from application.use_cases.outgoing import leaves_by_channel, send_later
from application.use_cases.sessions import meet_user, new_message, save_message
from domain.access import Caller
from domain.events import QuestionAnswered, QuestionFailed, QuestionReceived
from domain.phrases import Phrase, say
from domain.qa_pairs import PairStatistics
from domain.queries import Action, Answer, Outcome, QueryRecord, Question
from domain.sessions import Role, Session
from domain.tracing import Step, Trace

KEPT_METADATA = ("source", "device_id", "language", "filters")
"""What a session that begins with a question keeps of the question's metadata."""


class Recording:
    """Everything that one answered question leaves behind, saved through one unit of work."""

    def __init__(self, uow: UnitOfWork, ids: Ids, now: datetime, caller: Caller, run: Run, query_id: str) -> None:
        self._uow, self._ids, self._now = uow, ids, now
        self._caller, self._run, self._query_id = caller, run, query_id

    async def __call__(self) -> QueryRecord:
        record = query_record(self._caller, self._run, self._query_id, self._now)
        record.record(received(record))
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
        await meet_user(self._uow, self._run.question.user_id, self._now, self._run.language)
        await self._uow[QUERIES].save(record)
        with self._run.timer.step(Step.RECORDING, question=self._run.shown[1]) as step:
            step.say(query_id=self._query_id, session_id=record.session_id)
        await self._uow[TRACES].save(trace(self._caller, self._run, self._query_id, self._now))
        return record

    async def _session(self) -> Session | None:
        """The session as it is now: the pipeline took its time."""
        question = self._run.question
        if question.session_id is None:
            return None
        session = await self._uow[SESSIONS].find(question.session_id)
        if session is None:
            return self._new_session(question, question.session_id)
        session.require_reach(self._caller.principal)
        session.require_user(question.user_id)
        session.require_open(self._now)
        session.belong_to(question.user_id)
        return session

    def _new_session(self, question: Question, session_id: str) -> Session:
        return Session.open(
            session_id,
            question.user_id,
            self._now,
            {key: question.metadata[key] for key in KEPT_METADATA if key in question.metadata},
            question.origin,
            self._caller.principal.key_id,
        )

    async def _speak(self, session: Session, record: QueryRecord) -> None:
        """The question and, unless a person has taken over meanwhile, the answer."""
        if session.is_with_operator:
            record.action, record.answer = Action.WITH_OPERATOR, None
            record.escalation_id, record.outcome = session.escalation_id, Outcome.ESCALATED
            self._run.answer = left_to_operator(session)
        await self._say(session, Role.USER, self._run.text)
        if record.answer is not None:
            await self._say(session, Role.ASSISTANT, record.answer)
        elif record.action is Action.ESCALATE and leaves_by_channel(self._run.question.origin):
            await self._say(session, Role.ASSISTANT, say(Phrase.HANDED_OVER, self._run.language))

    async def _say(self, session: Session, role: Role, content: str) -> None:
        message = new_message(self._ids, self._now, session, role, content, query_id=self._query_id)
        await save_message(self._uow, session, message, self._now)
        if role is Role.ASSISTANT and leaves_by_channel(self._run.question.origin):
            await send_later(self._uow, self._ids, self._now, message)

    async def _escalate(self, record: QueryRecord, session: Session | None) -> None:
        assert self._run.verdict is not None  # noqa: S101 - an escalation has one
        opened = await open_escalation(
            self._uow,
            self._ids,
            self._now,
            verdict=self._run.verdict,
            question=self._run.text,
            language=self._run.language,
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


async def record_failure(
    uow: UnitOfWork, now: datetime, caller: Caller, run: Run, query_id: str, code: str, message: str
) -> None:
    record = query_record(caller, run, query_id, now)
    record.action, record.outcome = Action.FAILED, Outcome.FAILED
    record.error_code, record.error_message = code, message
    record.record(received(record))
    record.record(
        QuestionFailed(
            query_id=query_id,
            error_code=code,
            error_message=message,
            user_id=record.user_id,
            session_id=record.session_id,
            **_returned(run.question.origin),
        )
    )
    await uow[QUERIES].save(record)
    await uow[TRACES].save(trace(caller, run, query_id, now))


def left_to_operator(session: Session) -> Answer:
    return Answer(None, 0.0, Action.WITH_OPERATOR, escalation_id=session.escalation_id)


def query_record(caller: Caller, run: Run, query_id: str, now: datetime) -> QueryRecord:
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
        metadata={**answer.metadata, **_certainty(run)},
    )


def _certainty(run: Run) -> dict[str, Any]:
    """What a later verdict on this answer is a label of."""
    if run.logit is None:
        return {}
    return {"logit": run.logit, "logit_of": run.tenant.constants, "candidate": run.candidate}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def trace(caller: Caller, run: Run, query_id: str, now: datetime) -> Trace:
    return Trace(
        id=query_id,
        created_at=now,
        updated_at=now,
        trace_id=caller.trace_id,
        query_id=query_id,
        total_duration_ms=round(run.timer.elapsed_ms, 3),
        nodes=tuple(run.timer.nodes),
    )


def received(record: QueryRecord) -> QuestionReceived:
    return QuestionReceived(
        query_id=record.id, question=record.question, user_id=record.user_id, session_id=record.session_id
    )


def _answered(record: QueryRecord, run: Run) -> QuestionAnswered:
    return QuestionAnswered(
        query_id=record.id,
        question=record.question,
        answer=record.answer or "",
        confidence=record.confidence,
        sources=_announced(run),
        user_id=record.user_id,
        session_id=record.session_id,
        processing_time_ms=record.processing_time_ms,
        **_returned(run.question.origin),
    )


def _returned(origin: Mapping[str, Any]) -> dict[str, Any]:
    """What goes back to where a question came from."""
    known = {key: value for key, value in origin.items() if key != "correlation_id"}
    return {"source_metadata": known, "correlation_id": origin.get("correlation_id")}


def _announced(run: Run) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"document_id": s.document_id, "qa_id": s.qa_id, "title": s.title, "relevance_score": s.relevance_score}
        for s in run.sources
    )
