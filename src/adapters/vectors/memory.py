"""An exact index in a few lines: the measure of the others, and enough for a small knowledge base."""

from collections.abc import Sequence

import numpy as np

from adapters.vectors.spaces import OpenSpaces, last_of_each, ranked
from application.ports.vectors import VectorHit, VectorRow
from domain.retrieval import Filters
from domain.vectors import EmbeddingSpace, Vector


class MemoryVectorIndex:
    """Compares with every row, on the event loop."""

    def __init__(self) -> None:
        self._spaces = OpenSpaces()
        self._rows: dict[tuple[str, str], dict[str, VectorRow]] = {}

    async def open(self, spaces: Sequence[EmbeddingSpace]) -> None:
        self._spaces.add(spaces)

    async def upsert(self, tenant_id: str, space: str, rows: Sequence[VectorRow]) -> None:
        self._spaces.matrix(space, rows)
        held = self._rows.setdefault((tenant_id, space), {})
        held.update({row.id: row for row in last_of_each(rows)})

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        for space in self._spaces.names():
            for row_id in ids:
                self._rows.get((tenant_id, space), {}).pop(row_id, None)

    async def search(self, tenant_id: str, space: str, vector: Vector, limit: int, filters: Filters) -> list[VectorHit]:
        rows = self._held(tenant_id, space).values()
        admitted = [row for row in rows if row.fields.satisfy(filters)]
        return ranked(self._compare(space, vector, admitted))[: max(0, limit)]

    async def scores(self, tenant_id: str, space: str, vector: Vector, ids: Sequence[str]) -> dict[str, float]:
        held = self._held(tenant_id, space)
        known = [held[row_id] for row_id in dict.fromkeys(ids) if row_id in held]
        return {hit.id: hit.score for hit in self._compare(space, vector, known)}

    async def count(self, tenant_id: str, space: str) -> int:
        return len(self._held(tenant_id, space))

    async def clear(self, tenant_id: str) -> None:
        for space in self._spaces.names():
            self._rows.pop((tenant_id, space), None)

    async def ping(self) -> None:
        """It is always there."""

    async def close(self) -> None:
        """It holds nothing but memory."""

    def _held(self, tenant_id: str, space: str) -> dict[str, VectorRow]:
        self._spaces.get(space)
        return self._rows.get((tenant_id, space), {})

    def _compare(self, space: str, vector: Vector, rows: Sequence[VectorRow]) -> list[VectorHit]:
        query = self._spaces.query(space, vector)[0]
        products = np.einsum("rd,d->r", self._spaces.matrix(space, rows), query)
        return [VectorHit(row.id, float(score)) for row, score in zip(rows, products, strict=True)]
