"""Long work: where it stands, what came of it, stopping it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from application.use_cases.jobs import BrowseJobs, CancelJob, JobSeen
from domain.errors import Conflict, NotFound
from domain.jobs import Job, JobItem, JobStatus, JobType
from domain.paging import Page
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller


class JobErrorOut(Struct, kw_only=True):
    code: str
    message: str


class JobOut(Struct, kw_only=True):
    job_id: str
    type: JobType
    status: JobStatus
    stage: str
    progress: float
    """0 to 1: items done of items known."""
    processed: int
    total: int
    succeeded: int
    failed: int
    eta_seconds: float | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    result: Mapping[str, Any]
    error: JobErrorOut | None
    links: dict[str, str]

    @staticmethod
    def of(seen: JobSeen) -> "JobOut":
        job = seen.job
        return JobOut(
            job_id=job.id,
            type=job.type,
            status=job.status,
            stage=job.stage,
            progress=job.progress,
            processed=job.done,
            total=job.total,
            succeeded=job.succeeded,
            failed=job.failed,
            eta_seconds=seen.eta_seconds,
            created_at=job.created_at,
            started_at=job.started_at,
            completed_at=job.completed_at,
            result=job.result,
            error=JobErrorOut(code=job.error.code, message=job.error.message) if job.error else None,
            links=job_links(job),
        )


def job_links(job: Job) -> dict[str, str]:
    own = f"/api/v1/jobs/{job.id}"
    links = {"self": own}
    if not job.is_finished:
        links["cancel"] = f"{own}/cancel"
    if job.type is JobType.BATCH:
        links["results"] = f"{own}/results"
    if eval_id := job.result.get("eval_id"):
        links["results"] = f"/api/v1/evaluation/results/{eval_id}"
    if review := job.result.get("review_url"):
        links["review"] = review
    return links


class JobList(Struct, kw_only=True):
    jobs: list[JobOut]
    pagination: Pagination


class CancelOut(Struct, kw_only=True):
    job_id: str
    status: JobStatus
    reason: str
    cancelled_at: datetime


class ItemOut(Struct, kw_only=True):
    id: str
    status: str
    result: Mapping[str, Any]
    error: JobErrorOut | None

    @staticmethod
    def of(item: JobItem) -> "ItemOut":
        error = JobErrorOut(code=item.error.code, message=item.error.message) if item.error else None
        return ItemOut(id=item.key, status=item.status, result=item.output, error=error)


class JobResults(Struct, kw_only=True):
    job_id: str
    status: JobStatus
    results: list[ItemOut]
    pagination: Pagination

    @staticmethod
    def of(job: Job, found: Page[JobItem]) -> "JobResults":
        items = [ItemOut.of(item) for item in found.items]
        return JobResults(job_id=job.id, status=job.status, results=items, pagination=Pagination.of(found))


class JobsController(Controller):
    path = "/api/v1/jobs"
    tags = ("jobs",)

    @get("/", operation_id="listJobs", dependencies=paged("created_at", "updated_at", "id"))
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_jobs: NamedDependency[BrowseJobs],
        status: FromQuery[JobStatus | None] = None,
        type: FromQuery[JobType | None] = None,  # noqa: A002 - the job's own word
    ) -> Envelope[JobList]:
        """List jobs."""
        found = await browse_jobs.page(caller, paging, status, type)
        jobs = [JobOut.of(seen) for seen in found.items]
        return page(JobList(jobs=jobs, pagination=Pagination.of(found)), found)

    @get("/{job_id:str}", operation_id="getJob", opt=rules(raises=(NotFound,)))
    async def one(
        self, job_id: FromPath[Id], caller: Caller, browse_jobs: NamedDependency[BrowseJobs]
    ) -> Envelope[JobOut]:
        """Where a job stands."""
        seen = await browse_jobs.one(caller, job_id)
        return ok(JobOut.of(seen), links=job_links(seen.job))

    @post("/{job_id:str}/cancel", status_code=200, operation_id="cancelJob", opt=rules(raises=(NotFound, Conflict)))
    async def cancel(
        self, job_id: FromPath[Id], caller: Caller, cancel_job: NamedDependency[CancelJob]
    ) -> Envelope[CancelOut]:
        """Stop a job that has not finished; what it has done stays done."""
        job = await cancel_job(caller, job_id)
        out = CancelOut(
            job_id=job.id, status=job.status, reason="User cancelled", cancelled_at=job.completed_at or job.updated_at
        )
        return ok(out, links=job_links(job))

    @get(
        "/{job_id:str}/results",
        operation_id="getJobResults",
        dependencies=paged("position", default="position"),
        opt=rules(raises=(NotFound,)),
    )
    async def results(
        self, job_id: FromPath[Id], paging: Paging, caller: Caller, browse_jobs: NamedDependency[BrowseJobs]
    ) -> Envelope[JobResults]:
        """The outcome of each item of a batch."""
        job, found = await browse_jobs.results(caller, job_id, paging)
        return page(JobResults.of(job, found), found, links={"job": f"/api/v1/jobs/{job_id}"})
