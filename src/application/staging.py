"""Making staged pairs of what was extracted: language, validation, duplicates, labels, need of review."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from application.ports.classification import Classifier, Labels
from application.ports.lexical import LexicalIndex
from application.ports.models import LanguageDetector
from application.ports.storage import PAIRS, STAGED_PAIRS, Store
from application.ports.system import Clock, Ids
from domain.duplicates import Likeness, Match, SeenPairs
from domain.duplicates import compare as compare_pairs
from domain.errors import ServiceUnavailable
from domain.extraction import ExtractedPair, Extraction
from domain.ids import Prefix
from domain.paging import where
from domain.qa_pairs import LabelConfidence, PairMetadata, PairStatus
from domain.retrieval import Filters
from domain.review import needs_review
from domain.settings import TenantSettings
from domain.staging import Draft, StagedPair

KNOWN_CANDIDATES = 3
"""So many pairs of the knowledge base that share words are compared with each new one."""


@dataclass(frozen=True, slots=True)
class UploadDefaults:
    """What the upload says of pairs whose file says nothing."""

    category: str | None = None
    intent: str | None = None
    language: str | None = None
    source: str | None = None
    tags: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    auto_classify: bool = True


@dataclass(frozen=True, slots=True)
class Staged:
    pairs: tuple[StagedPair, ...]
    warnings: tuple[str, ...]
    duplicates: int


class Stager:
    def __init__(
        self,
        store: Store,
        languages: LanguageDetector,
        classifier: Classifier,
        lexical: LexicalIndex,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store, self._languages, self._classifier, self._lexical = store, languages, classifier, lexical
        self._clock, self._ids = clock, ids

    async def __call__(
        self,
        tenant_id: str,
        settings: TenantSettings,
        draft: Draft,
        file_id: str | None,
        extraction: Extraction,
        defaults: UploadDefaults,
    ) -> Staged:
        """The pairs to save, none saved yet. Exact duplicates are dropped and near ones flagged, within the
        file, the draft and the knowledge base; each is named in a warning."""
        kept, warnings, duplicates = await self._without_duplicates(tenant_id, settings, draft, extraction.pairs)
        staged = self._staged(draft, file_id, extraction, kept, defaults)
        await self._label(tenant_id, staged, defaults)
        for pair in staged:
            pair.needs_review = needs_review(pair, settings.ingestion)
        notices = [warning.message for warning in extraction.warnings]
        return Staged(tuple(staged), (*notices, *warnings), duplicates)

    async def _without_duplicates(
        self, tenant_id: str, settings: TenantSettings, draft: Draft, pairs: Sequence[ExtractedPair]
    ) -> tuple[list[tuple[ExtractedPair, tuple[str, ...]]], list[str], int]:
        seen = await self._seen(tenant_id, draft, settings.ingestion.near_duplicate_threshold)
        kept: list[tuple[ExtractedPair, tuple[str, ...]]] = []
        warnings: list[str] = []
        duplicates = 0
        for number, pair in enumerate(pairs):
            match, place = seen.match(pair.question, pair.answer), "the upload"
            if match is None:
                match, place = await self._known(tenant_id, pair, seen.threshold), "the knowledge base"
            notice = _notice(pair, match, place)
            warnings += [notice] if notice else []
            if match is not None and match.likeness is Likeness.EXACT:
                duplicates += 1
                continue
            seen.add(f"new-{number}", pair.question, pair.answer)
            kept.append((pair, (notice,) if notice else ()))
        return kept, warnings, duplicates

    async def _seen(self, tenant_id: str, draft: Draft, threshold: float) -> SeenPairs:
        seen = SeenPairs(threshold)
        async with self._store.begin(tenant_id) as uow:
            for pair in await uow[STAGED_PAIRS].list(where(draft_id=draft.id)):
                seen.add(pair.id, pair.question, pair.answer)
        return seen

    async def _known(self, tenant_id: str, pair: ExtractedPair, threshold: float) -> Match | None:
        try:
            hits = await self._lexical.search(
                tenant_id, f"{pair.question} {pair.answer[:200]}", KNOWN_CANDIDATES, Filters()
            )
        except ServiceUnavailable:
            return None
        async with self._store.begin(tenant_id) as uow:
            known = await uow[PAIRS].get_many([hit.id for hit in hits])
        for other in known:
            likeness = compare_pairs(pair.question, pair.answer, other.question, other.answer, threshold)
            if likeness and other.status is PairStatus.ACTIVE:
                return Match(other.id, likeness, other.question)
        return None

    def _staged(
        self,
        draft: Draft,
        file_id: str | None,
        extraction: Extraction,
        pairs: Sequence[tuple[ExtractedPair, tuple[str, ...]]],
        defaults: UploadDefaults,
    ) -> list[StagedPair]:
        common = self._common_language([pair for pair, _ in pairs], defaults)
        now = self._clock.now()
        return [
            StagedPair(
                id=self._ids.new(Prefix.PAIR),
                created_at=now,
                updated_at=now,
                draft_id=draft.id,
                file_id=file_id,
                job_id=draft.job_id,
                position=position,
                question=pair.question,
                answer=pair.answer,
                language=self._language(pair, defaults, common),
                metadata=_metadata(pair, extraction, defaults),
                auto_generated=pair.auto_generated,
                notices=notices,
            )
            for position, (pair, notices) in enumerate(pairs)
        ]

    def _common_language(self, pairs: Sequence[ExtractedPair], defaults: UploadDefaults) -> str:
        """Of most pairs: what a text too short to tell is taken for."""
        if defaults.language:
            return defaults.language
        counted = Counter(self._languages.detect(f"{p.question} {p.answer[:300]}").language for p in pairs[:50])
        return counted.most_common(1)[0][0] if counted else "en"

    def _language(self, pair: ExtractedPair, defaults: UploadDefaults, common: str) -> str:
        given = pair.authored.language or defaults.language
        if given:
            return given.lower()[:2]
        found = self._languages.detect(f"{pair.question} {pair.answer[:300]}")
        return found.language if found.confidence >= 0.6 else common

    async def _label(self, tenant_id: str, pairs: Sequence[StagedPair], defaults: UploadDefaults) -> None:
        """What the author left open is guessed, with how sure the guess is."""
        open_ones = [p for p in pairs if p.metadata.category is None or p.metadata.intent is None]
        if not defaults.auto_classify or not open_ones:
            return
        for language in {pair.language for pair in open_ones}:
            group = [pair for pair in open_ones if pair.language == language]
            labels = await self._classifier(tenant_id, [pair.question for pair in group], language)
            for pair, found in zip(group, labels, strict=True):
                pair.metadata = labelled(pair.metadata, found)


def labelled(metadata: PairMetadata, found: Labels) -> PairMetadata:
    """The metadata with guessed labels where it has none; "none of these" leaves it open."""
    guessed: dict[str, str] = {}
    sure: dict[str, float] = {}
    for kind, label in (("category", found.category), ("intent", found.intent)):
        if getattr(metadata, kind) is None and label.name is not None:
            guessed[kind], sure[kind] = label.name, label.confidence
    changes: dict[str, Any] = {**guessed, "confidence": replace(metadata.confidence, **sure)}
    return replace(metadata, **changes)


def _metadata(pair: ExtractedPair, extraction: Extraction, defaults: UploadDefaults) -> PairMetadata:
    authored, place = pair.authored, pair.place
    category, intent = authored.category or defaults.category, authored.intent or defaults.intent
    return PairMetadata(
        category=category,
        intent=intent,
        requires_handoff=bool(authored.requires_handoff),
        confidence=LabelConfidence(1.0 if category else None, 1.0 if intent else None),
        tags=tuple(dict.fromkeys((*authored.tags, *defaults.tags))),
        url=authored.url,
        extra={**defaults.extra, **authored.extra},
        source={
            key: value
            for key, value in (
                ("file", extraction.file),
                ("page", place.page),
                ("line", place.line),
                ("section", place.section),
            )
            if value is not None
        },
    )


_NOTICES = {
    Likeness.EXACT: "{shown!r} stands in {place} already ({id}); skipped as a duplicate.",
    Likeness.NEAR: "{shown!r} is nearly the same as {other!r} in {place} ({id}).",
    Likeness.SAME_QUESTION: "{shown!r} has another answer in {place} ({id}).",
}


def _notice(pair: ExtractedPair, match: Match | None, place: str) -> str | None:
    if match is None:
        return None
    where_ = f"line {pair.place.line}" if match.id.startswith("new-") and pair.place.line else match.id
    named = "an earlier pair" if match.id.startswith("new-") and not pair.place.line else where_
    return _NOTICES[match.likeness].format(shown=pair.question[:80], other=match.question[:80], place=place, id=named)
