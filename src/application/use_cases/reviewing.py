"""The review of staged pairs: correct, approve, reject, split, let in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from application.committing import Committer
from application.indexing import Indexer
from application.ports.queue import WorkSignal
from application.ports.storage import DOCUMENTS, DRAFTS, JOBS, PAIRS, STAGED_PAIRS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.tenants import TenantViews
from application.transactions import committed
from application.use_cases.ingestion import conclude_upload
from application.use_cases.jobs import Work, new_job
from application.use_cases.staging import check_texts
from domain.access import Caller
from domain.errors import Conflict, NotFound, Problem
from domain.ids import Prefix
from domain.jobs import Job, JobStatus, JobType
from domain.paging import Page, PageRequest, where
from domain.qa_pairs import PairStatus, QAPair, relabelled
from domain.settings import Limits
from domain.staging import ReviewStatus, StagedPair

P = TypeVar("P", StagedPair, QAPair)


@dataclass(frozen=True, slots=True)
class PendingReview:
    page: Page[StagedPair]
    job: Job | None


class BrowseReview:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, caller: Caller, job_id: str | None, request: PageRequest) -> PendingReview:
        """Pairs that wait for a decision, of one job or of all."""
        async with self._store.begin(caller.tenant_id) as uow:
            job = await uow[JOBS].get(job_id) if job_id else None
            waiting = where(job_id=job_id, review=ReviewStatus.PENDING)
            return PendingReview(await uow[STAGED_PAIRS].page(waiting, request), job)


@dataclass(frozen=True, slots=True)
class PairUpdate:
    """Changes of one staged pair; `metadata` names only what changes."""

    qa_id: str
    question: str | None = None
    answer: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    approved: bool | None = None


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    job: Job
    updated: int
    ingested: int


class ReviewPairs:
    """Applies a reviewer's decisions, all or none. What is let in is in production when this returns; the
    job that comes with it makes it searchable."""

    def __init__(
        self,
        store: Store,
        committer: Committer,
        indexer: Indexer,
        views: TenantViews,
        signal: WorkSignal,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store, self._committer, self._indexer, self._views = store, committer, indexer, views
        self._signal, self._clock, self._ids = signal, clock, ids

    async def __call__(self, caller: Caller, updates: Sequence[PairUpdate], action: str) -> ReviewOutcome:
        """`action`: save, approve, approve_and_ingest or reject; `approved: false` rejects the pair it is on.
        Raises `NotFound` naming every unknown pair, `InvalidInput` every text that may not stay."""
        limits = (await self._views.of(caller.tenant_id)).settings.limits

        async def decide(uow: UnitOfWork) -> ReviewOutcome:
            return await self._decide(uow, caller, updates, action, limits)

        outcome = await committed(self._store, caller.tenant_id, decide)
        await self._indexer.catch_up(caller.tenant_id)
        await self._signal.wake()
        return outcome

    async def _decide(
        self, uow: UnitOfWork, caller: Caller, updates: Sequence[PairUpdate], action: str, limits: Limits
    ) -> ReviewOutcome:
        now = self._clock.now()
        pairs = await self._known(uow, [update.qa_id for update in updates])
        for update in updates:
            self._apply(pairs[update.qa_id], update, action, now)
        check_texts([(pairs[u.qa_id].question, pairs[u.qa_id].answer) for u in updates], limits, "updates")
        await uow[STAGED_PAIRS].save_all(list(pairs.values()))
        approved = [pair for pair in pairs.values() if pair.review is ReviewStatus.APPROVED]
        let_in = approved if action == "approve_and_ingest" else []
        await self._let_in(uow, let_in)
        await self._drop(uow, [pair for pair in pairs.values() if pair.review is ReviewStatus.REJECTED])
        await self._conclude(uow, {pair.job_id for pair in pairs.values() if pair.job_id})
        job = self._job(caller, len(let_in))
        await uow[JOBS].save(job)
        return ReviewOutcome(job, len(pairs), len(let_in))

    async def _known(self, uow: UnitOfWork, ids: Sequence[str]) -> dict[str, StagedPair]:
        found = {pair.id: pair for pair in await uow[STAGED_PAIRS].get_many(ids)}
        problems = [
            Problem(f"There is no staged pair {key!r}.", f"updates.{n}.qa_id")
            for n, key in enumerate(ids)
            if key not in found
        ]
        if problems:
            raise NotFound(problems=problems)
        return found

    def _apply(self, pair: StagedPair, update: PairUpdate, action: str, now: datetime) -> None:
        if update.question is not None:
            pair.question, pair.auto_generated = update.question.strip(), False
        pair.answer = pair.answer if update.answer is None else update.answer.strip()
        pair.metadata = relabelled(pair.metadata, update.metadata)
        pair.updated_at = now
        if update.approved is False or (action == "reject" and update.approved is not True):
            pair.decide(now, ReviewStatus.REJECTED)
        elif action in ("approve", "approve_and_ingest"):
            pair.decide(now, ReviewStatus.APPROVED)

    async def _let_in(self, uow: UnitOfWork, pairs: Sequence[StagedPair]) -> None:
        for draft_id in sorted({pair.draft_id for pair in pairs}):
            draft = await uow[DRAFTS].get(draft_id)
            await self._committer(uow, draft, [pair for pair in pairs if pair.draft_id == draft_id])
            draft.touch(self._clock.now())
            await uow[DRAFTS].save(draft)

    async def _drop(self, uow: UnitOfWork, pairs: Sequence[StagedPair]) -> None:
        for pair in pairs:
            await uow[STAGED_PAIRS].remove(pair.id)

    async def _conclude(self, uow: UnitOfWork, job_ids: set[str]) -> None:
        """Jobs that waited for these decisions go on, or are done."""
        for job_id in sorted(job_ids):
            job = await uow[JOBS].find(job_id)
            if job is not None and job.status is JobStatus.WAITING_INPUT:
                await conclude_upload(uow, job, self._clock)
                await uow[JOBS].save(job)

    def _job(self, caller: Caller, total: int) -> Job:
        job = new_job(self._ids, self._clock, JobType.INGESTION, caller, total, ingested=total)
        job.stage = "indexing"
        return job


class FinishIngestion:
    """The job behind a review: sees to it that what was let in can be found."""

    def __init__(self, indexer: Indexer, clock: Clock) -> None:
        self._indexer, self._clock = indexer, clock

    async def __call__(self, work: Work) -> None:
        indexed = await self._indexer.catch_up(work.tenant_id)

        async def finish(uow: UnitOfWork, job: Job) -> None:
            job.advance(self._clock.now(), done=job.total, succeeded=job.total)
            job.complete(self._clock.now(), {"qa_pairs_ingested": job.input["ingested"], "reindexed": indexed})

        await work.change(finish)


@dataclass(frozen=True, slots=True)
class SplitPart:
    question: str
    answer: str


class SplitPair:
    """Makes several pairs of one, staged or live; the first part keeps the id, the labels go to all."""

    def __init__(
        self, store: Store, committer: Committer, indexer: Indexer, views: TenantViews, clock: Clock, ids: Ids
    ) -> None:
        self._store, self._committer, self._indexer, self._views = store, committer, indexer, views
        self._clock, self._ids = clock, ids

    async def __call__(self, caller: Caller, qa_id: str, parts: Sequence[SplitPart]) -> list[tuple[str, str]]:
        """Id and question of each part. Raises `NotFound`, `InvalidInput` naming every text that may not stay,
        `Conflict` for a pair that is archived."""
        limits = (await self._views.of(caller.tenant_id)).settings.limits
        check_texts([(part.question, part.answer) for part in parts], limits, "splits")

        async def split(uow: UnitOfWork) -> list[tuple[str, str]]:
            staged = await uow[STAGED_PAIRS].find(qa_id)
            if staged is not None:
                return await self._staged(uow, staged, parts)
            return await self._live(uow, qa_id, parts)

        result = await committed(self._store, caller.tenant_id, split)
        await self._indexer.catch_up(caller.tenant_id)
        return result

    async def _staged(self, uow: UnitOfWork, pair: StagedPair, parts: Sequence[SplitPart]) -> list[tuple[str, str]]:
        made = self._parts(pair, parts)
        await uow[STAGED_PAIRS].save_all(made)
        return [(part.id, part.question) for part in made]

    async def _live(self, uow: UnitOfWork, qa_id: str, parts: Sequence[SplitPart]) -> list[tuple[str, str]]:
        pair = await uow[PAIRS].get(qa_id)
        if pair.status is PairStatus.ARCHIVED:
            raise Conflict("The pair is archived; restore it first.")
        document = await uow[DOCUMENTS].get(pair.document_id)
        made = self._parts(pair, parts)
        await uow[PAIRS].save_all(made)
        await self._committer.version(uow, document, made, f"Split a Q&A pair into {len(parts)}", self._clock.now())
        await uow[DOCUMENTS].save(document)
        await self._indexer.record(uow, made)
        return [(part.id, part.question) for part in made]

    def _parts(self, pair: P, parts: Sequence[SplitPart]) -> list[P]:
        """The first is the pair itself, changed; the others are new and share its labels."""
        now = self._clock.now()
        return [
            replace(
                pair,
                id=pair.id if n == 0 else self._ids.new(Prefix.PAIR),
                version=pair.version if n == 0 else 0,
                created_at=pair.created_at if n == 0 else now,
                updated_at=now,
                question=part.question.strip(),
                answer=part.answer.strip(),
                auto_generated=False,
            )
            for n, part in enumerate(parts)
        ]
