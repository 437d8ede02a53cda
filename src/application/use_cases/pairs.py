"""Single pairs in production: reading, editing, adding, archiving, searching."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from application.committing import Committer, ensure_labels
from application.indexing import Indexer
from application.ports.models import LanguageDetector
from application.ports.storage import DOCUMENTS, PAIRS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.tenants import TenantViews
from application.transactions import committed
from application.use_cases.staging import check_texts
from domain.access import Caller
from domain.documents import Document, DocumentStatus
from domain.errors import Conflict
from domain.ids import Prefix
from domain.paging import Condition as Condition
from domain.paging import where
from domain.qa_pairs import PairMetadata, PairStatistics, PairStatus, QAPair, relabelled

SEARCHABLE = ("question", "answer")


@dataclass(frozen=True, slots=True)
class PairSeen:
    pair: QAPair
    statistics: PairStatistics


@dataclass(frozen=True, slots=True)
class PairMatch:
    pair: QAPair
    matched_fields: tuple[str, ...]
    relevance: float


class BrowsePairs:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def one(self, caller: Caller, qa_id: str) -> PairSeen:
        async with self._store.begin(caller.tenant_id) as uow:
            pair = await uow[PAIRS].get(qa_id)
            counted = await uow.statistics.of([qa_id])
        return PairSeen(pair, counted.get(qa_id, PairStatistics()))

    async def search(self, caller: Caller, text: str, fields: Sequence[str], limit: int) -> tuple[list[PairMatch], int]:
        """Full text: pairs in which every word of the text occurs, as a word's beginning, in one of the
        fields or over them; best first, and how many there are."""
        words = re.findall(r"\w+", text.casefold())
        async with self._store.begin(caller.tenant_id) as uow:
            pairs = await uow[PAIRS].list(where(status=PairStatus.ACTIVE))
        found = [match for pair in pairs if (match := _match(pair, words, fields))]
        found.sort(key=lambda m: (-m.relevance, m.pair.id))
        return found[:limit], len(found)


def _match(pair: QAPair, words: Sequence[str], fields: Sequence[str]) -> PairMatch | None:
    """Relevance: the share of the field's words that were asked for, damped; the question counts most."""
    texts = {name: re.findall(r"\w+", str(getattr(pair, name)).casefold()) for name in fields}
    hits = {name: sum(any(have.startswith(word) for have in texts[name]) for word in words) for name in fields}
    covered = all(any(have.startswith(word) for name in fields for have in texts[name]) for word in words)
    if not words or not covered:
        return None
    matched = tuple(name for name in fields if hits[name])
    best = max(_relevance(hits[name], len(words), len(texts[name]), name) for name in matched)
    return PairMatch(pair, matched, round(best, 4))


def _relevance(hits: int, wanted: int, length: int, field: str) -> float:
    density = (hits / max(hits, length)) ** 0.25
    return float(hits / wanted * density * (1.0 if field == "question" else 0.8))


@dataclass(frozen=True, slots=True)
class PairChanged:
    pair: QAPair
    reindexed: bool


class EditPair:
    def __init__(
        self,
        store: Store,
        committer: Committer,
        indexer: Indexer,
        languages: LanguageDetector,
        views: TenantViews,
        clock: Clock,
    ) -> None:
        self._store, self._committer, self._indexer = store, committer, indexer
        self._languages, self._views, self._clock = languages, views, clock

    async def __call__(
        self, caller: Caller, qa_id: str, question: str | None, answer: str | None, metadata: Mapping[str, Any]
    ) -> PairChanged:
        """Changes what is given; the change makes a version of the document and is searchable at return."""
        limits = (await self._views.of(caller.tenant_id)).settings.limits

        async def edit(uow: UnitOfWork) -> QAPair:
            now = self._clock.now()
            pair = await uow[PAIRS].get(qa_id)
            if pair.status is PairStatus.ARCHIVED:
                raise Conflict("The pair is archived; restore it first.")
            pair.edit(now, question=_trimmed(question), answer=_trimmed(answer))
            check_texts([(pair.question, pair.answer)], limits, "pair")
            if question is not None or answer is not None:
                pair.language = self._languages.detect(f"{pair.question} {pair.answer[:300]}").language
            pair.label(now, relabelled(pair.metadata, metadata))
            await ensure_labels(uow, [pair.metadata], now)
            await uow[PAIRS].save(pair)
            await self._version(uow, pair, "Updated 1 Q&A pair")
            return pair

        pair = await committed(self._store, caller.tenant_id, edit)
        return PairChanged(pair, await self._indexer.catch_up(caller.tenant_id))

    async def _version(self, uow: UnitOfWork, pair: QAPair, changes: str) -> None:
        await record_change(uow, self._committer, self._indexer, pair, changes, self._clock)


