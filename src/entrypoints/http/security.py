"""Who may call a route: the token becomes a principal, the route's rules say what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict, Unpack

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import Scope as AsgiScope
from structlog.contextvars import bind_contextvars

from domain import access
from domain.access import DEFAULT_TENANT, Principal, Scope, Tier
from domain.errors import DomainError, Forbidden, InvalidInput, Unauthorized
from entrypoints.http.calls import Call, Headers
from entrypoints.http.errors import CHALLENGE

PLAIN_CHALLENGE = 'Bearer realm="supportrag"'
MAX_TOKEN = 8192
MAX_TENANT = 128

Caller = NamedDependency[SkipValidation[access.Caller]]
"""A handler's parameter `caller: Caller` is who asks, and under which request: what use-cases take first."""

ANYONE = Principal(DEFAULT_TENANT, frozenset({Scope.ADMIN, Scope.CHAT}), Tier.ENTERPRISE)
"""Every caller of a closed network that runs without authentication."""


class Authenticate(Protocol):
    async def __call__(self, token: str | None, tenant: str | None, call: Call) -> Principal:
        """Whom `token` stands for, acting for `tenant` if it may; raises Unauthorized or Forbidden.

        `token` is what followed `Bearer`, `tenant` the `X-Tenant-ID` header; `call` has the client's address
        and origin, for keys that are bound to them.
        """
        ...


class RuleOptions(TypedDict, total=False):
    scope: Scope | tuple[Scope, ...]
    public: bool
    upload: bool
    open_query: bool
    raises: tuple[type[DomainError], ...]
    produces: tuple[str, ...]
    accepted: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What a route declares about itself in its `opt`."""

    scopes: tuple[Scope, ...]
    """Any of these is enough; none for a public route."""
    public: bool = False
    """Open without a token; it proves its caller in some other way, or has nothing to hide."""
    upload: bool = False
    """Reads files: the larger limit holds for its body."""
    open_query: bool = False
    """Reads query parameters that its signature does not name."""
    raises: tuple[type[DomainError], ...] = ()
    """Errors beyond the usual ones, for the documentation."""
    produces: tuple[str, ...] = ()
    """Media types of an answer that is a file and no envelope."""
    accepted: bool = False
    """May also answer 202 without a body."""

    @staticmethod
    def of(opt: Mapping[str, Any], method: str) -> "Rules":
        if unknown := opt.keys() - RuleOptions.__annotations__.keys():
            raise ValueError(f"unknown route options: {', '.join(sorted(unknown))}")
        scope = opt.get("scope", Scope.READ if method in {"GET", "HEAD"} else Scope.WRITE)
        public = bool(opt.get("public", False))
        scopes = () if public else scope if isinstance(scope, tuple) else (scope,)
        named = {name: opt[name] for name in ("upload", "open_query", "raises", "produces", "accepted") if name in opt}
        return Rules(scopes, public, **named)


def rules(**options: Unpack[RuleOptions]) -> dict[str, Any]:
    """A route's `opt`, checked by the type checker: `opt=rules(scope=Scope.ADMIN, raises=(Conflict,))`."""
    return dict(options)


@dataclass(frozen=True, slots=True)
class Guard:
    """Turns credentials into a principal and holds it against the rules of the route."""

    authenticate: Authenticate
    enabled: bool = True

    async def admit(self, call: Call, needed: Rules, authorization: str | None) -> Principal:
        """The caller, noted in `call`; `authorization` is the header, or what stands for it."""
        principal = await self._principal(call, bearer_token(authorization))
        call.principal = principal
        bind_contextvars(tenant=principal.tenant_id)
        check_scope(principal, needed)
        return principal

    async def _principal(self, call: Call, token: str | None) -> Principal:
        tenant = _tenant(call.given)
        if not self.enabled:
            if tenant not in {None, DEFAULT_TENANT}:
                raise Forbidden("Without authentication there is only the default tenant.", field="x-tenant-id")
            return ANYONE
        if token is None:
            raise challenge("A bearer token is needed.", PLAIN_CHALLENGE)
        return await self.authenticate(token, tenant, call)


def bearer_token(header: str | None) -> str | None:
    """The token of `Authorization: Bearer …`; another scheme or a broken header is refused, none is None."""
    if header is None:
        return None
    scheme, _, token = header.strip().partition(" ")
    token = token.strip()
    fit = token.isascii() and token.isprintable() and " " not in token and 0 < len(token) <= MAX_TOKEN
    if scheme.lower() != "bearer" or not fit:
        raise challenge(
            "The Authorization header must be: Bearer <token>.",
            'Bearer realm="supportrag", error="invalid_request"',
        )
    return token


def challenge(message: str, header: str) -> Unauthorized:
    return Unauthorized(message, details={CHALLENGE: header})


def check_scope(principal: Principal, needed: Rules) -> None:
    if needed.public or any(principal.may(scope) for scope in needed.scopes):
        return
    names = [scope.value for scope in needed.scopes]
    challenged = f'Bearer realm="supportrag", error="insufficient_scope", scope="{" ".join(names)}"'
    raise Forbidden(
        f"This needs the scope {' or '.join(names)}.",
        details={
            "required_scopes": names,
            "scopes": sorted(scope.value for scope in principal.scopes),
            CHALLENGE: challenged,
        },
    )


def _tenant(headers: Headers) -> str | None:
    given = headers.get("x-tenant-id")
    if given is not None and not (given.isprintable() and 1 <= len(given) <= MAX_TENANT):
        raise InvalidInput(
            f"X-Tenant-ID must be 1 to {MAX_TENANT} characters.",
            field="x-tenant-id",
            details={"min_length": 1, "max_length": MAX_TENANT, "provided_length": len(given)},
        )
    return given


def current_caller(scope: AsgiScope) -> access.Caller:
    """The dependency behind `Caller`."""
    return caller_of(Call.of(scope))


def caller_of(call: Call) -> access.Caller:
    if call.principal is None:
        raise challenge("A bearer token is needed.", PLAIN_CHALLENGE)
    return access.Caller(call.principal, call.request_id, call.trace_id, call.parent_id or "")
