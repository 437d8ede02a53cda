"""Fetches documents that others named, through the address guard."""

import asyncio
from contextlib import AbstractContextManager
from typing import Protocol

import aiohttp

from application.ports.outbound import BlockedTarget, Fetched
from domain.errors import DeadlineExceeded, InvalidInput, ServiceUnavailable

CHUNK = 64 * 1024


class Gate(Protocol):
    def connector(self, limit: int = 100) -> aiohttp.TCPConnector: ...

    def admitted(self, url: str) -> AbstractContextManager[None]: ...


class GuardedFetcher:
    def __init__(self, gate: Gate, user_agent: str) -> None:
        self._gate, self._user_agent = gate, user_agent

    async def fetch(self, url: str, max_bytes: int, seconds: float) -> Fetched:
        try:
            async with asyncio.timeout(seconds):
                return await self._get(url, max_bytes)
        except TimeoutError as error:
            text = f"The document did not arrive within {seconds:g} s."
            raise DeadlineExceeded(text, field="document_url") from error
        except BlockedTarget as error:
            raise _refused() from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(getattr(error, "os_error", None), BlockedTarget) or isinstance(error, aiohttp.InvalidURL):
                raise _refused() from error
            raise ServiceUnavailable("The document could not be fetched.", field="document_url") from error

    async def _get(self, url: str, max_bytes: int) -> Fetched:
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity"}
        with self._gate.admitted(url):
            # A session for each fetch: nothing of one is left for the next.
            async with (
                aiohttp.ClientSession(
                    connector=self._gate.connector(1), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False,
                    auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None), headers=headers,
                ) as session,
                session.get(url, allow_redirects=False) as response,
            ):  # fmt: skip
                return await _read(response, max_bytes)

    async def close(self) -> None:
        """Nothing is held open."""


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> Fetched:
    if response.status == 429 or response.status >= 500:
        raise ServiceUnavailable(f"The document's address answered {response.status}.", field="document_url")
    if response.status != 200:
        raise InvalidInput(f"The document's address answered {response.status}.", field="document_url")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise InvalidInput("The document came compressed though that was not asked for.", field="document_url")
    parts, length = [], 0
    async for part in response.content.iter_chunked(CHUNK):
        length += len(part)
        if length > max_bytes:
            response.close()
            details = {"max_bytes": max_bytes}
            raise InvalidInput("The document is too large.", field="document_url", details=details)
        parts.append(part)
    return Fetched(b"".join(parts), response.content_type.lower(), dict(response.headers))


def _refused() -> InvalidInput:
    return InvalidInput("blocked_target: this address may not be fetched.", field="document_url")
