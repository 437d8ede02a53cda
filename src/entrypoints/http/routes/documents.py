"""Uploads, documents, their versions and exports."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from msgspec import UNSET, Meta, Struct, UnsetType, json

from application.use_cases.documents import (
    ArchiveDocument,
    BrowseDocuments,
    BrowseVersions,
    DocumentSeen,
    EditDocument,
    Moved,
    RestoreDocument,
    RestoreVersion,
    VersionSeen,
)
from application.use_cases.ingestion import AcceptedUpload, AcceptUpload, IncomingFile, UploadRequest
from domain.documents import Document, DocumentStatus, DocumentVersion, PairSnapshot
from domain.errors import Conflict, NotFound
from domain.paging import Page, where
from domain.qa_pairs import QAPair
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, ok, page, pending
from entrypoints.http.forms import Upload
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import UNCATEGORIZED, Id, Label, PairMetadataOut, Tags, Url, shown_category
from entrypoints.http.security import Caller

EXPORTED = ("application/json", "text/csv")
EXPORT_COLUMNS = ("question", "answer", "category", "intent", "language", "requires_handoff", "tags", "url")


class UploadForm(Struct, kw_only=True, forbid_unknown_fields=True):
    files: Annotated[list[Upload], Meta(min_length=1, max_length=100)]
    metadata: dict[str, Any] = {}
    auto_classify: bool = True
    validate_format: bool = True
    callback_url: Url | None = None


class UploadedFile(Struct, kw_only=True):
    file_id: str
    filename: str
    size_bytes: int
    status: str
    estimated_qa_pairs: int


class UploadOut(Struct, kw_only=True):
    job_id: str
    files_received: int
    status: str
    files: list[UploadedFile]

    @staticmethod
    def of(accepted: AcceptedUpload) -> "UploadOut":
        files = [
            UploadedFile(
                file_id=file.file_id,
                filename=file.name,
                size_bytes=file.size_bytes,
                status="processing",
                estimated_qa_pairs=file.estimated_pairs,
            )
            for file in accepted.files
        ]
        return UploadOut(job_id=accepted.job.id, files_received=len(files), status="validating", files=files)


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


class VersionOut(Struct, kw_only=True):
    version_id: str
    number: int
    created_at: datetime
    qa_pairs_count: int
    changes: str
    links: dict[str, str]

    @staticmethod
    def of(version: DocumentVersion) -> "VersionOut":
        own = f"/api/v1/documents/{version.document_id}/versions/{version.id}"
        return VersionOut(
            version_id=version.id,
            number=version.number,
            created_at=version.created_at,
            qa_pairs_count=version.qa_pairs_count,
            changes=version.changes,
            links={"self": own, "restore": f"{own}/restore"},
        )


class VersionList(Struct, kw_only=True):
    document_id: str
    versions: list[VersionOut]
    pagination: Pagination


class SnapshotOut(Struct, kw_only=True):
    qa_id: str
    question: str
    answer: str
    language: str
    metadata: PairMetadataOut

    @staticmethod
    def of(snap: PairSnapshot) -> "SnapshotOut":
        return SnapshotOut(
            qa_id=snap.qa_id,
            question=snap.question,
            answer=snap.answer,
            language=snap.language,
            metadata=PairMetadataOut.of(snap.metadata),
        )


class ChangedPair(Struct, kw_only=True):
    before: SnapshotOut
    after: SnapshotOut


class DifferenceOut(Struct, kw_only=True):
    compared_with: str
    added: list[SnapshotOut]
    removed: list[SnapshotOut]
    changed: list[ChangedPair]

    @staticmethod
    def of(seen: VersionSeen) -> "DifferenceOut | None":
        if seen.difference is None or seen.compared_with is None:
            return None
        found = seen.difference
        return DifferenceOut(
            compared_with=seen.compared_with,
            added=[SnapshotOut.of(snap) for snap in found.added],
            removed=[SnapshotOut.of(snap) for snap in found.removed],
            changed=[ChangedPair(before=SnapshotOut.of(a), after=SnapshotOut.of(b)) for a, b in found.changed],
        )


class VersionWithPairs(Struct, kw_only=True):
    document_id: str
    version_id: str
    number: int
    created_at: datetime
    changes: str
    qa_pairs_count: int
    qa_pairs: list[SnapshotOut]
    comparison: DifferenceOut | None

    @staticmethod
    def of(seen: VersionSeen) -> "VersionWithPairs":
        version = seen.version
        return VersionWithPairs(
            document_id=version.document_id,
            version_id=version.id,
            number=version.number,
            created_at=version.created_at,
            changes=version.changes,
            qa_pairs_count=len(seen.pairs),
            qa_pairs=[SnapshotOut.of(snap) for snap in seen.pairs],
            comparison=DifferenceOut.of(seen),
        )


class VersionRestored(Struct, kw_only=True):
    document_id: str
    restored_version_id: str
    version_id: str
    qa_pairs_count: int
    updated_at: datetime


ExportFormat = Literal["json", "csv"]


class DocumentsController(Controller):
    path = "/api/v1/documents"
    tags = ("documents",)

    @post("/upload", status_code=202, operation_id="uploadDocuments", opt=rules(upload=True))
    async def upload(
        self, data: MultipartBody[UploadForm], caller: Caller, accept_upload: NamedDependency[AcceptUpload]
    ) -> Envelope[UploadOut]:
        """Upload files; a job reads the question–answer pairs out of them."""
        files = [IncomingFile(file.filename or "unnamed", await file.read(), file.content_type) for file in data.files]
        request = UploadRequest(files, data.metadata, data.auto_classify, data.validate_format, data.callback_url)
        accepted = await accept_upload(caller, request)
        poll = f"/api/v1/jobs/{accepted.job.id}"
        return pending(
            UploadOut.of(accepted),
            links={"poll": poll, "cancel": f"{poll}/cancel", "webhook_url": "subscribe to job.completed event"},
        )

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

    @get("/{document_id:str}/export", operation_id="exportDocument", opt=rules(raises=(NotFound,), produces=EXPORTED))
    async def export(
        self,
        document_id: FromPath[Id],
        caller: Caller,
        browse_documents: NamedDependency[BrowseDocuments],
        format: FromQuery[ExportFormat] = "json",  # noqa: A002 - what users call it
    ) -> Response[bytes]:
        """The pairs of a document in a form that uploads again."""
        return exported(await browse_documents.export(caller, document_id), format)

    @get(
        "/{document_id:str}/versions",
        operation_id="listVersions",
        dependencies=paged("created_at", "number"),
        opt=rules(raises=(NotFound,)),
    )
    async def versions(
        self,
        document_id: FromPath[Id],
        paging: Paging,
        caller: Caller,
        browse_versions: NamedDependency[BrowseVersions],
    ) -> Envelope[VersionList]:
        """The versions of a document, newest first."""
        found = await browse_versions.page(caller, document_id, paging)
        versions = [VersionOut.of(version) for version in found.items]
        return page(VersionList(document_id=document_id, versions=versions, pagination=Pagination.of(found)), found)

    @get("/{document_id:str}/versions/{version_id:str}", operation_id="getVersion", opt=rules(raises=(NotFound,)))
    async def version(
        self,
        document_id: FromPath[Id],
        version_id: FromPath[Id],
        caller: Caller,
        browse_versions: NamedDependency[BrowseVersions],
        compare: FromQuery[Id | None] = None,
    ) -> Envelope[VersionWithPairs]:
        """The pairs as they were in a version, and what changed since another one."""
        seen = await browse_versions.one(caller, document_id, version_id, compare)
        return ok(VersionWithPairs.of(seen), links=VersionOut.of(seen.version).links)

    @post(
        "/{document_id:str}/versions/{version_id:str}/restore",
        status_code=200,
        operation_id="restoreVersion",
        opt=rules(raises=(NotFound, Conflict)),
    )
    async def restore_version_(
        self,
        document_id: FromPath[Id],
        version_id: FromPath[Id],
        caller: Caller,
        restore_version: NamedDependency[RestoreVersion],
    ) -> Envelope[VersionRestored]:
        """Make the document's pairs what they were in a version."""
        document, made = await restore_version(caller, document_id, version_id)
        out = VersionRestored(
            document_id=document_id,
            restored_version_id=version_id,
            version_id=made.id,
            qa_pairs_count=document.qa_pairs_count,
            updated_at=document.updated_at,
        )
        return ok(out, links=document_links(document_id))


