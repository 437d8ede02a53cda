"""What the database's errors mean to the rest of the program: by code, never by message."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from domain.errors import InvalidInput, ServiceUnavailable, StaleVersion

RETRY_AFTER_SECONDS = 1.0

_UNAVAILABLE = ("08", "53", "57", "25006")
"""Connection lost, out of resources, shut down or cancelled, and a standby that takes no writes."""
_LOST_RACES = ("40", "55P03")
"""Deadlock, serialisation, and a lock that was not to be had in time."""
_TOO_MUCH = ("54",)
"""A value larger than an index can hold."""


def unavailable() -> ServiceUnavailable:
    return ServiceUnavailable("The database cannot be reached.", retry_after=RETRY_AFTER_SECONDS)


@contextmanager
def translated() -> Iterator[None]:
    """Raises what a caller can act upon in place of what the driver says."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _meaning(error) from error
    except (OSError, TimeoutError, asyncpg.InternalClientError) as error:
        raise unavailable() from error


def is_loss(error: BaseException) -> bool:
    """Whether the connection is gone, and another one may do."""
    if isinstance(error, asyncpg.PostgresError):
        return _code(error).startswith(("08", "57"))
    return isinstance(error, OSError | asyncpg.InterfaceError)


def _meaning(error: asyncpg.PostgresError) -> Exception:
    code = _code(error)
    if code.startswith(_UNAVAILABLE):
        return unavailable()
    if code.startswith(_LOST_RACES):
        return StaleVersion()
    if code.startswith(_TOO_MUCH):
        return InvalidInput("A name, title or label is too long to be kept.")
    return error


def _code(error: asyncpg.PostgresError) -> str:
    return error.sqlstate or ""
