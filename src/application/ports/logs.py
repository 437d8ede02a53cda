"""Log lines that stay searchable."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from domain.paging import Page, PageRequest

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, redacted. `source` is a dotted name: `retrieval.qdrant`."""

    at: datetime
    level: str
    source: str
    message: str
    tenant_id: str | None = None
    """None: the service's own."""
    request_id: str | None = None
    trace_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What a search looks at."""
        return " ".join((self.message, *map(str, self.fields.values())))


@dataclass(frozen=True, slots=True)
class LogFilter:
    """`source` also finds what is below it: `retrieval` finds `retrieval.qdrant`. `q` is part of the text."""

    level: str | None = None
    source: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


class LogBook(Protocol):
    """Keeps lines per tenant, the service's own for the tenant of its operators."""

    @property
    def dropped(self) -> int:
        """Lines that were lost because they came faster than they could be kept."""
        ...

    def write(self, line: LogLine) -> None:
        """Takes the line in, from any thread. Never waits and never raises."""
        ...

    async def flush(self) -> None:
        """What was taken in can be found by every process. Raises `ServiceUnavailable`, and keeps the lines
        for the next time."""
        ...

    async def page(self, tenant_id: str, wanted: LogFilter, request: PageRequest) -> Page[LogLine]:
        """Newest first; `sort` is `timestamp` or `-timestamp`. A cursor that is not ours raises `InvalidInput`."""
        ...

    async def erase(self, tenant_id: str, traces: Collection[str]) -> int:
        """Removes the tenant's lines of these traces; how many."""
        ...

    async def forget(self, before: datetime) -> int:
        """Removes older lines of all tenants; how many."""
        ...


class LogContext(Protocol):
    """Gives every line that is logged inside it the ids of what it is about."""

    def about(self, **ids: str | None) -> AbstractContextManager[None]: ...
