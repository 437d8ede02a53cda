"""Documents in production: reading, relabelling, archiving, versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from application.committing import Committer, ensure_labels
from application.indexing import Indexer
from application.ports.storage import DOCUMENTS, PAIRS, VERSIONS, Store, UnitOfWork
from application.ports.system import Clock
from application.transactions import committed
from domain.access import Caller
from domain.documents import (
    Document,
    DocumentStatus,
    DocumentVersion,
    PairSnapshot,
    VersionDifference,
    compare,
    pairs_as_of,
)
from domain.errors import Conflict, NotFound
from domain.paging import MAX_LIMIT, Page, PageRequest, Where, where
from domain.qa_pairs import PairMetadata, PairStatus, QAPair

PAIRS_SHOWN = MAX_LIMIT
"""Of a document that is shown by itself; the rest is read page by page."""


@dataclass(frozen=True, slots=True)
class DocumentSeen:
    document: Document
    pairs: tuple[QAPair, ...]
    """The first, by id."""
    has_more: bool


class BrowseDocuments:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, caller: Caller, conditions: Where, request: PageRequest) -> Page[Document]:
        async with self._store.begin(caller.tenant_id) as uow:
            return await uow[DOCUMENTS].page(conditions, request)

    async def one(self, caller: Caller, document_id: str) -> DocumentSeen:
        async with self._store.begin(caller.tenant_id) as uow:
            document = await uow[DOCUMENTS].get(document_id)
            first = await uow[PAIRS].list(_shown(document), sort="id", limit=PAIRS_SHOWN + 1)
            return DocumentSeen(document, tuple(first[:PAIRS_SHOWN]), len(first) > PAIRS_SHOWN)

    async def pairs(
        self, caller: Caller, document_id: str, request: PageRequest, status: str | None = None
    ) -> Page[QAPair]:
        async with self._store.begin(caller.tenant_id) as uow:
            document = await uow[DOCUMENTS].get(document_id)
            conditions = where(document_id=document_id, status=status) if status else _shown(document)
            return await uow[PAIRS].page(conditions, request)

    async def export(self, caller: Caller, document_id: str | None) -> list[tuple[Document, list[QAPair]]]:
        """One document with its active pairs, or all active documents."""
        async with self._store.begin(caller.tenant_id) as uow:
            if document_id:
                documents = [await uow[DOCUMENTS].get(document_id)]
            else:
                documents = await uow[DOCUMENTS].list(where(status=DocumentStatus.ACTIVE))
            return [(document, await uow[PAIRS].list(_shown(document), sort="id")) for document in documents]


def _shown(document: Document) -> Where:
    """The active pairs; of an archived document those that went with it."""
    archived = document.status is DocumentStatus.ARCHIVED
    return where(document_id=document.id, status=None if archived else PairStatus.ACTIVE)


class EditDocument:
    """Changes labels of a document, or its status. What did not change is not among the changes."""

    def __init__(self, store: Store, archive: "ArchiveDocument", restore: "RestoreDocument", clock: Clock) -> None:
        self._store, self._archive, self._restore, self._clock = store, archive, restore, clock

    async def __call__(
        self, caller: Caller, document_id: str, changes: Mapping[str, Any]
    ) -> tuple[Document, dict[str, Any]]:
        status = changes.get("status")
        labels = {key: value for key, value in changes.items() if key != "status"}

        async def edit(uow: UnitOfWork) -> tuple[Document, dict[str, Any]]:
            document = await uow[DOCUMENTS].get(document_id)
            changed = {key: value for key, value in labels.items() if getattr(document, key) != value}
            for key, value in changed.items():
                setattr(document, key, value)
            if changed:
                document.updated_at = self._clock.now()
                await ensure_labels(uow, [PairMetadata(category=document.category)], document.updated_at)
                await uow[DOCUMENTS].save(document)
                await uow.touch_knowledge()
            return document, changed

        document, changed = await committed(self._store, caller.tenant_id, edit)
        if status is not None and status != document.status:
            move = self._restore if status == DocumentStatus.ACTIVE else self._archive
            document = (await move(caller, document_id)).document
            changed["status"] = status
        return document, changed


@dataclass(frozen=True, slots=True)
class Moved:
    """A document that was archived or restored, and how many of its pairs with it."""

    document: Document
    pairs: int
    reindexed: bool


class ArchiveDocument:
    """Hides a document at once; with `cascade` its pairs can be found no more."""

    def __init__(self, store: Store, indexer: Indexer, clock: Clock) -> None:
        self._store, self._indexer, self._clock = store, indexer, clock

    async def __call__(self, caller: Caller, document_id: str, *, cascade: bool = True) -> Moved:
        async def archive(uow: UnitOfWork) -> tuple[Document, int]:
            now = self._clock.now()
            document = await uow[DOCUMENTS].get(document_id)
            active = where(document_id=document_id, status=PairStatus.ACTIVE)
            pairs = await uow[PAIRS].list(active) if cascade else []
            for pair in pairs:
                pair.archive(now, with_document=True)
            document.archive(now, len(pairs))
            await uow[PAIRS].save_all(pairs)
            await uow[DOCUMENTS].save(document)
            await self._indexer.record(uow, pairs)
            return document, len(pairs)

        document, count = await committed(self._store, caller.tenant_id, archive)
        return Moved(document, count, await self._indexer.catch_up(caller.tenant_id))


class RestoreDocument:
    """Undoes archiving; the pairs that went with the document come back with it."""

    def __init__(self, store: Store, indexer: Indexer, clock: Clock) -> None:
        self._store, self._indexer, self._clock = store, indexer, clock

    async def __call__(self, caller: Caller, document_id: str) -> Moved:
        async def restore(uow: UnitOfWork) -> tuple[Document, int]:
            now = self._clock.now()
            document = await uow[DOCUMENTS].get(document_id)
            document.restore(now)
            archived = await uow[PAIRS].list(where(document_id=document_id, status=PairStatus.ARCHIVED))
            pairs = [pair for pair in archived if pair.archived_with_document]
            for pair in pairs:
                pair.restore(now)
            await uow[PAIRS].save_all(pairs)
            await uow[DOCUMENTS].save(document)
            await self._indexer.record(uow, pairs)
            return document, len(pairs)

        document, count = await committed(self._store, caller.tenant_id, restore)
        return Moved(document, count, await self._indexer.catch_up(caller.tenant_id))


@dataclass(frozen=True, slots=True)
class VersionSeen:
    version: DocumentVersion
    pairs: tuple[PairSnapshot, ...]
    difference: VersionDifference | None = None
    compared_with: str | None = None


class BrowseVersions:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, caller: Caller, document_id: str, request: PageRequest) -> Page[DocumentVersion]:
        async with self._store.begin(caller.tenant_id) as uow:
            await uow[DOCUMENTS].get(document_id)
            return await uow[VERSIONS].page(where(document_id=document_id), request)

    async def one(self, caller: Caller, document_id: str, version_id: str, compare_to: str | None) -> VersionSeen:
        """With `compare_to`: what changed from that version to this one."""
        async with self._store.begin(caller.tenant_id) as uow:
            version = await version_of(uow, document_id, version_id)
            pairs = await pairs_in(uow, version)
            if compare_to is None:
                return VersionSeen(version, pairs)
            other = await version_of(uow, document_id, compare_to)
            return VersionSeen(version, pairs, compare(await pairs_in(uow, other), pairs), other.id)


async def version_of(uow: UnitOfWork, document_id: str, version_id: str) -> DocumentVersion:
    await uow[DOCUMENTS].get(document_id)
    version = await uow[VERSIONS].find(version_id)
    if version is None or version.document_id != document_id:
        raise NotFound(f"There is no version {version_id!r} of this document.")
    return version


async def pairs_in(uow: UnitOfWork, version: DocumentVersion) -> tuple[PairSnapshot, ...]:
    """The document's active pairs as they were in the version, by id."""
    if version.first_needed == version.number:
        return pairs_as_of([version])
    numbers = where(document_id=version.document_id, number__ge=version.first_needed, number__le=version.number)
    return pairs_as_of(await uow[VERSIONS].list(numbers, sort="number"))


