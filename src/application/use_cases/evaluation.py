"""Judging answers: asking for it, the job that does it, and reading what came out."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from application.ports.judges import CannotJudge, Judge, Judges
from application.ports.queue import WorkSignal
from application.ports.storage import DATASETS, EVALUATIONS, JOBS, QUERIES, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.sampling import Sampler
from application.transactions import committed
from application.use_cases.jobs import Work, new_job
from domain.access import Caller
from domain.errors import Conflict, DomainError, InvalidInput, NotFound, Problem, ServiceUnavailable
from domain.evaluation import (
    ALL_METRICS,
    Dataset,
    DatasetRow,
    Evaluation,
    Judged,
    Sample,
    left_to_judge,
    numbered,
)
from domain.ids import Prefix
from domain.jobs import FINISHED, Job, JobType
from domain.paging import Page, PageRequest, where
from domain.queries import QueryRecord

AT_ONCE = 4
"""Samples judged side by side, and kept together."""
NAMED = 10
"""Of many unknown ids, so many are named."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be judged: recorded queries, under a label or none, or else a stored dataset."""

    dataset_id: str | None = None
    query_ids: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ALL_METRICS
    judge: str | None = None


class RequestEvaluation:
    def __init__(self, store: Store, judges: Judges, signal: WorkSignal, clock: Clock, ids: Ids) -> None:
        self._store, self._judges, self._signal = store, judges, signal
        self._clock, self._ids = clock, ids

    async def __call__(self, caller: Caller, wish: Wish) -> tuple[Evaluation, Job]:
        """Raises `NotFound` for a dataset or queries that are not there, and `InvalidInput` for a wish that names
        neither, or a judge that nobody is."""
        self._check(wish)

        async def queue(uow: UnitOfWork) -> tuple[Evaluation, Job]:
            evaluation = await self._evaluation(uow, wish)
            job = new_job(self._ids, self._clock, JobType.EVALUATION, caller, evaluation.total, eval_id=evaluation.id)
            job.stage, job.result, evaluation.job_id = "evaluating", {"eval_id": evaluation.id}, job.id
            await uow[JOBS].save(job)
            await uow[EVALUATIONS].save(evaluation)
            return evaluation, job

        made = await committed(self._store, caller.tenant_id, queue)
        await self._signal.wake()
        return made

    def _check(self, wish: Wish) -> None:
        if not wish.query_ids and wish.dataset_id is None:
            raise InvalidInput("Name recorded queries or a stored dataset.", field="query_ids")
        if wish.judge is not None and wish.judge not in self._judges.names:
            details = {"rule": "enum", "allowed": list(self._judges.names)}
            raise InvalidInput(f"There is no judge {wish.judge!r} here.", field="judge", details=details)

    async def _evaluation(self, uow: UnitOfWork, wish: Wish) -> Evaluation:
        dataset = None if wish.query_ids else await uow[DATASETS].get(str(wish.dataset_id))
        query_ids = tuple(dict.fromkeys(wish.query_ids))
        await _require_queries(uow, query_ids)
        now = self._clock.now()
        return Evaluation(
            id=self._ids.new(Prefix.EVALUATION),
            created_at=now,
            updated_at=now,
            dataset_id=wish.dataset_id,
            dataset_version=dataset.version if dataset else None,
            query_ids=query_ids,
            metrics=tuple(dict.fromkeys(wish.metrics)),
            wanted_judge=wish.judge,
            total=len(dataset.rows) if dataset else len(query_ids),
        )


async def _require_queries(uow: UnitOfWork, query_ids: Sequence[str]) -> None:
    known = {query.id for query in await uow[QUERIES].get_many(query_ids)}
    unknown = [each for each in query_ids if each not in known]
    if unknown:
        message = f"There are no such queries: {', '.join(unknown[:NAMED])}{' …' if len(unknown) > NAMED else ''}"
        raise NotFound(message, field="query_ids", details={"unknown": len(unknown)})


