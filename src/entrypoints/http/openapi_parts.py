"""The parts of the OpenAPI document that are the same for every route."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from entrypoints.http.error_catalogue import ERROR_PAGES
from entrypoints.http.errors import CODES, RETRY_AFTER

DESCRIPTION = """Answers customers' questions from approved knowledge, and hands over to a person when it should not.

Every JSON answer has the same envelope; every error code has a [page](/docs/errors). Send
`Authorization: Bearer <token>`; each operation names the scope it needs."""


def response_name(status: int, *, own_standard: bool = False) -> str:
    """The component that describes a refusal; paths that speak a standard of their own have its shape."""
    return f"Standard{status}" if own_standard else CODES[status]


def error_responses() -> Iterator[tuple[str, dict[str, Any]]]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}}
    for status, code in CODES.items():
        headers = {name: {"schema": {"type": "string"}} for name in _headers_of(code)}
        meaning = ERROR_PAGES[code].meaning
        yield response_name(status), {"description": meaning, "headers": headers, "content": content}
        phrase = HTTPStatus(status).phrase
        standard = f"{phrase}, in the shape of the standard that this path speaks."
        yield response_name(status, own_standard=True), {"description": standard}


def _headers_of(code: str) -> tuple[str, ...]:
    named = {"UNAUTHORIZED": ("WWW-Authenticate",), "METHOD_NOT_ALLOWED": ("Allow",)}
    return ("X-Request-ID", *named.get(code, ()), *(("Retry-After",) if code in RETRY_AFTER else ()))


def security_schemes() -> dict[str, Any]:
    scopes = {"read": "Read.", "write": "Read and write.", "admin": "Everything.", "chat": "Chat from a web page."}
    flow = {"tokenUrl": "/oauth/token", "scopes": scopes}
    return {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or an access token."},
        "oauth2": {"type": "oauth2", "flows": {"clientCredentials": flow}},
    }
