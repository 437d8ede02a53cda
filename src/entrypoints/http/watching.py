"""Requests seen from outside: a span around each, numbers about each, a word about those that went wrong."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Send

from application import metrics
from application.ports.telemetry import Meters, Tracer
from application.use_cases.watching import ReportError
from domain.access import Principal, Scope, Tier
from entrypoints.http.calls import Call, lower_headers
from entrypoints.http.security import Authenticate

UNSEEN = frozenset({"/livez", "/readyz", "/health", "/metrics", "/api/v1/ping", "/api/v1/health"})
"""Asked every few seconds by machines; a span of each would bury the rest."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
NO_ROUTE = "none"
METRICS_PATH = "/metrics"

Observer = Callable[[Call, int, float], None]


@dataclass(frozen=True, slots=True)
class TracedBorder:
    """Around the border, which then takes the span for the caller's: ids in answers, logs and jobs are those
    of the trace."""

    app: ASGIApp
    tracer: Tracer

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in UNSEEN:
            await self.app(scope, receive, send)
            return
        given = lower_headers(scope["headers"]).get("traceparent")
        known = {"span.kind": "server", "http.request.method": scope.get("method", "WEBSOCKET")}
        with self.tracer.span("request", known, parent=given) as span:
            inside: Any = _continued(scope, self.tracer.traceparent)
            status = _Status(send)
            try:
                await self.app(inside, receive, status)
            finally:
                call = Call.of(inside)
                span.say(_seen(call, status.status))
                if status.status >= 500:
                    span.fail(str(status.status))


class _Status:
    """The `send` of one request, remembering how it was answered."""

    __slots__ = ("send", "status")

    def __init__(self, send: Send) -> None:
        self.send, self.status = send, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self.send(message)


def _continued(scope: Any, traceparent: str | None) -> dict[str, Any]:
    if traceparent is None:
        return dict(scope)
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"traceparent"]
    return {**scope, "headers": [*others, (b"traceparent", traceparent.encode())]}


def _seen(call: Call, status: int) -> dict[str, Any]:
    return {
        "span.name": f"{call.method} {call.route or NO_ROUTE}",
        "http.route": call.route,
        "http.response.status_code": status or None,
        "supportrag.request_id": call.request_id,
        "supportrag.tenant": call.principal.tenant_id if call.principal else None,
    }


@dataclass(frozen=True, slots=True)
class RequestMeter:
    """Counts and times answers by route; never by anything that callers make up."""

    meters: Meters

    def __call__(self, call: Call, status: int, seconds: float) -> None:
        method = call.method if call.method in _METHODS else "OTHER"
        route = call.route or NO_ROUTE
        self.meters.count(metrics.REQUESTS, method=method, route=route, status=str(status))
        self.meters.observe(metrics.REQUEST_TIMES, seconds, method=method, route=route)


@dataclass(frozen=True, slots=True)
class ErrorReporter:
    """Tells of every 500, after it was answered."""

    report: ReportError
    pending: set["asyncio.Task[None]"] = field(default_factory=set)

    def __call__(self, call: Call, status: int, seconds: float) -> None:
        if status == 500:
            tenant = call.principal.tenant_id if call.principal else None
            self._later(self.report(tenant, f"{call.method} {call.route or NO_ROUTE}", _kind(call.failure)))

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)


def _kind(failure: Exception | None) -> str:
    """Of the error itself, where the framework has wrapped it."""
    return type(failure.__cause__ or failure).__qualname__ if failure else "Error"


@dataclass(frozen=True, slots=True)
class WithScraper:
    """An `Authenticate` that also knows the token with which metrics are scraped, good for nothing else."""

    authenticate: Authenticate
    token: str | None
    own_tenant: str

    async def __call__(self, token: str | None, tenant: str | None, call: Call) -> Principal:
        if call.path == METRICS_PATH and tenant is None and self._is_scraper(token or ""):
            return Principal(self.own_tenant, frozenset({Scope.ADMIN}), Tier.ENTERPRISE)
        return await self.authenticate(token, tenant, call)

    def _is_scraper(self, token: str) -> bool:
        return self.token is not None and hmac.compare_digest(token.encode(), self.token.encode())
