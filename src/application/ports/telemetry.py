"""What the outside learns of the running service: numbers to watch, and spans to follow one request by."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Attributes = Mapping[str, Any]


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    TIMES = "times"
    """A distribution of seconds."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`name` as it is scraped, a counter's with `_total`. No label may hold what a caller can choose freely,
    nor name a tenant."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


class Meters(Protocol):
    """Keeps numbers for whoever scrapes them. Never waits and never raises."""

    def count(self, metric: Metric, by: float = 1, **labels: str) -> None: ...

    def observe(self, metric: Metric, seconds: float, **labels: str) -> None: ...

    def set(self, metric: Metric, value: float, **labels: str) -> None: ...


class Span(Protocol):
    """Something that takes time, seen from outside."""

    def say(self, attributes: Attributes) -> None:
        """Values that are None are left out."""
        ...

    def fail(self, kind: str) -> None: ...

    def end(self) -> None: ...


class Tracer(Protocol):
    """Follows one request over its parts, its jobs and its processes. Never waits and never raises."""

    @property
    def traceparent(self) -> str | None:
        """What a job or another process is to continue (W3C Trace Context); None outside of any span."""
        ...

    def span(
        self, name: str, attributes: Attributes | None = None, parent: str | None = None
    ) -> AbstractContextManager[Span]:
        """What begins inside it is its child. `parent` is a `traceparent` to continue; else it is a child of
        the span it begins in. An exception that leaves it marks it as failed."""
        ...

    def begin(self, name: str, attributes: Attributes | None = None) -> Span:
        """A child of the current span that becomes nobody's parent and lasts until `end`."""
        ...


class _SilentSpan:
    def say(self, attributes: Attributes) -> None:
        """Nobody listens."""

    def fail(self, kind: str) -> None:
        """Nobody listens."""

    def end(self) -> None:
        """Nobody listens."""


class Silence:
    """Meters and a tracer to which nobody listens."""

    traceparent: str | None = None
    _span = _SilentSpan()

    def count(self, metric: Metric, by: float = 1, **labels: str) -> None:
        """Nobody counts."""

    def observe(self, metric: Metric, seconds: float, **labels: str) -> None:
        """Nobody measures."""

    def set(self, metric: Metric, value: float, **labels: str) -> None:
        """Nobody looks."""

    @contextmanager
    def span(self, name: str, attributes: Attributes | None = None, parent: str | None = None) -> Iterator[Span]:
        yield self._span

    def begin(self, name: str, attributes: Attributes | None = None) -> Span:
        return self._span


SILENCE = Silence()
