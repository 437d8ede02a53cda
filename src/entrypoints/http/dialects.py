"""Paths that speak a standard of their own: their errors have that standard's shape, not the envelope's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from entrypoints.http.envelope import ErrorEnvelope


@dataclass(frozen=True, slots=True)
class Dialect:
    prefix: str
    render: Callable[[ErrorEnvelope, int], Any]
    media_type: str = "application/json"


_OAUTH = {401: "invalid_client", 403: "unauthorized_client", 429: "temporarily_unavailable", 500: "server_error"}


def _oauth(error: ErrorEnvelope, status: int) -> dict[str, str]:
    """RFC 6749, 5.2. A route names a narrower error (`invalid_grant`) as the code of its problem."""
    own = error.errors[0].code
    name = own if own.islower() else _OAUTH.get(min(status, 500), "invalid_request")
    return {"error": name, "error_description": error.error.message}


def _openai(error: ErrorEnvelope, status: int) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    first = error.errors[0]
    return {
        "error": {
            "message": error.error.message,
            "type": {401: "authentication_error", 429: "rate_limit_error"}.get(status, kind),
            "param": first.field,
            "code": first.code.lower(),
        }
    }


def _json_rpc(error: ErrorEnvelope, status: int) -> dict[str, Any]:
    """JSON-RPC 2.0: -32700 is what cannot be parsed, -32600 an invalid request, -32603 an internal error."""
    unreadable = error.errors[0].details.get("expected") in ("JSON", "UTF-8")
    code = -32603 if status >= 500 else -32700 if unreadable else -32600
    data = {"code": error.error.code, "trace_id": error.error.trace_id}
    return {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": error.error.message, "data": data}}


def _problem(error: ErrorEnvelope, status: int) -> dict[str, Any]:
    """RFC 9457."""
    return {
        "type": error.errors[0].docs,
        "title": error.error.code,
        "status": status,
        "detail": error.error.message,
        "trace_id": error.error.trace_id,
    }


DIALECTS = (
    Dialect("/oauth/token", _oauth),
    Dialect("/v1/", _openai),
    Dialect("/mcp", _json_rpc),
    Dialect("/.well-known/", _problem, "application/problem+json"),
    Dialect("/schema/", _problem, "application/problem+json"),
)


def dialect_of(path: str) -> Dialect | None:
    return next((dialect for dialect in DIALECTS if path.startswith(dialect.prefix)), None)
