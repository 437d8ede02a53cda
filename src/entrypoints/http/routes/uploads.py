"""Files that knowledge is read out of."""

from typing import Annotated, Any

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import MultipartBody
from msgspec import Meta, Struct

from application.use_cases.ingestion import AcceptedUpload, AcceptUpload, IncomingFile, UploadRequest
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, pending
from entrypoints.http.forms import Upload
from entrypoints.http.routes.wire import Url
from entrypoints.http.security import Caller


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


class UploadsController(Controller):
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
