"""Many questions at once, answered by a job, each once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from application.ports.queue import WorkSignal
from application.ports.storage import JOB_ITEMS, JOBS, QUERIES, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.use_cases.answering import AskQuestion
from application.use_cases.jobs import JobCallbacks, Work, new_job
from domain.access import Caller, Principal, Scope
from domain.errors import DomainError, InvalidInput, Problem, ServiceUnavailable
from domain.ids import Prefix
from domain.jobs import ItemStatus, Job, JobItem, JobType
from domain.paging import where
from domain.queries import Answer, QueryRecord, Question, checked_text

AT_ONCE = 4
"""Questions of one batch worked on side by side; more would only wait for the embedding threads."""


@dataclass(frozen=True, slots=True)
class BatchItem:
    id: str
    question: Question


@dataclass(frozen=True, slots=True)
class BatchRequest:
    items: Sequence[BatchItem]
    callback_url: str | None = None
    notify_on: Sequence[str] = ("completed", "error")
    callback_secret: str | None = None


NOTICES = {"completed": "job.completed", "error": "job.failed", "progress": "job.progress"}


class SubmitBatch:
    def __init__(self, store: Store, callbacks: JobCallbacks, signal: WorkSignal, clock: Clock, ids: Ids) -> None:
        self._store, self._callbacks, self._signal = store, callbacks, signal
        self._clock, self._ids = clock, ids

    async def __call__(self, caller: Caller, batch: BatchRequest, max_size: int) -> Job:
        """Raises `InvalidInput` for a batch that is empty, too large, or has an id twice or a bad question."""
        _check(batch, max_size)
        job = new_job(
            self._ids,
            self._clock,
            JobType.BATCH,
            caller,
            len(batch.items),
            callback_url=batch.callback_url,
            notify_on=list(batch.notify_on),
        )
        job.stage = "processing"
        async with self._store.begin(caller.tenant_id) as uow:
            await uow[JOBS].save(job)
            await uow[JOB_ITEMS].save_all([self._item(job, n, item) for n, item in enumerate(batch.items)])
            if batch.callback_url is not None:
                events = tuple(NOTICES[kind] for kind in batch.notify_on)
                await self._callbacks.for_job(uow, job.id, batch.callback_url, events, batch.callback_secret)
            await uow.commit()
        await self._signal.wake()
        return job

    def _item(self, job: Job, position: int, item: BatchItem) -> JobItem:
        question = item.question
        return JobItem(
            id=f"{job.id}_{position:05d}",
            created_at=job.created_at,
            updated_at=job.created_at,
            job_id=job.id,
            position=position,
            key=item.id,
            input={
                "query_id": self._ids.new(Prefix.QUERY),
                "question": question.text,
                "user_id": question.user_id,
                "session_id": question.session_id,
                "metadata": dict(question.metadata),
            },
        )


def _check(batch: BatchRequest, max_size: int) -> None:
    size = len(batch.items)
    if not 0 < size <= max_size:
        details = {"min_items": 1, "max_items": max_size, "provided_items": size}
        raise InvalidInput(problems=[Problem(f"A batch has 1 to {max_size} queries.", "queries", details=details)])
    seen: set[str] = set()
    problems = []
    for n, item in enumerate(batch.items):
        if item.id in seen:
            problems.append(Problem(f"The id {item.id!r} stands twice in the batch.", f"queries.{n}.id"))
        seen.add(item.id)
        problems += _question_problems(item.question.text, f"queries.{n}.question")
    if problems:
        raise InvalidInput(problems=problems)


def _question_problems(text: str, path: str) -> list[Problem]:
    try:
        checked_text(text)
    except InvalidInput as refusal:
        return [Problem(p.message, path, refusal.code, p.details) for p in refusal.problems]
    return []


class AnswerBatch:
    """The job of a batch. An item's query has its id beforehand: one that was answered before the process
    died is recognised and not asked again."""

    def __init__(self, store: Store, ask: AskQuestion, clock: Clock) -> None:
        self._store, self._ask, self._clock = store, ask, clock

    async def __call__(self, work: Work) -> None:
        job = await work.checkpoint()
        caller = Caller(
            Principal(work.tenant_id, frozenset({Scope.WRITE}), key_id=job.created_by),
            trace_id=str(job.input.get("trace_id", "")),
        )
        waiting = [item for item in await self._items(work) if item.status is ItemStatus.PENDING]
        for start in range(0, len(waiting), AT_ONCE):
            chunk = waiting[start : start + AT_ONCE]
            outcomes = await asyncio.gather(*(self._answer(work.tenant_id, caller, item) for item in chunk))
            await self._keep(work, outcomes)
        await self._finish(work)

    async def _items(self, work: Work) -> list[JobItem]:
        async with self._store.begin(work.tenant_id) as uow:
            return await uow[JOB_ITEMS].list(where(job_id=work.job_id), sort="position")

    async def _answer(self, tenant_id: str, caller: Caller, item: JobItem) -> JobItem:
        now = self._clock.now()
        try:
            item.succeed(now, await self._output(tenant_id, caller, item))
        except ServiceUnavailable:
            raise  # no fault of the question's: it is asked again when the job goes on
        except DomainError as refusal:
            item.fail(now, refusal.code, refusal.message)
        return item

    async def _output(self, tenant_id: str, caller: Caller, item: JobItem) -> dict[str, Any]:
        query_id = item.input["query_id"]
        async with self._store.begin(tenant_id) as uow:
            known = await uow[QUERIES].find(query_id)
        if known is not None:
            return _result(query_id, known, known.answer)
        question = Question(
            text=item.input["question"],
            user_id=item.input.get("user_id"),
            session_id=item.input.get("session_id"),
            metadata={"source": "batch", **item.input.get("metadata", {})},
        )
        asked = await self._ask(caller, question, query_id=query_id)
        return _result(query_id, asked.answer, asked.answer.text)

    async def _keep(self, work: Work, items: Sequence[JobItem]) -> None:
        async def keep(uow: UnitOfWork, job: Job) -> None:
            for item in items:
                fresh = await uow[JOB_ITEMS].get(item.id)
                if fresh.status is ItemStatus.PENDING:  # and not erased meanwhile
                    fresh.status, fresh.output, fresh.error = item.status, item.output, item.error
                    await uow[JOB_ITEMS].save(fresh)
            good = sum(item.status is ItemStatus.SUCCESS for item in items)
            job.advance(
                self._clock.now(),
                done=job.done + len(items),
                succeeded=job.succeeded + good,
                failed=job.failed + len(items) - good,
            )

        await work.change(keep)

    async def _finish(self, work: Work) -> None:
        async def finish(uow: UnitOfWork, job: Job) -> None:
            counts = {"total_queries": job.total, "succeeded": job.succeeded, "failed": job.failed}
            job.complete(self._clock.now(), {**counts, "results_url": f"/api/v1/jobs/{job.id}/results"})

        await work.change(finish)


def _result(query_id: str, answered: Answer | QueryRecord, text: str | None) -> dict[str, Any]:
    """What a batch tells of one question, asked now or before its job was taken up again."""
    return {
        "query_id": query_id,
        "answer": text,
        "confidence": answered.confidence,
        "action": answered.action,
        "escalation_id": answered.escalation_id,
        "cache_hit": answered.cache_hit,
        "sources": [
            {"document_id": s.document_id, "qa_id": s.qa_id, "title": s.title, "relevance_score": s.relevance_score}
            for s in answered.sources
        ],
    }