class ExportController(Controller):
    path = "/api/v1/knowledge"
    tags = ("knowledge",)

    @get("/export", operation_id="exportKnowledge", opt=rules(produces=EXPORTED))
    async def export(
        self,
        caller: Caller,
        browse_documents: NamedDependency[BrowseDocuments],
        format: FromQuery[ExportFormat] = "json",  # noqa: A002
    ) -> Response[bytes]:
        """All active pairs in a form that uploads again."""
        return exported(await browse_documents.export(caller, None), format)


def exported(documents: Sequence[tuple[Document, Sequence[QAPair]]], format_: ExportFormat) -> Response[bytes]:
    rows = [_row(pair) for _, pairs in documents for pair in pairs]
    content, media_type = (_csv(rows), "text/csv") if format_ == "csv" else (_json(rows), "application/json")
    headers = {"Content-Disposition": f'attachment; filename="knowledge.{format_}"'}
    return Response(content, media_type=media_type, headers=headers)


def _row(pair: QAPair) -> dict[str, Any]:
    metadata = pair.metadata
    return {
        "question": pair.question,
        "answer": pair.answer,
        "category": metadata.category,
        "intent": metadata.intent,
        "language": pair.language,
        "requires_handoff": metadata.requires_handoff,
        "tags": list(metadata.tags),
        "url": metadata.url,
        **({"auto_generated": True} if pair.auto_generated else {}),
        **{key: value for key, value in metadata.extra.items() if key not in EXPORT_COLUMNS},
    }


def _json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return json.format(json.encode(rows), indent=1)


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    extra = sorted({key for row in rows for key in row} - set(EXPORT_COLUMNS))
    writer = csv.DictWriter(text, (*EXPORT_COLUMNS, *extra))
    writer.writeheader()
    writer.writerows({**row, "tags": ", ".join(row["tags"])} for row in rows)
    return text.getvalue().encode("utf-8-sig")
