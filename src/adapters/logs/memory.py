"""The log of one process: the newest lines, as many as it may hold."""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import count

from adapters.logs import cursors
from application.ports.logs import LogFilter, LogLine
from domain.paging import Page, PageRequest

CAPACITY = 10_000


class MemoryLogBook:
    """A full book loses its oldest line for each new one: that is its size, not a loss."""

    dropped = 0

    def __init__(self, own_tenant: str, capacity: int = CAPACITY) -> None:
        self._own_tenant = own_tenant
        self._lines: deque[tuple[int, LogLine]] = deque(maxlen=capacity)
        self._numbers = count(1)

    def write(self, line: LogLine) -> None:
        self._lines.append((next(self._numbers), replace(line, tenant_id=line.tenant_id or self._own_tenant)))

    async def flush(self) -> None:
        """What is written is there."""

    async def page(self, tenant_id: str, wanted: LogFilter, request: PageRequest) -> Page[LogLine]:
        found = list(self._found(tenant_id, wanted))
        ordered = found[::-1] if request.descending else found
        rest = ordered
        if request.cursor is not None:
            last = cursors.decode(request.cursor)
            rest = [(n, line) for n, line in ordered if (n < last if request.descending else n > last)]
        window = rest[request.offset : request.offset + request.limit]
        has_next = len(rest) > request.offset + request.limit
        cursor = cursors.encode(window[-1][0]) if has_next and window else None
        lines = tuple(line for _, line in window)
        return Page(lines, len(found), request.limit, request.offset, has_next, cursor)

    async def erase(self, tenant_id: str, traces: Collection[str]) -> int:
        kept = [entry for entry in self._lines if entry[1].tenant_id != tenant_id or entry[1].trace_id not in traces]
        gone = len(self._lines) - len(kept)
        self._lines = deque(kept, maxlen=self._lines.maxlen)
        return gone

    async def forget(self, before: datetime) -> int:
        gone = 0
        while self._lines and self._lines[0][1].at < before:
            self._lines.popleft()
            gone += 1
        return gone

    def _found(self, tenant_id: str, wanted: LogFilter) -> Iterator[tuple[int, LogLine]]:
        for number, line in list(self._lines):
            if line.tenant_id == tenant_id and _matches(line, wanted):
                yield number, line


def _matches(line: LogLine, wanted: LogFilter) -> bool:
    return (
        wanted.level in (None, line.level)
        and (wanted.source is None or f"{line.source}.".startswith(f"{wanted.source}."))
        and wanted.request_id in (None, line.request_id)
        and wanted.trace_id in (None, line.trace_id)
        and (wanted.since is None or line.at >= wanted.since)
        and (wanted.until is None or line.at <= wanted.until)
        and (wanted.q is None or wanted.q.lower() in line.text.lower())
    )
