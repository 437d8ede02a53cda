"""Qdrant, over the network."""

import asyncio
from collections.abc import Sequence

from qdrant_client import AsyncQdrantClient, models

from adapters.indexing.qdrant import Collection, QdrantBase, admitted, payload, point_id, reaching_qdrant
from adapters.vectors.spaces import OpenSpaces, is_settled, last_of_each, ranked
from application.ports.vectors import VectorHit, VectorRow
from domain.retrieval import Filters
from domain.vectors import EmbeddingSpace, Vector

DENSE = "dense"
SPARE = 16
"""Hits fetched beyond the limit, so that equal scores at the cut rarely need a second search."""


class QdrantVectorIndex(QdrantBase):
    """One collection a space, its tenants apart by an indexed payload and a graph of their own.

    The caller closes the client. An upsert of more than 256 rows is visible in pieces while it lasts.
    """

    def __init__(self, client: AsyncQdrantClient, prefix: str = "supportrag") -> None:
        super().__init__(client)
        self._prefix = prefix
        self._spaces = OpenSpaces()
        self._collections: dict[str, Collection] = {}

    async def open(self, spaces: Sequence[EmbeddingSpace]) -> None:
        """Spaces stay known when Qdrant is away (`ServiceUnavailable`): the verbs work once it is back."""
        await asyncio.gather(*(kept.name() for kept in self._opening(spaces)))

    async def prepare(self, spaces: Sequence[EmbeddingSpace]) -> bool:
        """Opens as well where the collections in use were made by another model; whether any was. What is
        written then is read by nobody before `take_over`."""
        return any(await asyncio.gather(*(kept.prepare() for kept in self._opening(spaces))))

    async def take_over(self) -> None:
        for kept in self._collections.values():
            await kept.take_over()

    async def upsert(self, tenant_id: str, space: str, rows: Sequence[VectorRow]) -> None:
        self._spaces.matrix(space, rows)
        points = [_point(tenant_id, row) for row in last_of_each(rows)]
        await self._upsert(self._opened(space), points)

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        points = [point_id(tenant_id, row_id) for row_id in ids]
        if points:
            await self._from_every_space(models.PointIdsList(points=list(points)))

    async def search(self, tenant_id: str, space: str, vector: Vector, limit: int, filters: Filters) -> list[VectorHit]:
        self._spaces.query(space, vector)
        which, asked = admitted(tenant_id, filters), limit + SPARE
        hits = await self._query(space, vector, which, asked) if limit > 0 else []
        if len(hits) < limit:
            hits = await self._query(space, vector, which, limit, exact=True) if limit > 0 else []
        while len(hits) > limit and not is_settled(hits, limit, asked):
            asked *= 4
            hits = await self._query(space, vector, which, asked)
        return hits[: max(0, limit)]

    async def scores(self, tenant_id: str, space: str, vector: Vector, ids: Sequence[str]) -> dict[str, float]:
        self._spaces.query(space, vector)
        if not ids:
            return {}
        points = [point_id(tenant_id, row_id) for row_id in ids]
        which = admitted(tenant_id, Filters(), models.HasIdCondition(has_id=list(points)))
        return {hit.id: hit.score for hit in await self._query(space, vector, which, len(ids), exact=True)}

    async def count(self, tenant_id: str, space: str) -> int:
        return await self._count(self._opened(space), admitted(tenant_id, Filters()))

    async def clear(self, tenant_id: str) -> None:
        await self._from_every_space(admitted(tenant_id, Filters()))

    async def _from_every_space(self, which: models.PointIdsList | models.Filter) -> None:
        self._ensure_open()
        await asyncio.gather(*(self._delete(kept, which) for kept in self._collections.values()))

    async def _query(
        self, space: str, vector: Vector, which: models.Filter, limit: int, exact: bool = False
    ) -> list[VectorHit]:
        name = await self._opened(space).name()
        with reaching_qdrant():
            response = await self._client.query_points(
                name,
                query=vector.tolist(),
                using=DENSE,
                query_filter=which,
                search_params=models.SearchParams(exact=exact),
                limit=limit,
                with_payload=["id"],
            )
        return ranked(VectorHit(str((point.payload or {})["id"]), point.score) for point in response.points)

    def _opening(self, spaces: Sequence[EmbeddingSpace]) -> list[Collection]:
        self._ensure_open()
        self._spaces.add(spaces)
        return [self._collections.setdefault(space.name, self._collection(space)) for space in spaces]

    def _opened(self, space: str) -> Collection:
        self._ensure_open()
        return self._collections[self._spaces.get(space).name]

    def _collection(self, space: EmbeddingSpace) -> Collection:
        return Collection(
            self._client,
            f"{self._prefix}_{space.name}",
            {"model": space.model, "digest": space.digest, "dimension": space.dimension},
            indexes={},
            vectors_config={
                DENSE: models.VectorParams(size=space.dimension, distance=models.Distance.DOT),
            },
            hnsw_config=models.HnswConfigDiff(m=0, payload_m=16),
        )


def _point(tenant_id: str, row: VectorRow) -> models.PointStruct:
    return models.PointStruct(
        id=point_id(tenant_id, row.id),
        vector={DENSE: row.vector.tolist()},
        payload=payload(tenant_id, row.id, row.fields),
    )