class Evaluate:
    """The job: a few samples at a time, whose scores are kept with its progress. Taken up again it goes on with
    those that have none yet, by the judge that it began with."""

    def __init__(self, store: Store, sampler: Sampler, judges: Judges, clock: Clock) -> None:
        self._store, self._sampler, self._judges, self._clock = store, sampler, judges, clock

    async def __call__(self, work: Work) -> None:
        job = await work.checkpoint()
        evaluation = await self._begun(work, str(job.input["eval_id"]))
        judge, _ = await self._judges.chosen(evaluation.judge)
        things = await self._things(work.tenant_id, evaluation)
        waiting = left_to_judge(list(things), evaluation.results)
        for start in range(0, len(waiting), AT_ONCE):
            chunk = [(each, things[each]) for each in waiting[start : start + AT_ONCE]]
            await self._keep(work, evaluation.id, await self._judged(work.tenant_id, evaluation, judge, chunk))
        await self._finish(work, evaluation.id)

    async def _begun(self, work: Work, eval_id: str) -> Evaluation:
        """With its judge, which is chosen once."""
        async with self._store.begin(work.tenant_id) as uow:
            evaluation = await uow[EVALUATIONS].get(eval_id)
        if evaluation.judge:
            return evaluation
        judge, note = await self._judges.chosen(evaluation.wanted_judge)

        async def begin(uow: UnitOfWork, job: Job) -> None:
            fresh = await uow[EVALUATIONS].get(eval_id)
            fresh.judge, fresh.note = judge.name, note
            await uow[EVALUATIONS].save(fresh)

        await work.change(begin)
        evaluation.judge = judge.name
        return evaluation

    async def _things(self, tenant_id: str, evaluation: Evaluation) -> Mapping[str, QueryRecord | DatasetRow | None]:
        """What is to be judged, by id. Raises `Conflict` for a dataset that has changed since."""
        async with self._store.begin(tenant_id) as uow:
            if evaluation.dataset_version is None:
                found = {query.id: query for query in await uow[QUERIES].get_many(evaluation.query_ids)}
                return {each: found.get(each) for each in evaluation.query_ids}
            dataset = await uow[DATASETS].find(str(evaluation.dataset_id))
        if dataset is None or dataset.version != evaluation.dataset_version:
            raise Conflict("The dataset was changed while it was being evaluated; evaluate it again.")
        return {row.id: row for row in dataset.rows}

    async def _judged(
        self,
        tenant_id: str,
        evaluation: Evaluation,
        judge: Judge,
        things: Sequence[tuple[str, QueryRecord | DatasetRow | None]],
    ) -> list[Judged]:
        return await asyncio.gather(*(self._one(tenant_id, evaluation, judge, key, thing) for key, thing in things))

    async def _one(
        self, tenant_id: str, evaluation: Evaluation, judge: Judge, key: str, thing: QueryRecord | DatasetRow | None
    ) -> Judged:
        question = thing.question if isinstance(thing, DatasetRow) else None
        try:
            sample = await self._sample(tenant_id, thing)
            scores = await judge.judge(sample, evaluation.metrics)
        except ServiceUnavailable:
            raise  # no fault of the sample's: the job goes on when it is back
        except DomainError as refusal:
            return Judged(key, dict.fromkeys(evaluation.metrics), question, error=refusal.message)
        return Judged(key, scores, question, sample.action)

    async def _sample(self, tenant_id: str, thing: QueryRecord | DatasetRow | None) -> Sample:
        if thing is None:
            raise CannotJudge("The query is no longer kept.")
        if isinstance(thing, QueryRecord):
            return await self._sampler.of_query(tenant_id, thing)
        return await self._sampler.of_row(tenant_id, thing)

    async def _keep(self, work: Work, eval_id: str, judged: Sequence[Judged]) -> None:
        async def keep(uow: UnitOfWork, job: Job) -> None:
            fresh = await uow[EVALUATIONS].get(eval_id)
            fresh.results, fresh.updated_at = (*fresh.results, *judged), self._clock.now()
            await uow[EVALUATIONS].save(fresh)
            done = len(fresh.results)
            job.advance(self._clock.now(), done=done, succeeded=done - fresh.failed, failed=fresh.failed)

        await work.change(keep)

    async def _finish(self, work: Work, eval_id: str) -> None:
        async def finish(uow: UnitOfWork, job: Job) -> None:
            fresh = await uow[EVALUATIONS].get(eval_id)
            fresh.status, fresh.updated_at = "completed", self._clock.now()
            await uow[EVALUATIONS].save(fresh)
            job.complete(self._clock.now(), outcome(fresh))

        await work.change(finish)


