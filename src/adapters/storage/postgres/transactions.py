"""Connections and transactions: bounded in number and in time, bound to a tenant, and begun as late as can be."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import anyio
import asyncpg

from adapters.storage.postgres.errors import is_loss, translated, unavailable
from adapters.storage.postgres.migrations import missing_from
from domain.errors import ServiceUnavailable

T = TypeVar("T")
Connection = Any
"""asyncpg's pooled proxy of a connection."""

APP_ROLE = "supportrag_app"
ALL_TENANTS = "all_tenants"
BEGIN_SECONDS = 1.5
"""In which a transaction has a connection and a first answer, or the database counts as down."""
CLOSE_SECONDS = 5.0
"""In which open transactions may end before their connections are cut."""

_LIMITS = "SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '60s'"

_QUEUES = "SET LOCAL plan_cache_mode = 'force_custom_plan'"
"""Transactions over all tenants work on queues, whose tables fill and empty faster than statistics follow. A plan that
was kept from when a table was empty may well read the whole of it for one row, when it is no longer."""

_ROLE_CHECK = """
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER'))
"""

_UNBOUND = """
SELECT array_agg(relname::text ORDER BY relname) FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace AND NOT row_security_active(oid)
    AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'tenant_id' AND NOT attisdropped)
"""
"""Tables of tenants' rows in which the present role would see those of all."""


async def _keep(_: Connection) -> None:
    """Transactions change nothing of the session: there is nothing to reset between them."""


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str, connections: int, command_seconds: float) -> None:
        self._url, self._connections, self._command_seconds = url, connections, command_seconds
        self._pool: Any = None
        self._role: str | None = None

    async def open(self) -> None:
        """Raises `ServiceUnavailable` when the database is out of reach, or its schema older than the program."""
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self._connections,
            timeout=BEGIN_SECONDS,
            command_timeout=self._command_seconds,
            reset=_keep,
        )
        try:
            with translated():
                await self._check()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        with anyio.move_on_after(CLOSE_SECONDS):
            await pool.close()
        pool.terminate()

    async def begin(self, tenant_id: str, scope: str) -> Connection:
        """A connection with an open transaction. One that was lost while it lay in the pool is replaced."""
        with translated():
            async with asyncio.timeout(BEGIN_SECONDS):
                try:
                    return await self._begin(tenant_id, scope)
                except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                    if not is_loss(error):
                        raise
                    await self._pool.expire_connections()
                    return await self._begin(tenant_id, scope)

    async def release(self, connection: Connection, *, sound: bool = True) -> None:
        if not sound and not _is_gone(connection):
            connection.terminate()
        await self._pool.release(connection)

    async def _begin(self, tenant_id: str, scope: str) -> Connection:
        if self._pool is None:
            raise ServiceUnavailable("The store is not open.")
        connection = await self._pool.acquire()
        try:
            limits = f"{_LIMITS}; {_QUEUES}" if scope == ALL_TENANTS else _LIMITS
            await connection.execute(f"BEGIN; {limits}; {self._settings(tenant_id, scope)}")
        except BaseException:
            await self.release(connection, sound=False)
            raise
        return connection

    def _settings(self, tenant_id: str, scope: str) -> str:
        settings = {"app.tenant": tenant_id, "app.scope": scope} | ({"role": self._role} if self._role else {})
        return "SELECT " + ", ".join(f"set_config('{name}', {_text(value)}, true)" for name, value in settings.items())

    async def _check(self) -> None:
        async with self._pool.acquire(timeout=BEGIN_SECONDS) as connection:
            missing = await missing_from(connection)
            if missing:
                text = f"The database lacks {', '.join(missing)}: run `supportrag migrate`."
                raise ServiceUnavailable(text)
            self._role = APP_ROLE if await connection.fetchval(_ROLE_CHECK, APP_ROLE) else None
        await self._require_row_security()

    async def _require_row_security(self) -> None:
        connection = await self.begin("", "")
        try:
            unbound = await connection.fetchval(_UNBOUND)
        finally:
            await self.release(connection, sound=False)
        if unbound:
            text = (
                f"Row security does not bind this database user in {', '.join(unbound)}: "
                f"let it be a member of the role {APP_ROLE}."
            )
            raise ServiceUnavailable(text)


def _text(value: str) -> str:
    """A literal that no text can break out of, so that a transaction begins in one round trip."""
    return f"convert_from('\\x{value.encode().hex()}', 'UTF8')"


def _is_gone(connection: Connection) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool takes a connection back when it dies
        return True


@contextmanager
def _speaking_on(connection: Connection) -> Iterator[None]:
    try:
        with translated():
            yield
    except asyncpg.InterfaceError as error:
        if _is_gone(connection):
            raise unavailable() from error
        raise


class Transaction:
    """Begins with the first statement, takes one statement at a time, and is rolled back unless committed."""

    def __init__(self, database: Database, tenant_id: str, scope: str = "") -> None:
        self._database, self._tenant_id, self._scope = database, tenant_id, scope
        self._connection: Connection = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.roll_back()

    async def fetch(self, sql: str, args: Sequence[Any]) -> list[Any]:
        rows: list[Any] = await self._run(lambda connection: connection.fetch(sql, *args))
        return rows

    async def fetchval(self, sql: str, args: Sequence[Any]) -> Any:
        return await self._run(lambda connection: connection.fetchval(sql, *args))

    async def fetch_each(self, sql: str, rows: Iterable[Sequence[Any]]) -> list[Any]:
        """One statement for many rows, in one round trip; all that it returns."""
        found: list[Any] = await self._run(lambda connection: connection.fetchmany(sql, rows))
        return found

    async def commit(self) -> None:
        async with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                await self._finish(connection, "COMMIT")

    async def roll_back(self) -> None:
        """Also after a cancellation, and whatever state the connection is in."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with anyio.move_on_after(BEGIN_SECONDS, shield=True):
            try:
                await self._finish(connection, "ROLLBACK")
            except ServiceUnavailable:
                return  # the connection is closed, and the server rolls back what it carried

    async def _run(self, verb: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._lock:
            if self._connection is None:
                self._connection = await self._database.begin(self._tenant_id, self._scope)
            with _speaking_on(self._connection):
                return await verb(self._connection)

    async def _finish(self, connection: Connection, word: str) -> None:
        sound = False
        try:
            with _speaking_on(connection):
                status = await connection.execute(word)
            sound = True
        finally:
            await self._database.release(connection, sound=sound)
        if status != word:
            raise RuntimeError("A statement of this transaction failed: nothing of it was committed.")
