"""Shapes that several resources share on the wire."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.qa_pairs import LabelConfidence, PairMetadata
from domain.queries import Source

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Label = Annotated[str, Meta(min_length=1, max_length=128)]
Tags = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=50)]
QuestionText = Annotated[str, Meta(min_length=1, max_length=10_000)]
"""Bounds of the wire; the tenant's own limits are checked by the use-case."""
AnswerText = Annotated[str, Meta(min_length=1, max_length=200_000)]
Url = Annotated[str, Meta(min_length=1, max_length=2048)]
Score = Annotated[float, Meta(description="0 to 1")]


UNCATEGORIZED = "uncategorized"
UNKNOWN_INTENT = "unknown"
"""What unlabelled knowledge is called on the wire, where labels are never null; naming it clears the label."""


def shown_as(words: Iterable[str], none: str) -> frozenset[str | None]:
    """The labels that are shown by one of the words; `none` is the word for none."""
    return frozenset(label for word in words for label in ((word, None) if word == none else (word,)))


def shown_category(word: str | None) -> frozenset[str | None] | None:
    """The categories that a list is narrowed to; without a word it is not."""
    return None if word is None else shown_as((word,), UNCATEGORIZED)


class LabelConfidenceOut(Struct, kw_only=True):
    category: float | None
    intent: float | None

    @staticmethod
    def of(confidence: LabelConfidence) -> "LabelConfidenceOut":
        return LabelConfidenceOut(category=confidence.category, intent=confidence.intent)


class PairMetadataOut(Struct, kw_only=True):
    category: str
    intent: str
    requires_handoff: bool
    confidence: LabelConfidenceOut
    tags: list[str]
    url: str | None
    extra: Mapping[str, str]
    source: Mapping[str, Any]
    """Where the pair came from: file, page, line, section."""

    @staticmethod
    def of(metadata: PairMetadata) -> "PairMetadataOut":
        return PairMetadataOut(
            category=metadata.category or UNCATEGORIZED,
            intent=metadata.intent or UNKNOWN_INTENT,
            requires_handoff=metadata.requires_handoff,
            confidence=LabelConfidenceOut.of(metadata.confidence),
            tags=list(metadata.tags),
            url=metadata.url,
            extra=metadata.extra,
            source=metadata.source,
        )


class PairMetadataIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is absent stays as it is; null clears a label."""

    category: Label | UnsetType | None = UNSET
    intent: Label | UnsetType | None = UNSET
    requires_handoff: bool | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    url: Url | UnsetType | None = UNSET
    extra: dict[Label, Annotated[str, Meta(max_length=1000)]] | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: _frozen(value) for name, value in given.items() if value is not UNSET}


def _frozen(value: Any) -> Any:
    if value in (UNCATEGORIZED, UNKNOWN_INTENT):
        return None
    return tuple(value) if isinstance(value, list) else value


def changes_of(metadata: PairMetadataIn | UnsetType | None) -> dict[str, Any]:
    return metadata.changes() if isinstance(metadata, PairMetadataIn) else {}


class SourceOut(Struct, kw_only=True):
    document_id: str
    qa_id: str
    title: str
    question: str
    excerpt: str
    relevance_score: Score
    category: str
    intent: str
    url: str | None
    language: str

    @staticmethod
    def of(source: Source) -> "SourceOut":
        return SourceOut(
            document_id=source.document_id,
            qa_id=source.qa_id,
            title=source.title,
            question=source.question,
            excerpt=source.excerpt,
            relevance_score=source.relevance_score,
            category=source.category or UNCATEGORIZED,
            intent=source.intent or UNKNOWN_INTENT,
            url=source.url,
            language=source.language,
        )
