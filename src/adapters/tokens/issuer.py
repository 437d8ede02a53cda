"""Tokens of another authority, by the keys that it publishes (RFC 7517)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import structlog

from adapters.tokens.jose import EXTERNAL_ALGORITHMS, parts, verified
from application.ports.system import Clock
from domain.errors import ServiceUnavailable
from domain.tokens import bad_token

log = structlog.get_logger(__name__)

FRESH_SECONDS = 600.0
"""For how long fetched keys are used without asking again."""
ASK_AGAIN_SECONDS = 30.0
"""No more than one fetch in this time, however many unknown key ids callers make up."""
STALE_SECONDS = 86_400.0
"""For how long known keys are used while the issuer cannot be reached."""
PATIENCE = 5.0
MAX_BYTES = 1 << 20

Keys = Sequence[Mapping[str, Any]]


class JwksIssuer:
    def __init__(self, jwks_url: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url, self._clock = jwks_url, clock
        self._http = httpx.AsyncClient(timeout=PATIENCE, trust_env=False, transport=transport)
        self._keys: Keys = ()
        self._fetched_at = self._asked_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def read(self, token: str) -> Mapping[str, Any]:
        header, _ = parts(token)
        if header.get("alg") not in EXTERNAL_ALGORITHMS:
            raise bad_token("it is signed in a way that is not accepted")
        key = await self._key(header.get("kid"))
        return verified(token, [key], EXTERNAL_ALGORITHMS)[1]

    async def close(self) -> None:
        await self._http.aclose()

    async def _key(self, key_id: Any) -> Mapping[str, Any]:
        if not self._is_younger(FRESH_SECONDS):
            await self._refresh()
        found = self._find(key_id)
        if found is None:
            await self._refresh()
            found = self._find(key_id)
        if found is None:
            raise bad_token("the issuer publishes no such key")
        return found

    def _find(self, key_id: Any) -> Mapping[str, Any] | None:
        if not self._is_younger(STALE_SECONDS):
            raise ServiceUnavailable("The issuer's keys cannot be had.", retry_after=ASK_AGAIN_SECONDS)
        if key_id is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.get("kid") == key_id), None)

    def _is_younger(self, seconds: float) -> bool:
        return self._clock.now().timestamp() - self._fetched_at < seconds

    async def _refresh(self) -> None:
        """At most one at a time, and not again too soon; keys that are known stay when it fails."""
        async with self._fetching:
            now = self._clock.now().timestamp()
            if now - self._asked_at < ASK_AGAIN_SECONDS:
                return
            self._asked_at = now
            try:
                self._keys = await self._fetch()
            except (httpx.HTTPError, ValueError) as error:
                log.warning("jwks_out_of_reach", error=type(error).__name__)
                return
            self._fetched_at = now

    async def _fetch(self) -> Keys:
        """Raises `ValueError` for what is no set of keys. Secret keys in it are left out: they would make it
        possible to sign with what everybody can read."""
        response = await self._http.get(self._url)
        response.raise_for_status()
        if len(response.content) > MAX_BYTES:
            raise ValueError("too large")
        found = response.json()
        keys = found.get("keys") if isinstance(found, dict) else None
        if not isinstance(keys, list):
            raise ValueError("no set of keys")
        return [key for key in keys if isinstance(key, dict) and _is_for_signatures(key)]


def _is_for_signatures(key: Mapping[str, Any]) -> bool:
    return key.get("kty") in {"RSA", "EC", "OKP"} and key.get("use", "sig") == "sig"
