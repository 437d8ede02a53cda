"""What comes in by webhook and what becomes of it: a message is answered, a document is staged and let in."""

from collections.abc import Mapping
from typing import Any

from application.ports.outbound import Fetcher
from application.ports.storage import DRAFTS, FILES, JOB_ITEMS, JOBS, QUERIES, SESSIONS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.use_cases.answering import AskQuestion
from application.use_cases.incoming import Arrival
from application.use_cases.ingestion import ProcessUpload
from application.use_cases.jobs import Work
from application.use_cases.staging import new_draft
from domain.access import Caller, Principal, Scope
from domain.errors import DomainError
from domain.events import IngestionFailed
from domain.ids import Prefix
from domain.jobs import Job, JobItem, JobType
from domain.paging import where
from domain.queries import Question, checked_text
from domain.sessions import Session, SessionState
from domain.staging import StoredFile

MAX_FETCH_BYTES = 25 * 1024 * 1024
FETCH_SECONDS = 30.0
ORIGIN = ("source", "thread_id", "channel", "external_message_id", "correlation_id")


class MessageArrived:
    """Finds or opens the conversation and queues the question."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    async def __call__(self, uow: UnitOfWork, arrival: Arrival) -> Mapping[str, Any]:
        data, notice = arrival.notice.data, arrival.notice
        checked_text(data["message"])
        origin = {**data, "source": notice.source, "correlation_id": notice.correlation_id}
        origin = {key: origin[key] for key in ORIGIN if origin.get(key) is not None}
        session = await self._session(uow, arrival, origin)
        job = _job(self._ids, arrival, JobType.INCOMING_MESSAGE, 1)
        job.input = {
            "query_id": self._ids.new(Prefix.QUERY),
            "question": data["message"],
            "user_id": data["user_id"],
            "session_id": session.id,
            "origin": origin,
        }
        await uow[JOBS].save(job)
        return {"session_id": session.id, "job_id": job.id}

    async def _session(self, uow: UnitOfWork, arrival: Arrival, origin: Mapping[str, Any]) -> Session:
        """The open conversation of this person in this thread of this source, or a new one."""
        user_id, place = arrival.notice.data["user_id"], (origin["source"], origin.get("thread_id"))
        for session in await uow[SESSIONS].list(where(user_id=user_id), sort="-created_at", limit=50):
            here = (session.origin.get("source"), session.origin.get("thread_id")) == place
            if here and session.state_at(arrival.now) in (SessionState.ACTIVE, SessionState.WITH_OPERATOR):
                return session
        kept = {key: value for key, value in origin.items() if key in ("source", "thread_id", "channel")}
        session = Session.open(self._ids.new(Prefix.SESSION), user_id, arrival.now, origin=kept)
        await uow[SESSIONS].save(session)
        return session


class AnswerMessage:
    """The job of an incoming message: a question like any other, whose events carry its origin back."""

    def __init__(self, store: Store, ask: AskQuestion, clock: Clock) -> None:
        self._store, self._ask, self._clock = store, ask, clock

    async def __call__(self, work: Work) -> None:
        job = await work.checkpoint()
        query_id = job.input["query_id"]
        if not await self._is_answered(work.tenant_id, query_id):
            await self._ask(_caller(work.tenant_id, job), _question(job.input), query_id=query_id)

        async def finish(uow: UnitOfWork, job: Job) -> None:
            job.complete(self._clock.now(), {"query_id": query_id, "session_id": job.input["session_id"]})

        await work.change(finish)

    async def _is_answered(self, tenant_id: str, query_id: str) -> bool:
        async with self._store.begin(tenant_id) as uow:
            return await uow[QUERIES].find(query_id) is not None


def _question(asked: Mapping[str, Any]) -> Question:
    origin = asked["origin"]
    return Question(
        text=asked["question"],
        user_id=asked["user_id"],
        session_id=asked["session_id"],
        metadata={"source": origin["source"]},
        origin=origin,
    )


class DocumentArrived:
    """Opens a draft for the document and queues its fetching."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    async def __call__(self, uow: UnitOfWork, arrival: Arrival) -> Mapping[str, Any]:
        data = arrival.notice.data
        metadata = {**(data.get("metadata") or {}), "title": data["document_name"], "source": arrival.notice.source}
        if data.get("external_document_id"):
            metadata["external_document_id"] = data["external_document_id"]
        draft = new_draft(self._ids, arrival.now, metadata)
        job = _job(self._ids, arrival, JobType.DOCUMENT_FETCH, 1)
        job.input = {
            "draft_id": draft.id,
            "url": data["document_url"],
            "name": _file_name(data["document_name"], data.get("document_format")),
            "validate_format": False,
        }
        draft.job_id = job.id
        await uow[DRAFTS].save(draft)
        await uow[JOBS].save(job)
        return {"staging_id": draft.id, "job_id": job.id}


def _file_name(name: str, format_: str | None) -> str:
    known = format_.lower().lstrip(".") if format_ else ""
    return name if not known or name.lower().endswith(f".{known}") else f"{name}.{known}"


class FetchDocument:
    """The job of an incoming document: fetched once, then worked through like any upload."""

    def __init__(self, store: Store, fetcher: Fetcher, process: ProcessUpload, clock: Clock, ids: Ids) -> None:
        self._store, self._fetcher, self._process = store, fetcher, process
        self._clock, self._ids = clock, ids

    async def __call__(self, work: Work) -> None:
        job = await work.checkpoint()
        if not await self._is_here(work):
            try:
                fetched = await self._fetcher.fetch(job.input["url"], MAX_FETCH_BYTES, FETCH_SECONDS)
            except DomainError as refusal:
                await self._tell_failure(work, refusal)
                raise
            await self._keep(work, fetched.content)
        await self._process(work)

    async def _is_here(self, work: Work) -> bool:
        async with self._store.begin(work.tenant_id) as uow:
            return await uow[JOB_ITEMS].count(where(job_id=work.job_id)) > 0

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

    async def _tell_failure(self, work: Work, refusal: DomainError) -> None:
        async def tell(uow: UnitOfWork, job: Job) -> None:
            draft = await uow[DRAFTS].get(job.input["draft_id"])
            job.record(
                IngestionFailed(
                    job_id=job.id,
                    document_id=draft.id,
                    name=job.input["name"],
                    error_code="FETCH_FAILED",
                    error_message=refusal.message,
                    external_document_id=draft.metadata.get("external_document_id"),
                )
            )

        await work.change(tell)


def _job(ids: Ids, arrival: Arrival, type_: JobType, total: int) -> Job:
    return Job(
        id=ids.new(Prefix.JOB),
        created_at=arrival.now,
        updated_at=arrival.now,
        type=type_,
        total=total,
        created_by=arrival.webhook_id,
    )


def _caller(tenant_id: str, job: Job) -> Caller:
    principal = Principal(tenant_id, frozenset({Scope.WRITE}), key_id=job.created_by)
    return Caller(principal, trace_id=str(job.input.get("trace_id", "")))
