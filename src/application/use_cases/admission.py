"""Who a token stands for."""

import hashlib
import hmac

from domain.access import PLATFORM_TENANT, Principal, Scope, Tier
from domain.errors import Forbidden, Unauthorized


class RecogniseToken:
    """The bootstrap key is admin of the platform tenant and may act for any other."""

    def __init__(self, bootstrap_key: str | None) -> None:
        self._bootstrap = _digest(bootstrap_key) if bootstrap_key else None

    async def __call__(self, token: str | None, tenant_id: str | None) -> Principal:
        """Raises `Unauthorized` for a token nobody knows, `Forbidden` for a tenant that is not the key's."""
        if token is None or self._bootstrap is None or not hmac.compare_digest(_digest(token), self._bootstrap):
            raise Unauthorized("This API key is not known.")
        principal = Principal(
            tenant_id=tenant_id or PLATFORM_TENANT,
            scopes=frozenset({Scope.ADMIN, Scope.CHAT}),
            tier=Tier.ENTERPRISE,
            key_id="key_bootstrap",
            home_tenant_id=PLATFORM_TENANT,
        )
        if tenant_id not in (None, PLATFORM_TENANT) and not principal.is_platform_admin:
            raise Forbidden("This key may not act for another tenant.")
        return principal


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
