"""The staging area: drafts, chunks, commit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from msgspec import Meta, Struct

from application.tenants import TenantViews
from application.use_cases.ingestion import IncomingFile
from application.use_cases.staging import (
    AddChunks,
    BrowseDrafts,
    ChunkUpdate,
    CommitDraft,
    EditChunks,
    NewPair,
    RemoveStaged,
    StageFile,
)
from domain.errors import Conflict, InvalidFormat, NotFound, PayloadTooLarge
from domain.extraction import Format
from domain.settings import Limits
from domain.staging import Draft, DraftStatus, StagedPair
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, created, ok, page
from entrypoints.http.forms import Upload
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import AnswerText, Id, PairMetadataIn, PairMetadataOut, QuestionText, changes_of
from entrypoints.http.security import Caller


class ContractOut(Struct, kw_only=True):
    supported_formats: list[str]
    max_pairs: int
    max_question_length: int
    max_answer_length: int
    max_file_mb: int
    json_schema: Mapping[str, Any]

    @staticmethod
    def of(limits: Limits) -> "ContractOut":
        return ContractOut(
            supported_formats=[str(known) for known in Format],
            max_pairs=limits.max_pairs_per_draft,
            max_question_length=limits.max_question_length,
            max_answer_length=limits.max_answer_length,
            max_file_mb=limits.max_file_mb,
            json_schema=pair_file_schema(limits),
        )


def pair_file_schema(limits: Limits) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a pair file."""
    text = {"type": "string", "minLength": 1}
    pair = {
        "type": "object",
        "required": ["question", "answer"],
        "properties": {
            "question": {**text, "maxLength": limits.max_question_length},
            "answer": {**text, "maxLength": limits.max_answer_length},
            "category": {"type": "string"},
            "intent": {"type": "string"},
            "language": {"type": "string", "examples": ["en", "ru", "de", "fr", "es"]},
            "requires_handoff": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "url": {"type": "string", "format": "uri"},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Question-answer pairs",
        "type": "array",
        "maxItems": limits.max_pairs_per_draft,
        "items": pair,
    }


class ChunkOut(Struct, kw_only=True):
    chunk_id: str
    question: str
    answer: str
    language: str
    metadata: PairMetadataOut
    auto_generated: bool
    needs_review: bool
    review: str
    notices: list[str]

    @staticmethod
    def of(pair: StagedPair) -> "ChunkOut":
        return ChunkOut(
            chunk_id=pair.id,
            question=pair.question,
            answer=pair.answer,
            language=pair.language,
            metadata=PairMetadataOut.of(pair.metadata),
            auto_generated=pair.auto_generated,
            needs_review=pair.needs_review,
            review=pair.review,
            notices=list(pair.notices),
        )


class StageForm(Struct, kw_only=True, forbid_unknown_fields=True):
    file: Upload
    metadata: dict[str, Any] = {}


class StagedOut(Struct, kw_only=True):
    file_id: str
    draft_id: str
    extracted_pairs: list[ChunkOut]
    total_pairs: int
    warnings: list[str]


class NewChunk(Struct, kw_only=True, forbid_unknown_fields=True):
    question: QuestionText
    answer: AnswerText
    metadata: PairMetadataIn | None = None

    def to_pair(self) -> NewPair:
        return NewPair(self.question, self.answer, changes_of(self.metadata))


class AddChunksIn(Struct, kw_only=True, forbid_unknown_fields=True):
    chunks: Annotated[list[NewChunk], Meta(min_length=1, max_length=5000)]
    draft_id: Id | None = None


class AddChunksOut(Struct, kw_only=True):
    draft_id: str
    chunks: list[ChunkOut]
    total_pairs: int


class ChunkUpdateIn(Struct, kw_only=True, forbid_unknown_fields=True):
    chunk_id: Id
    question: QuestionText | None = None
    answer: AnswerText | None = None
    metadata: PairMetadataIn | None = None

    def to_update(self) -> ChunkUpdate:
        return ChunkUpdate(self.chunk_id, self.question, self.answer, changes_of(self.metadata))


class EditChunksIn(Struct, kw_only=True, forbid_unknown_fields=True):
    draft_id: Id
    updates: Annotated[list[ChunkUpdateIn], Meta(min_length=1, max_length=5000)]


class EditChunksOut(Struct, kw_only=True):
    draft_id: str
    updated: int


class ChunkDeleted(Struct, kw_only=True):
    chunk_id: str
    draft_id: str
    status: str = "deleted"


class FileDeleted(Struct, kw_only=True):
    file_id: str
    chunks_deleted: int
    status: str = "deleted"


class CommitIn(Struct, kw_only=True, forbid_unknown_fields=True):
    draft_id: Id
    action: Literal["commit", "discard"] = "commit"
    dry_run: bool = False


class CommitOut(Struct, kw_only=True):
    draft_id: str
    status: str
    document_ids: list[str]
    pairs_committed: int
    reindexed: bool


class DraftFile(Struct, kw_only=True):
    file_id: str
    filename: str
    size_bytes: int
    warnings: list[str]


class DraftOut(Struct, kw_only=True):
    draft_id: str
    status: DraftStatus
    job_id: str | None
    files: list[DraftFile]
    document_ids: list[str]
    pairs_committed: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    links: dict[str, str]

    @staticmethod
    def of(draft: Draft) -> "DraftOut":
        return DraftOut(**_draft_fields(draft))


def _draft_fields(draft: Draft) -> dict[str, Any]:
    return {
        "draft_id": draft.id,
        "status": draft.status,
        "job_id": draft.job_id,
        "files": [
            DraftFile(file_id=f.file_id, filename=f.name, size_bytes=f.size_bytes, warnings=list(f.warnings))
            for f in draft.files
        ],
        "document_ids": list(draft.document_ids),
        "pairs_committed": draft.pairs_committed,
        "created_at": draft.created_at,
        "updated_at": draft.updated_at,
        "expires_at": draft.expires_at,
        "links": draft_links(draft.id),
    }


def draft_links(draft_id: str) -> dict[str, str]:
    return {"self": f"/api/v1/knowledge/drafts/{draft_id}", "commit": "/api/v1/knowledge/commit"}


class DraftWithChunks(DraftOut, kw_only=True):
    chunks: list[ChunkOut]
    total_pairs: int


class DraftList(Struct, kw_only=True):
    drafts: list[DraftOut]
    pagination: Pagination


class KnowledgeController(Controller):
    path = "/api/v1/knowledge"
    tags = ("knowledge",)

    @get("/contract", operation_id="getKnowledgeContract")
    async def contract(self, caller: Caller, views: NamedDependency[TenantViews]) -> Envelope[ContractOut]:
        """What may be uploaded: formats, limits, the schema of a pair file."""
        return ok(ContractOut.of((await views.of(caller.tenant_id)).settings.limits))

    @post(
        "/upload",
        status_code=201,
        operation_id="stageFile",
        opt=rules(upload=True, raises=(InvalidFormat, PayloadTooLarge)),
    )
    async def upload(
        self, data: MultipartBody[StageForm], caller: Caller, stage_file: NamedDependency[StageFile]
    ) -> Envelope[StagedOut]:
        """Read one file into a draft of its own."""
        file = IncomingFile(data.file.filename or "unnamed", await data.file.read(), data.file.content_type)
        staged = await stage_file(caller, file, data.metadata)
        out = StagedOut(
            file_id=staged.file_id,
            draft_id=staged.draft_id,
            extracted_pairs=[ChunkOut.of(pair) for pair in staged.pairs],
            total_pairs=len(staged.pairs),
            warnings=list(staged.warnings),
        )
        return created(out, links=draft_links(staged.draft_id))

    @post("/chunks", status_code=201, operation_id="addChunks", opt=rules(raises=(NotFound, Conflict)))
    async def add(
        self, data: JSONBody[AddChunksIn], caller: Caller, add_chunks: NamedDependency[AddChunks]
    ) -> Envelope[AddChunksOut]:
        """Add pairs by hand to a draft, or to a new one."""
        draft, added, total = await add_chunks(caller, data.draft_id, [chunk.to_pair() for chunk in data.chunks])
        out = AddChunksOut(draft_id=draft.id, chunks=[ChunkOut.of(pair) for pair in added], total_pairs=total)
        return created(out, links=draft_links(draft.id))

    @patch("/chunks", operation_id="editChunks", opt=rules(raises=(NotFound, Conflict)))
    async def edit(
        self, data: JSONBody[EditChunksIn], caller: Caller, edit_chunks: NamedDependency[EditChunks]
    ) -> Envelope[EditChunksOut]:
        """Change staged pairs of one draft, all or none."""
        updated = await edit_chunks(caller, data.draft_id, [update.to_update() for update in data.updates])
        return ok(EditChunksOut(draft_id=data.draft_id, updated=updated), links=draft_links(data.draft_id))

    @delete("/chunks/{chunk_id:str}", status_code=200, operation_id="deleteChunk", opt=rules(raises=(NotFound,)))
    async def delete_chunk(
        self, chunk_id: FromPath[Id], caller: Caller, remove_staged: NamedDependency[RemoveStaged]
    ) -> Envelope[ChunkDeleted]:
        """Take a pair out of the staging area."""
        pair = await remove_staged.chunk(caller, chunk_id)
        return ok(ChunkDeleted(chunk_id=chunk_id, draft_id=pair.draft_id), links=draft_links(pair.draft_id))

    @delete("/files/{file_id:str}", status_code=200, operation_id="deleteStagedFile", opt=rules(raises=(NotFound,)))
    async def delete_file(
        self, file_id: FromPath[Id], caller: Caller, remove_staged: NamedDependency[RemoveStaged]
    ) -> Envelope[FileDeleted]:
        """Take everything that came from a file out of the staging area."""
        removed = await remove_staged.file(caller, file_id)
        return ok(FileDeleted(file_id=file_id, chunks_deleted=removed))

    @post("/commit", status_code=200, operation_id="commitDraft", opt=rules(raises=(NotFound, Conflict)))
    async def commit(
        self, data: JSONBody[CommitIn], caller: Caller, commit_draft: NamedDependency[CommitDraft]
    ) -> Envelope[CommitOut]:
        """Move a draft's pairs into production, or throw them away; exactly once, however often it is asked for."""
        done = await commit_draft(caller, data.draft_id, data.action, dry_run=data.dry_run)
        out = CommitOut(
            draft_id=done.draft_id,
            status=done.status,
            document_ids=list(done.document_ids),
            pairs_committed=done.pairs_committed,
            reindexed=done.reindexed,
        )
        return ok(out, links=draft_links(done.draft_id))

    @get("/drafts", operation_id="listDrafts", dependencies=paged("created_at", "expires_at"))
    async def drafts(
        self,
        paging: Paging,
        caller: Caller,
        browse_drafts: NamedDependency[BrowseDrafts],
        status: FromQuery[DraftStatus | None] = None,
    ) -> Envelope[DraftList]:
        """List drafts."""
        found = await browse_drafts.page(caller, paging, status)
        drafts = [DraftOut.of(draft) for draft in found.items]
        return page(DraftList(drafts=drafts, pagination=Pagination.of(found)), found)

    @get("/drafts/{draft_id:str}", operation_id="getDraft", opt=rules(raises=(NotFound,)))
    async def draft(
        self, draft_id: FromPath[Id], caller: Caller, browse_drafts: NamedDependency[BrowseDrafts]
    ) -> Envelope[DraftWithChunks]:
        """A draft with its pairs; looking at it renews its life."""
        draft, pairs = await browse_drafts.one(caller, draft_id)
        chunks = [ChunkOut.of(pair) for pair in pairs]
        out = DraftWithChunks(chunks=chunks, total_pairs=len(chunks), **_draft_fields(draft))
        return ok(out, links=draft_links(draft_id))
