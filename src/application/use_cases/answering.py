"""Asking a question: the conversation it belongs to, the pipeline, and one transaction that records it all."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from application.generation import Emit
from application.pipeline import AnswerPipeline
from application.ports.storage import SESSIONS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.run import Run
from application.tenants import TenantView, TenantViews
from application.transactions import committed
from application.use_cases.recording import Recording, left_to_operator, record_failure
from application.use_cases.sessions import spoken
from application.watching import Asking, QuestionWatch
from domain.access import Caller
from domain.errors import DomainError, InvalidInput, Problem
from domain.ids import Prefix
from domain.queries import Action, Answer, QueryRecord, Question, Turn
from domain.retrieval import Filters
from domain.sessions import Session, filters_in

HISTORY_MESSAGES = 20
OWNER_CHECK_SECONDS = 0.5
"""How long a stream may go on after a person has taken over."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a question."""

    query_id: str
    answer: Answer
    session_id: str | None
    processing_time_ms: int
    trace_id: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class _Conversation:
    session: Session | None
    turns: tuple[Turn, ...] = ()

    @property
    def earlier_questions(self) -> tuple[str, ...]:
        return tuple(turn.content for turn in self.turns if turn.role == "user")


class TakenOver(Exception):
    """A person took the conversation over while the answer was being written."""


class AskQuestion:
    """Answers a question, or hands it over; either way it is recorded, once, with what it took."""

    def __init__(
        self,
        store: Store,
        pipeline: AnswerPipeline,
        views: TenantViews,
        clock: Clock,
        ids: Ids,
        watch: QuestionWatch | None = None,
    ) -> None:
        self._store, self._pipeline, self._views = store, pipeline, views
        self._clock, self._ids, self._watch = clock, ids, watch or QuestionWatch()
        self._finishing: set[asyncio.Task[QueryRecord | None]] = set()

    async def __call__(
        self, caller: Caller, question: Question, emit: Emit | None = None, query_id: str | None = None
    ) -> Asked:
        """Raises `Blocked`, `QueryTooLong`, `Conflict` (a session that is closed or another's), `NotFound` (a
        session out of the caller's reach), `DeadlineExceeded`, `ServiceUnavailable`. Cancelled, it stops the
        work and records the question as failed."""
        name = query_id or self._ids.new(Prefix.QUERY)
        with self._watch.asking(caller, question, name) as asking:
            return await self._answer(caller, question, emit, name, asking)

    async def _answer(self, caller: Caller, question: Question, emit: Emit | None, name: str, asking: Asking) -> Asked:
        view = await self._views.of(caller.tenant_id)
        _check_history(question, view)
        conversation = await self._conversation(caller, question)
        run = asking.run = self._run(caller, view, question, conversation, emit)
        try:
            await self._work_out(run, conversation.session)
        except DomainError as refusal:
            code = "BLOCKED" if _is_block(refusal) else refusal.code
            await self._record_failure(caller, run, name, code, refusal.message)
            raise
        except asyncio.CancelledError:
            self._finish(self._record_failure(caller, run, name, "CANCELLED", "Nobody waited for the answer."))
            raise
        return await self._recorded(caller, run, name)

    async def _work_out(self, run: Run, session: Session | None) -> None:
        try:
            if session is not None and session.is_with_operator:
                self._pipeline.admit(run)
                run.answer = left_to_operator(session)
            else:
                await self._pipeline(run)
        except TakenOver:
            run.answer, run.verdict = Answer(None, 0.0, Action.WITH_OPERATOR), None

    def _run(
        self, caller: Caller, view: TenantView, question: Question, conversation: _Conversation, emit: Emit | None
    ) -> Run:
        of_session = conversation.session.filters if conversation.session else {}
        filters = {**of_session, **filters_in(question.metadata), **question.filters}
        return Run(
            tenant=view,
            question=question,
            history=conversation.turns if question.history is None else question.history,
            earlier_questions=conversation.earlier_questions,
            emit=self._while_owned(caller, question, emit),
            filters=Filters(metadata=filters),
            timer=self._watch.timer(),
        )

    def _while_owned(self, caller: Caller, question: Question, emit: Emit | None) -> Emit | None:
        """An `emit` that ends the answer when a person has taken the conversation over."""
        session_id = question.session_id
        if emit is None or session_id is None:
            return emit
        checked = self._clock.monotonic()

        async def guarded(piece: str) -> None:
            nonlocal checked
            if self._clock.monotonic() - checked >= OWNER_CHECK_SECONDS:
                checked = self._clock.monotonic()
                async with self._store.begin(caller.tenant_id) as uow:
                    session = await uow[SESSIONS].find(session_id)
                if session is not None and session.is_with_operator:
                    raise TakenOver
            await emit(piece)

        return guarded

    async def _conversation(self, caller: Caller, question: Question) -> _Conversation:
        if question.session_id is None:
            return _Conversation(None)
        async with self._store.begin(caller.tenant_id) as uow:
            session = await uow[SESSIONS].find(question.session_id)
            if session is None:
                return _Conversation(None)
            session.require_reach(caller.principal)
            session.require_user(question.user_id)
            session.require_open(self._clock.now())
            return _Conversation(session, await spoken(uow, session.id, HISTORY_MESSAGES))

    async def _recorded(self, caller: Caller, run: Run, query_id: str) -> Asked:
        """Once it has begun to be recorded, a question is recorded whoever goes away."""
        record = await asyncio.shield(self._finish(self._record(caller, run, query_id)))
        assert run.answer is not None and record is not None  # noqa: S101 - the pipeline returned
        took = round(run.timer.elapsed_ms)
        answer = replace(
            run.answer,
            escalation_id=record.escalation_id,
            metadata={**run.answer.metadata, "processing_time_ms": took},
        )
        return Asked(query_id, answer, record.session_id, took, caller.trace_id, run.language)

    async def _record(self, caller: Caller, run: Run, query_id: str) -> QueryRecord:
        async def record(uow: UnitOfWork) -> QueryRecord:
            return await Recording(uow, self._ids, self._clock.now(), caller, run, query_id)()

        return await committed(self._store, caller.tenant_id, record)

    async def _record_failure(self, caller: Caller, run: Run, query_id: str, code: str, message: str) -> None:
        """Best effort: the caller gets the refusal whether or not the store is there to keep it."""
        if not run.text:
            return
        async with self._store.begin(caller.tenant_id) as uow:
            await record_failure(uow, self._clock.now(), caller, run, query_id, code, message)
            await uow.commit()

    def _finish(self, work: Coroutine[Any, Any, QueryRecord | None]) -> "asyncio.Task[QueryRecord | None]":
        """Lets the work end even when its caller is cancelled."""
        task = asyncio.create_task(work)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)
        return task


def _check_history(question: Question, view: TenantView) -> None:
    limit = view.settings.limits.max_conversation_turns
    given = len(question.history or ())
    if given > limit:
        message = f"Too many history messages (max {limit})"
        details = {"max_items": limit, "provided_items": given}
        raise InvalidInput(problems=[Problem(message, "conversation_history", details=details)])


def _is_block(refusal: DomainError) -> bool:
    return any("rule_id" in problem.details for problem in refusal.problems)
