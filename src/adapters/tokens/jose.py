"""JSON Web Tokens with joserfc. Algorithms are pinned on both sides; none of them shares a secret."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from application.ports.tokens import KeyPair
from domain.tokens import bad_token

ALGORITHM = "ES256"
TYPE = "at+jwt"
"""RFC 9068: an access token, and not an identity token of the same issuer."""
EXTERNAL_ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")


class JoseSigner:
    def new_pair(self, key_id: str) -> KeyPair:
        key = ECKey.generate_key("P-256", {"kid": key_id, "use": "sig", "alg": ALGORITHM})
        return KeyPair(json.dumps(key.as_dict(private=True)), key.as_dict(private=False))

    def sign(self, private: str, claims: Mapping[str, Any]) -> str:
        key = ECKey.import_key(json.loads(private))
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.kid}
        return jwt.encode(header, dict(claims), key, algorithms=[ALGORITHM])

    def read(self, token: str, public_keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        header, claims = verified(token, public_keys, (ALGORITHM,))
        if header.get("typ") != TYPE:
            raise bad_token("it is not an access token")
        return claims

    def issuer_of(self, token: str) -> str | None:
        issuer = (parts(token)[1] if token.count(".") == 2 else {}).get("iss")
        return issuer if isinstance(issuer, str) else None

    def key_id_of(self, token: str) -> str | None:
        key_id = parts(token)[0].get("kid")
        return key_id if isinstance(key_id, str) else None


def verified(
    token: str, public_keys: Sequence[Mapping[str, Any]], algorithms: Sequence[str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims. The header chooses among the keys and algorithms that we name, and nothing else: key
    material and addresses in it are ignored, and a critical extension is refused."""
    if not public_keys:
        raise bad_token("no key is known that could have signed it")
    try:
        keys = KeySet.import_key_set({"keys": [dict(key) for key in public_keys]})
        found = jwt.decode(token, keys, algorithms=list(algorithms))
    except (JoseError, ValueError) as error:
        raise bad_token("its signature cannot be verified") from error
    if not isinstance(found.claims, dict):
        raise bad_token("its claims are no object")
    return found.header, found.claims


def parts(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims, unproved; both empty for what cannot be read."""
    try:
        header, claims = (json.loads(_decoded(part)) for part in token.split(".")[:2])
    except (ValueError, RecursionError):
        return {}, {}
    return (header, claims) if isinstance(header, dict) and isinstance(claims, dict) else ({}, {})


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
