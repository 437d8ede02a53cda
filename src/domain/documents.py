"""Documents: named sets of pairs with versions that can be read, compared and restored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate
from domain.errors import Conflict
from domain.events import DocumentArchived
from domain.qa_pairs import PairMetadata, QAPair


class DocumentStatus(StrEnum):
    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(slots=True, kw_only=True)
class Document(Aggregate):
    title: str
    language: str
    category: str | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    source_name: str | None = None
    size_bytes: int = 0
    status: DocumentStatus = DocumentStatus.ACTIVE
    archived_at: datetime | None = None
    qa_pairs_count: int = 0
    latest_version: int = 0

    def archive(self, now: datetime, pairs_archived: int) -> None:
        if self.status is DocumentStatus.ARCHIVED:
            raise Conflict("The document is archived already.")
        self.status, self.archived_at, self.updated_at = DocumentStatus.ARCHIVED, now, now
        self.record(DocumentArchived(document_id=self.id, qa_archived=pairs_archived))

    def restore(self, now: datetime) -> None:
        if self.status is DocumentStatus.ACTIVE:
            raise Conflict("The document is not archived.")
        self.status, self.archived_at, self.updated_at = DocumentStatus.ACTIVE, None, now


@dataclass(frozen=True, slots=True)
class PairSnapshot:
    """A pair as a version remembers it."""

    qa_id: str
    question: str
    answer: str
    language: str
    metadata: PairMetadata
    auto_generated: bool = False


@dataclass(slots=True, kw_only=True)
class DocumentVersion(Aggregate):
    document_id: str
    number: int
    changes: str
    """What was done, in words: "Updated 2 Q&A pairs"."""
    pairs: tuple[PairSnapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionDifference:
    added: tuple[PairSnapshot, ...]
    removed: tuple[PairSnapshot, ...]
    changed: tuple[tuple[PairSnapshot, PairSnapshot], ...]
    """Before and after."""


def snapshot(pair: QAPair) -> PairSnapshot:
    return PairSnapshot(pair.id, pair.question, pair.answer, pair.language, pair.metadata, pair.auto_generated)


def compare(before: Sequence[PairSnapshot], after: Sequence[PairSnapshot]) -> VersionDifference:
    """What became of the pairs of `before` in `after`, by id."""
    old, new = {p.qa_id: p for p in before}, {p.qa_id: p for p in after}
    return VersionDifference(
        added=tuple(p for key, p in new.items() if key not in old),
        removed=tuple(p for key, p in old.items() if key not in new),
        changed=tuple((old[key], p) for key, p in new.items() if key in old and old[key] != p),
    )
