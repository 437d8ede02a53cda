"""Spans by OpenTelemetry, sent as OTLP over HTTP from a thread of their own."""

import asyncio
import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from application.ports.telemetry import Attributes, Span

Clean = Callable[[str], str]
"""Takes personal data and secrets out of a text."""

_PROPAGATOR = TraceContextTextMapPropagator()
_CONTENT = {"input.value": "langfuse.observation.input", "output.value": "langfuse.observation.output"}
"""What was asked and answered leaves the service only for a Langfuse that was configured to get it."""
_KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "consumer": SpanKind.CONSUMER}
_SHUTDOWN_MILLIS = 5000


@dataclass(frozen=True, slots=True)
class Target:
    """Where spans go: the address that takes them, and what lets them in."""

    url: str
    headers: Mapping[str, str]


def otlp(endpoint: str) -> Target:
    """Of a collector, whose own settings (`OTEL_EXPORTER_OTLP_HEADERS` …) the exporter reads itself."""
    return Target(f"{endpoint.rstrip('/')}/v1/traces", {})


def langfuse(host: str, public_key: str, secret_key: str) -> Target:
    credentials = base64.b64encode(f"{public_key}:{secret_key}".encode()).decode()
    url = f"{host.rstrip('/')}/api/public/otel/v1/traces"
    return Target(url, {"Authorization": f"Basic {credentials}", "x-langfuse-ingestion-version": "4"})


def exporter(target: Target) -> SpanExporter:
    return OTLPSpanExporter(endpoint=target.url, headers=dict(target.headers) or None, timeout=5)


class OtelTracer:
    def __init__(self, version: str, exporters: Sequence[SpanExporter], content: Clean | None = None) -> None:
        """With `content`, spans also carry what was asked and answered, as it leaves that."""
        resource = Resource.create({"service.name": "supportrag", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        for each in exporters:
            self._provider.add_span_processor(BatchSpanProcessor(each))
        self._tracer = self._provider.get_tracer("supportrag", version)
        self._content = content

    @property
    def traceparent(self) -> str | None:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier.get("traceparent")

    @contextmanager
    def span(self, name: str, attributes: Attributes | None = None, parent: str | None = None) -> Iterator[Span]:
        context = _PROPAGATOR.extract({"traceparent": parent}, Context()) if parent else None
        opened = OtelSpan(self._start(name, attributes, context), self._content)
        with trace.use_span(opened.span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield opened
            except BaseException as error:
                opened.fail(type(error).__qualname__)
                raise

    def begin(self, name: str, attributes: Attributes | None = None) -> Span:
        return OtelSpan(self._start(name, attributes, None), self._content)

    async def close(self) -> None:
        """What is left is sent, for a few seconds at most."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with suppress(Exception):  # nothing that is left to send may keep the process from ending
            self._provider.force_flush(_SHUTDOWN_MILLIS)
        self._provider.shutdown()

    def _start(self, name: str, attributes: Attributes | None, context: Context | None) -> trace.Span:
        given = dict(attributes or {})
        kind = _KINDS.get(given.pop("span.kind", ""), SpanKind.INTERNAL)
        return self._tracer.start_span(name, context, kind, _fit(given, self._content))


class OtelSpan:
    def __init__(self, span: trace.Span, content: Clean | None) -> None:
        self.span, self._content = span, content

    def say(self, attributes: Attributes) -> None:
        given = dict(attributes)
        name = given.pop("span.name", None)
        if name is not None:
            self.span.update_name(name)
        self.span.set_attributes(_fit(given, self._content))

    def fail(self, kind: str) -> None:
        self.span.set_status(Status(StatusCode.ERROR, kind))
        self.span.set_attribute("error.type", kind)

    def end(self) -> None:
        self.span.end()


def _fit(attributes: Attributes, content: Clean | None) -> dict[str, Any]:
    """What a span can hold; texts of people only with `content`."""
    kept = {name: _value(value) for name, value in attributes.items() if value is not None and name not in _CONTENT}
    if content is not None:
        kept |= {of: content(str(attributes[name])) for name, of in _CONTENT.items() if attributes.get(name)}
    return kept


def _value(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(str(item) for item in value)
    return str(value)
