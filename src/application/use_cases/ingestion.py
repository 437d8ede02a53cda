"""Uploads: accepted at once, worked through file by file, let in or put before a reviewer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from application.committing import Committer
from application.indexing import Indexer
from application.ports.extraction import Extractor
from application.ports.queue import WorkSignal
from application.ports.storage import DRAFTS, FILES, JOB_ITEMS, JOBS, STAGED_PAIRS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.staging import Staged, Stager, UploadDefaults
from application.tenants import TenantViews
from application.use_cases.jobs import JobCallbacks, Work, new_job
from domain.access import Caller
from domain.errors import InvalidInput
from domain.events import IngestionFailed, PairsExtracted, ProcessingStarted, UploadAccepted
from domain.extraction import Extraction, ExtractionLimits
from domain.ids import Prefix
from domain.jobs import ItemStatus, Job, JobItem, JobType
from domain.paging import where
from domain.settings import Limits, TenantSettings
from domain.staging import DRAFT_LIFE, Draft, ReviewStatus, StagedFile, StoredFile
from domain.uploads import checked_metadata

CALLBACK_EVENTS = ("job.completed", "job.failed")
BYTES_PER_PAIR = 700
"""Of a typical FAQ file; what the estimate of an upload's pairs rests on."""


@dataclass(frozen=True, slots=True)
class IncomingFile:
    name: str
    content: bytes
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class UploadRequest:
    files: Sequence[IncomingFile]
    metadata: Mapping[str, Any]
    auto_classify: bool = True
    validate_format: bool = True
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class AcceptedFile:
    file_id: str
    name: str
    size_bytes: int

    @property
    def estimated_pairs(self) -> int:
        return max(1, self.size_bytes // BYTES_PER_PAIR)


@dataclass(frozen=True, slots=True)
class AcceptedUpload:
    job: Job
    files: tuple[AcceptedFile, ...]


class AcceptUpload:
    """Takes the files in and queues the job; nothing is read yet. Raises `InvalidInput` naming what of the
    metadata cannot be meant."""

    def __init__(self, store: Store, callbacks: JobCallbacks, signal: WorkSignal, clock: Clock, ids: Ids) -> None:
        self._store, self._callbacks, self._signal = store, callbacks, signal
        self._clock, self._ids = clock, ids

    async def __call__(self, caller: Caller, upload: UploadRequest) -> AcceptedUpload:
        if not upload.files:
            raise InvalidInput("Send at least one file in the field `files`.", field="files")
        metadata = checked_metadata(upload.metadata)
        now = self._clock.now()
        draft = Draft(
            id=self._ids.new(Prefix.DRAFT),
            created_at=now,
            updated_at=now,
            expires_at=now + DRAFT_LIFE,
            metadata=metadata,
        )
        job = self._job(caller, upload, draft)
        draft.job_id = job.id
        async with self._store.begin(caller.tenant_id) as uow:
            accepted = [await self._take_in(uow, job, place, file) for place, file in enumerate(upload.files)]
            await uow[DRAFTS].save(draft)
            await uow[JOBS].save(job)
            if upload.callback_url is not None:
                await self._callbacks.for_job(uow, job.id, upload.callback_url, CALLBACK_EVENTS, None)
            await uow.commit()
        await self._signal.wake()
        return AcceptedUpload(job, tuple(accepted))

    def _job(self, caller: Caller, upload: UploadRequest, draft: Draft) -> Job:
        return new_job(
            self._ids,
            self._clock,
            JobType.DOCUMENT_UPLOAD,
            caller,
            len(upload.files),
            draft_id=draft.id,
            auto_classify=upload.auto_classify,
            validate_format=upload.validate_format,
            callback_url=upload.callback_url,
        )

    async def _take_in(self, uow: UnitOfWork, job: Job, position: int, file: IncomingFile) -> AcceptedFile:
        now = self._clock.now()
        stored = StoredFile(
            id=self._ids.new(Prefix.FILE),
            created_at=now,
            updated_at=now,
            name=file.name,
            content=file.content,
            media_type=file.media_type,
        )
        item = JobItem(
            id=f"{job.id}_{position:05d}",
            created_at=now,
            updated_at=now,
            job_id=job.id,
            position=position,
            key=stored.id,
            input={"filename": file.name, "size_bytes": len(file.content)},
        )
        await uow[FILES].save(stored)
        await uow[JOB_ITEMS].save(item)
        job.record(UploadAccepted(job_id=job.id, file_id=stored.id, filename=file.name, size_bytes=len(file.content)))
        return AcceptedFile(stored.id, file.name, len(file.content))


class ProcessUpload:
    """The job of an upload. Each file's pairs and the note that it is done are saved together, so that a
    file is staged once however often its job is taken up."""

    def __init__(
        self,
        store: Store,
        extractor: Extractor,
        stager: Stager,
        committer: Committer,
        indexer: Indexer,
        views: TenantViews,
        clock: Clock,
    ) -> None:
        self._store, self._extractor, self._stager = store, extractor, stager
        self._committer, self._indexer, self._views, self._clock = committer, indexer, views, clock

    async def __call__(self, work: Work) -> None:
        settings = (await self._views.of(work.tenant_id)).settings
        job = await work.change(self._begin)
        for item in await self._items(work):
            if item.status is ItemStatus.PENDING:
                await self._process(work, job, item, settings)
        await work.change(self._let_in_confident)
        await self._indexer.catch_up(work.tenant_id)
        await work.change(self._conclude)

    async def _begin(self, uow: UnitOfWork, job: Job) -> None:
        if job.stage == "pending":
            job.stage = "processing"
            job.record(ProcessingStarted(job_id=job.id, files_count=job.total))

    async def _items(self, work: Work) -> list[JobItem]:
        async with self._store.begin(work.tenant_id) as uow:
            return await uow[JOB_ITEMS].list(where(job_id=work.job_id), sort="position")

    async def _process(self, work: Work, job: Job, item: JobItem, settings: TenantSettings) -> None:
        async with self._store.begin(work.tenant_id) as uow:
            file, draft = await uow[FILES].get(item.key), await uow[DRAFTS].get(job.input["draft_id"])
        strict = bool(job.input.get("validate_format", True))
        extraction = await self._extractor.extract(
            file.name, file.content, extraction_limits(settings.limits), strict=strict
        )
        defaults = upload_defaults(draft.metadata, bool(job.input.get("auto_classify", True)))
        staged = await self._stager(work.tenant_id, settings, draft, file.id, extraction, defaults)

        async def keep(uow: UnitOfWork, job: Job) -> None:
            await self._keep(uow, job, await uow[JOB_ITEMS].get(item.id), file, extraction, staged)

        await work.change(keep)

    async def _keep(
        self, uow: UnitOfWork, job: Job, item: JobItem, file: StoredFile, extraction: Extraction, staged: Staged
    ) -> None:
        now = self._clock.now()
        draft = await uow[DRAFTS].get(job.input["draft_id"])
        draft.files = (*draft.files, staged_file(file, extraction, staged))
        draft.touch(now)
        await uow[DRAFTS].save(draft)
        await uow[STAGED_PAIRS].save_all(staged.pairs)
        await uow[FILES].remove(file.id)
        _close_item(item, extraction, staged, now)
        await uow[JOB_ITEMS].save(item)
        if extraction.error:
            job.record(_failed(job, file, extraction, draft))
        warnings = tuple({"file": file.name, "message": text} for text in staged.warnings)
        job.record(PairsExtracted(job_id=job.id, qa_count=len(extraction.pairs), warnings=warnings))
        ok = item.status is ItemStatus.SUCCESS
        job.advance(now, done=job.done + 1, succeeded=job.succeeded + ok, failed=job.failed + (not ok))

    async def _let_in_confident(self, uow: UnitOfWork, job: Job) -> None:
        """Approves and commits what nobody has to look at; once, since committed pairs are staged no more."""
        draft = await uow[DRAFTS].get(job.input["draft_id"])
        staged = await uow[STAGED_PAIRS].list(where(draft_id=draft.id), sort="position")
        confident = [pair for pair in staged if not pair.needs_review and pair.review is ReviewStatus.PENDING]
        if confident:
            await self._committer(uow, draft, confident)
            await uow[DRAFTS].save(draft)
        job.stage = "indexing"

    async def _conclude(self, uow: UnitOfWork, job: Job) -> None:
        await conclude_upload(uow, job, self._clock)


async def conclude_upload(uow: UnitOfWork, job: Job, clock: Clock) -> None:
    """The job's result as things stand; it completes when nothing waits for a reviewer any more."""
    draft = await uow[DRAFTS].get(job.input["draft_id"])
    waiting = await uow[STAGED_PAIRS].count(where(draft_id=draft.id, review=ReviewStatus.PENDING))
    items = await uow[JOB_ITEMS].list(where(job_id=job.id), sort="position")
    result = _result(job, draft, items, waiting)
    now = clock.now()
    if waiting:
        job.wait_for_input(now, result)
    elif items and all(item.status is ItemStatus.ERROR for item in items):
        job.result = result
        first = items[0].error
        job.fail(now, first.code if first else "INVALID_FORMAT", first.message if first else "No file could be read.")
    else:
        if job.type is JobType.DOCUMENT_FETCH and not draft.document_ids:
            job.record(_nothing_new(job, draft))
        job.complete(now, result)


def _nothing_new(job: Job, draft: Draft) -> IngestionFailed:
    """Whoever sent the document waits for what became of it."""
    return IngestionFailed(
        job_id=job.id,
        document_id=draft.id,
        name=job.input["name"],
        error_code="NOTHING_NEW",
        error_message="Nothing of the document went live: its pairs are known already, or a reviewer rejected them.",
        external_document_id=draft.metadata.get("external_document_id"),
        correlation_id=draft.correlation_id,
    )


def _result(job: Job, draft: Draft, items: Sequence[JobItem], waiting: int) -> dict[str, Any]:
    warnings = [
        {"file": item.input["filename"], "message": message}
        for item in items
        for message in (*item.output.get("warnings", ()), *((item.error.message,) if item.error else ()))
    ]
    return {
        "total_files": job.total,
        "files_processed": job.done,
        "files_failed": job.failed,
        "qa_pairs_extracted": sum(item.output.get("extracted", 0) for item in items),
        "qa_pairs_validated": sum(item.output.get("validated", 0) for item in items),
        "qa_pairs_ingested": draft.pairs_committed,
        "qa_pairs_pending_review": waiting,
        "warnings": warnings,
        "document_ids": list(draft.document_ids),
        "draft_id": draft.id,
        "next_step": "review_metadata" if waiting else None,
        "review_url": f"/api/v1/documents/review?job_id={job.id}" if waiting else None,
    }


def _close_item(item: JobItem, extraction: Extraction, staged: Staged, now: Any) -> None:
    counts = {
        "extracted": len(extraction.pairs),
        "validated": len(staged.pairs),
        "duplicates": staged.duplicates,
        "warnings": list(staged.warnings),
        "format": extraction.format,
    }
    item.output = counts
    if extraction.error:
        item.fail(now, extraction.error_code or "INVALID_FORMAT", extraction.error)
    else:
        item.succeed(now, counts)


def _failed(job: Job, file: StoredFile, extraction: Extraction, draft: Draft) -> IngestionFailed:
    return IngestionFailed(
        job_id=job.id,
        document_id=file.id,
        name=file.name,
        error_code=extraction.error_code or "INVALID_FORMAT",
        error_message=extraction.error or "",
        external_document_id=draft.metadata.get("external_document_id"),
        correlation_id=draft.correlation_id,
    )


def staged_file(file: StoredFile, extraction: Extraction, staged: Staged) -> StagedFile:
    return StagedFile(file.id, file.name, len(file.content), extraction.title or file.name, staged.warnings)


def extraction_limits(limits: Limits) -> ExtractionLimits:
    return ExtractionLimits(
        max_bytes=limits.max_file_mb * 1024 * 1024,
        max_pairs=limits.max_pairs_per_draft,
        max_question_chars=limits.max_question_length,
        max_answer_chars=limits.max_answer_length,
    )


_KNOWN_METADATA = ("title", "category", "intent", "language", "source", "tags")


def upload_defaults(metadata: Mapping[str, Any], auto_classify: bool) -> UploadDefaults:
    return UploadDefaults(
        category=metadata.get("category"),
        intent=metadata.get("intent"),
        language=metadata.get("language"),
        source=metadata.get("source"),
        tags=tuple(metadata.get("tags") or ()),
        extra={k: str(v) for k, v in metadata.items() if k not in _KNOWN_METADATA and isinstance(v, str | int | float)},
        auto_classify=auto_classify,
    )
