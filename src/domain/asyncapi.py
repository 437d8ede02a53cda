"""The public events as an AsyncAPI 3 document."""

from collections.abc import Mapping
from typing import Any

from domain.catalogue import CATALOGUE, TEST, EventType

_TEXT = {"type": "string"}
_ATTEMPT = {"type": "integer", "minimum": 1}


def body_schema(kind: EventType) -> dict[str, Any]:
    """The JSON Schema of a whole delivery body."""
    properties: dict[str, Any] = {
        "webhook_id": _TEXT,
        "event_id": _TEXT,
        "event_type": {"const": kind.name},
        "timestamp": {"type": "string", "format": "date-time"},
        "retry_count": {"type": "integer", "minimum": 0},
        "delivery_attempt": _ATTEMPT,
        "data": {"anyOf": [kind.schema, {"$ref": "#/components/schemas/Truncated"}]},
        "metadata": {"$ref": "#/components/schemas/Metadata"},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _metadata_schema() -> dict[str, Any]:
    nullable = {"type": ["string", "null"]}
    properties = {
        "webhook_id": _TEXT,
        "delivery_attempt": _ATTEMPT,
        "signature": {"type": "string", "description": "Over the event id and `data` only."},
        "trace_id": nullable,
        "correlation_id": nullable,
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _truncated_schema() -> dict[str, Any]:
    properties = {"truncated": {"const": True}, "resource_url": _TEXT}
    return {"type": "object", "properties": properties, "required": list(properties)}


def _message(kind: EventType) -> dict[str, Any]:
    return {
        "name": kind.name,
        "summary": kind.description,
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": body_schema(kind),
    }


def _headers_schema() -> dict[str, Any]:
    names = (
        "X-Signature", "X-Webhook-Signature", "X-Webhook-Timestamp", "X-Webhook-ID", "X-Event-ID",
        "X-Event-Type", "X-Delivery-Attempt", "webhook-id", "webhook-timestamp", "webhook-signature",
    )  # fmt: skip
    return {"type": "object", "properties": dict.fromkeys(names, _TEXT), "required": list(names)}


def asyncapi_document(version: str) -> Mapping[str, Any]:
    """AsyncAPI 3.0: one channel, the address of a webhook, and one message per event type."""
    kinds = (*CATALOGUE, TEST)
    pointers = [{"$ref": f"#/channels/webhook/messages/{kind.name}"} for kind in kinds]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "SupportRAG events",
            "version": version,
            "description": "Events that the service posts to registered webhooks, at least once each.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "webhook": {
                "address": None,
                "description": "The URL that was registered by POST /api/v1/webhooks.",
                "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"} for kind in kinds},
            }
        },
        "operations": {"deliver": {"action": "send", "channel": {"$ref": "#/channels/webhook"}, "messages": pointers}},
        "components": {
            "messages": {kind.name: _message(kind) for kind in kinds},
            "schemas": {
                "Headers": _headers_schema(),
                "Metadata": _metadata_schema(),
                "Truncated": _truncated_schema(),
            },
        },
    }
