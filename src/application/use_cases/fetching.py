"""Documents that another system named: fetched once, then worked through like any upload."""

from application.ports.outbound import Fetched, Fetcher
from application.ports.storage import DRAFTS, FILES, JOB_ITEMS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.use_cases.ingestion import ProcessUpload
from application.use_cases.jobs import Work
from domain.errors import DomainError, InvalidFormat, ServiceUnavailable
from domain.events import IngestionFailed
from domain.ids import Prefix
from domain.jobs import MAX_TRIES, Job, JobItem
from domain.media_types import refusal_of
from domain.paging import where
from domain.staging import StoredFile

MAX_FETCH_BYTES = 25 * 1024 * 1024
FETCH_SECONDS = 30.0


class FetchDocument:
    """The job of an incoming document. An address that gives no answer is asked again later; what else goes
    wrong ends the job, and its sender is told so once."""

    def __init__(self, store: Store, fetcher: Fetcher, process: ProcessUpload, clock: Clock, ids: Ids) -> None:
        self._store, self._fetcher, self._process = store, fetcher, process
        self._clock, self._ids = clock, ids

    async def __call__(self, work: Work) -> None:
        job = await work.checkpoint()
        if not await self._is_here(work):
            try:
                fetched = await self._fetched(job)
            except DomainError as refusal:
                if isinstance(refusal, ServiceUnavailable) and job.tries < MAX_TRIES:
                    raise
                await self._give_up(work, refusal)
                return
            await self._keep(work, fetched.content)
        await self._process(work)

    async def _is_here(self, work: Work) -> bool:
        async with self._store.begin(work.tenant_id) as uow:
            return await uow[JOB_ITEMS].count(where(job_id=work.job_id)) > 0

    async def _fetched(self, job: Job) -> Fetched:
        fetched = await self._fetcher.fetch(job.input["url"], MAX_FETCH_BYTES, FETCH_SECONDS)
        refusal = refusal_of(fetched.content_type, job.input["name"])
        if refusal is not None:
            raise InvalidFormat(refusal, field="document_url")
        return fetched

    async def _keep(self, work: Work, content: bytes) -> None:
        async def keep(uow: UnitOfWork, job: Job) -> None:
            now = self._clock.now()
            name = job.input["name"]
            file = StoredFile(id=self._ids.new(Prefix.FILE), created_at=now, updated_at=now, name=name, content=content)
            item = JobItem(
                id=f"{job.id}_00000",
                created_at=now,
                updated_at=now,
                job_id=job.id,
                position=0,
                key=file.id,
                input={"filename": name, "size_bytes": len(content)},
            )
            await uow[FILES].save(file)
            await uow[JOB_ITEMS].save(item)

        await work.change(keep)

    async def _give_up(self, work: Work, refusal: DomainError) -> None:
        """Ends the job and tells of it in one transaction, so that it is told once whatever dies."""
        code = refusal.code if isinstance(refusal, InvalidFormat) else "FETCH_FAILED"

        async def give_up(uow: UnitOfWork, job: Job) -> None:
            draft = await uow[DRAFTS].get(job.input["draft_id"])
            job.fail(self._clock.now(), code, refusal.message)
            job.record(
                IngestionFailed(
                    job_id=job.id,
                    document_id=draft.id,
                    name=job.input["name"],
                    error_code=code,
                    error_message=refusal.message,
                    external_document_id=draft.metadata.get("external_document_id"),
                    retry_count=job.tries,
                    max_retries=MAX_TRIES if isinstance(refusal, ServiceUnavailable) else 0,
                    correlation_id=draft.correlation_id,
                )
            )

        await work.change(give_up)
