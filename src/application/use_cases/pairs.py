"""Single pairs in production: reading, editing, adding, archiving, searching."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from application.committing import Committer, ensure_labels
from application.indexing import Indexer
from application.ports.lexical import LexicalHit, LexicalIndex
from application.ports.models import LanguageDetector
from application.ports.storage import DOCUMENTS, PAIRS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.tenants import TenantViews
from application.transactions import committed
from application.use_cases.staging import check_texts
from domain.access import Caller
from domain.documents import Document, DocumentStatus, snapshot
from domain.errors import Conflict
from domain.ids import Prefix
from domain.qa_pairs import PairMetadata, PairStatistics, PairStatus, QAPair, relabelled
from domain.retrieval import Filters

SEARCHED = 500
"""Candidates that one search looks through."""


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
    def __init__(self, store: Store, lexical: LexicalIndex) -> None:
        self._store, self._lexical = store, lexical

    async def one(self, caller: Caller, qa_id: str) -> PairSeen:
        async with self._store.begin(caller.tenant_id) as uow:
            pair = await uow[PAIRS].get(qa_id)
            counted = await uow.statistics.of([qa_id])
        return PairSeen(pair, counted.get(qa_id, PairStatistics()))

    async def search(self, caller: Caller, text: str, fields: Sequence[str], limit: int) -> tuple[list[PairMatch], int]:
        """Full text: the pairs in whose fields words of the text stand, best first, and how many there are
        (of at most `SEARCHED`)."""
        hits = await self._lexical.search(caller.tenant_id, text, SEARCHED, Filters())
        async with self._store.begin(caller.tenant_id) as uow:
            found = await uow[PAIRS].get_many([hit.id for hit in hits])
        scores = {hit.id: hit for hit in hits}
        words = re.findall(r"\w+", text.casefold())
        active = (pair for pair in found if pair.status is PairStatus.ACTIVE)
        matches = [match for pair in active if (match := _match(pair, scores[pair.id], words, fields))]
        matches.sort(key=lambda m: (-m.relevance, m.pair.id))
        return matches[:limit], len(matches)


def _match(pair: QAPair, hit: LexicalHit, words: Sequence[str], fields: Sequence[str]) -> PairMatch | None:
    matched = tuple(name for name in fields if _holds(str(getattr(pair, name)), words))
    if not matched:
        return None
    relevance = max(hit.question, hit.pair) if "question" in matched else hit.pair
    return PairMatch(pair, matched, round(min(1.0, relevance), 4))


def _holds(text: str, words: Sequence[str]) -> bool:
    """Whether a word of the query, or one of the same stem, stands in the text: stems share their beginning."""
    there = set(re.findall(r"\w+", text.casefold()))
    beginnings = {word[: max(3, len(word) - 3)] for word in words}
    return any(have.startswith(beginning) for have in there for beginning in beginnings)


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
        """Changes what is given; a change makes a version of the document and is searchable at return. What is
        so already changes nothing."""
        limits = (await self._views.of(caller.tenant_id)).settings.limits

        async def edit(uow: UnitOfWork) -> QAPair:
            now = self._clock.now()
            pair = await uow[PAIRS].get(qa_id)
            if pair.status is PairStatus.ARCHIVED:
                raise Conflict("The pair is archived; restore it first.")
            before = snapshot(pair)
            pair.edit(now, question=_trimmed(question), answer=_trimmed(answer))
            check_texts([(pair.question, pair.answer)], limits, "")
            if question is not None or answer is not None:
                pair.language = self._languages.detect(f"{pair.question} {pair.answer[:300]}").language
            pair.label(now, relabelled(pair.metadata, metadata))
            if snapshot(pair) == before:
                return await uow[PAIRS].get(qa_id)
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
    await committer.version(uow, document, [pair], changes, clock.now())
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
        check_texts([(question, answer)], limits, "")

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
