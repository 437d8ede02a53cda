"""Who is asking: tenants, tiers, scopes, principals."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PLATFORM_TENANT = "platform"
DEFAULT_TENANT = "default"


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    CHAT = "chat"


_IMPLIED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.WRITE}),
    Scope.ADMIN: frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN}),
    Scope.CHAT: frozenset({Scope.CHAT}),
}


class Tier(StrEnum):
    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and under which request: what every use-case gets first."""

    principal: "Principal"
    request_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    """The span that this request is part of: what jobs that come of it continue."""

    @property
    def tenant_id(self) -> str:
        return self.principal.tenant_id

    @property
    def traceparent(self) -> str | None:
        """W3C Trace Context; None when no span is known."""
        return f"00-{self.trace_id}-{self.span_id}-01" if self.trace_id and self.span_id else None


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller as the service knows it; `tenant_id` is the tenant it acts for."""

    tenant_id: str
    scopes: frozenset[Scope]
    tier: Tier = Tier.FREE
    key_id: str | None = None
    home_tenant_id: str | None = None
    """The tenant its key belongs to, where that differs from the one it acts for."""
    origins: tuple[str, ...] = ()
    secret_since: datetime | None = None
    """Since when its key's secret is in use."""

    def may(self, scope: Scope) -> bool:
        return any(scope in _IMPLIED[held] for held in self.scopes)

    @property
    def is_platform_admin(self) -> bool:
        home = self.home_tenant_id or self.tenant_id
        return home == PLATFORM_TENANT and self.may(Scope.ADMIN)
