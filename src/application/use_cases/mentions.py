"""Whatever is kept besides a person's own data and mentions them: jobs, events and their deliveries, kept answers,
what was judged or staged of their questions, log lines."""

from application.ports.delivery import Cipher
from application.ports.delivery import Upkeep as DeliveryUpkeep
from application.ports.logs import LogBook
from application.ports.storage import (
    DRAFTS,
    ESCALATIONS,
    EVALUATIONS,
    JOB_ITEMS,
    JOBS,
    QUERIES,
    REPLAYS,
    SESSIONS,
    STAGED_PAIRS,
    Store,
    UnitOfWork,
)
from application.ports.system import Clock
from application.transactions import committed
from application.use_cases.replay import opened
from application.use_cases.teaching import ORIGIN
from domain.footprints import Footprint
from domain.jobs import JobType
from domain.paging import where

ABOUT_PEOPLE = (JobType.INCOMING_MESSAGE, JobType.CHANNEL_MESSAGE)
"""Jobs that exist for one person's sake."""


async def footprint_of(store: Store, tenant_id: str, user_id: str) -> Footprint:
    theirs = where(user_id=user_id)
    async with store.begin(tenant_id) as uow:
        sessions = frozenset(session.id for session in await uow[SESSIONS].list(theirs))
        inside = where(session_id__in=tuple(sorted(sessions)))
        queries = [*await uow[QUERIES].list(theirs), *(await uow[QUERIES].list(inside) if sessions else ())]
        raised = [*await uow[ESCALATIONS].list(theirs), *(await uow[ESCALATIONS].list(inside) if sessions else ())]
        jobs = await uow[JOBS].list(where(type__in=ABOUT_PEOPLE))
    known = Footprint(
        user_id=user_id,
        sessions=sessions,
        queries=frozenset(query.id for query in queries),
        escalations=frozenset(each.id for each in raised),
        traces=frozenset(query.trace_id for query in queries if query.trace_id),
    )
    return known.with_jobs(job.id for job in jobs if known.is_in(job.input))


class ForgetMentions:
    """Doing it twice does no harm. Outbox before log: an event that is being relayed meanwhile is in the one or the
    other."""

    def __init__(
        self, store: Store, deliveries: DeliveryUpkeep, log_book: LogBook, cipher: Cipher, clock: Clock
    ) -> None:
        self._store, self._deliveries, self._log_book = store, deliveries, log_book
        self._cipher, self._clock = cipher, clock

    async def __call__(self, tenant_id: str, theirs: Footprint) -> None:
        for step in (self._jobs, self._batches, self._kept_answers, self._judged, self._lessons):
            await committed(self._store, tenant_id, lambda uow, step=step: step(uow, theirs))  # type: ignore[misc]
        await self._deliveries.erase(tenant_id, theirs)
        await self._log_book.flush()
        await self._log_book.erase(tenant_id, theirs.traces)

    async def _jobs(self, uow: UnitOfWork, theirs: Footprint) -> None:
        for job_id in theirs.jobs:
            await uow[JOBS].remove(job_id)

    async def _batches(self, uow: UnitOfWork, theirs: Footprint) -> None:
        """A batch asks for several people: of theirs only the caller's own id of the item stays."""
        for job in await uow[JOBS].list(where(type=JobType.BATCH)):
            for item in await uow[JOB_ITEMS].list(where(job_id=job.id)):
                if theirs.is_in(item.input):
                    item.erase(self._clock.now())
                    await uow[JOB_ITEMS].save(item)

    async def _kept_answers(self, uow: UnitOfWork, theirs: Footprint) -> None:
        """The key stays used, so that a request that comes again does not bring back what was erased."""
        for replay in await uow[REPLAYS].list(()):
            if replay.sealed_body and theirs.is_named_in(opened(replay, self._cipher)):
                replay.erase(self._clock.now())
                await uow[REPLAYS].save(replay)

    async def _judged(self, uow: UnitOfWork, theirs: Footprint) -> None:
        for evaluation in await uow[EVALUATIONS].list(()):
            if evaluation.forget(theirs.queries):
                await uow[EVALUATIONS].save(evaluation)

    async def _lessons(self, uow: UnitOfWork, theirs: Footprint) -> None:
        """What nobody has let into the knowledge base yet; what somebody has is the knowledge base's."""
        for draft in await uow[DRAFTS].list(()):
            if draft.metadata.get("origin") == ORIGIN:
                for pair in await uow[STAGED_PAIRS].list(where(draft_id=draft.id)):
                    if pair.metadata.source.get("escalation_id") in theirs.escalations:
                        await uow[STAGED_PAIRS].remove(pair.id)
