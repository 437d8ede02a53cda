"""Documents and their pairs: reading, relabelling, archiving, restoring."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.use_cases.documents import (
    ArchiveDocument,
    BrowseDocuments,
    DocumentSeen,
    EditDocument,
    Moved,
    RestoreDocument,
)
from domain.documents import Document, DocumentStatus
from domain.errors import Conflict, NotFound
from domain.paging import Page, where
from domain.qa_pairs import QAPair
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import UNCATEGORIZED, Id, Label, PairMetadataOut, Tags, shown_category
from entrypoints.http.security import Caller


class DocumentMetadata(Struct, kw_only=True):
    source: str
    tags: list[str]
    extra: Mapping[str, Any]

    @staticmethod
    def of(document: Document) -> "DocumentMetadata":
        extra = {key: value for key, value in document.metadata.items() if key != "source"}
        return DocumentMetadata(
            source=str(document.metadata.get("source") or document.source_name or "by hand"),
            tags=list(document.tags),
            extra=extra,
        )


class DocumentOut(Struct, kw_only=True):
    document_id: str
    title: str
    category: str
    qa_pairs_count: int
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    status: DocumentStatus
    language: str
    size_bytes: int
    version: int
    metadata: DocumentMetadata
    links: dict[str, str]

    @staticmethod
    def of(document: Document) -> "DocumentOut":
        return DocumentOut(**_document_fields(document))


def _document_fields(document: Document) -> dict[str, Any]:
    return {
        "document_id": document.id,
        "title": document.title,
        "category": document.category or UNCATEGORIZED,
        "qa_pairs_count": document.qa_pairs_count,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "archived_at": document.archived_at,
        "status": document.status,
        "language": document.language,
        "size_bytes": document.size_bytes,
        "version": document.latest_version,
        "metadata": DocumentMetadata.of(document),
        "links": document_links(document.id),
    }


def document_links(document_id: str) -> dict[str, str]:
    own = f"/api/v1/documents/{document_id}"
    return {
        "self": own,
        "qa_pairs": f"{own}/qa-pairs",
        "versions": f"{own}/versions",
        "export": f"{own}/export",
    }


class DocumentList(Struct, kw_only=True):
    documents: list[DocumentOut]
    pagination: Pagination

    @staticmethod
    def of(found: Page[Document]) -> "DocumentList":
        return DocumentList(documents=[DocumentOut.of(d) for d in found.items], pagination=Pagination.of(found))


class DocumentPair(Struct, kw_only=True):
    qa_id: str
    question: str
    answer: str
    language: str
    status: str
    auto_generated: bool
    metadata: PairMetadataOut
    created_at: datetime
    updated_at: datetime

    @staticmethod
    def of(pair: QAPair) -> "DocumentPair":
        return DocumentPair(
            qa_id=pair.id,
            question=pair.question,
            answer=pair.answer,
            language=pair.language,
            status=pair.status,
            auto_generated=pair.auto_generated,
            metadata=PairMetadataOut.of(pair.metadata),
            created_at=pair.created_at,
            updated_at=pair.updated_at,
        )


class DocumentWithPairs(DocumentOut, kw_only=True):
    qa_pairs: list[DocumentPair]
    qa_pairs_has_next: bool
    """Whether there are more, to be read at `links.qa_pairs`."""

    @staticmethod
    def of_seen(seen: DocumentSeen) -> "DocumentWithPairs":
        return DocumentWithPairs(
            qa_pairs=[DocumentPair.of(pair) for pair in seen.pairs],
            qa_pairs_has_next=seen.has_more,
            **_document_fields(seen.document),
        )


class PairList(Struct, kw_only=True):
    document_id: str
    qa_pairs: list[DocumentPair]
    pagination: Pagination


class EditDocumentIn(Struct, kw_only=True, forbid_unknown_fields=True):
    title: Annotated[str, Meta(min_length=1, max_length=500)] | UnsetType = UNSET
    category: Label | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    status: Literal["active", "archived"] | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
            if value is not UNSET
        }


class DocumentEdited(Struct, kw_only=True):
    document_id: str
    updated_at: datetime
    changes: Mapping[str, Any]


class DocumentArchivedOut(Struct, kw_only=True):
    document_id: str
    status: str
    archived_at: datetime | None
    qa_pairs_archived: int
    reindexed: bool

    @staticmethod
    def of(moved: Moved) -> "DocumentArchivedOut":
        document = moved.document
        return DocumentArchivedOut(
            document_id=document.id,
            status=document.status,
            archived_at=document.archived_at,
            qa_pairs_archived=moved.pairs,
            reindexed=moved.reindexed,
        )


class DocumentRestoredOut(Struct, kw_only=True):
    document_id: str
    status: str
    updated_at: datetime
    qa_pairs_restored: int
    reindexed: bool


class DocumentsController(Controller):
    path = "/api/v1/documents"
    tags = ("documents",)

    @get("/", operation_id="listDocuments", dependencies=paged("created_at", "updated_at", "title", "id"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_documents: NamedDependency[BrowseDocuments],
        category: FromQuery[Label | None] = None,
        language: FromQuery[Label | None] = None,
        status: FromQuery[DocumentStatus | None] = None,
    ) -> Envelope[DocumentList]:
        """List documents."""
        conditions = where(category__in=shown_category(category), language=language, status=status)
        found = await browse_documents.page(caller, conditions, paging)
        return page(DocumentList.of(found), found)

    @get("/{document_id:str}", operation_id="getDocument", opt=rules(raises=(NotFound,)))
    async def one(
        self, document_id: FromPath[Id], caller: Caller, browse_documents: NamedDependency[BrowseDocuments]
    ) -> Envelope[DocumentWithPairs]:
        """A document with its first 100 pairs; `links.qa_pairs` has all of them, page by page."""
        seen = await browse_documents.one(caller, document_id)
        return ok(DocumentWithPairs.of_seen(seen), links=document_links(document_id))

    @put("/{document_id:str}", operation_id="editDocument", opt=rules(raises=(NotFound, Conflict)))
    async def edit(
        self,
        document_id: FromPath[Id],
        data: JSONBody[EditDocumentIn],
        caller: Caller,
        edit_document: NamedDependency[EditDocument],
    ) -> Envelope[DocumentEdited]:
        """Change a document's labels, or its status."""
        document, changes = await edit_document(caller, document_id, data.changes())
        out = DocumentEdited(document_id=document.id, updated_at=document.updated_at, changes=changes)
        return ok(out, links=document_links(document_id))

    @delete(
        "/{document_id:str}", status_code=200, operation_id="archiveDocument", opt=rules(raises=(NotFound, Conflict))
    )
    async def archive(
        self,
        document_id: FromPath[Id],
        caller: Caller,
        archive_document: NamedDependency[ArchiveDocument],
        cascade: FromQuery[bool] = True,
    ) -> Envelope[DocumentArchivedOut]:
        """Archive a document, by default with its pairs; nothing is lost."""
        moved = await archive_document(caller, document_id, cascade=cascade)
        return ok(DocumentArchivedOut.of(moved), links={"restore": f"/api/v1/documents/{document_id}/restore"})

    @post(
        "/{document_id:str}/restore",
        status_code=200,
        operation_id="restoreDocument",
        opt=rules(raises=(NotFound, Conflict)),
    )
    async def restore(
        self, document_id: FromPath[Id], caller: Caller, restore_document: NamedDependency[RestoreDocument]
    ) -> Envelope[DocumentRestoredOut]:
        """Bring an archived document back, with the pairs that went with it."""
        moved = await restore_document(caller, document_id)
        out = DocumentRestoredOut(
            document_id=document_id,
            status=moved.document.status,
            updated_at=moved.document.updated_at,
            qa_pairs_restored=moved.pairs,
            reindexed=moved.reindexed,
        )
        return ok(out, links=document_links(document_id))

    @get(
        "/{document_id:str}/qa-pairs",
        operation_id="listDocumentPairs",
        dependencies=paged("created_at", "id"),
        opt=rules(raises=(NotFound,)),
    )
    async def pairs(
        self,
        document_id: FromPath[Id],
        paging: Paging,
        caller: Caller,
        browse_documents: NamedDependency[BrowseDocuments],
        status: FromQuery[Literal["active", "archived"] | None] = None,
    ) -> Envelope[PairList]:
        """The pairs of a document."""
        found = await browse_documents.pairs(caller, document_id, paging, status)
        pairs = [DocumentPair.of(pair) for pair in found.items]
        return page(PairList(document_id=document_id, qa_pairs=pairs, pagination=Pagination.of(found)), found)
