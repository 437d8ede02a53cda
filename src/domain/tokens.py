"""OAuth 2.0 access tokens: what their claims must say (RFC 9068, RFC 7519), and the keys that sign ours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.access import Scope
from domain.aggregates import Aggregate
from domain.errors import Unauthorized

OWN_ISSUER = "supportrag"
OWN_AUDIENCE = "supportrag"
LEEWAY = 30.0
"""Seconds by which clocks may differ, for tokens of an external issuer."""
SIGNING_KEY_AGE = timedelta(days=30)
PUBLISHED_BEFORE_USE = timedelta(minutes=10)
"""Whoever keeps a copy of our public keys for up to this long knows a new one before it signs."""
JWKS_MAX_AGE = 300
"""Seconds for which others may keep a copy of our public keys."""

Claims = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class SigningKey(Aggregate):
    """A pair of keys, the private half sealed. Its id is the `kid`. Kept by the platform."""

    public: Mapping[str, Any]
    """A JSON Web Key."""
    sealed_private: str
    signs_from: datetime
    retired_at: datetime | None = None
    """When the last token it signed has expired."""

    def is_published(self, now: datetime) -> bool:
        return self.retired_at is None or now < self.retired_at


def signing_key_of(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """The newest that may sign already."""
    usable = [key for key in keys if key.signs_from <= now and key.is_published(now)]
    return max(usable, key=lambda key: (key.signs_from, key.id), default=None)


def bad_token(why: str) -> Unauthorized:
    return Unauthorized(f"This access token is not valid: {why}.")


def check_claims(claims: Claims, issuer: str, audience: str, now: datetime, leeway: float = 0.0) -> None:
    """Raises `Unauthorized` unless issuer, audience and times are right. `exp` is required."""
    moment = now.timestamp()
    if claims.get("iss") != issuer:
        raise bad_token("another issuer made it")
    if audience not in _texts(claims.get("aud")):
        raise bad_token("it is meant for another audience")
    if _number(claims, "exp") is None or moment >= (_number(claims, "exp") or 0) + leeway:
        raise bad_token("it has expired")
    for name in ("nbf", "iat"):
        begins = _number(claims, name)
        if begins is not None and begins > moment + max(leeway, 1.0):
            raise bad_token("it is not valid yet")


def _number(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad_token(f"{name} is not a number")
    return float(value)


def _texts(value: Any) -> list[str]:
    """A list of texts, or one text."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def scopes_in(claims: Claims) -> frozenset[Scope]:
    """Of `scope` (words) or `scp` (words or a list); others' scopes are no concern of ours. Never `chat`: that is
    for keys that pages carry."""
    given = claims.get("scope", claims.get("scp"))
    words = [word for text in _texts(given) for word in text.split()]
    return frozenset(known(words)) - {Scope.CHAT}


def known(words: Iterable[str]) -> list[Scope]:
    return [Scope(word) for word in words if word in Scope._value2member_map_]
