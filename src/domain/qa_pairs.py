"""Question–answer pairs in production: what the service may answer with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate
from domain.retrieval import IndexedFields


@dataclass(frozen=True, slots=True)
class LabelConfidence:
    """How sure the labels are: 1.0 when an author gave them, `None` when nobody and nothing did."""

    category: float | None = None
    intent: float | None = None


@dataclass(frozen=True, slots=True)
class PairMetadata:
    category: str | None = None
    intent: str | None = None
    requires_handoff: bool = False
    confidence: LabelConfidence = LabelConfidence()
    tags: tuple[str, ...] = ()
    url: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)
    """Where it came from: file, page, line, section."""


class PairStatus(StrEnum):
    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class PairStatistics:
    times_retrieved: int = 0
    relevance_sum: float = 0.0
    rating_sum: int = 0
    ratings: int = 0
    helpful_count: int = 0
    unhelpful_count: int = 0

    @property
    def avg_user_rating(self) -> float | None:
        return round(self.rating_sum / self.ratings, 2) if self.ratings else None


@dataclass(slots=True, kw_only=True)
class QAPair(Aggregate):
    document_id: str
    question: str
    answer: str
    language: str
    metadata: PairMetadata = field(default_factory=PairMetadata)
    auto_generated: bool = False
    """The question was not written as one by an author: rank it as a passage."""
    status: PairStatus = PairStatus.ACTIVE
    archived_at: datetime | None = None
    archived_with_document: bool = False

    def edit(
        self,
        now: datetime,
        *,
        question: str | None = None,
        answer: str | None = None,
        language: str | None = None,
    ) -> None:
        self.question = question if question is not None else self.question
        self.answer = answer if answer is not None else self.answer
        self.language = language or self.language
        self.auto_generated = self.auto_generated and question is None
        self.updated_at = now

    def label(self, now: datetime, metadata: PairMetadata) -> None:
        self.metadata = metadata
        self.updated_at = now

    def archive(self, now: datetime, *, with_document: bool = False) -> None:
        self.status = PairStatus.ARCHIVED
        self.archived_at = self.updated_at = now
        self.archived_with_document = with_document

    def restore(self, now: datetime) -> None:
        self.status = PairStatus.ACTIVE
        self.archived_at = None
        self.archived_with_document = False
        self.updated_at = now

    def indexed_fields(self) -> IndexedFields:
        return IndexedFields(
            document_id=self.document_id,
            language=self.language,
            category=self.metadata.category,
            intent=self.metadata.intent,
            requires_handoff=self.metadata.requires_handoff,
            updated_at=self.updated_at,
            metadata=self.metadata.extra,
        )


def relabelled(metadata: PairMetadata, changes: Mapping[str, Any]) -> PairMetadata:
    """`metadata` with `changes` to it; a label that a person gives is certain."""
    sure = {name: 1.0 for name in ("category", "intent") if changes.get(name) is not None}
    cleared = {name: None for name in ("category", "intent") if name in changes and changes[name] is None}
    confidence = replace(metadata.confidence, **sure, **cleared)
    return replace(metadata, confidence=confidence, **changes)
