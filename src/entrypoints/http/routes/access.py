"""Keys, who one is, what one has used, which tenants there are, what administrators did."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation
from msgspec import UNSET, Meta, Struct, UnsetType

from application.ports.system import Clock
from application.use_cases.audit import AuditFilters, BrowseAudit
from application.use_cases.keys import (
    BrowseKeys,
    CallbackSecrets,
    CreateKey,
    KeyDisclosed,
    KeySeen,
    NewKey,
    RevokeKey,
    RotateKey,
)
from application.use_cases.limits import UseQuota
from application.use_cases.tenants import BrowseTenants
from domain.access import Scope, Tier
from domain.audit import AuditEntry
from domain.errors import Conflict, NotFound
from domain.keys import DEFAULT_OVERLAP, MAX_OVERLAP, KeyState, is_old
from domain.limits import BATCH_SIZES, Quota, Standing
from domain.paging import Page
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, Pagination, created, ok, page
from entrypoints.http.paging import Paging, paged
from entrypoints.http.routes.wire import Id
from entrypoints.http.security import Caller

ADMIN = rules(scope=Scope.ADMIN)
ADMIN_OF_ONE = rules(scope=Scope.ADMIN, raises=(NotFound, Conflict))
MAX_OVERLAP_HOURS = MAX_OVERLAP / timedelta(hours=1)

Hours = Annotated[float, Meta(ge=0, le=MAX_OVERLAP_HOURS)]


class KeyIn(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=128)]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=4)]
    tier: Tier | None = None
    """Without one: that of the key which makes it, or `free` for another tenant."""
    tenant_id: Id | None = None
    """Another tenant than one's own: the platform only."""
    expires_at: datetime | None = None
    origins: Annotated[list[Annotated[str, Meta(min_length=8, max_length=255)]], Meta(max_length=50)] = []
    """Of the pages that may carry a publishable key."""
    environment: Literal["live", "test"] = "live"

    def to_new_key(self) -> NewKey:
        return NewKey(
            name=self.name,
            scopes=tuple(self.scopes),
            tier=self.tier,
            tenant_id=self.tenant_id,
            expires_at=self.expires_at,
            origins=tuple(self.origins),
            environment=self.environment,
        )


class KeyOut(Struct, kw_only=True):
    """What is absent does not hold of the key: one without `expires_at` does not expire."""

    key_id: str
    name: str
    hint: str
    tenant_id: str
    scopes: list[Scope]
    tier: Tier
    status: KeyState
    created_at: datetime
    age_days: int
    rotation_due: bool
    callback_secret: str
    """Signs the callbacks of jobs that name no secret of their own."""
    origins: list[str] | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    expires_at: datetime | UnsetType = UNSET
    rotated_at: datetime | UnsetType = UNSET
    revoked_at: datetime | UnsetType = UNSET
    previous_valid_until: datetime | UnsetType = UNSET
    """Until when the secret before a rotation is good."""
    links: dict[str, str] = {}


class NewKeyOut(KeyOut, kw_only=True):
    api_key: str
    """The secret, shown this once."""


def _fields(seen: KeySeen, now: datetime) -> dict[str, object]:
    key = seen.key
    return {
        "key_id": key.id,
        "name": key.name,
        "hint": key.hint,
        "tenant_id": seen.tenant_id,
        "scopes": list(key.scopes),
        "tier": key.tier,
        "status": seen.state,
        "created_at": key.created_at,
        "age_days": (now - key.secret_since).days,
        "rotation_due": seen.is_due_for_rotation,
        "callback_secret": seen.callback_secret,
        "origins": list(key.origins) or UNSET,
        "created_by": key.created_by or UNSET,
        "expires_at": key.expires_at or UNSET,
        "rotated_at": key.rotated_at or UNSET,
        "revoked_at": key.revoked_at or UNSET,
        "previous_valid_until": max((end for end in key.overlaps.values() if end > now), default=UNSET),
        "links": key_links(key.id),
    }


def key_links(key_id: str) -> dict[str, str]:
    own = f"/api/v1/api-keys/{key_id}"
    return {"self": own, "rotate": f"{own}/rotate"}


class KeyList(Struct, kw_only=True):
    api_keys: list[KeyOut]
    rotation_due: list[str]
    """Ids of those on this page that are older than 90 days."""
    pagination: Pagination


