"""Every log line of the process, from structlog and from the standard library alike, on one way out: given the
ids of its request, redacted, written as JSON or for a terminal, and handed to the log book."""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, ClassVar, TextIO

import structlog
from structlog.contextvars import get_contextvars

from adapters.logs.redaction import Redaction
from application.ports.logs import LogLine

_NOISY = ("aiohttp", "asyncio", "httpcore", "httpx", "httpx2", "openai", "opentelemetry", "saq", "urllib3", "pypdf")
"""Libraries that tell of every request: heard from WARNING on."""
_LAYERS = ("supportrag.", "application.use_cases.", "application.", "adapters.", "entrypoints.", "domain.")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {"DEBUG": 2, "INFO": 32, "WARNING": 33, "ERROR": 31, "CRITICAL": 35}


class LogLines(logging.Handler):
    """Open, it is the process's way to log; with the last one closed, all is as it was before the first."""

    _all_open: ClassVar[list["LogLines"]] = []
    _before: ClassVar[tuple[int, dict[str, Any]]]

    def __init__(
        self,
        level: str,
        form: str,
        redaction: Redaction,
        take: Callable[[LogLine], None],
        stream: TextIO | None = None,
    ) -> None:
        """`form` is json, console, or auto: console on a terminal. `take` gets every line, too."""
        super().__init__(level)
        self._stream = stream
        self._redaction, self._take = redaction, take
        self._render = rendered if form == "json" or (form == "auto" and not self._out.isatty()) else shown

    @property
    def _out(self) -> TextIO:
        return self._stream or sys.stderr

    def open(self) -> None:
        if not self._all_open:
            LogLines._before = logging.getLogger().level, structlog.get_config()
        self._all_open.append(self)
        logging.getLogger().addHandler(self)
        self._set_levels()

    def close(self) -> None:
        if self in self._all_open:
            self._all_open.remove(self)
            logging.getLogger().removeHandler(self)
            self._set_levels()
        super().close()

    def _set_levels(self) -> None:
        """As low as the lowest that is open."""
        if not self._all_open:
            level, config = self._before
            logging.getLogger().setLevel(level)
            structlog.configure(**config)
            return
        level = min(each.level for each in self._all_open)
        logging.getLogger().setLevel(level)
        for name in _NOISY:
            logging.getLogger(name).setLevel(max(level, logging.WARNING))
        structlog.configure(
            processors=[_for_the_standard_library],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.make_filtering_bound_logger(level),
            cache_logger_on_first_use=False,
        )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.line(record)
            self._take(line)
            self._out.write(self._render(line) + "\n")
        except Exception:
            self.handleError(record)

    def line(self, record: logging.LogRecord) -> LogLine:
        """The record as it may be seen."""
        debugging = record.levelno <= logging.DEBUG
        given = {**get_contextvars(), **_given(record), **_failure(record.exc_info, debugging)}
        ids = {name: given.pop(name, None) for name in ("tenant", "request_id", "trace_id")}
        return LogLine(
            at=datetime.fromtimestamp(record.created, UTC),
            level=record.levelname,
            source=source_of(record.name),
            message=self._redaction.message(_message(record)),
            tenant_id=ids["tenant"],
            request_id=ids["request_id"],
            trace_id=ids["trace_id"],
            fields=self._redaction.fields(given, debugging=debugging),
        )


def _for_the_standard_library(_: Any, name: str, event: Any) -> Any:
    """structlog's last step: the arguments of a standard logger's method."""
    exc_info = event.pop("exc_info", None) or (name == "exception")
    message = str(event.pop("event", ""))
    return (message,), {"extra": {"given": dict(event)}, "exc_info": exc_info}


def _given(record: logging.LogRecord) -> Mapping[str, Any]:
    given: Mapping[str, Any] | None = getattr(record, "given", None)
    if given is not None:
        return given
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _message(record: logging.LogRecord) -> str:
    if hasattr(record, "given"):
        return str(record.msg)
    with suppress(TypeError, ValueError):  # arguments that don't fit
        return record.getMessage()
    return str(record.msg)


def _failure(
    found: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None] | None,
    debugging: bool,
) -> dict[str, Any]:
    """What kind of error and where. Its own words may quote a person's: they are for debugging."""
    if not found or found[1] is None:
        return {}
    _, error, trace = found
    said = {"error": type(error).__qualname__, "stack": "".join(traceback.format_tb(trace))}
    return {**said, "error_message": str(error)} if debugging else said


def source_of(name: str) -> str:
    """`retrieval.qdrant` for `adapters.retrieval.qdrant`."""
    for layer in _LAYERS:
        if name.startswith(layer):
            return name.removeprefix(layer)
    return name


def rendered(line: LogLine) -> str:
    """One JSON object."""
    body = {
        "timestamp": line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": line.level,
        "source": line.source,
        "message": line.message,
        "tenant": line.tenant_id,
        "request_id": line.request_id,
        "trace_id": line.trace_id,
        **{name: value for name, value in line.fields.items() if name not in _RESERVED},
    }
    return json.dumps(body, ensure_ascii=False, default=str)


_RESERVED = frozenset({"timestamp", "level", "source", "message"})


def shown(line: LogLine) -> str:
    """For a terminal: the time, what happened, and the ids by which to find the rest."""
    stack = line.fields.get("stack", "")
    said = " ".join(f"{name}={value}" for name, value in line.fields.items() if name != "stack")
    ids = f" request_id={line.request_id} trace_id={line.trace_id}" if line.request_id else ""
    tenant = f" tenant={line.tenant_id}" if line.tenant_id else ""
    colour = _COLOURS.get(line.level, 0)
    head = f"{line.at:%H:%M:%S} \x1b[{colour}m{line.level:8}\x1b[0m {line.source}: {line.message}"
    return f"{head} {said}{tenant}{ids}{chr(10) if stack else ''}{stack}".rstrip()
