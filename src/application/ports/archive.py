"""Vectors kept beside what they were made of (pairs, questions), so that nothing is embedded twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.vectors import EmbeddingSpace, Vector


@dataclass(frozen=True, slots=True)
class KeptVector:
    id: str
    recipe: str
    """Digest of the texts and weights it was made of: of another recipe it is no vector of that any more."""
    vector: Vector


class VectorArchive(Protocol):
    """Keeps one vector per pair (or question) and space, by the space's digest, so that no other model's is
    ever given.

    It may lose anything: what is missing is embedded again. A vector goes with what it was made of.
    """

    async def find(self, tenant_id: str, space: EmbeddingSpace, recipes: Mapping[str, str]) -> dict[str, Vector]:
        """By id, those that were made by the recipe asked for."""
        ...

    async def keep(self, tenant_id: str, space: EmbeddingSpace, vectors: Sequence[KeptVector]) -> None:
        """In place of what was kept; what is gone is passed over."""
        ...
