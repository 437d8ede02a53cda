"""Letting staged pairs into production: documents, versions, labels and index tasks in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from application.indexing import Indexer
from application.ports.storage import CATEGORIES, DOCUMENTS, INTENTS, PAIRS, STAGED_PAIRS, VERSIONS, UnitOfWork
from application.ports.system import Clock, Ids
from domain.documents import Document, DocumentVersion, snapshot
from domain.events import DocumentIngested
from domain.ids import Prefix
from domain.paging import where
from domain.qa_pairs import PairMetadata, PairStatus, QAPair
from domain.settings import TenantSettings
from domain.staging import Draft, StagedFile, StagedPair
from domain.taxonomy import Category, Intent, intent_id

BY_HAND = ""
"""The file id of pairs that came from no file."""


@dataclass(frozen=True, slots=True)
class Committed:
    document_ids: tuple[str, ...] = ()
    pair_ids: tuple[str, ...] = field(default=())


class Committer:
    def __init__(self, indexer: Indexer, deployment: TenantSettings, clock: Clock, ids: Ids) -> None:
        """`deployment` names the models and stores that every tenant has."""
        self._indexer, self._clock, self._ids = indexer, clock, ids
        self._retrieval = deployment.retrieval

    async def __call__(self, uow: UnitOfWork, draft: Draft, staged: Sequence[StagedPair]) -> Committed:
        """Moves the staged pairs into the documents of their files. The draft changes and is still to be
        saved; committing the transaction makes it all true at once."""
        now = self._clock.now()
        groups: dict[str, list[StagedPair]] = defaultdict(list)
        for pair in sorted(staged, key=lambda p: p.position):
            groups[pair.file_id or BY_HAND].append(pair)
        documents = [await self._into_document(uow, draft, key, group, now) for key, group in groups.items()]
        draft.file_documents = {**draft.file_documents, **dict(zip(groups, documents, strict=True))}
        draft.pairs_committed += len(staged)
        for pair in staged:
            await uow[STAGED_PAIRS].remove(pair.id)
        return Committed(tuple(documents), tuple(pair.id for pair in staged))

    async def _into_document(
        self, uow: UnitOfWork, draft: Draft, file_id: str, staged: Sequence[StagedPair], now: datetime
    ) -> str:
        known = draft.file_documents.get(file_id)
        document = await uow[DOCUMENTS].get(known) if known else self._new_document(draft, file_id, staged, now)
        fresh = [_live(pair, document.id, now) for pair in staged]
        await ensure_labels(uow, [pair.metadata for pair in fresh], now)
        await uow[PAIRS].save_all(fresh)
        verb = "Added" if known else "Initial upload:"
        await self.version(uow, document, fresh, f"{verb} {len(fresh)} Q&A pairs", now)
        document.record(
            DocumentIngested(
                job_id=draft.job_id,
                document_id=document.id,
                name=document.source_name or document.title,
                qa_ingested=len(fresh),
                time_ms=int((now - draft.created_at).total_seconds() * 1000),
                total_size_bytes=document.size_bytes,
                metadata=document.metadata,
                external_document_id=draft.metadata.get("external_document_id"),
                embeddings_model=self._retrieval.embedding_model,
                vector_store=self._retrieval.vector_db,
                correlation_id=draft.correlation_id,
            )
        )
        await uow[DOCUMENTS].save(document)
        await self._indexer.record(uow, fresh)
        return document.id

    async def version(
        self, uow: UnitOfWork, document: Document, touched: Sequence[QAPair], changes: str, now: datetime
    ) -> DocumentVersion:
        """Keeps the document's pairs as they are now in this transaction, which has saved the `touched` ones of
        them and no others; the document is still to be saved."""
        active = where(document_id=document.id, status=PairStatus.ACTIVE)
        document.qa_pairs_count, document.updated_at = await uow[PAIRS].count(active), now
        whole = document.needs_whole_version(len(touched))
        document.latest_version += 1
        document.whole_version = document.latest_version if whole else document.whole_version
        document.changes_since = 0 if whole else document.changes_since + len(touched)
        named = await uow[PAIRS].list(active, sort="id") if whole else touched
        kept = DocumentVersion(
            id=self._ids.new(Prefix.VERSION),
            created_at=now,
            updated_at=now,
            document_id=document.id,
            number=document.latest_version,
            changes=changes,
            pairs=tuple(snapshot(pair) for pair in named if pair.status is PairStatus.ACTIVE),
            removed=tuple(pair.id for pair in named if pair.status is not PairStatus.ACTIVE),
            whole_number=None if whole else document.whole_version,
            count=document.qa_pairs_count,
        )
        await uow[VERSIONS].save(kept)
        return kept

    def _new_document(self, draft: Draft, file_id: str, staged: Sequence[StagedPair], now: datetime) -> Document:
        file = draft.file(file_id) or StagedFile(BY_HAND, "by hand", 0, "By hand")
        given = draft.metadata
        return Document(
            id=self._ids.new(Prefix.DOCUMENT),
            created_at=now,
            updated_at=now,
            title=str(given.get("title") or file.title or file.name),
            language=_most_common((pair.language for pair in staged), "en") or "en",
            category=given.get("category") or _most_common((pair.metadata.category for pair in staged), None),
            tags=tuple(given.get("tags") or ()),
            metadata={
                key: value for key, value in given.items() if key not in ("title", "category", "tags", "language")
            },
            source_name=file.name if file_id else None,
            size_bytes=file.size_bytes,
        )


def _most_common(values: Iterable[str | None], default: str | None) -> str | None:
    counted = Counter(value for value in values if value is not None)
    return counted.most_common(1)[0][0] if counted else default


def _live(pair: StagedPair, document_id: str, now: datetime) -> QAPair:
    return QAPair(
        id=pair.id,
        created_at=now,
        updated_at=now,
        document_id=document_id,
        question=pair.question,
        answer=pair.answer,
        language=pair.language,
        metadata=pair.metadata,
        auto_generated=pair.auto_generated,
    )


async def ensure_labels(uow: UnitOfWork, metadata: Sequence[PairMetadata], now: datetime) -> None:
    """Creates the categories and intents that are named and not there yet."""
    for label in sorted({m.category for m in metadata if m.category}):
        if await uow[CATEGORIES].find(label) is None:
            await uow[CATEGORIES].save(Category(id=label, created_at=now, updated_at=now, name=label))
    for label in sorted({m.intent for m in metadata if m.intent}):
        if await uow[INTENTS].find(intent_id(label)) is None:
            await uow[INTENTS].save(Intent(id=intent_id(label), created_at=now, updated_at=now, name=label))
