"""Labelling what is there: classifying documents and drafts, and giving labels by hand."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from application.committing import Committer, ensure_labels
from application.indexing import Indexer
from application.ports.classification import Classifier, Label, Labels
from application.ports.storage import DOCUMENTS, DRAFTS, INTENTS, PAIRS, STAGED_PAIRS, Store, UnitOfWork
from application.ports.system import Clock
from application.transactions import committed
from domain.access import Caller
from domain.errors import NotFound, Problem
from domain.events import PairsClassified
from domain.paging import where
from domain.qa_pairs import PairStatus, QAPair, relabelled
from domain.staging import StagedPair

NONE = "none"
"""What "none of these" is called in events and on the wire."""
LIKELY = 0.5
MAIN_LANGUAGE = 0.95
"""Of a text in which so many pairs are in one language, the odd ones out are mostly mistaken for another."""

Pair = QAPair | StagedPair


@dataclass(frozen=True, slots=True)
class PairLabels:
    chunk_id: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Classified:
    document_id: str
    pairs: tuple[PairLabels, ...]
    processing_time_ms: int


class ClassifyDocument:
    """Says what the pairs of a document or a draft are about; changes nothing."""

    def __init__(self, store: Store, classifier: Classifier, clock: Clock) -> None:
        self._store, self._classifier, self._clock = store, classifier, clock

    async def __call__(self, caller: Caller, document_id: str, none_above: float = LIKELY) -> Classified:
        """A pair is of no intent, or no category, where that is at least as probable as `none_above`.
        Raises `NotFound`."""
        begun = self._clock.monotonic()
        async with self._store.begin(caller.tenant_id) as uow:
            pairs = await _pairs_of(uow, document_id)
            category_of = {intent.label: intent.category for intent in await uow[INTENTS].list(())}
        found = await self._labels(caller.tenant_id, pairs)
        labelled = tuple(
            PairLabels(pair.id, _decided(labels, none_above, category_of))
            for pair, labels in zip(pairs, found, strict=True)
        )
        took = round((self._clock.monotonic() - begun) * 1000)
        classified = Classified(document_id, labelled, took)
        await self._announce(caller.tenant_id, classified)
        return classified

    async def _labels(self, tenant_id: str, pairs: Sequence[Pair]) -> list[Labels]:
        found: dict[str, Labels] = {}
        for language, group in _by_language(pairs).items():
            labels = await self._classifier(tenant_id, [pair.question for pair in group], language)
            found |= {pair.id: each for pair, each in zip(group, labels, strict=True)}
        return [found[pair.id] for pair in pairs]

    async def _announce(self, tenant_id: str, classified: Classified) -> None:
        async with self._store.begin(tenant_id) as uow:
            uow.announce(
                PairsClassified(
                    document_id=classified.document_id,
                    classifications=tuple(_announced(each) for each in classified.pairs),
                    processing_time_ms=classified.processing_time_ms,
                )
            )
            await uow.commit()


def _by_language(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    counted = Counter(pair.language for pair in pairs)
    main, count = counted.most_common(1)[0] if counted else ("en", 0)
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        language = main if count >= MAIN_LANGUAGE * len(pairs) else pair.language
        groups.setdefault(language, []).append(pair)
    return groups


def _decided(labels: Labels, none_above: float, category_of: Mapping[str, str | None]) -> Labels:
    """Where nothing has a category yet to learn from, an intent's own one stands for it."""
    intent = _at(labels.intent, none_above)
    category = _at(labels.category, none_above)
    own = category_of.get(intent.name) if intent.name else None
    if not category.candidates and own:
        category = replace(intent, name=own, candidates=((own, intent.confidence),))
    return Labels(intent, category)


def _at(label: Label, none_above: float) -> Label:
    if not label.candidates or label.none >= none_above:
        return replace(label, name=None, confidence=label.none if label.candidates else label.confidence)
    name, confidence = label.candidates[0]
    return replace(label, name=name, confidence=confidence)


def _announced(pair: PairLabels) -> dict[str, Any]:
    intent, category = pair.labels.intent, pair.labels.category
    return {
        "chunk_id": pair.chunk_id,
        "intent": intent.name or NONE,
        "category": category.name or NONE,
        "confidence": intent.confidence,
    }


async def _pairs_of(uow: UnitOfWork, document_id: str) -> Sequence[Pair]:
    if await uow[DRAFTS].find(document_id) is not None:
        return await uow[STAGED_PAIRS].list(where(draft_id=document_id), sort="position")
    await uow[DOCUMENTS].get(document_id)
    return await uow[PAIRS].list(where(document_id=document_id, status=PairStatus.ACTIVE), sort="id")


