"""One connection to a database, and in which words it is refused."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from adapters.storage.postgres.errors import translated
from domain.errors import Conflict, ServiceUnavailable

CONNECT_SECONDS = 10.0


async def connect(url: str, **settings: str) -> Any:
    """A connection with these settings of its session. Raises `ServiceUnavailable` when nobody answers, and
    `Conflict` when the server does but does not know the database or the user."""
    try:
        with translated():
            return await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings=settings)
    except ServiceUnavailable as refusal:
        raise ServiceUnavailable(f"The database at {_place(url)} cannot be reached.") from refusal
    except (asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError) as refusal:
        raise Conflict(f"The database at {_place(url)} refuses us: {refusal}.") from refusal


def _place(url: str) -> str:
    """Without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or "".join(parse_qs(parts.query).get("host", ()))
    return f"{host}{parts.path}"
