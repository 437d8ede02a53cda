"""What the border knows of one request: who asks, under which ids, and what the answer must carry."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from application.ports.system import Clock, Ids
from domain.access import Principal
from domain.errors import InvalidInput
from domain.ids import Prefix

API_VERSION = "1.0"
MAX_REQUEST_ID = 128

_KEY = "supportrag.call"
_PRINTABLE = re.compile(rf"[\x21-\x7e]{{1,{MAX_REQUEST_ID}}}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")

Headers = Mapping[str, str]
"""Header names in lower case; of a header sent twice, the first."""


@dataclass(slots=True)
class Call:
    """One request on its way through; everything later steps learn is written here."""

    request_id: str
    trace_id: str
    parent_id: str | None
    """The caller's span (16 hex digits), when a `traceparent` came with the request."""
    method: str
    path: str
    received_at: datetime
    started: float
    """Seconds of the monotonic clock."""
    now: Callable[[], datetime]
    given: Headers
    """The request's headers."""
    client: str | None = None
    """The client's address, behind trusted proxies the one they vouch for."""
    secure: bool = False
    client_version: str | None = None
    origin: str | None = None
    principal: Principal | None = None
    route: str | None = None
    """The path template of the route that answered."""
    failure: Exception | None = None
    refused: bool = False
    """Whether the answer is a refusal although its status does not say so, as in protocols of their own."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that the answer will carry, whatever it turns out to be."""

    @staticmethod
    def of(connection: Any) -> "Call":
        """Of a request, a socket or an ASGI scope."""
        call: Call = getattr(connection, "scope", connection)[_KEY]
        return call

    def attach(self, scope: Any) -> None:
        scope[_KEY] = self


def open_call(scope: Any, headers: Headers, clock: Clock, ids: Ids) -> Call:
    """The call of a fresh ASGI scope, whose ids are the caller's where they are usable."""
    given = headers.get("x-request-id", "")
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return Call(
        request_id=given if _PRINTABLE.fullmatch(given) else ids.new(Prefix.REQUEST),
        trace_id=trace[1] if trace else ids.trace_id(),
        parent_id=trace[2] if trace else None,
        method=scope.get("method", "WEBSOCKET"),
        path=scope["path"],
        received_at=clock.now(),
        started=clock.monotonic(),
        now=clock.now,
        given=headers,
        client_version=headers.get("x-client-version", "")[:64] or None,
        origin=headers.get("origin"),
    )


def lower_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case. Of a header sent twice the first counts, but two Authorization headers are none."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1").lower()
        if key == "authorization" and key in headers:
            headers[key] = ""
        headers.setdefault(key, value.decode("latin-1"))
    return headers


def check_request_id(headers: Headers) -> None:
    """A key that cannot be kept must be refused: replacing it silently would lose the promise of replay."""
    for name in ("x-request-id", "idempotency-key"):
        given = headers.get(name)
        if given and not _PRINTABLE.fullmatch(given):
            raise InvalidInput(
                f"{name} must be at most {MAX_REQUEST_ID} printable ASCII characters without spaces.",
                field=name,
                details={"max_length": MAX_REQUEST_ID, "provided_length": len(given)},
            )


def zulu(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond: `2026-01-07T10:15:30.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
