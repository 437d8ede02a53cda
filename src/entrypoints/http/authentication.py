"""From the bearer token of a request to its principal, and what its owner should know of the key."""

from collections.abc import Callable

import structlog

from application.use_cases.admission import RecogniseToken
from domain.access import Principal
from domain.errors import Unauthorized
from domain.keys import ROTATION_AGE, is_old
from entrypoints.http.calls import Call
from entrypoints.http.security import challenge

log = structlog.get_logger("supportrag.access")

INVALID_TOKEN = 'Bearer realm="supportrag", error="invalid_token"'  # noqa: S105 - RFC 6750, 3.1
ROTATION_HEADER = "X-API-Key-Rotation"
WARN_EVERY_SECONDS = 86_400.0


class Authentication:
    """The border's `Authenticate`."""

    def __init__(self, recognise: Callable[[], RecogniseToken]) -> None:
        self._recognise = recognise
        self._warned_at: dict[str, float] = {}

    async def __call__(self, token: str | None, tenant: str | None, call: Call) -> Principal:
        try:
            principal = await self._recognise()(token or "", tenant, call.origin)
        except Unauthorized as refusal:
            raise challenge(refusal.message, INVALID_TOKEN) from refusal
        self._remind(principal, call)
        return principal

    def _remind(self, principal: Principal, call: Call) -> None:
        """A key that is old says so in every answer, and once a day in the log."""
        since, now = principal.secret_since, call.received_at
        if since is None or not is_old(since, now):
            return
        age = (now - since).days
        call.headers[ROTATION_HEADER] = f"due; age_days={age}; max_age_days={ROTATION_AGE.days}"
        key_id = principal.key_id or ""
        if now.timestamp() - self._warned_at.get(key_id, 0.0) >= WARN_EVERY_SECONDS:
            self._warned_at[key_id] = now.timestamp()
            log.warning("api_key_due_for_rotation", key_id=key_id, tenant=principal.home_tenant_id, age_days=age)
