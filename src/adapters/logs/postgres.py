"""The log in PostgreSQL: lines wait in this process and are written many at a time."""

import json
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from adapters.logs import cursors
from application.ports.logs import LogFilter, LogLine
from domain.errors import ServiceUnavailable
from domain.paging import Page, PageRequest

WAITING = 10_000
"""Lines that wait at most; when the database is away for longer, the oldest go."""
AT_ONCE = 1000
_FORGET_AT_ONCE = 5000

_WRITE = """
INSERT INTO logs (tenant_id, at, level, source, message, request_id, trace_id, fields, searched)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9)
"""
_FORGET = """
WITH gone AS (DELETE FROM logs WHERE seq IN (SELECT seq FROM logs WHERE at < $1 LIMIT $2) RETURNING 1)
SELECT count(*) FROM gone
"""
_ERASE = """
WITH gone AS (DELETE FROM logs WHERE tenant_id = $1 AND trace_id = ANY($2) RETURNING 1) SELECT count(*) FROM gone
"""
_SELECT = "SELECT seq, tenant_id, at, level, source, message, request_id, trace_id, fields::text AS fields FROM logs"


class PostgresLogBook:
    def __init__(self, open_transaction: Callable[[str | None], Any], own_tenant: str) -> None:
        self._open, self._own_tenant = open_transaction, own_tenant
        self._waiting: deque[LogLine] = deque()
        self.dropped = 0

    def write(self, line: LogLine) -> None:
        self._waiting.append(line)
        while len(self._waiting) > WAITING:
            self._waiting.popleft()
            self.dropped += 1

    async def flush(self) -> None:
        while self._waiting:
            lines = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            try:
                async with self._open(None) as transaction:
                    await transaction.fetch_each(_WRITE, [self._row(line) for line in lines])
                    await transaction.commit()
            except ServiceUnavailable:
                self._waiting.extendleft(reversed(lines))
                raise

    async def page(self, tenant_id: str, wanted: LogFilter, request: PageRequest) -> Page[LogLine]:
        args: list[Any] = []
        where = f" WHERE {_where(tenant_id, wanted, args)}"
        total_args = list(args)
        order, sign = ("DESC", "<") if request.descending else ("ASC", ">")
        beyond = ""
        if request.cursor is not None:
            beyond = f" AND seq {sign} {_hold(args, cursors.decode(request.cursor))}"
        limit, offset = _hold(args, request.limit + 1), _hold(args, request.offset)
        async with self._open(tenant_id) as transaction:
            total = await transaction.fetchval(f"SELECT count(*) FROM logs{where}", total_args)  # noqa: S608
            statement = f"{_SELECT}{where}{beyond} ORDER BY seq {order} LIMIT {limit} OFFSET {offset}"
            rows = await transaction.fetch(statement, args)
        kept = rows[: request.limit]
        has_next = len(rows) > request.limit
        cursor = cursors.encode(kept[-1]["seq"]) if has_next else None
        return Page(tuple(map(_line, kept)), int(total), request.limit, request.offset, has_next, cursor)

    async def erase(self, tenant_id: str, traces: Collection[str]) -> int:
        async with self._open(tenant_id) as transaction:
            gone = int(await transaction.fetchval(_ERASE, (tenant_id, sorted(traces))))
            await transaction.commit()
        return gone

    async def forget(self, before: datetime) -> int:
        gone = 0
        while True:
            async with self._open(None) as transaction:
                removed = int(await transaction.fetchval(_FORGET, (before, _FORGET_AT_ONCE)))
                await transaction.commit()
            gone += removed
            if removed < _FORGET_AT_ONCE:
                return gone

    def _row(self, line: LogLine) -> tuple[Any, ...]:
        tenant = line.tenant_id or self._own_tenant
        words = (line.level, line.source, line.message, line.request_id, line.trace_id)
        fields = json.dumps(dict(line.fields), default=str, ensure_ascii=False)
        return (tenant, line.at, *map(_storable, words), _storable(fields), _storable(line.text))


def _where(tenant_id: str, wanted: LogFilter, args: list[Any]) -> str:
    equal = {"tenant_id": tenant_id, "level": wanted.level}
    equal |= {"request_id": wanted.request_id, "trace_id": wanted.trace_id}
    parts = [f"{name} = {_hold(args, value)}" for name, value in equal.items() if value is not None]
    if wanted.source is not None:
        parts.append(f"starts_with(source || '.', {_hold(args, wanted.source + '.')})")
    if wanted.since is not None:
        parts.append(f"at >= {_hold(args, wanted.since)}")
    if wanted.until is not None:
        parts.append(f"at <= {_hold(args, wanted.until)}")
    if wanted.q is not None:
        parts.append(f"strpos(lower(searched COLLATE folding), {_hold(args, wanted.q.lower())}) > 0")
    return " AND ".join(parts)


def _hold(args: list[Any], value: Any) -> str:
    args.append(value)
    return f"${len(args)}"


def _storable(text: str | None) -> str | None:
    """Without what a database refuses; a log line must not be lost for a stray byte."""
    if text is None:
        return None
    return text.replace("\\u0000", "").replace("\0", "").encode("utf-8", "replace").decode()


def _line(row: Any) -> LogLine:
    fields = json.loads(row["fields"])
    words: Sequence[str] = ("at", "level", "source", "message", "tenant_id", "request_id", "trace_id")
    return LogLine(**{name: row[name] for name in words}, fields=fields)
