"""API keys, as administrators manage them."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.delivery import Cipher
from application.ports.storage import API_KEYS, KEY_DIGESTS, TENANTS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.transactions import committed
from application.use_cases.admission import KnownKeys, RecogniseToken
from application.use_cases.tokens import Issued, OwnTokens
from domain.access import PLATFORM_TENANT, Caller, Principal, Scope, Tier
from domain.errors import InvalidInput, Problem, Unauthorized
from domain.ids import Prefix
from domain.keys import (
    DEFAULT_OVERLAP,
    PUBLISHABLE_MARK,
    ApiKey,
    KeyDigest,
    KeyState,
    Tenant,
    callbacks_of,
    check_grant,
    digest_of,
    hint_of,
    key_problems,
    secret_prefix,
)
from domain.paging import Page, PageRequest
from domain.tokens import known

log = logging.getLogger(__name__)

UNKNOWN_CLIENT = "Client id and secret are those of no key."


def random_part() -> str:
    """43 url-safe characters: 256 bits."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class NewKey:
    name: str
    scopes: tuple[Scope, ...]
    tier: Tier | None = None
    tenant_id: str | None = None
    expires_at: datetime | None = None
    origins: tuple[str, ...] = ()
    environment: str = "live"


@dataclass(frozen=True, slots=True)
class KeySeen:
    key: ApiKey
    tenant_id: str
    state: KeyState
    is_due_for_rotation: bool
    callback_secret: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class KeyDisclosed:
    """A key with its secret, which is shown this once."""

    seen: KeySeen
    secret: str


class CallbackSecrets:
    """Sign the callbacks of a key's jobs, where the job names no secret of its own."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def of(self, key_id: str) -> str:
        return self._cipher.derive(callbacks_of(key_id))


class _Keys:
    """What all verbs on keys need."""

    def __init__(
        self,
        store: Store,
        known: KnownKeys,
        callbacks: CallbackSecrets,
        clock: Clock,
        ids: Ids,
        generate: Callable[[], str] = random_part,
    ) -> None:
        self._store, self._known, self._callbacks = store, known, callbacks
        self._clock, self._ids, self._generate = clock, ids, generate

    def _seen(self, key: ApiKey, tenant_id: str) -> KeySeen:
        now = self._clock.now()
        secret = self._callbacks.of(key.id)
        return KeySeen(key, tenant_id, key.state(now), key.is_due_for_rotation(now), secret, now)

    async def one(self, caller: Caller, key_id: str) -> KeySeen:
        """Raises `NotFound`."""
        async with self._store.begin(caller.tenant_id) as uow:
            return self._seen(await uow[API_KEYS].get(key_id), caller.tenant_id)

    async def _point_at(self, digest: str, tenant_id: str, key_id: str) -> None:
        """Lets the digest be found. It opens nothing until the key itself has it."""
        now = self._clock.now()
        entry = KeyDigest(id=digest, created_at=now, updated_at=now, tenant_id=tenant_id, key_id=key_id)

        async def work(uow: UnitOfWork) -> None:
            await uow[KEY_DIGESTS].save(entry)
            if await uow[TENANTS].find(tenant_id) is None:
                await uow[TENANTS].save(Tenant(id=tenant_id, created_at=now, updated_at=now))

        await committed(self._store, PLATFORM_TENANT, work)


class CreateKey(_Keys):
    async def __call__(self, caller: Caller, wanted: NewKey) -> KeyDisclosed:
        """Raises `InvalidInput`, and `Forbidden` for what the caller may not give away."""
        tenant_id, tier = self._granted(caller.principal, wanted)
        now = self._clock.now()
        if problems := key_problems(wanted.scopes, wanted.origins, wanted.expires_at, now):
            raise InvalidInput(problems=problems)
        secret = secret_prefix(wanted.scopes, wanted.environment) + self._generate()
        key = ApiKey(
            id=self._ids.new(Prefix.KEY),
            created_at=now,
            updated_at=now,
            name=wanted.name,
            hint=hint_of(secret),
            scopes=tuple(sorted(set(wanted.scopes))),
            tier=tier,
            digests=(digest_of(secret),),
            environment=wanted.environment,
            origins=wanted.origins,
            expires_at=wanted.expires_at,
            created_by=caller.principal.key_id,
        )
        await self._point_at(key.digests[0], tenant_id, key.id)
        async with self._store.begin(tenant_id) as uow:
            await uow[API_KEYS].save(key)
            await uow.commit()
        return KeyDisclosed(self._seen(key, tenant_id), secret)

    def _granted(self, giver: Principal, wanted: NewKey) -> tuple[str, Tier]:
        """Without a tier, a key gets its maker's own; for another tenant it is the lowest."""
        tenant_id = wanted.tenant_id or giver.tenant_id
        at_home = tenant_id == (giver.home_tenant_id or giver.tenant_id)
        tier = wanted.tier or (giver.tier if at_home else Tier.FREE)
        check_grant(giver, tenant_id, tier)
        return tenant_id, tier


