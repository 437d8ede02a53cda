"""Every happening has its public views, and every view keeps to its schema."""

import dataclasses
import inspect
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args, get_type_hints

import pytest
from jsonschema import Draft202012Validator

from domain import events
from domain.aggregates import Event
from domain.asyncapi import asyncapi_document, body_schema
from domain.canonical import canonical_json
from domain.catalogue import CATALOGUE, TYPES, can_be_subscribed, matches, public_views, subscribes

NOW = datetime(2026, 1, 7, 10, 16, tzinfo=UTC)

CONTRACT = {
    "query.submitted": "query_id question user_id session_id",
    "chat.message.received": "message session_id user_id",
    "query.completed": "query_id question answer confidence sources user_id session_id",
    "chat.response.generated": "message answer sources confidence session_id user_id processing_time_ms",
    "query.escalated": "query_id reason escalation_category",
    "chat.escalated": "reason escalation_reason priority escalation_priority operator_id assigned_operator_id "
    "assigned_operator_name session_id user_id conversation_summary last_message",
    "query.failed": "query_id error_code error_message",
    "document.uploaded": "job_id filename size_bytes",
    "knowledge.document.uploaded": "document_id name size staging_id",
    "document.processing_started": "job_id files_count",
    "document.qa_extracted": "job_id qa_count warnings",
    "document.ingested": "job_id qa_ingested time_ms",
    "knowledge.document.indexed": "document_id name external_document_id chunks_count status total_size_bytes "
    "metadata embeddings_model vector_store processing_time_ms",
    "document.ingestion_failed": "job_id error_code error_message",
    "knowledge.document.failed": "document_id name external_document_id status error_code error_message error "
    "retry_count max_retries next_retry",
    "document.deleted": "document_id qa_archived",
    "job.started": "job_id job_type",
    "job.progress": "job_id job_type progress eta_seconds",
    "job.completed": "job_id job_type result",
    "job.failed": "job_id job_type error_code error_message",
    "job.cancelled": "job_id job_type cancelled_by",
    "session.created": "session_id user_id timestamp",
    "session.message": "session_id message_id content",
    "session.closed": "session_id turn_count duration_ms",
    "session.ended": "session_id duration message_count",
    "analysis.classification.completed": "document_id classifications processing_time_ms",
    "system.health_changed": "status affected_components",
    "system.config_updated": "changed_fields applied_at",
    "system.quota_exceeded": "user_id quota_type limit",
    "error.occurred": "error_code error_message severity",
    "escalation.assigned": "escalation_id session_id operator_id",
    "escalation.resolved": "escalation_id session_id operator_id answer",
    "webhook.delivery_failed": "webhook_id event_id last_error",
    "webhook.disabled": "webhook_id event_id last_error",
}

EVENT_CLASSES = [
    kind for _, kind in inspect.getmembers(events, inspect.isclass) if issubclass(kind, Event) and kind is not Event
]


def sample(kind: type[Event]) -> Event:
    """An event of the class with some value of the right type in every field."""
    hints = get_type_hints(kind)
    return kind(**{f.name: value_of(hints[f.name]) for f in dataclasses.fields(kind) if not f.name.startswith("_")})


def value_of(hint: Any) -> Any:
    if type(None) in get_args(hint):
        return None
    if hint in (str, int, float):
        return {str: "x", int: 3, float: 0.5}[hint]
    if getattr(hint, "__origin__", hint) is tuple:
        return (value_of(get_args(hint)[0]),)
    assert getattr(hint, "__origin__", None) is Mapping, hint
    return {"k": 1}


@pytest.mark.parametrize("kind", EVENT_CLASSES, ids=lambda kind: kind.__name__)
def test_every_happening_is_seen_from_outside_as_its_schema_says(kind: type[Event]) -> None:
    views = public_views(sample(kind), NOW)
    assert views
    for name, data in views:
        Draft202012Validator(TYPES[name].schema).validate(json.loads(canonical_json(data)))


@pytest.mark.parametrize(("name", "members"), CONTRACT.items())
def test_every_type_promises_what_the_contract_lists(name: str, members: str) -> None:
    assert set(members.split()) <= set(TYPES[name].schema["required"])


def test_a_chat_answer_gives_the_origin_back() -> None:
    answered = sample(events.QuestionAnswered)
    views = dict(public_views(answered, NOW))
    assert views["chat.response.generated"]["source_metadata"] == {"k": 1}


@pytest.mark.parametrize(
    ("subscription", "event_type", "expected"),
    [
        ("query.completed", "query.completed", True), ("query.completed", "query.failed", False),
        ("document.*", "document.ingested", True), ("document.*", "knowledge.document.indexed", False),
        ("knowledge.*", "knowledge.document.indexed", True), ("*", "job.failed", True),
        ("doc*", "document.deleted", False),
        ("*", "webhook.test", False), ("webhook.*", "webhook.test", False), ("webhook.test", "webhook.test", False),
    ],
)  # fmt: skip
def test_a_subscription_names_types_prefixes_or_everything(subscription: str, event_type: str, expected: bool) -> None:
    assert matches(subscription, event_type) is expected
    assert subscribes(("system.*", subscription), event_type) is expected


@pytest.mark.parametrize("name", ["webhook.test", "nothing.*", "query", "", "*.*", "query.complete", "**"])
def test_what_never_happens_cannot_be_subscribed(name: str) -> None:
    assert not can_be_subscribed(name)


def test_the_asyncapi_document_has_every_type_and_resolves() -> None:
    document = asyncapi_document("1.0.0")
    assert document["asyncapi"] == "3.0.0"
    assert set(document["components"]["messages"]) == set(TYPES)
    assert {item.name for item in CATALOGUE} == set(TYPES) - {"webhook.test"}
    for item in CATALOGUE:
        Draft202012Validator.check_schema(body_schema(item))
