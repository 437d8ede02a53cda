"""What comes in by webhook and what becomes of it: a message is answered, a document is staged, an event kept."""

from collections.abc import Mapping
from typing import Any

from application.ports.storage import DRAFTS, JOBS, QUERIES, SESSIONS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.use_cases.answering import AskQuestion
from application.use_cases.incoming import Arrival, pass_on
from application.use_cases.jobs import Work
from application.use_cases.sessions import meet_user, new_message, save_message
from application.use_cases.staging import new_draft
from domain.access import Caller, Principal, Scope
from domain.canonical import canonical_json
from domain.ids import Prefix
from domain.incoming import Notice
from domain.jobs import Job, JobType
from domain.paging import where
from domain.queries import Question, checked_text
from domain.sessions import Role, Session, SessionState

MAX_TOLD = 2000
PLACE = ("source", "thread_id", "holds")
"""What of a session's origin says which conversation of a person it is."""
ORIGIN = ("source", "thread_id", "channel", "external_message_id", "correlation_id")


async def open_session(uow: UnitOfWork, ids: Ids, arrival: Arrival, origin: Mapping[str, Any]) -> Session:
    """The person's session in that place that is still open, or a new one, which is still to be saved."""
    user_id, place = arrival.notice.data["user_id"], [origin.get(key) for key in PLACE]
    for session in await uow[SESSIONS].list(where(user_id=user_id), sort="-created_at", limit=50):
        here = [session.origin.get(key) for key in PLACE] == place
        if here and session.state_at(arrival.now) in (SessionState.ACTIVE, SessionState.WITH_OPERATOR):
            return session
    return Session.open(ids.new(Prefix.SESSION), user_id, arrival.now, origin=origin)


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
        job = _job(self._ids, arrival, JobType.INCOMING_MESSAGE)
        job.input = {
            **job.input,
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
        kept = {key: value for key, value in origin.items() if key in PLACE or key == "channel"}
        session = await open_session(uow, self._ids, arrival, kept)
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
        job = _job(self._ids, arrival, JobType.DOCUMENT_FETCH)
        job.input = {
            **job.input,
            "draft_id": draft.id,
            "url": data["document_url"],
            "name": _file_name(data["document_name"], data.get("document_format")),
            "validate_format": False,
        }
        draft.job_id, draft.correlation_id = job.id, arrival.notice.correlation_id
        await uow[DRAFTS].save(draft)
        await uow[JOBS].save(job)
        return {"staging_id": draft.id, "job_id": job.id}


def _file_name(name: str, format_: str | None) -> str:
    known = format_.lower().lstrip(".") if format_ else ""
    return name if not known or name.lower().endswith(f".{known}") else f"{name}.{known}"


class EventArrived:
    """Subscribers are told of it, and it stands in the history of the person whom it is about.

    It has a session of its own there, apart from what the person says: what another system tells is
    nothing that a conversation, or a model that continues one, should take for its own."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    async def __call__(self, uow: UnitOfWork, arrival: Arrival) -> Mapping[str, Any]:
        told = await pass_on(uow, arrival)
        if arrival.notice.data.get("user_id") is None:
            return told
        session = await self._recorded(uow, arrival)
        return {**told, "session_id": session.id}

    async def _recorded(self, uow: UnitOfWork, arrival: Arrival) -> Session:
        notice = arrival.notice
        session = await open_session(uow, self._ids, arrival, {"source": notice.source, "holds": "events"})
        known = {"webhook_event_id": arrival.webhook_event_id, "event_type": notice.event_type, "source": notice.source}
        message = new_message(
            self._ids, arrival.now, session, Role.SYSTEM, _told(notice), author=notice.source, metadata=known
        )
        await save_message(uow, session, message, arrival.now)
        await uow[SESSIONS].save(session)
        await meet_user(uow, session.user_id, arrival.now)
        return session


def _told(notice: Notice) -> str:
    """`order_shipped: ship {"order":7}`, in at most so many characters."""
    data = notice.data
    details = canonical_json(data["details"]).decode() if data.get("details") else ""
    words = ": ".join(part for part in (data["event_name"], data.get("action")) if part)
    return f"{words} {details}".strip()[:MAX_TOLD]


def _job(ids: Ids, arrival: Arrival, type_: JobType) -> Job:
    return Job(
        id=ids.new(Prefix.JOB),
        created_at=arrival.now,
        updated_at=arrival.now,
        type=type_,
        total=1,
        created_by=arrival.webhook_id,
        input={"trace_id": arrival.trace_id} if arrival.trace_id else {},
    )


def _caller(tenant_id: str, job: Job) -> Caller:
    principal = Principal(tenant_id, frozenset({Scope.WRITE}), key_id=job.created_by)
    return Caller(principal, trace_id=str(job.input.get("trace_id", "")))