class RotateKeyIn(Struct, kw_only=True, forbid_unknown_fields=True):
    overlap_hours: Hours = DEFAULT_OVERLAP / timedelta(hours=1)


class MeOut(Struct, kw_only=True):
    tenant_id: str
    scopes: list[Scope]
    tier: Tier
    authenticated: bool
    rotation_due: bool
    key_id: str | UnsetType = UNSET
    home_tenant_id: str | UnsetType = UNSET
    """The key's own tenant, where it acts for another."""
    callback_secret: str | UnsetType = UNSET
    """For administrators."""


class WindowOut(Struct, kw_only=True):
    limit: int
    hard_limit: int
    """Up to here for one minute an hour."""
    window_seconds: int
    used: int
    remaining: int
    resets_at: int
    """Unix seconds at which all of it is free again."""

    @staticmethod
    def of(standing: Standing) -> "WindowOut":
        return WindowOut(
            limit=standing.policy.limit,
            hard_limit=standing.policy.hard,
            window_seconds=int(standing.policy.window),
            used=standing.used,
            remaining=standing.remaining,
            resets_at=int(-(-standing.resets_at // 1)),
        )


class UsageOut(Struct, kw_only=True):
    tenant_id: str
    tier: Tier
    unlimited: bool
    """Nothing is counted then, and `limits` is empty."""
    limits: dict[Quota, WindowOut]
    batch_size: int


class TenantOut(Struct, kw_only=True):
    tenant_id: str
    created_at: datetime
    api_keys: int


class TenantList(Struct, kw_only=True):
    tenants: list[TenantOut]
    pagination: Pagination


class AuditOut(Struct, kw_only=True):
    audit_id: str
    action: str
    method: str
    path: str
    key_id: str
    home_tenant_id: str
    request_id: str
    trace_id: str
    created_at: datetime
    status: int | UnsetType = UNSET
    """Of the answer; absent while the action is under way, or when the process died on it."""
    client: str | UnsetType = UNSET

    @staticmethod
    def of(entry: AuditEntry) -> "AuditOut":
        return AuditOut(
            audit_id=entry.id,
            action=entry.action,
            method=entry.method,
            path=entry.path,
            key_id=entry.key_id,
            home_tenant_id=entry.home_tenant_id,
            request_id=entry.request_id,
            trace_id=entry.trace_id,
            created_at=entry.created_at,
            status=entry.status or UNSET,
            client=entry.client or UNSET,
        )


class AuditList(Struct, kw_only=True):
    entries: list[AuditOut]
    pagination: Pagination


class KeysController(Controller):
    path = "/api/v1/api-keys"
    tags = ("access",)

    @post("/", status_code=201, operation_id="createApiKey", opt=ADMIN)
    async def create(
        self, data: JSONBody[KeyIn], caller: Caller, create_key: NamedDependency[CreateKey]
    ) -> Envelope[NewKeyOut]:
        """Make a key; its secret is in this answer and nowhere else."""
        return _disclosed(await create_key(caller, data.to_new_key()))

    @get("/", operation_id="listApiKeys", dependencies=paged("created_at", "id"), opt=ADMIN)
    async def browse(
        self, paging: Paging, caller: Caller, browse_keys: NamedDependency[BrowseKeys]
    ) -> Envelope[KeyList]:
        """List the tenant's keys, and which of them are due for rotation."""
        found = await browse_keys.page(caller, paging)
        due = [seen.key.id for seen in found.items if seen.is_due_for_rotation]
        keys = [_shown(seen) for seen in found.items]
        return page(KeyList(api_keys=keys, rotation_due=due, pagination=Pagination.of(found)), found)

    @get("/{key_id:str}", operation_id="getApiKey", opt=rules(scope=Scope.ADMIN, raises=(NotFound,)))
    async def one(
        self, key_id: FromPath[Id], caller: Caller, browse_keys: NamedDependency[BrowseKeys]
    ) -> Envelope[KeyOut]:
        """One key, without its secret."""
        return ok(_shown(await browse_keys.one(caller, key_id)), links=key_links(key_id))

    @post("/{key_id:str}/rotate", status_code=200, operation_id="rotateApiKey", opt=ADMIN_OF_ONE)
    async def rotate(
        self,
        key_id: FromPath[Id],
        caller: Caller,
        rotate_key: NamedDependency[RotateKey],
        data: JSONBody[RotateKeyIn | None] = None,
    ) -> Envelope[NewKeyOut]:
        """Give a key a new secret; the old one stays good for the overlap."""
        overlap = timedelta(hours=(data or RotateKeyIn()).overlap_hours)
        disclosed = await rotate_key(caller, key_id, overlap)
        return ok(_disclosed(disclosed).data, links=key_links(key_id))

    @delete("/{key_id:str}", status_code=200, operation_id="revokeApiKey", opt=ADMIN_OF_ONE)
    async def revoke(
        self, key_id: FromPath[Id], caller: Caller, revoke_key: NamedDependency[RevokeKey]
    ) -> Envelope[KeyOut]:
        """Revoke a key and the access tokens it was given; it stays in the list."""
        return ok(_shown(await revoke_key(caller, key_id)), links=key_links(key_id))


def _shown(seen: KeySeen) -> KeyOut:
    return KeyOut(**_fields(seen, seen.seen_at))  # type: ignore[arg-type]


def _disclosed(disclosed: KeyDisclosed) -> Envelope[NewKeyOut]:
    fields = _fields(disclosed.seen, disclosed.seen.seen_at)
    out = NewKeyOut(api_key=disclosed.secret, **fields)  # type: ignore[arg-type]
    return created(out, links=key_links(out.key_id))


class AccessController(Controller):
    path = "/api/v1"
    tags = ("access",)

    @get("/me", operation_id="getMe")
    async def me(
        self,
        caller: Caller,
        callback_secrets: NamedDependency[CallbackSecrets],
        clock: NamedDependency[SkipValidation[Clock]],
    ) -> Envelope[MeOut]:
        """Who the caller is: its tenant, scopes and tier."""
        principal = caller.principal
        key_id, home, since = principal.key_id, principal.home_tenant_id, principal.secret_since
        is_admin = key_id is not None and principal.may(Scope.ADMIN)
        out = MeOut(
            tenant_id=principal.tenant_id,
            scopes=sorted(principal.scopes),
            tier=principal.tier,
            authenticated=key_id is not None,
            rotation_due=since is not None and is_old(since, clock.now()),
            key_id=key_id or UNSET,
            home_tenant_id=home if home is not None and home != principal.tenant_id else UNSET,
            callback_secret=callback_secrets.of(key_id) if is_admin and key_id else UNSET,
        )
        return ok(out, links={"self": "/api/v1/me", "usage": "/api/v1/usage"})

    @get("/usage", operation_id="getUsage")
    async def usage(self, caller: Caller, use_quota: NamedDependency[UseQuota]) -> Envelope[UsageOut]:
        """What the caller's key has used of its limits and quotas."""
        standings = await use_quota.look(caller.principal)
        out = UsageOut(
            tenant_id=caller.tenant_id,
            tier=caller.principal.tier,
            unlimited=not standings,
            limits={standing.policy.quota: WindowOut.of(standing) for standing in standings},
            batch_size=BATCH_SIZES[caller.principal.tier],
        )
        return ok(out, links={"self": "/api/v1/usage", "me": "/api/v1/me"})

    @get("/tenants", operation_id="listTenants", dependencies=paged("created_at", "id"), opt=ADMIN)
    async def tenants(
        self, paging: Paging, caller: Caller, browse_tenants: NamedDependency[BrowseTenants]
    ) -> Envelope[TenantList]:
        """List the tenants, for administrators of the platform."""
        found = await browse_tenants.page(caller, paging)
        seen = [TenantOut(tenant_id=t.tenant_id, created_at=t.created_at, api_keys=t.keys) for t in found.items]
        return page(TenantList(tenants=seen, pagination=Pagination.of(found)), found)

    @get("/audit", operation_id="listAudit", dependencies=paged("created_at", "id"), opt=ADMIN)
    async def audit(
        self,
        paging: Paging,
        caller: Caller,
        browse_audit: NamedDependency[BrowseAudit],
        action: FromQuery[Id | None] = None,
        key_id: FromQuery[Id | None] = None,
        since: FromQuery[datetime | None] = None,
        until: FromQuery[datetime | None] = None,
    ) -> Envelope[AuditList]:
        """What administrators did in this tenant."""
        found: Page[AuditEntry] = await browse_audit.page(caller, AuditFilters(action, key_id, since, until), paging)
        entries = [AuditOut.of(entry) for entry in found.items]
        return page(AuditList(entries=entries, pagination=Pagination.of(found)), found)
