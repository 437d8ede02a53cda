"""The review of extracted pairs."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from application.use_cases.reviewing import (
    BrowseReview,
    PairUpdate,
    PendingReview,
    ReviewOutcome,
    ReviewPairs,
    SplitPair,
    SplitPart,
)
from domain.errors import NotFound
from domain.staging import StagedPair
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, ok, page, pending
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import AnswerText, Id, PairMetadataIn, PairMetadataOut, QuestionText, changes_of
from entrypoints.http.security import Caller


class StagedPairOut(Struct, kw_only=True):
    qa_id: str
    draft_id: str
    job_id: str | None
    question: str
    answer: str
    language: str
    metadata: PairMetadataOut
    auto_generated: bool
    needs_review: bool
    review: str
    notices: list[str]
    """What validation had to say."""
    created_at: datetime

    @staticmethod
    def of(pair: StagedPair) -> "StagedPairOut":
        return StagedPairOut(
            qa_id=pair.id,
            draft_id=pair.draft_id,
            job_id=pair.job_id,
            question=pair.question,
            answer=pair.answer,
            language=pair.language,
            metadata=PairMetadataOut.of(pair.metadata),
            auto_generated=pair.auto_generated,
            needs_review=pair.needs_review,
            review=pair.review,
            notices=list(pair.notices),
            created_at=pair.created_at,
        )


class PendingOut(Struct, kw_only=True):
    job_id: str | None
    qa_pairs: list[StagedPairOut]
    total_pending: int
    job_status: str | None
    pagination: Pagination

    @staticmethod
    def of(found: PendingReview) -> "PendingOut":
        return PendingOut(
            job_id=found.job.id if found.job else None,
            qa_pairs=[StagedPairOut.of(pair) for pair in found.page.items],
            total_pending=found.page.total,
            job_status=found.job.status if found.job else None,
            pagination=Pagination.of(found.page),
        )


class UpdateIn(Struct, kw_only=True, forbid_unknown_fields=True):
    qa_id: Id
    question: QuestionText | None = None
    answer: AnswerText | None = None
    metadata: PairMetadataIn | None = None
    approved: bool | None = None

    def to_update(self) -> PairUpdate:
        return PairUpdate(self.qa_id, self.question, self.answer, changes_of(self.metadata), self.approved)


class BatchUpdateIn(Struct, kw_only=True, forbid_unknown_fields=True):
    updates: Annotated[list[UpdateIn], Meta(min_length=1, max_length=5000)]
    action: Literal["save", "approve", "approve_and_ingest", "reject"] = "save"


class BatchUpdateOut(Struct, kw_only=True):
    job_id: str
    total_updated: int
    total_ingested: int
    status: str
    progress: float

    @staticmethod
    def of(outcome: ReviewOutcome) -> "BatchUpdateOut":
        return BatchUpdateOut(
            job_id=outcome.job.id,
            total_updated=outcome.updated,
            total_ingested=outcome.ingested,
            status=outcome.job.stage,
            progress=0.5,
        )


class SplitPartIn(Struct, kw_only=True, forbid_unknown_fields=True):
    question: QuestionText
    answer: AnswerText


class SplitIn(Struct, kw_only=True, forbid_unknown_fields=True):
    splits: Annotated[list[SplitPartIn], Meta(min_length=2, max_length=20)]
    question: QuestionText | None = None
    """Informative: the question as the reviewer saw it."""

    def parts(self) -> list[SplitPart]:
        return [SplitPart(part.question, part.answer) for part in self.splits]


class SplitPartOut(Struct, kw_only=True):
    qa_id: str
    question: str


class SplitOut(Struct, kw_only=True):
    original_qa_id: str
    splits: list[SplitPartOut]


class ReviewController(Controller):
    path = "/api/v1/documents"
    tags = ("review",)

    @get(
        "/pending-review",
        operation_id="listPendingReview",
        dependencies=paged("created_at", "position", default="position"),
        opt=rules(raises=(NotFound,)),
    )
    async def waiting(
        self,
        paging: Paging,
        caller: Caller,
        browse_review: NamedDependency[BrowseReview],
        job_id: FromQuery[Id | None] = None,
    ) -> Envelope[PendingOut]:
        """Pairs that wait for a reviewer, of one job or of all."""
        found = await browse_review(caller, job_id, paging)
        return page(PendingOut.of(found), found.page)

    @get(
        "/review",
        operation_id="listReview",
        dependencies=paged("created_at", "position", default="position"),
        opt=rules(raises=(NotFound,)),
    )
    async def review(
        self,
        paging: Paging,
        caller: Caller,
        browse_review: NamedDependency[BrowseReview],
        job_id: FromQuery[Id | None] = None,
    ) -> Envelope[PendingOut]:
        """The same as pending-review: where a job's `review_url` leads."""
        found = await browse_review(caller, job_id, paging)
        return page(PendingOut.of(found), found.page)

    @post("/qa-pairs/batch-update", status_code=202, operation_id="reviewPairs", opt=rules(raises=(NotFound,)))
    async def update(
        self, data: JSONBody[BatchUpdateIn], caller: Caller, review_pairs: NamedDependency[ReviewPairs]
    ) -> Envelope[BatchUpdateOut]:
        """Correct, approve, reject or let in staged pairs, all or none."""
        outcome = await review_pairs(caller, [update.to_update() for update in data.updates], data.action)
        return pending(BatchUpdateOut.of(outcome), links={"poll": f"/api/v1/jobs/{outcome.job.id}"})

    @post("/qa-pairs/{qa_id:str}/split", status_code=200, operation_id="splitPair", opt=rules(raises=(NotFound,)))
    async def split(
        self, qa_id: FromPath[Id], data: JSONBody[SplitIn], caller: Caller, split_pair: NamedDependency[SplitPair]
    ) -> Envelope[SplitOut]:
        """Make several pairs of one, staged or live."""
        parts = await split_pair(caller, qa_id, data.parts())
        splits = [SplitPartOut(qa_id=key, question=question) for key, question in parts]
        return ok(SplitOut(original_qa_id=qa_id, splits=splits), links={"self": f"/api/v1/qa-pairs/{qa_id}"})