class RotateKey(_Keys):
    async def __call__(self, caller: Caller, key_id: str, overlap: timedelta = DEFAULT_OVERLAP) -> KeyDisclosed:
        """A new secret for the same key; the old one stays good for the overlap."""
        before = (await self.one(caller, key_id)).key
        secret = secret_prefix(before.scopes, before.environment) + self._generate()
        await self._point_at(digest_of(secret), caller.tenant_id, key_id)

        async def work(uow: UnitOfWork) -> ApiKey:
            key = await uow[API_KEYS].get(key_id)
            key.rotate(digest_of(secret), hint_of(secret), overlap, self._clock.now())
            await uow[API_KEYS].save(key)
            return key

        key = await committed(self._store, caller.tenant_id, work)
        self._known.forget(key_id)
        return KeyDisclosed(self._seen(key, caller.tenant_id), secret)


class RevokeKey(_Keys):
    async def __call__(self, caller: Caller, key_id: str) -> KeySeen:
        async def work(uow: UnitOfWork) -> ApiKey:
            key = await uow[API_KEYS].get(key_id)
            key.revoke(self._clock.now())
            await uow[API_KEYS].save(key)
            return key

        key = await committed(self._store, caller.tenant_id, work)
        self._known.forget(key_id)
        return self._seen(key, caller.tenant_id)


class BrowseKeys(_Keys):
    async def page(self, caller: Caller, request: PageRequest) -> Page[KeySeen]:
        async with self._store.begin(caller.tenant_id) as uow:
            found = await uow[API_KEYS].page((), request)
        return found.map(lambda key: self._seen(key, caller.tenant_id))


class ReportKeyAge:
    """Tells the operator's log, now and then, which keys of all tenants are due for rotation."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self) -> list[str]:
        """Their ids."""
        async with self._store.begin(PLATFORM_TENANT) as uow:
            tenants = await uow[TENANTS].list(())
        return [key_id for tenant in tenants for key_id in await self._report(tenant.id)]

    async def _report(self, tenant_id: str) -> list[str]:
        now = self._clock.now()
        async with self._store.begin(tenant_id) as uow:
            due = [key for key in await uow[API_KEYS].list(()) if key.is_due_for_rotation(now)]
        for key in due:
            log.warning("key %s of tenant %s is due for rotation: %s", key.id, tenant_id, now - key.secret_since)
        return [key.id for key in due]


class GrantToken:
    """The client-credentials grant (RFC 6749, 4.4): a key's id and secret for an access token."""

    def __init__(self, recognise: RecogniseToken, tokens: OwnTokens) -> None:
        self._recognise, self._tokens = recognise, tokens

    async def __call__(self, client_id: str, client_secret: str, scope: str | None) -> Issued:
        """Raises `Unauthorized` for a client that nobody knows, else `InvalidInput` with the error's name in RFC 6749,
        5.2."""
        if client_secret.startswith(PUBLISHABLE_MARK):
            raise _refusal("unauthorized_client", "A publishable key gets no access token.")
        principal = await self._client(client_id, client_secret)
        words = scope.split() if scope else [each.value for each in sorted(principal.scopes - {Scope.CHAT})]
        asked = known(words)
        if len(asked) < len(words) or not all(principal.may(each) and each is not Scope.CHAT for each in asked):
            raise _refusal("invalid_scope", "The key does not have this scope.")
        return await self._tokens.issue(principal, tuple(asked))

    async def _client(self, client_id: str, client_secret: str) -> Principal:
        try:
            principal = await self._recognise.of_secret(client_secret)
        except Unauthorized:
            raise Unauthorized(UNKNOWN_CLIENT) from None
        if principal.key_id != client_id:
            raise Unauthorized(UNKNOWN_CLIENT)
        return principal


def _refusal(name: str, message: str) -> InvalidInput:
    return InvalidInput(problems=[Problem(message, code=name)])