def outcome(evaluation: Evaluation) -> dict[str, Any]:
    """What the job says of it."""
    means = {metric: found.mean if found else None for metric, found in evaluation.spreads().items()}
    return {
        "eval_id": evaluation.id,
        "dataset_id": evaluation.dataset_id or "",
        "judge": evaluation.judge,
        "judge_note": evaluation.note,
        "metrics": means,
        "judged": len(evaluation.results) - evaluation.failed,
        "failed": evaluation.failed,
        "handed_over": evaluation.handed_over,
        "results_url": f"/api/v1/evaluation/results/{evaluation.id}",
    }


class BrowseEvaluations:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def one(self, caller: Caller, eval_id: str) -> Evaluation:
        """Raises `NotFound`."""
        async with self._store.begin(caller.tenant_id) as uow:
            return await _as_it_stands(uow, await uow[EVALUATIONS].get(eval_id))

    async def page(self, caller: Caller, request: PageRequest, dataset_id: str | None = None) -> Page[Evaluation]:
        async with self._store.begin(caller.tenant_id) as uow:
            found = await uow[EVALUATIONS].page(where(dataset_id=dataset_id), request)
            stand = {each.id: await _as_it_stands(uow, each) for each in found.items}
        return found.map(lambda each: stand[each.id])


async def _as_it_stands(uow: UnitOfWork, evaluation: Evaluation) -> Evaluation:
    """One whose job failed or was cancelled ended with it."""
    if evaluation.status == "evaluating" and evaluation.job_id:
        job = await uow[JOBS].find(evaluation.job_id)
        if job is not None and job.status in FINISHED:
            evaluation.status = job.status
            evaluation.note = job.error.message if job.error else evaluation.note
    return evaluation


class BrowseDatasets:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def one(self, caller: Caller, dataset_id: str) -> Dataset:
        """Raises `NotFound`."""
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[DATASETS].get(dataset_id)

    async def page(self, caller: Caller, request: PageRequest) -> Page[Dataset]:
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[DATASETS].page((), request)


@dataclass(frozen=True, slots=True)
class NewDataset:
    id: str
    rows: tuple[DatasetRow, ...]
    description: str = ""
    metadata: Mapping[str, Any] | None = None
    replace: bool = False


class KeepDataset:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, caller: Caller, given: NewDataset) -> Dataset:
        """Raises `InvalidInput` for rows with the same id or questions of spaces, `Conflict` for a name that is
        taken, unless it is to be replaced."""
        rows = _checked(given.rows)

        async def keep(uow: UnitOfWork) -> Dataset:
            now = self._clock.now()
            known = await uow[DATASETS].find(given.id)
            if known is not None and not given.replace:
                raise Conflict(f"There is a dataset {given.id!r} already.", field="dataset_id")
            dataset = known or Dataset(id=given.id, created_at=now, updated_at=now)
            dataset.description, dataset.rows = given.description, rows
            dataset.metadata, dataset.updated_at = given.metadata or {}, now
            await uow[DATASETS].save(dataset)
            return dataset

        return await committed(self._store, caller.tenant_id, keep)

    async def forget(self, caller: Caller, dataset_id: str) -> None:
        """Raises `NotFound`. What was judged of it stays."""

        async def forget(uow: UnitOfWork) -> None:
            await uow[DATASETS].get(dataset_id)
            await uow[DATASETS].remove(dataset_id)

        await committed(self._store, caller.tenant_id, forget)


def _checked(rows: Sequence[DatasetRow]) -> tuple[DatasetRow, ...]:
    empty = [n for n, row in enumerate(rows) if not row.question.strip()]
    if empty:
        raise InvalidInput(problems=[Problem("A question has words.", f"rows.{n}.question") for n in empty])
    return numbered(rows)
