"""The staging area: drafts of pairs that wait outside production until a person lets them in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate
from domain.errors import Conflict
from domain.qa_pairs import PairMetadata

DRAFT_LIFE = timedelta(days=7)


class DraftStatus(StrEnum):
    OPEN = "open"
    COMMITTED = "committed"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class StagedFile:
    file_id: str
    name: str
    size_bytes: int
    title: str
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Draft(Aggregate):
    """Its pairs are `StagedPair`s of their own; reading or changing any of them renews its life."""

    expires_at: datetime
    status: DraftStatus = DraftStatus.OPEN
    job_id: str | None = None
    files: tuple[StagedFile, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    file_documents: Mapping[str, str] = field(default_factory=dict)
    """The document that the pairs of a file (or, under "", those added by hand) went into."""
    pairs_committed: int = 0
    correlation_id: str | None = None
    """What the system that sent the document knows it by."""

    @property
    def document_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.file_documents.values()))

    def touch(self, now: datetime) -> None:
        self.updated_at, self.expires_at = now, now + DRAFT_LIFE

    def require_open(self) -> None:
        if self.status is not DraftStatus.OPEN:
            raise Conflict(f"The draft is {self.status} already.")

    def close(self, now: datetime, status: DraftStatus) -> None:
        self.require_open()
        self.status, self.updated_at = status, now

    def file(self, file_id: str | None) -> StagedFile | None:
        return next((f for f in self.files if f.file_id == file_id), None)


class ReviewStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(slots=True, kw_only=True)
class StagedPair(Aggregate):
    """A pair under review. Its id (`qa_…`) stays its id in production."""

    draft_id: str
    file_id: str | None
    job_id: str | None
    position: int
    question: str
    answer: str
    language: str
    metadata: PairMetadata = field(default_factory=PairMetadata)
    auto_generated: bool = False
    needs_review: bool = True
    review: ReviewStatus = ReviewStatus.PENDING
    notices: tuple[str, ...] = ()
    """What validation had to say: near duplicates, mostly."""

    @property
    def awaits_review(self) -> bool:
        return self.needs_review and self.review is ReviewStatus.PENDING

    def decide(self, now: datetime, status: ReviewStatus) -> None:
        self.review, self.updated_at = status, now


@dataclass(slots=True, kw_only=True)
class StoredFile(Aggregate):
    """The bytes of an upload, kept until they are processed."""

    name: str
    content: bytes
    media_type: str | None = None
