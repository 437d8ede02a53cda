"""OAuth 2.0: access tokens for keys (client credentials), the keys that sign them, tokens of another issuer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from application.ports.delivery import Cipher
from application.ports.storage import SIGNING_KEYS, Store
from application.ports.system import Clock, Ids
from application.ports.tokens import ExternalIssuer, TokenSigner
from application.remembering import Remembered
from domain.access import PLATFORM_TENANT, Principal, Scope, Tier
from domain.tokens import (
    LEEWAY,
    OWN_AUDIENCE,
    OWN_ISSUER,
    PUBLISHED_BEFORE_USE,
    SIGNING_KEY_AGE,
    Claims,
    SigningKey,
    bad_token,
    check_claims,
    scopes_in,
    signing_key_of,
)

REMEMBERED = timedelta(seconds=5)
"""For how long our keys are used without reading them again, and a signature that was proved is believed."""
ASK_AGAIN = timedelta(seconds=1)
"""A made-up key id makes nobody read the store more often than this."""


def key_context(key_id: str) -> str:
    return f"signing-key:{key_id}"


class SigningKeys:
    """The pairs of keys that sign access tokens: one for all processes, followed by another in time."""

    def __init__(
        self, store: Store, signer: TokenSigner, cipher: Cipher, clock: Clock, ids: Ids, token_seconds: int
    ) -> None:
        self._store, self._signer, self._cipher = store, signer, cipher
        self._clock, self._ids = clock, ids
        self._lifetime = timedelta(seconds=token_seconds)
        self._keys: list[SigningKey] = []
        self._read_at: datetime | None = None
        self._changing = asyncio.Lock()

    async def signing(self) -> tuple[SigningKey, str]:
        """The key to sign with now, and its private half. The first is made when it is asked for; one that grows
        old is followed by another, published before it signs."""
        async with self._changing:
            key = signing_key_of(await self._known(), self._clock.now())
            if key is None or (private := self._opened(key)) is None:
                key = await self.rotate(at_once=True)
                return key, self._cipher.open(key.sealed_private, key_context(key.id))
            if self._is_old(key):
                await self.rotate()
            return key, private

    async def rotate(self, *, at_once: bool = False) -> SigningKey:
        """A new key. Those before it stay published until what they sign has expired."""
        now = self._clock.now()
        key = self._new_key(now, now if at_once else now + PUBLISHED_BEFORE_USE)
        async with self._store.begin(PLATFORM_TENANT) as uow:
            for old in await uow[SIGNING_KEYS].list(()):
                if not old.is_published(now):
                    await uow[SIGNING_KEYS].remove(old.id)
                elif old.retired_at is None:
                    old.retired_at = key.signs_from + self._lifetime
                    await uow[SIGNING_KEYS].save(old)
            await uow[SIGNING_KEYS].save(key)
            await uow.commit()
        self._read_at = None
        return key

    async def published(self, wanted: str | None = None) -> list[Mapping[str, Any]]:
        """The public halves, as JSON Web Keys; `wanted` is a key id that makes us look again when it is unknown."""
        keys = await self._known()
        if wanted is not None and all(key.id != wanted for key in keys):
            keys = await self._known(ASK_AGAIN)
        now = self._clock.now()
        return [key.public for key in keys if key.is_published(now)]

    async def _known(self, no_older_than: timedelta = REMEMBERED) -> list[SigningKey]:
        now = self._clock.now()
        if self._read_at is None or now - self._read_at >= no_older_than:
            async with self._store.begin(PLATFORM_TENANT) as uow:
                self._keys = await uow[SIGNING_KEYS].list(())
            self._read_at = now
        return self._keys

    def _new_key(self, now: datetime, signs_from: datetime) -> SigningKey:
        key_id = self._ids.new("kid")
        pair = self._signer.new_pair(key_id)
        sealed = self._cipher.seal(pair.private, key_context(key_id))
        return SigningKey(
            id=key_id,
            created_at=now,
            updated_at=now,
            public=pair.public,
            sealed_private=sealed,
            signs_from=signs_from,
        )

    def _opened(self, key: SigningKey) -> str | None:
        """None for a key sealed with a master key that is gone."""
        try:
            return self._cipher.open(key.sealed_private, key_context(key.id))
        except ValueError:
            return None

    def _is_old(self, key: SigningKey) -> bool:
        now = self._clock.now()
        is_followed = any(other.signs_from > key.signs_from for other in self._keys)
        return not is_followed and now - key.signs_from > SIGNING_KEY_AGE


@dataclass(frozen=True, slots=True)
class Issued:
    access_token: str
    expires_in: int
    scopes: tuple[Scope, ...]


class OwnTokens:
    """Short-lived access tokens that stand for a key."""

    def __init__(self, keys: SigningKeys, signer: TokenSigner, clock: Clock, ids: Ids, token_seconds: int) -> None:
        self._keys, self._signer, self._clock, self._ids = keys, signer, clock, ids
        self._seconds = token_seconds
        self._proved: Remembered[Claims] = Remembered(clock, REMEMBERED)

    async def issue(self, principal: Principal, scopes: tuple[Scope, ...]) -> Issued:
        _, private = await self._keys.signing()
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": OWN_ISSUER,
            "aud": OWN_AUDIENCE,
            "sub": principal.key_id,
            "client_id": principal.key_id,
            "tenant_id": principal.tenant_id,
            "scope": " ".join(scope.value for scope in scopes),
            "iat": now,
            "exp": now + self._seconds,
            "jti": self._ids.new("tok"),
        }
        return Issued(self._signer.sign(private, claims), self._seconds, scopes)

    def is_ours(self, token: str) -> bool:
        return self._signer.issuer_of(token) == OWN_ISSUER

    async def claims(self, token: str) -> Claims:
        """Raises `Unauthorized` unless we signed it and it holds now."""
        claims = self._proved.recall(token) or self._proved.keep(token, await self._read(token))
        check_claims(claims, OWN_ISSUER, OWN_AUDIENCE, self._clock.now())
        return claims

    async def _read(self, token: str) -> Claims:
        return self._signer.read(token, await self._keys.published(self._signer.key_id_of(token)))


class ExternalTokens:
    """Tokens of the issuer that is configured. The claim `tenant_id` says whose they are, `tier` is optional."""

    def __init__(self, issuer: ExternalIssuer, name: str, audience: str, clock: Clock) -> None:
        self._issuer, self._name, self._audience, self._clock = issuer, name, audience, clock
        self._proved: Remembered[Claims] = Remembered(clock, REMEMBERED)

    async def principal(self, token: str) -> Principal:
        """Raises `Unauthorized`; also for the platform, whose administrators nobody else can make."""
        claims = self._proved.recall(token) or self._proved.keep(token, await self._issuer.read(token))
        check_claims(claims, self._name, self._audience, self._clock.now(), LEEWAY)
        tenant_id, subject = claims.get("tenant_id"), claims.get("sub")
        if not isinstance(tenant_id, str) or not 1 <= len(tenant_id) <= 128 or tenant_id == PLATFORM_TENANT:
            raise bad_token("its claim tenant_id names no tenant")
        if not isinstance(subject, str) or not subject:
            raise bad_token("its claim sub is missing")
        return Principal(
            tenant_id=tenant_id,
            scopes=scopes_in(claims),
            tier=_tier(claims.get("tier")),
            key_id=f"ext:{subject}"[:128],
            home_tenant_id=tenant_id,
        )


def _tier(value: Any) -> Tier:
    return Tier(value) if isinstance(value, str) and value in Tier._value2member_map_ else Tier.FREE
