"""API keys: what they may, how old they are, when they stop being good. Only digests of their secrets are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urlsplit

from domain.access import PLATFORM_TENANT, Principal, Scope, Tier
from domain.aggregates import Aggregate
from domain.errors import Conflict, Forbidden, Problem

ROTATION_AGE = timedelta(days=90)
DEFAULT_OVERLAP = timedelta(hours=24)
MAX_OVERLAP = timedelta(days=30)
BOOTSTRAP_KEY_ID = "key_bootstrap"
PUBLISHABLE_MARK = "pk_"
KEY_MARKS = ("sk_", PUBLISHABLE_MARK)
SHOWN_END = 4
"""Characters of a secret's end that lists show, so that its owner knows it again; 238 of 262 bits stay hidden."""

_TIERS = tuple(Tier)


class KeyState(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


def digest_of(secret: str) -> str:
    """SHA-256 in hex. Secrets have 256 random bits, so nothing slower is needed; and a look-up by digest takes no
    time that depends on how much of a guess was right."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def secret_prefix(scopes: Sequence[Scope], environment: str) -> str:
    return f"{'pk' if Scope.CHAT in scopes else 'sk'}_{environment}_"


def hint_of(secret: str) -> str:
    """`sk_live_…a1b2`."""
    prefix = "_".join(secret.split("_", 2)[:2])
    return f"{prefix}_…{secret[-SHOWN_END:]}"


@dataclass(slots=True, kw_only=True)
class ApiKey(Aggregate):
    name: str
    hint: str
    scopes: tuple[Scope, ...]
    tier: Tier
    digests: tuple[str, ...]
    """Of the present secret, then of earlier ones that still overlap with it."""
    overlaps: Mapping[str, datetime] = field(default_factory=dict)
    """Until when the digest of an earlier secret is good."""
    environment: str = "live"
    origins: tuple[str, ...] = ()
    expires_at: datetime | None = None
    rotated_at: datetime | None = None
    revoked_at: datetime | None = None
    created_by: str | None = None

    @property
    def secret_since(self) -> datetime:
        return self.rotated_at or self.created_at

    @property
    def is_publishable(self) -> bool:
        return Scope.CHAT in self.scopes

    def state(self, now: datetime) -> KeyState:
        if self.revoked_at is not None and self.revoked_at <= now:
            return KeyState.REVOKED
        expired = self.expires_at is not None and self.expires_at <= now
        return KeyState.EXPIRED if expired else KeyState.ACTIVE

    def accepts(self, digest: str, now: datetime) -> bool:
        if digest not in self.digests or self.state(now) is not KeyState.ACTIVE:
            return False
        return digest == self.digests[0] or self.overlaps[digest] > now

    def is_due_for_rotation(self, now: datetime) -> bool:
        return self.state(now) is KeyState.ACTIVE and is_old(self.secret_since, now)

    def rotate(self, digest: str, hint: str, overlap: timedelta, now: datetime) -> None:
        """The secrets before stay good for the overlap, and no longer than they were anyway."""
        if (state := self.state(now)) is not KeyState.ACTIVE:
            raise Conflict(f"The key is {state.value}; make a new one.")
        ends = {old: min(self.overlaps.get(old, now + overlap), now + overlap) for old in self.digests}
        self.overlaps = {old: end for old, end in ends.items() if end > now}
        self.digests = (digest, *self.overlaps)
        self.hint, self.rotated_at, self.updated_at = hint, now, now

    def revoke(self, now: datetime) -> None:
        """Revoking again changes nothing: the first moment stays."""
        self.revoked_at = self.revoked_at or now
        self.updated_at = now

    def principal(self, tenant_id: str) -> Principal:
        """The key's owner at home in `tenant_id`."""
        return Principal(
            tenant_id=tenant_id,
            scopes=frozenset(self.scopes),
            tier=self.tier,
            key_id=self.id,
            home_tenant_id=tenant_id,
            origins=self.origins,
            secret_since=self.secret_since,
        )


@dataclass(slots=True, kw_only=True)
class KeyDigest(Aggregate):
    """Whose key a digest belongs to; its id is the digest. Kept by the platform, for callers whose tenant is not
    known yet. Says nothing of whether the key is good: that is the key's to say."""

    tenant_id: str
    key_id: str


@dataclass(slots=True, kw_only=True)
class Tenant(Aggregate):
    """Exists from its first key. Kept by the platform."""


def callbacks_of(key_id: str) -> str:
    """The purpose of the secret that signs the callbacks of a key's jobs."""
    return f"callbacks of {key_id}"


def is_old(since: datetime, now: datetime) -> bool:
    return now - since > ROTATION_AGE


def acting_for(principal: Principal, tenant_id: str | None) -> Principal:
    """The principal, acting for the tenant that it named. Raises `Forbidden`, whether or not there is such a
    tenant, unless it is its own or the principal is an administrator of the platform."""
    if tenant_id is None or tenant_id == principal.tenant_id:
        return principal
    if not principal.is_platform_admin:
        raise Forbidden("This key may not act for another tenant.", field="x-tenant-id")
    return Principal(
        tenant_id=tenant_id,
        scopes=principal.scopes,
        tier=principal.tier,
        key_id=principal.key_id,
        home_tenant_id=PLATFORM_TENANT,
        secret_since=principal.secret_since,
    )


def check_origin(origins: Sequence[str], origin: str | None) -> None:
    """A publishable key is good from the pages it names; `origin` is the request's `Origin` header."""
    if origins and origin not in origins:
        raise Forbidden("This key may not be used from this origin.", field="origin")


def key_problems(
    scopes: Sequence[Scope], origins: Sequence[str], expires_at: datetime | None, now: datetime
) -> list[Problem]:
    return [*_scope_problems(scopes, origins), *_origin_problems(origins), *_expiry_problems(expires_at, now)]


def _scope_problems(scopes: Sequence[Scope], origins: Sequence[str]) -> list[Problem]:
    if not scopes:
        return [Problem("A key has at least one scope.", "scopes", details={"min_items": 1, "provided_items": 0})]
    if Scope.CHAT not in scopes:
        return [Problem("Only a publishable key (scope chat) names origins.", "origins")] if origins else []
    if len(set(scopes)) > 1:
        return [Problem("A publishable key has the scope chat and no other.", "scopes")]
    if not origins:
        return [Problem("A publishable key names the origins of the pages that carry it.", "origins")]
    return []


def _origin_problems(origins: Sequence[str]) -> list[Problem]:
    message = "An origin is a scheme, a host and perhaps a port: https://shop.example."
    return [
        Problem(message, f"origins.{n}", details={"rule": "origin"})
        for n, origin in enumerate(origins)
        if not _is_origin(origin)
    ]


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    plain = f"{parts.scheme}://{host}{f':{port}' if port is not None else ''}"
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain == text


def _expiry_problems(expires_at: datetime | None, now: datetime) -> list[Problem]:
    if expires_at is None or expires_at > now:
        return []
    return [Problem("The key would have expired already.", "expires_at", details={"rule": "future"})]


def check_grant(giver: Principal, tenant_id: str, tier: Tier) -> None:
    """What a new key may be given: nobody hands out more than they have."""
    if tenant_id != giver.tenant_id and not giver.is_platform_admin:
        raise Forbidden("Only the platform makes keys for another tenant.", field="tenant_id")
    if _TIERS.index(tier) > _TIERS.index(giver.tier) and not giver.is_platform_admin:
        raise Forbidden("Only the platform gives a higher tier than one's own.", field="tier")
