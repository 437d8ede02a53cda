"""The public events: every type, its schema, and how it is seen in what happened in the domain.

Two names for one happening (`query.completed` and `chat.response.generated`, say) are two views of one
domain event.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain import events as happened
from domain.aggregates import Event
from domain.canonical import rfc3339

Schema = Mapping[str, Any]
Source = str | Callable[[Any, datetime], Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
OBJECT: Schema = {"type": "object"}
OBJECTS: Schema = {"type": "array", "items": OBJECT}
TEXTS: Schema = {"type": "array", "items": TEXT}
TIME: Schema = {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class Field:
    """A member of `data`: its schema, and the attribute or function that it comes from."""

    schema: Schema
    source: Source | None = None

    def of(self, name: str, event: Event, at: datetime) -> Any:
        source = self.source or name
        return source(event, at) if callable(source) else getattr(event, source)


@dataclass(frozen=True, slots=True)
class EventType:
    """A public event type. `shows` is the domain event it is a view of, if it is one."""

    name: str
    shows: type[Event] | None
    description: str
    fields: Mapping[str, Field]

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of `data`. More members may come; none of these goes."""
        return {
            "type": "object",
            "properties": {name: dict(field.schema) for name, field in self.fields.items()},
            "required": list(self.fields),
        }

    def view(self, event: Event, at: datetime) -> dict[str, Any]:
        return {name: field.of(name, event, at) for name, field in self.fields.items()}


def _type(name: str, shows: type[Event] | None, text: str, /, **fields: Schema | Field) -> EventType:
    typed = {key: field if isinstance(field, Field) else Field(field) for key, field in fields.items()}
    return EventType(name, shows, text, typed)


def _said(value: Any, schema: Schema = TEXT) -> Field:
    return Field(schema, lambda event, at: value)


_NOW = Field(TIME, lambda event, at: rfc3339(at))
_JOB: dict[str, Schema | Field] = {"job_id": TEXT, "job_type": TEXT}
_ORIGIN: dict[str, Schema | Field] = {
    "source_metadata": OBJECT,
    "user_id": TEXT_OR_NULL,
    "session_id": TEXT_OR_NULL,
}

