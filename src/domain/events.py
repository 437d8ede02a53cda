"""What happens in the service, said in the past tense. Public views of it are in `domain.catalogue`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.aggregates import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionReceived(Event):
    query_id: str
    question: str
    user_id: str | None
    session_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered(Event):
    query_id: str
    question: str
    answer: str
    confidence: float
    sources: tuple[Mapping[str, Any], ...]
    user_id: str | None
    session_id: str | None
    processing_time_ms: int
    source_metadata: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionEscalated(Event):
    query_id: str | None
    escalation_id: str
    reason: str
    escalation_category: str
    priority: str
    user_id: str | None
    session_id: str | None
    conversation_summary: str
    last_message: str
    assigned_operator_id: str | None = None
    assigned_operator_name: str | None = None
    source_metadata: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFailed(Event):
    query_id: str
    error_code: str
    error_message: str
    user_id: str | None = None
    session_id: str | None = None
    source_metadata: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadAccepted(Event):
    job_id: str
    file_id: str
    filename: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingStarted(Event):
    job_id: str
    files_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsExtracted(Event):
    job_id: str
    qa_count: int
    warnings: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentIngested(Event):
    job_id: str | None
    document_id: str
    name: str
    qa_ingested: int
    time_ms: int
    total_size_bytes: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)
    external_document_id: str | None = None
    embeddings_model: str = ""
    vector_store: str = ""
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionFailed(Event):
    job_id: str | None
    document_id: str
    name: str
    error_code: str
    error_message: str
    external_document_id: str | None = None
    retry_count: int = 0
    max_retries: int = 0
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentArchived(Event):
    document_id: str
    qa_archived: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted(Event):
    job_id: str
    job_type: str
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgressed(Event):
    job_id: str
    job_type: str
    progress: float
    eta_seconds: float | None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCompleted(Event):
    job_id: str
    job_type: str
    result: Mapping[str, Any]
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFailed(Event):
    job_id: str
    job_type: str
    error_code: str
    error_message: str
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCancelled(Event):
    job_id: str
    job_type: str
    cancelled_by: str
    trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(Event):
    session_id: str
    user_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAdded(Event):
    session_id: str
    message_id: str
    role: str
    content: str
    user_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed(Event):
    session_id: str
    user_id: str | None
    turn_count: int
    message_count: int
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsClassified(Event):
    document_id: str
    classifications: tuple[Mapping[str, Any], ...]
    processing_time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChanged(Event):
    status: str
    affected_components: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigUpdated(Event):
    changed_fields: tuple[str, ...]
    applied_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaExceeded(Event):
    user_id: str | None
    quota_type: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorOccurred(Event):
    error_code: str
    error_message: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationAssigned(Event):
    escalation_id: str
    session_id: str | None
    operator_id: str
    operator_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationResolved(Event):
    escalation_id: str
    session_id: str | None
    operator_id: str | None
    answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed(Event):
    webhook_id: str
    event_id: str
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDisabled(Event):
    webhook_id: str
    event_id: str | None
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalEventReceived(Event):
    """Another system told us of something; passed on to subscribers other than the webhook it came by."""

    webhook_event_id: str
    webhook_id: str
    event_type: str
    source: str
    event_name: str
    user_id: str | None
    action: str | None
    details: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: str | None = None
