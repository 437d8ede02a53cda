"""Signed tokens (JSON Web Tokens): making our own, and reading what others signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`private` is to be sealed at once; `public` is a JSON Web Key."""

    private: str
    public: Mapping[str, Any]


class TokenSigner(Protocol):
    def new_pair(self, key_id: str) -> KeyPair: ...

    def sign(self, private: str, claims: Mapping[str, Any]) -> str: ...

    def read(self, token: str, public_keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        """The claims, whose signature was made by one of these keys with the one algorithm we sign with.
        Raises `Unauthorized`; says nothing of the claims' own truth."""
        ...

    def issuer_of(self, token: str) -> str | None:
        """Who the token says it is of, unproved. None for what is no token at all."""
        ...

    def key_id_of(self, token: str) -> str | None:
        """Which key the token says it is signed with, unproved."""
        ...


class ExternalIssuer(Protocol):
    """The authority whose tokens are accepted besides ours."""

    async def read(self, token: str) -> Mapping[str, Any]:
        """The claims, whose signature was made by a key that the issuer publishes now. Raises `Unauthorized`,
        and `ServiceUnavailable` when its keys cannot be had."""
        ...

    async def close(self) -> None: ...
