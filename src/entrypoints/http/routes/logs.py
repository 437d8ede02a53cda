"""The service's own log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from msgspec import Meta, Struct

from application.ports.logs import LogFilter, LogLine
from application.use_cases.logs import BrowseLogs
from domain.access import Scope
from domain.errors import ServiceUnavailable
from domain.paging import Page
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
Part = Annotated[str, Meta(min_length=1, max_length=200)]


class LogLineOut(Struct, kw_only=True):
    timestamp: datetime
    level: str
    source: str
    message: str
    request_id: str | None
    trace_id: str | None
    fields: Mapping[str, Any]

    @staticmethod
    def of(line: LogLine) -> "LogLineOut":
        return LogLineOut(
            timestamp=line.at,
            level=line.level,
            source=line.source,
            message=line.message,
            request_id=line.request_id,
            trace_id=line.trace_id,
            fields=line.fields,
        )


class LogLines(Struct, kw_only=True):
    logs: list[LogLineOut]
    total: int
    pagination: Pagination

    @staticmethod
    def of(found: Page[LogLine]) -> "LogLines":
        lines = [LogLineOut.of(line) for line in found.items]
        return LogLines(logs=lines, total=found.total, pagination=Pagination.of(found))


class LogsController(Controller):
    path = "/api/v1/logs"
    tags = ("observability",)

    @get(
        "/",
        operation_id="listLogs",
        dependencies=paged("timestamp", default="-timestamp"),
        opt=rules(scope=Scope.ADMIN, raises=(ServiceUnavailable,)),
    )
    async def browse(
        self,
        paging: Paging,
        caller: Caller,
        browse_logs: NamedDependency[BrowseLogs],
        level: FromQuery[Level | None] = None,
        source: FromQuery[Part | None] = None,
        request_id: FromQuery[Id | None] = None,
        trace_id: FromQuery[Id | None] = None,
        since: FromQuery[datetime | None] = None,
        until: FromQuery[datetime | None] = None,
        q: FromQuery[Part | None] = None,
    ) -> Envelope[LogLines]:
        """Search the log; a source also finds what is below it."""
        wanted = LogFilter(level, source, request_id, trace_id, since, until, q)
        found = await browse_logs(caller, wanted, paging)
        return page(LogLines.of(found), found)