class LabelDocument:
    """Gives the labels to a document, or a draft, and to all its pairs."""

    def __init__(self, store: Store, committer: Committer, indexer: Indexer, clock: Clock) -> None:
        self._store, self._committer, self._indexer, self._clock = store, committer, indexer, clock

    async def __call__(self, caller: Caller, document_id: str, labels: Mapping[str, Any]) -> int:
        """How many pairs got them. Raises `NotFound`."""

        async def label(uow: UnitOfWork) -> int:
            pairs = await _pairs_of(uow, document_id)
            await _relabel(uow, self._committer, self._indexer, self._clock, {pair.id: labels for pair in pairs}, pairs)
            await self._label_itself(uow, document_id, labels)
            return len(pairs)

        count = await committed(self._store, caller.tenant_id, label)
        await self._indexer.catch_up(caller.tenant_id)
        return count

    async def _label_itself(self, uow: UnitOfWork, document_id: str, labels: Mapping[str, Any]) -> None:
        draft = await uow[DRAFTS].find(document_id)
        if draft is not None:
            draft.metadata = {**draft.metadata, **{name: _plain(value) for name, value in labels.items()}}
            draft.touch(self._clock.now())
            await uow[DRAFTS].save(draft)
            return
        document = await uow[DOCUMENTS].get(document_id)
        document.category = labels.get("category", document.category)
        document.tags = labels.get("tags", document.tags)
        document.updated_at = self._clock.now()
        await uow[DOCUMENTS].save(document)
        await uow.touch_knowledge()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


class LabelChunks:
    """Gives labels to single pairs, staged or live, all or none."""

    def __init__(self, store: Store, committer: Committer, indexer: Indexer, clock: Clock) -> None:
        self._store, self._committer, self._indexer, self._clock = store, committer, indexer, clock

    async def __call__(self, caller: Caller, updates: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Updates are `(chunk_id, labels)`; of one named twice the later counts. Raises `NotFound` naming
        every one that is none."""

        async def label(uow: UnitOfWork) -> int:
            ids = [chunk_id for chunk_id, _ in updates]
            pairs: list[Pair] = [*await uow[STAGED_PAIRS].get_many(ids), *await uow[PAIRS].get_many(ids)]
            _require_all(ids, pairs)
            changes: dict[str, Mapping[str, Any]] = {}
            for chunk_id, labels in updates:
                changes[chunk_id] = {**changes.get(chunk_id, {}), **labels}
            await _relabel(uow, self._committer, self._indexer, self._clock, changes, pairs)
            return len(changes)

        count = await committed(self._store, caller.tenant_id, label)
        await self._indexer.catch_up(caller.tenant_id)
        return count


def _require_all(ids: Sequence[str], pairs: Sequence[Pair]) -> None:
    known = {pair.id for pair in pairs}
    problems = [
        Problem(f"There is no chunk {key!r}.", f"updates.{n}.chunk_id") for n, key in enumerate(ids) if key not in known
    ]
    if problems:
        raise NotFound(problems=problems)


async def _relabel(
    uow: UnitOfWork,
    committer: Committer,
    indexer: Indexer,
    clock: Clock,
    changes: Mapping[str, Mapping[str, Any]],
    pairs: Sequence[Pair],
) -> None:
    now = clock.now()
    for pair in pairs:
        pair.metadata = relabelled(pair.metadata, changes[pair.id])
        pair.updated_at = now
    await ensure_labels(uow, [pair.metadata for pair in pairs], now)
    await uow[STAGED_PAIRS].save_all([pair for pair in pairs if isinstance(pair, StagedPair)])
    await save_live(uow, committer, indexer, clock, [pair for pair in pairs if isinstance(pair, QAPair)], "Labelled")


async def save_live(
    uow: UnitOfWork, committer: Committer, indexer: Indexer, clock: Clock, pairs: Sequence[QAPair], verb: str
) -> None:
    """Saves changed pairs, with a version of each document they belong to and what the indexes must be told."""
    await uow[PAIRS].save_all(pairs)
    changed: dict[str, list[QAPair]] = defaultdict(list)
    for pair in pairs:
        changed[pair.document_id].append(pair)
    for document in await uow[DOCUMENTS].get_many(list(changed)):
        theirs = changed[document.id]
        await committer.version(uow, document, theirs, f"{verb} {len(theirs)} Q&A pairs", clock.now())
        await uow[DOCUMENTS].save(document)
    if pairs:
        await indexer.record(uow, pairs)