CATALOGUE: tuple[EventType, ...] = (
    _type("query.submitted", happened.QuestionReceived, "A question was received.",
          query_id=TEXT, question=TEXT, user_id=TEXT_OR_NULL, session_id=TEXT_OR_NULL),
    _type("chat.message.received", happened.QuestionReceived, "A message was received in a conversation.",
          message=Field(TEXT, "question"), query_id=TEXT, session_id=TEXT_OR_NULL, user_id=TEXT_OR_NULL),
    _type("query.completed", happened.QuestionAnswered, "A question was answered.",
          query_id=TEXT, question=TEXT, answer=TEXT, confidence=SHARE, sources=OBJECTS, **_ORIGIN),
    _type("chat.response.generated", happened.QuestionAnswered, "A message was answered.",
          message=Field(TEXT, "question"), query_id=TEXT, answer=TEXT, sources=OBJECTS, confidence=SHARE,
          processing_time_ms=COUNT, **_ORIGIN),
    _type("query.escalated", happened.QuestionEscalated, "A question was handed to a person.",
          query_id=TEXT_OR_NULL, escalation_id=TEXT, reason=TEXT, escalation_category=TEXT, priority=TEXT,
          **_ORIGIN),
    _type("chat.escalated", happened.QuestionEscalated, "A conversation was handed to a person.",
          escalation_id=TEXT, query_id=TEXT_OR_NULL, reason=TEXT, escalation_reason=Field(TEXT, "reason"),
          priority=TEXT, escalation_priority=Field(TEXT, "priority"),
          operator_id=Field(TEXT_OR_NULL, "assigned_operator_id"), assigned_operator_id=TEXT_OR_NULL,
          assigned_operator_name=TEXT_OR_NULL, conversation_summary=TEXT, last_message=TEXT, **_ORIGIN),
    _type("query.failed", happened.QuestionFailed, "A question could not be answered.",
          query_id=TEXT, error_code=TEXT, error_message=TEXT, **_ORIGIN),
    _type("document.uploaded", happened.UploadAccepted, "A file was uploaded.",
          job_id=TEXT, filename=TEXT, size_bytes=COUNT),
    _type("knowledge.document.uploaded", happened.UploadAccepted, "A file is in the staging area.",
          document_id=Field(TEXT, "file_id"), name=Field(TEXT, "filename"), size=Field(COUNT, "size_bytes"),
          staging_id=Field(TEXT, "file_id")),
    _type("document.processing_started", happened.ProcessingStarted, "An upload is being processed.",
          job_id=TEXT, files_count=COUNT),
    _type("document.qa_extracted", happened.PairsExtracted, "Q&A pairs were extracted.",
          job_id=TEXT, qa_count=COUNT, warnings=OBJECTS),
    _type("document.ingested", happened.DocumentIngested, "A document is live.",
          job_id=TEXT_OR_NULL, document_id=TEXT, name=TEXT, qa_ingested=COUNT, time_ms=COUNT),
    _type("knowledge.document.indexed", happened.DocumentIngested, "A document can be found by search.",
          document_id=TEXT, name=TEXT, external_document_id=TEXT_OR_NULL,
          chunks_count=Field(COUNT, "qa_ingested"), status=_said("indexed"), total_size_bytes=COUNT,
          metadata=OBJECT, embeddings_model=TEXT, vector_store=TEXT,
          processing_time_ms=Field(COUNT, "time_ms")),
    _type("document.ingestion_failed", happened.IngestionFailed, "A document could not be ingested.",
          job_id=TEXT_OR_NULL, document_id=TEXT, name=TEXT, error_code=TEXT, error_message=TEXT),
    _type("knowledge.document.failed", happened.IngestionFailed, "A document could not be indexed.",
          document_id=TEXT, name=TEXT, external_document_id=TEXT_OR_NULL, status=_said("failed"),
          error_code=TEXT, error_message=TEXT, error=Field(TEXT, "error_message"),
          retry_count=COUNT, max_retries=COUNT, next_retry=_said(None, TEXT_OR_NULL)),
    _type("document.deleted", happened.DocumentArchived, "A document was archived.",
          document_id=TEXT, qa_archived=COUNT),
    _type("job.started", happened.JobStarted, "A job began.", **_JOB),
    _type("job.progress", happened.JobProgressed, "A job went on; at most one a second and job.",
          progress=SHARE, eta_seconds=NUMBER_OR_NULL, **_JOB),
    _type("job.completed", happened.JobCompleted, "A job is done.", result=OBJECT, **_JOB),
    _type("job.failed", happened.JobFailed, "A job failed.", error_code=TEXT, error_message=TEXT, **_JOB),
    _type("job.cancelled", happened.JobCancelled, "A job was cancelled.", cancelled_by=TEXT, **_JOB),
    _type("session.created", happened.SessionOpened, "A session began.",
          session_id=TEXT, user_id=TEXT_OR_NULL, timestamp=_NOW),
    _type("session.message", happened.MessageAdded, "A session got a message.",
          session_id=TEXT, message_id=TEXT, content=TEXT, role=TEXT, user_id=TEXT_OR_NULL),
    _type("session.closed", happened.SessionClosed, "A session was closed or expired.",
          session_id=TEXT, user_id=TEXT_OR_NULL, turn_count=COUNT, duration_ms=COUNT),
    _type("session.ended", happened.SessionClosed, "A session ended.",
          session_id=TEXT, user_id=TEXT_OR_NULL, timestamp=_NOW, message_count=COUNT,
          duration=Field(NUMBER, lambda event, at: event.duration_ms / 1000)),
    _type("analysis.classification.completed", happened.PairsClassified, "Pairs were classified.",
          document_id=TEXT, classifications=OBJECTS, processing_time_ms=COUNT),
    _type("system.health_changed", happened.HealthChanged, "A part of the service changed its health.",
          status=TEXT, affected_components=TEXTS),
    _type("system.config_updated", happened.ConfigUpdated, "The configuration was changed.",
          changed_fields=TEXTS, applied_at=TEXT),
    _type("system.quota_exceeded", happened.QuotaExceeded, "A limit was reached.",
          user_id=TEXT_OR_NULL, quota_type=TEXT, limit=COUNT),
    _type("error.occurred", happened.ErrorOccurred, "Something went wrong.",
          error_code=TEXT, error_message=TEXT, severity=TEXT),
    _type("escalation.assigned", happened.EscalationAssigned, "A person took an escalation.",
          escalation_id=TEXT, session_id=TEXT_OR_NULL, operator_id=TEXT),
    _type("escalation.resolved", happened.EscalationResolved, "An escalation was resolved.",
          escalation_id=TEXT, session_id=TEXT_OR_NULL, operator_id=TEXT_OR_NULL, answer=TEXT_OR_NULL),
    _type("external.event", happened.ExternalEventReceived, "Another system sent an event.",
          webhook_event_id=TEXT, event_type=TEXT, source=TEXT, event_name=TEXT, user_id=TEXT_OR_NULL,
          action=TEXT_OR_NULL, details=OBJECT),
    _type("webhook.delivery_failed", happened.DeliveryFailed, "A delivery was given up.",
          webhook_id=TEXT, event_id=TEXT, last_error=TEXT),
    _type("webhook.disabled", happened.WebhookDisabled, "A webhook was deactivated by the service.",
          webhook_id=TEXT, event_id=TEXT_OR_NULL, last_error=TEXT),
)  # fmt: skip

TEST = _type("webhook.test", None, "A test of a webhook; goes out only when asked for.",
             message=TEXT, webhook_id=TEXT)  # fmt: skip

TYPES: Mapping[str, EventType] = {item.name: item for item in (*CATALOGUE, TEST)}
EVERYTHING = "*"


def _by_class() -> dict[type[Event], tuple[EventType, ...]]:
    classes = {item.shows for item in CATALOGUE if item.shows}
    return {shown: tuple(item for item in CATALOGUE if item.shows is shown) for shown in classes}


_VIEWS = _by_class()


def public_views(event: Event, at: datetime) -> list[tuple[str, dict[str, Any]]]:
    """What subscribers see of a domain event: `(type, data)` for each of its public names."""
    return [(shown.name, shown.view(event, at)) for shown in _VIEWS.get(type(event), ())]


def matches(subscription: str, event_type: str) -> bool:
    """Whether a name, a prefix (`document.*`) or `*` covers the type. Nothing covers `webhook.test`."""
    if event_type == TEST.name:
        return False
    if subscription == EVERYTHING:
        return True
    if subscription.endswith(".*"):
        return event_type.startswith(subscription[:-1])
    return subscription == event_type


def covering(event_type: str) -> tuple[str, ...]:
    """Every subscription that covers the type: its name, its prefixes, and `*`."""
    parts = event_type.split(".")
    prefixes = [".".join(parts[:count]) + ".*" for count in range(1, len(parts))]
    return tuple(dict.fromkeys((event_type, *prefixes, EVERYTHING)))


def subscribes(subscriptions: Iterable[str], event_type: str) -> bool:
    return any(matches(subscription, event_type) for subscription in subscriptions)


def can_be_subscribed(subscription: str) -> bool:
    """Whether any event will ever match."""
    return any(matches(subscription, item.name) for item in CATALOGUE)