class RestoreVersion:
    """Makes the document's pairs what they were in a version; that is a version of its own."""

    def __init__(self, store: Store, committer: Committer, indexer: Indexer, clock: Clock) -> None:
        self._store, self._committer, self._indexer, self._clock = store, committer, indexer, clock

    async def __call__(self, caller: Caller, document_id: str, version_id: str) -> tuple[Document, DocumentVersion]:
        async def restore(uow: UnitOfWork) -> tuple[Document, DocumentVersion]:
            now = self._clock.now()
            document = await uow[DOCUMENTS].get(document_id)
            if document.status is DocumentStatus.ARCHIVED:
                raise Conflict("The document is archived; restore it first.")
            version = await version_of(uow, document_id, version_id)
            changed = await self._as_it_was(uow, document_id, await pairs_in(uow, version), now)
            made = await self._committer.version(uow, document, changed, f"Restored version {version.number}", now)
            await uow[DOCUMENTS].save(document)
            await self._indexer.record(uow, changed)
            return document, made

        result = await committed(self._store, caller.tenant_id, restore)
        await self._indexer.catch_up(caller.tenant_id)
        return result

    async def _as_it_was(
        self, uow: UnitOfWork, document_id: str, wanted: Sequence[PairSnapshot], now: datetime
    ) -> list[QAPair]:
        """Saves every pair that differs, and returns those."""
        present = {pair.id: pair for pair in await uow[PAIRS].list(where(document_id=document_id))}
        kept = {snap.qa_id for snap in wanted}
        changed = []
        for pair in present.values():
            if pair.id not in kept and pair.status is PairStatus.ACTIVE:
                pair.archive(now)
                changed.append(pair)
        for snap in wanted:
            pair_was = _revived(present.get(snap.qa_id), snap, document_id, now)
            if pair_was is not None:
                changed.append(pair_was)
        await uow[PAIRS].save_all(changed)
        return changed


def _revived(pair: QAPair | None, snap: PairSnapshot, document_id: str, now: datetime) -> QAPair | None:
    """The pair as the snapshot has it; None when it is so already."""
    texts = {
        "question": snap.question,
        "answer": snap.answer,
        "language": snap.language,
        "metadata": snap.metadata,
        "auto_generated": snap.auto_generated,
    }
    if pair is None:
        return QAPair(id=snap.qa_id, created_at=now, updated_at=now, document_id=document_id, **texts)  # type: ignore[arg-type]
    same = pair.status is PairStatus.ACTIVE and all(getattr(pair, key) == value for key, value in texts.items())
    if same:
        return None
    revived = replace(pair, **texts)  # type: ignore[arg-type]
    revived.restore(now)
    return revived
