"""Answers kept so that a request sent twice has one effect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.aggregates import Aggregate

KEPT_FOR = timedelta(hours=24)
LEASE = timedelta(seconds=30)
"""A claim not renewed for this long was made by a process that died."""
RETRY_SECONDS = 1.0
_KEPT_STATUSES = frozenset({400, 404, 409, 413, 415})


def is_kept(status: int) -> bool:
    """Answers that the same request would get again. Those that depend on the moment or the caller are not."""
    return 200 <= status < 300 or status in _KEPT_STATUSES


@dataclass(slots=True, kw_only=True)
class Replay(Aggregate):
    """One request by its key: claimed while it runs, answered afterwards. Its id is a digest of the key."""

    fingerprint: str
    """Of what was sent."""
    claim_id: str | None
    lease_until: datetime
    expires_at: datetime
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sealed_body: str = ""
    is_erased: bool = False
    """Its answer told of a person who was forgotten since."""

    def is_claimable(self, now: datetime) -> bool:
        """Whether nobody works on it and its answer is not, or no longer, to be replayed."""
        return self.expires_at <= now if self.status is not None else self.lease_until <= now

    def claim(self, claim_id: str, fingerprint: str, now: datetime) -> None:
        self.claim_id, self.fingerprint = claim_id, fingerprint
        self.status, self.headers, self.sealed_body, self.is_erased = None, {}, "", False
        self.expires_at = now + KEPT_FOR
        self.renew(now)

    def renew(self, now: datetime) -> None:
        self.lease_until, self.updated_at = now + LEASE, now

    def keep(self, status: int, headers: Mapping[str, str], sealed_body: str, now: datetime) -> None:
        self.status, self.headers, self.sealed_body = status, headers, sealed_body
        self.claim_id, self.updated_at = None, now

    def erase(self, now: datetime) -> None:
        self.headers, self.sealed_body, self.is_erased, self.updated_at = {}, "", True, now

    def release(self, now: datetime) -> None:
        """Nothing is known of it any more: the next one may try."""
        self.claim_id, self.updated_at = None, now
        self.lease_until = self.expires_at = now
