"""The dense index. Derived from the store, never the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.retrieval import Filters, IndexedFields
from domain.vectors import EmbeddingSpace, Vector


@dataclass(frozen=True, slots=True)
class VectorRow:
    id: str
    vector: Vector
    """Of the space's dimension; need not be of unit length."""
    fields: IndexedFields


@dataclass(frozen=True, slots=True)
class VectorHit:
    id: str
    score: float
    """The inner product with the query."""


class VectorIndex(Protocol):
    """Searches by inner product, within one tenant and one space.

    A row is found as soon as `upsert` returns, and not after `delete` returns. An upsert of a known id
    replaces it. Filters apply inside the search: `limit` hits come back whenever that many rows satisfy
    them. Hits are sorted by descending score, then id. Nothing of another tenant is ever seen. An index
    built with another digest of a space is refused at `open` (`Conflict`). When the index cannot be
    reached every verb raises `ServiceUnavailable`.
    """

    async def open(self, spaces: Sequence[EmbeddingSpace]) -> None: ...

    async def upsert(self, tenant_id: str, space: str, rows: Sequence[VectorRow]) -> None: ...

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        """From every space; unknown ids are no error."""
        ...

    async def search(
        self, tenant_id: str, space: str, vector: Vector, limit: int, filters: Filters
    ) -> list[VectorHit]: ...

    async def scores(self, tenant_id: str, space: str, vector: Vector, ids: Sequence[str]) -> dict[str, float]:
        """Inner products with known rows; ids that are not in the space are absent."""
        ...

    async def count(self, tenant_id: str, space: str) -> int: ...

    async def clear(self, tenant_id: str) -> None: ...

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


class ReplaceableVectorIndex(VectorIndex, Protocol):
    """An index that can be built for another model while the one in use goes on serving."""

    async def prepare(self, spaces: Sequence[EmbeddingSpace]) -> bool:
        """Opens where `open` refuses, too; whether what is in use was made by another model. What is written
        then is read by nobody before `take_over`."""
        ...

    async def take_over(self) -> None: ...
