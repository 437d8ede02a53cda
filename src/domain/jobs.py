"""Long work: what state it is in, how far it is, and who is on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate
from domain.errors import Conflict
from domain.events import JobCancelled, JobCompleted, JobFailed, JobProgressed, JobStarted

LEASE = timedelta(seconds=30)
MAX_LOST_LEASES = 5
"""In a row, without any progress between them."""
MAX_TRIES = 12
LONGEST_PAUSE = timedelta(seconds=30)


class JobType(StrEnum):
    DOCUMENT_UPLOAD = "document_upload"
    INGESTION = "ingestion"
    BATCH = "batch_query"
    EVALUATION = "evaluation"
    REINDEX = "reindex"
    ERASURE = "erasure"
    INCOMING_MESSAGE = "incoming_message"
    DOCUMENT_FETCH = "document_fetch"
    CHANNEL_MESSAGE = "channel_message"


class JobStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    WAITING_INPUT = "waiting_input"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class JobError:
    code: str
    message: str


@dataclass(slots=True, kw_only=True)
class Job(Aggregate):
    type: JobType
    status: JobStatus = JobStatus.PENDING
    input: Mapping[str, Any] = field(default_factory=dict)
    done: int = 0
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    stage: str = "pending"
    """What it is at, in a word that users read: validating, indexing, evaluating."""
    result: Mapping[str, Any] = field(default_factory=dict)
    error: JobError | None = None
    created_by: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancel_requested: bool = False
    cancelled_by: str | None = None
    lease_until: datetime | None = None
    claim_id: str | None = None
    lost_leases: int = 0
    tries: int = 0
    """How often in a row something that it needs was away."""

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED

    @property
    def progress(self) -> float:
        if self.status is JobStatus.COMPLETED:
            return 1.0
        return round(min(1.0, self.done / self.total), 4) if self.total else 0.0

    @property
    def trace_id(self) -> str | None:
        """Of the request that it came of, where that is known."""
        given = self.input.get("traceparent")
        return str(given).split("-")[1] if given else self.input.get("trace_id")

    @property
    def _named(self) -> dict[str, Any]:
        """What each of its events says."""
        return {"job_id": self.id, "job_type": self.type, "trace_id": self.trace_id}

    def eta_seconds(self, now: datetime) -> float | None:
        """From the measured rate; `None` until something is done or when nothing is left to wait for."""
        if self.started_at is None or self.is_finished or not 0 < self.done <= self.total:
            return None
        rate = (now - self.started_at).total_seconds() / self.done
        return round(rate * (self.total - self.done), 1)

    def claim(self, now: datetime, claim_id: str) -> None:
        """Takes the job up, for the first time or after another process lost it."""
        if self.status is JobStatus.PROCESSING:
            self.lost_leases += 1
        first = self.started_at is None
        self.status, self.claim_id, self.lease_until, self.updated_at = (
            JobStatus.PROCESSING, claim_id, now + LEASE, now,
        )  # fmt: skip
        if first:
            self.started_at = now
            self.record(JobStarted(**self._named))

    def advance(self, now: datetime, *, done: int, succeeded: int | None = None, failed: int | None = None) -> None:
        self.done = done
        self.succeeded = self.succeeded if succeeded is None else succeeded
        self.failed = self.failed if failed is None else failed
        self.updated_at, self.lease_until = now, now + LEASE
        self.lost_leases = self.tries = 0
        self.record(JobProgressed(**self._named, progress=self.progress, eta_seconds=self.eta_seconds(now)))

    def renew(self, now: datetime) -> None:
        self.lease_until = now + LEASE

    def wait_for_input(self, now: datetime, result: Mapping[str, Any]) -> None:
        self.result, self.stage = result, "waiting_input"
        self._leave(now, JobStatus.WAITING_INPUT)

    def hand_back(self, now: datetime) -> None:
        """Returns an unfinished job to the queue, at shutdown."""
        self._leave(now, JobStatus.PENDING)

    def postpone(self, now: datetime, until: datetime) -> None:
        """Returns the job to the queue, to be taken up not before `until`."""
        self._leave(now, JobStatus.PENDING)
        self.lease_until = until

    def try_later(self, now: datetime) -> None:
        """Until what it needs may be there again: in 1, 2, 4 … 30 seconds."""
        self.postpone(now, now + min(LONGEST_PAUSE, timedelta(seconds=2**self.tries)))
        self.tries += 1

    def resume(self, now: datetime) -> None:
        """After the input it waited for: queued again."""
        if self.status is not JobStatus.WAITING_INPUT:
            raise Conflict(f"The job is {self.status}, it does not wait for input.")
        self._leave(now, JobStatus.PENDING)

    def complete(self, now: datetime, result: Mapping[str, Any]) -> None:
        self._require_unfinished()
        self.result, self.stage, self.completed_at = result, "completed", now
        self._leave(now, JobStatus.COMPLETED)
        self.record(JobCompleted(**self._named, result=result))

    def fail(self, now: datetime, code: str, message: str) -> None:
        self._require_unfinished()
        self.error, self.stage, self.completed_at = JobError(code, message), "failed", now
        self._leave(now, JobStatus.FAILED)
        self.record(JobFailed(**self._named, error_code=code, error_message=message))

    def cancel(self, now: datetime, by: str) -> None:
        self._require_unfinished()
        self.cancelled_by, self.stage, self.completed_at, self.cancel_requested = by, "cancelled", now, True
        self._leave(now, JobStatus.CANCELLED)
        self.record(JobCancelled(**self._named, cancelled_by=by))

    def _leave(self, now: datetime, status: JobStatus) -> None:
        self.status, self.updated_at = status, now
        self.claim_id = self.lease_until = None

    def _require_unfinished(self) -> None:
        if self.is_finished:
            raise Conflict(f"The job is {self.status} already.")


class ItemStatus(StrEnum):
    PENDING = "pending"
    SUCCESS = "success"
    ERROR = "error"


@dataclass(slots=True, kw_only=True)
class JobItem(Aggregate):
    """One question of a batch, one file of an upload: done once, its outcome kept."""

    job_id: str
    position: int
    key: str
    """The caller's own id, or the file's."""
    input: Mapping[str, Any] = field(default_factory=dict)
    status: ItemStatus = ItemStatus.PENDING
    output: Mapping[str, Any] = field(default_factory=dict)
    error: JobError | None = None

    def succeed(self, now: datetime, output: Mapping[str, Any]) -> None:
        self.status, self.output, self.updated_at = ItemStatus.SUCCESS, output, now

    def fail(self, now: datetime, code: str, message: str) -> None:
        self.status, self.error, self.updated_at = ItemStatus.ERROR, JobError(code, message), now

    def erase(self, now: datetime) -> None:
        """Nothing is left of what was asked and answered; what was not asked yet never will be."""
        self.input, self.output = {}, {}
        self.fail(now, "ERASED", "The data of the person who asked was erased.")