async def record_change(
    uow: UnitOfWork, committer: Committer, indexer: Indexer, pair: QAPair, changes: str, clock: Clock
) -> Document:
    """After a pair was saved: a version of its document, and the task that tells the indexes."""
    document = await uow[DOCUMENTS].get(pair.document_id)
    await committer.version(uow, document, changes, clock.now())
    await uow[DOCUMENTS].save(document)
    await indexer.record(uow, [pair])
    return document


def _trimmed(text: str | None) -> str | None:
    return None if text is None else text.strip()


class AddPair:
    """A pair by hand, into a document."""

    def __init__(
        self,
        store: Store,
        committer: Committer,
        indexer: Indexer,
        languages: LanguageDetector,
        views: TenantViews,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store, self._committer, self._indexer = store, committer, indexer
        self._languages, self._views, self._clock, self._ids = languages, views, clock, ids

    async def __call__(
        self,
        caller: Caller,
        document_id: str,
        question: str,
        answer: str,
        metadata: Mapping[str, Any],
        language: str | None = None,
    ) -> PairChanged:
        limits = (await self._views.of(caller.tenant_id)).settings.limits
        check_texts([(question, answer)], limits, "pair")

        async def add(uow: UnitOfWork) -> QAPair:
            now = self._clock.now()
            document = await uow[DOCUMENTS].get(document_id)
            if document.status is DocumentStatus.ARCHIVED:
                raise Conflict("The document is archived; restore it first.")
            pair = QAPair(
                id=self._ids.new(Prefix.PAIR),
                created_at=now,
                updated_at=now,
                document_id=document_id,
                question=question.strip(),
                answer=answer.strip(),
                language=language or self._languages.detect(f"{question} {answer[:300]}").language,
                metadata=relabelled(PairMetadata(source={"by": "hand"}), metadata),
            )
            await ensure_labels(uow, [pair.metadata], now)
            await uow[PAIRS].save(pair)
            await record_change(uow, self._committer, self._indexer, pair, "Added 1 Q&A pair", self._clock)
            return pair

        pair = await committed(self._store, caller.tenant_id, add)
        return PairChanged(pair, await self._indexer.catch_up(caller.tenant_id))


class MovePair:
    """Archives a pair, which hides it at once, or brings it back."""

    def __init__(self, store: Store, committer: Committer, indexer: Indexer, clock: Clock) -> None:
        self._store, self._committer, self._indexer, self._clock = store, committer, indexer, clock

    async def archive(self, caller: Caller, qa_id: str) -> PairChanged:
        return await self._move(caller, qa_id, PairStatus.ARCHIVED)

    async def restore(self, caller: Caller, qa_id: str) -> PairChanged:
        return await self._move(caller, qa_id, PairStatus.ACTIVE)

    async def _move(self, caller: Caller, qa_id: str, to: PairStatus) -> PairChanged:
        async def move(uow: UnitOfWork) -> QAPair:
            now = self._clock.now()
            pair = await uow[PAIRS].get(qa_id)
            if pair.status is to:
                raise Conflict(f"The pair is {to} already.")
            document = await uow[DOCUMENTS].get(pair.document_id)
            if to is PairStatus.ACTIVE and document.status is DocumentStatus.ARCHIVED:
                raise Conflict("The pair's document is archived; restore that first.")
            if to is PairStatus.ARCHIVED:
                pair.archive(now)
            else:
                pair.restore(now)
            await uow[PAIRS].save(pair)
            verb = "Archived" if to is PairStatus.ARCHIVED else "Restored"
            await record_change(uow, self._committer, self._indexer, pair, f"{verb} 1 Q&A pair", self._clock)
            return pair

        pair = await committed(self._store, caller.tenant_id, move)
        return PairChanged(pair, await self._indexer.catch_up(caller.tenant_id))
