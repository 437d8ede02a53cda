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

MOST_STEPS = 500
"""Versions between two whole ones."""


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
    whole_version: int = 0
    """The last version that holds all pairs; 0: the next one has to."""
    changes_since: int = 0
    """How many pairs the versions after it name."""

    def needs_whole_version(self, touched: int) -> bool:
        """Whether the next version, of so many pairs, should hold all of them: when naming changes has cost as
        much as that would, or reading would take very many steps."""
        steps = self.latest_version - self.whole_version
        changes = self.changes_since + touched
        return not self.whole_version or changes >= self.qa_pairs_count or steps >= MOST_STEPS

    def archive(self, now: datetime, pairs_archived: int) -> None:
        if self.status is DocumentStatus.ARCHIVED:
            raise Conflict("The document is archived already.")
        self.status, self.archived_at, self.updated_at = DocumentStatus.ARCHIVED, now, now
        self.whole_version = 0  # the pairs that go with it are named in no version
        self.record(DocumentArchived(document_id=self.id, qa_archived=pairs_archived))

    def restore(self, now: datetime) -> None:
        if self.status is DocumentStatus.ACTIVE:
            raise Conflict("The document is not archived.")
        self.status, self.archived_at, self.updated_at = DocumentStatus.ACTIVE, None, now
        self.whole_version = 0


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
    """All of a document's active pairs, or only what has changed since the version before.

    A change costs what it changes, however large the document is; every now and then a version is whole, so
    that reading one never takes more than about twice the document.
    """

    document_id: str
    number: int
    changes: str
    """What was done, in words: "Updated 2 Q&A pairs"."""
    pairs: tuple[PairSnapshot, ...] = ()
    """Of a version that is not whole: those that came, or are different."""
    removed: tuple[str, ...] = ()
    """Ids of pairs that the version before had and this one has not; a whole version names none."""
    whole_number: int | None = None
    """The last whole version up to this one. None: this is one (all were, when this was not yet kept)."""
    count: int | None = None
    """How many active pairs there are; None in whole versions from before this was kept."""

    @property
    def first_needed(self) -> int:
        """The number of the version from which on reading must begin."""
        return self.number if self.whole_number is None else self.whole_number

    @property
    def qa_pairs_count(self) -> int:
        return len(self.pairs) if self.count is None else self.count


def pairs_as_of(chain: Sequence[DocumentVersion]) -> tuple[PairSnapshot, ...]:
    """The active pairs, by id, of the last version of a chain that begins with a whole one."""
    held: dict[str, PairSnapshot] = {}
    for version in chain:
        for key in version.removed:
            held.pop(key, None)
        held |= {snap.qa_id: snap for snap in version.pairs}
    return tuple(held[key] for key in sorted(held))


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
