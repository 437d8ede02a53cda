"""Versions of documents: read, compared, restored."""

from datetime import datetime

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from application.use_cases.documents import BrowseVersions, RestoreVersion, VersionSeen
from domain.documents import DocumentVersion, PairSnapshot
from domain.errors import Conflict, NotFound
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.documents import document_links
from entrypoints.http.routes.wire import Id, PairMetadataOut
from entrypoints.http.security import Caller


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


class VersionsController(Controller):
    path = "/api/v1/documents/{document_id:str}/versions"
    tags = ("documents",)

    @get(
        "/",
        operation_id="listVersions",
        dependencies=paged("created_at", "number"),
        opt=rules(raises=(NotFound,)),
    )
    async def browse(
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

    @get("/{version_id:str}", operation_id="getVersion", opt=rules(raises=(NotFound,)))
    async def one(
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
        "/{version_id:str}/restore",
        status_code=200,
        operation_id="restoreVersion",
        opt=rules(raises=(NotFound, Conflict)),
    )
    async def restore(
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
