"""Who a token stands for."""

import hmac
from datetime import timedelta
from typing import NamedTuple

from application.ports.storage import API_KEYS, KEY_DIGESTS, Store
from application.ports.system import Clock
from application.remembering import Remembered
from application.use_cases.tokens import ExternalTokens, OwnTokens
from domain.access import PLATFORM_TENANT, Principal, Scope, Tier
from domain.errors import Unauthorized
from domain.keys import BOOTSTRAP_KEY_ID, KEY_MARKS, ApiKey, KeyState, acting_for, check_origin, digest_of
from domain.tokens import scopes_in

REMEMBERED = timedelta(seconds=3)
"""How long a key is used without asking the store: a key revoked in another process is good for no longer."""

BOOTSTRAP = Principal(
    tenant_id=PLATFORM_TENANT,
    scopes=frozenset({Scope.ADMIN, Scope.CHAT}),
    tier=Tier.ENTERPRISE,
    key_id=BOOTSTRAP_KEY_ID,
    home_tenant_id=PLATFORM_TENANT,
)


class OwnedKey(NamedTuple):
    tenant_id: str
    key: ApiKey


class KnownKeys:
    """Keys by the digests of their secrets and by their ids, remembered for a moment. What is not known is asked
    for each time, so that a new key is good at once."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._remembered: Remembered[OwnedKey] = Remembered(clock, REMEMBERED)

    async def by_digest(self, digest: str) -> OwnedKey | None:
        if (known := self._remembered.recall(digest)) is not None:
            return known
        async with self._store.begin(PLATFORM_TENANT) as uow:
            owner = await uow[KEY_DIGESTS].find(digest)
        found = await self._read(owner.tenant_id, owner.key_id) if owner else None
        return self._remembered.keep(digest, found) if found else None

    async def by_id(self, tenant_id: str, key_id: str) -> OwnedKey | None:
        name = f"{tenant_id}\0{key_id}"
        if (known := self._remembered.recall(name)) is not None:
            return known
        found = await self._read(tenant_id, key_id)
        return self._remembered.keep(name, found) if found else None

    def forget(self, key_id: str) -> None:
        """So that a change made by this process holds at once."""
        for name, owned in self._remembered.items():
            if owned.key.id == key_id:
                self._remembered.drop(name)

    async def _read(self, tenant_id: str, key_id: str) -> OwnedKey | None:
        async with self._store.begin(tenant_id) as uow:
            key = await uow[API_KEYS].find(key_id)
        return OwnedKey(tenant_id, key) if key else None


class RecogniseToken:
    """The bootstrap key is admin of the platform; other keys are what they were made; access tokens are ours or
    those of the issuer that is configured."""

    def __init__(
        self,
        known: KnownKeys,
        own: OwnTokens,
        external: ExternalTokens | None,
        bootstrap_key: str | None,
        clock: Clock,
    ) -> None:
        self._known, self._own, self._external, self._clock = known, own, external, clock
        self._bootstrap = digest_of(bootstrap_key) if bootstrap_key else None

    async def __call__(self, token: str, tenant_id: str | None, origin: str | None = None) -> Principal:
        """Raises `Unauthorized` for a token nobody knows, `Forbidden` for a tenant that is not the key's and for a
        page that may not use it."""
        principal = await self.holder_of(token)
        check_origin(principal.origins, origin)
        return acting_for(principal, tenant_id)

    async def holder_of(self, token: str) -> Principal:
        """At home, wherever the token is used; raises `Unauthorized`."""
        if token.count(".") == 2 and not token.startswith(KEY_MARKS):
            return await self._of_token(token)
        return await self.of_secret(token)

    async def of_secret(self, secret: str) -> Principal:
        """Whose key's secret this is; raises `Unauthorized`."""
        digest = digest_of(secret)
        if self._bootstrap is not None and hmac.compare_digest(digest, self._bootstrap):
            return BOOTSTRAP
        owned = await self._known.by_digest(digest)
        if owned is None or not owned.key.accepts(digest, self._clock.now()):
            raise Unauthorized("This API key is not known, expired or revoked.")
        return owned.key.principal(owned.tenant_id)

    async def _of_token(self, token: str) -> Principal:
        if self._own.is_ours(token):
            return await self._of_own_token(token)
        if self._external is not None:
            return await self._external.principal(token)
        raise Unauthorized("This access token is of an issuer that is not known here.")

    async def _of_own_token(self, token: str) -> Principal:
        """A token is worth no more than the key it was given for is now."""
        claims = await self._own.claims(token)
        principal = await self._holder(str(claims.get("tenant_id")), str(claims.get("sub")))
        granted = frozenset(scope for scope in scopes_in(claims) if principal.may(scope))
        return Principal(
            tenant_id=principal.tenant_id,
            scopes=granted,
            tier=principal.tier,
            key_id=principal.key_id,
            home_tenant_id=principal.home_tenant_id,
            secret_since=principal.secret_since,
        )

    async def _holder(self, tenant_id: str, key_id: str) -> Principal:
        if key_id == BOOTSTRAP_KEY_ID and self._bootstrap is not None:
            return BOOTSTRAP
        owned = await self._known.by_id(tenant_id, key_id)
        if owned is None or owned.key.state(self._clock.now()) is not KeyState.ACTIVE:
            raise Unauthorized("The key of this access token is expired or revoked.")
        return owned.key.principal(tenant_id)
