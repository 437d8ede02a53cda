"""Asking, looking at what was asked, judging answers, asking many at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from application.tenants import TenantViews
from application.use_cases.answering import Asked, AskQuestion
from application.use_cases.batches import BatchItem, BatchRequest, SubmitBatch
from application.use_cases.queries import BrowseQueries, GiveFeedback, Opinion, QueryFilters
from domain.access import Tier
from domain.errors import Conflict, DeadlineExceeded, NotFound, QueryTooLong, ServiceUnavailable
from domain.jobs import Job
from domain.limits import BATCH_SIZES
from domain.paging import Page
from domain.queries import Action, Feedback, QueryOptions, QueryRecord, Question, Turn
from domain.settings import TenantSettings
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, ok, page, pending
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import Id, Score, SourceOut, Url, shown_category
from entrypoints.http.security import Caller

QuestionIn = Annotated[str, Meta(min_length=3, max_length=2000, extra={"code": "QUERY_TOO_LONG"})]
Metadata = Annotated[dict[str, Any], Meta(max_length=50)]


class TurnIn(Struct, kw_only=True, forbid_unknown_fields=True):
    role: Literal["user", "assistant", "system", "operator"]
    content: Annotated[str, Meta(max_length=20_000)]
    timestamp: datetime | None = None


class OptionsIn(Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    use_hybrid_search: bool | None = None
    use_reranking: bool | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=4096)] | None = None
    timeout_seconds: Annotated[float, Meta(gt=0, le=30)] | None = None
    use_cache: bool = True

    def to_options(self) -> QueryOptions:
        return QueryOptions(
            use_hybrid_search=self.use_hybrid_search,
            use_reranking=self.use_reranking,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            timeout_seconds=self.timeout_seconds,
            use_cache=self.use_cache,
        )


class AskIn(Struct, kw_only=True, forbid_unknown_fields=True):
    question: QuestionIn
    conversation_history: Annotated[list[TurnIn], Meta(max_length=20)] | None = None
    user_id: Id | None = None
    session_id: Id | None = None
    metadata: Metadata = {}
    options: OptionsIn = OptionsIn()
    filters: dict[str, Annotated[str, Meta(max_length=200)]] = {}

    def to_question(self) -> Question:
        return Question(
            text=self.question,
            user_id=self.user_id,
            session_id=self.session_id,
            history=turns(self.conversation_history),
            metadata=self.metadata,
            options=self.options.to_options(),
            filters=self.filters,
        )


def turns(history: list[TurnIn] | None) -> tuple[Turn, ...] | None:
    return None if history is None else tuple(Turn(t.role, t.content, t.timestamp) for t in history)


class AnswerOut(Struct, kw_only=True):
    """`answer` is null when a person is to answer; `escalation_*` then say why and who."""

    query_id: str
    answer: str | None
    confidence: Score
    sources: list[SourceOut]
    metadata: Mapping[str, Any]
    action: Action
    escalation_triggered: bool
    cache_hit: bool
    session_id: str | None
    trace_id: str
    escalation_id: str | None = None
    escalation_reason: str | None = None
    escalation_category: str | None = None
    suggested_team: str | None = None

    @staticmethod
    def of(asked: Asked) -> "AnswerOut":
        answer, verdict = asked.answer, asked.answer.escalation
        return AnswerOut(
            query_id=asked.query_id,
            answer=answer.text,
            confidence=answer.confidence,
            sources=[SourceOut.of(source) for source in answer.sources],
            metadata=answer.metadata,
            action=answer.action,
            escalation_triggered=answer.action is Action.ESCALATE,
            cache_hit=answer.cache_hit,
            session_id=asked.session_id,
            trace_id=asked.trace_id,
            escalation_id=answer.escalation_id,
            escalation_reason=verdict.reason if verdict else None,
            escalation_category=verdict.category if verdict else None,
            suggested_team=verdict.team if verdict else None,
        )


class FeedbackSeen(Struct, kw_only=True):
    feedback_id: str
    rating: int
    helpful: bool | None
    correct: bool | None
    comment: str | None
    tags: list[str]
    recorded_at: datetime

    @staticmethod
    def of(feedback: Feedback | None) -> "FeedbackSeen | None":
        if feedback is None:
            return None
        return FeedbackSeen(
            feedback_id=feedback.feedback_id,
            rating=feedback.rating,
            helpful=feedback.helpful,
            correct=feedback.correct,
            comment=feedback.comment,
            tags=list(feedback.tags),
            recorded_at=feedback.recorded_at,
        )


INTERNAL = ("logit", "logit_of", "candidate")
"""Of the metadata, what calibration remembers of an answer."""


class QueryOut(Struct, kw_only=True):
    query_id: str
    question: str
    answer: str | None
    confidence: float
    action: Action
    outcome: str
    user_id: str | None
    session_id: str | None
    language: str
    category: str | None
    intent: str | None
    sources: list[SourceOut]
    escalation_id: str | None
    escalation_reason: str | None
    error_code: str | None
    error_message: str | None
    cache_hit: bool
    created_at: datetime
    processing_time_ms: int
    trace_id: str
    metadata: Mapping[str, Any]
    feedback: FeedbackSeen | None
    links: dict[str, str]

    @staticmethod
    def of(query: QueryRecord) -> "QueryOut":
        return QueryOut(
            query_id=query.id,
            question=query.question,
            answer=query.answer,
            confidence=query.confidence,
            action=query.action,
            outcome=query.outcome,
            user_id=query.user_id,
            session_id=query.session_id,
            language=query.language,
            category=query.category,
            intent=query.intent,
            sources=[SourceOut.of(source) for source in query.sources],
            escalation_id=query.escalation_id,
            escalation_reason=query.escalation_reason,
            error_code=query.error_code,
            error_message=query.error_message,
            cache_hit=query.cache_hit,
            created_at=query.created_at,
            processing_time_ms=query.processing_time_ms,
            trace_id=query.trace_id,
            metadata={key: value for key, value in query.metadata.items() if key not in INTERNAL},
            feedback=FeedbackSeen.of(query.feedback),
            links=query_links(query.id, query.trace_id),
        )


def query_links(query_id: str, trace_id: str) -> dict[str, str]:
    own = f"/api/v1/queries/{query_id}"
    return {"self": own, "feedback": f"{own}/feedback", "trace": f"/api/v1/traces/{trace_id}"}


class QueryList(Struct, kw_only=True):
    queries: list[QueryOut]
    pagination: Pagination

    @staticmethod
    def of(found: Page[QueryRecord]) -> "QueryList":
        return QueryList(queries=[QueryOut.of(query) for query in found.items], pagination=Pagination.of(found))


class FeedbackIn(Struct, kw_only=True, forbid_unknown_fields=True):
    rating: Annotated[int, Meta(ge=1, le=5)]
    helpful: bool | None = None
    correct: bool | None = None
    comment: Annotated[str, Meta(max_length=2000)] | None = None
    tags: Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=10)] = []


class FeedbackOut(Struct, kw_only=True):
    feedback_id: str
    query_id: str
    recorded_at: datetime


class BatchQueryIn(Struct, kw_only=True, forbid_unknown_fields=True):
    id: Id
    question: Annotated[str, Meta(max_length=10_000)]
    user_id: Id | None = None
    session_id: Id | None = None
    metadata: Metadata = {}

    def to_item(self) -> BatchItem:
        question = Question(self.question, self.user_id, self.session_id, metadata=self.metadata)
        return BatchItem(self.id, question)


class BatchIn(Struct, kw_only=True, forbid_unknown_fields=True):
    queries: Annotated[list[BatchQueryIn], Meta(max_length=1000)]
    callback_url: Url | None = None
    notify_on: tuple[Literal["completed", "error", "progress"], ...] = ("completed", "error")
    callback_secret: Annotated[str, Meta(min_length=8, max_length=256)] | None = None

    def to_batch(self) -> BatchRequest:
        items = [query.to_item() for query in self.queries]
        return BatchRequest(items, self.callback_url, self.notify_on, self.callback_secret)


class BatchProgress(Struct, kw_only=True):
    processed: int
    succeeded: int
    failed: int


class BatchOut(Struct, kw_only=True):
    job_id: str
    total_queries: int
    status: str
    progress: BatchProgress

    @staticmethod
    def of(job: Job) -> "BatchOut":
        progress = BatchProgress(processed=job.done, succeeded=job.succeeded, failed=job.failed)
        return BatchOut(job_id=job.id, total_queries=job.total, status=job.stage, progress=progress)


class QueriesController(Controller):
    path = "/api/v1/queries"
    tags = ("queries",)

    @post(
        "/",
        status_code=200,
        operation_id="askQuestion",
        opt=rules(raises=(QueryTooLong, Conflict, DeadlineExceeded, ServiceUnavailable)),
    )
    async def ask(
        self, data: JSONBody[AskIn], caller: Caller, ask: NamedDependency[AskQuestion]
    ) -> Envelope[AnswerOut]:
        """Answer a question from the knowledge base, or hand it over."""
        asked = await ask(caller, data.to_question())
        return ok(AnswerOut.of(asked), links=query_links(asked.query_id, asked.trace_id))

    @get("/", operation_id="listQueries", dependencies=paged("created_at", "id"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_queries: NamedDependency[BrowseQueries],
        user_id: FromQuery[Id | None] = None,
        session_id: FromQuery[Id | None] = None,
        action: FromQuery[Action | None] = None,
        category: FromQuery[Id | None] = None,
        created_after: FromQuery[datetime | None] = None,
        created_before: FromQuery[datetime | None] = None,
    ) -> Envelope[QueryList]:
        """List questions that were asked."""
        filters = QueryFilters(user_id, session_id, action, shown_category(category), created_after, created_before)
        found = await browse_queries.page(caller, filters, paging)
        return page(QueryList.of(found), found)

    @get("/{query_id:str}", operation_id="getQuery", opt=rules(raises=(NotFound,)))
    async def one(
        self, query_id: FromPath[Id], caller: Caller, browse_queries: NamedDependency[BrowseQueries]
    ) -> Envelope[QueryOut]:
        """One question with its answer, sources and feedback."""
        query = await browse_queries.one(caller, query_id)
        return ok(QueryOut.of(query), links=query_links(query.id, query.trace_id))

    @post("/{query_id:str}/feedback", status_code=200, operation_id="rateAnswer", opt=rules(raises=(NotFound,)))
    async def rate(
        self,
        query_id: FromPath[Id],
        data: JSONBody[FeedbackIn],
        caller: Caller,
        give_feedback: NamedDependency[GiveFeedback],
    ) -> Envelope[FeedbackOut]:
        """Say what you thought of an answer; a second opinion replaces the first."""
        opinion = Opinion(data.rating, data.helpful, data.correct, data.comment, data.tags)
        given = await give_feedback(caller, query_id, opinion)
        out = FeedbackOut(feedback_id=given.feedback_id, query_id=query_id, recorded_at=given.recorded_at)
        return ok(out, links={"query": f"/api/v1/queries/{query_id}"})

    @post("/batch", status_code=202, operation_id="submitBatch")
    async def batch(
        self,
        data: JSONBody[BatchIn],
        caller: Caller,
        submit_batch: NamedDependency[SubmitBatch],
        views: NamedDependency[TenantViews],
    ) -> Envelope[BatchOut]:
        """Ask many questions at once; a job answers them."""
        settings = (await views.of(caller.tenant_id)).settings
        job = await submit_batch(caller, data.to_batch(), _batch_size(settings, caller.principal.tier))
        own = f"/api/v1/jobs/{job.id}"
        return pending(BatchOut.of(job), links={"poll": own, "cancel": f"{own}/cancel", "results": f"{own}/results"})


def _batch_size(settings: TenantSettings, tier: Tier) -> int:
    configured = settings.limits.batch_query_max_size
    return min(BATCH_SIZES[tier], configured) if configured else BATCH_SIZES[tier]
