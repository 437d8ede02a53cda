"""What calls to messengers' APIs have in common: time, tries, and words that hold no secret."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from domain.errors import ServiceUnavailable

TRIES = 3
PAUSE_SECONDS = 0.2
LONGEST_WAIT = 3.0
"""A messenger that wants to be left alone for longer is: the caller hears when to come again."""
TIMEOUT = aiohttp.ClientTimeout(total=10.0, connect=3.0)


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    said: Mapping[str, Any]
    """The JSON object of the answer; empty when it is none."""
    retry_after: float

    @property
    def words(self) -> str:
        return f"{str(self.said.get('description') or self.said.get('error') or 'an error')[:200]} (HTTP {self.status})"


class Upstream:
    """POSTs JSON to one API. Tried again is what did not arrive: refused connections, 429, and 5xx.

    An answer that did not come in time may have been acted upon, so that it is not. (aiohttp, because httpx
    logs every address, and Telegram's hold the token.)"""

    def __init__(self, name: str, base: str, headers: Mapping[str, str] | None = None) -> None:
        self._name, self._base, self._headers = name, base, dict(headers or {})
        self._session: aiohttp.ClientSession | None = None

    async def post(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was answered below 500 but 429. Raises `ServiceUnavailable`."""
        attempt = 1
        while True:
            words, wait = "could not be reached", PAUSE_SECONDS * attempt
            answered = await self._once(method, body)
            if answered is not None:
                if answered.status != 429 and answered.status < 500:
                    return answered.said
                words, wait = answered.words, max(wait, answered.retry_after)
            if wait > LONGEST_WAIT:
                raise self.away(words, wait)
            if attempt == TRIES:
                raise self.away(words)
            await asyncio.sleep(wait)
            attempt += 1

    async def _once(self, method: str, body: Mapping[str, Any]) -> Answered | None:
        """`None` when nobody was there."""
        try:
            async with self._open().post(self._base + method, json=dict(body), allow_redirects=False) as response:
                said = _object(await response.read())
                return Answered(response.status, said, _asked_wait(response.headers, said))
        except aiohttp.ClientConnectorError:
            return None
        except TimeoutError:
            raise self.away("did not answer in time") from None
        except aiohttp.ClientError:
            raise self.away("broke off its answer") from None

    def away(self, words: str, retry_after: float | None = None) -> ServiceUnavailable:
        return ServiceUnavailable(f"{self._name}: {words}", retry_after=retry_after)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=TIMEOUT, trust_env=False)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _asked_wait(headers: Mapping[str, str], said: Mapping[str, Any]) -> float:
    """Seconds by the header (Slack) or the body (Telegram)."""
    header = headers.get("Retry-After", "")
    if header.isdigit():
        return float(header[:6])
    parameters = said.get("parameters")
    asked = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(asked) if isinstance(asked, int | float) else 0.0
