"""Vectors beside the pairs, as 32-bit floats."""

from array import array
from collections.abc import Mapping, Sequence

from adapters.storage.postgres.store import PostgresStore
from application.ports.archive import KeptVector
from domain.vectors import EmbeddingSpace, Vector

_FIND = "SELECT pair_id, recipe, vector FROM pair_vectors WHERE tenant_id = $1 AND space = $2 AND pair_id = ANY($3)"
_KEEP = """
INSERT INTO pair_vectors (tenant_id, space, pair_id, recipe, vector)
SELECT $1, $2, given.pair_id, given.recipe, given.vector
FROM unnest($3::text[], $4::text[], $5::bytea[]) AS given (pair_id, recipe, vector)
JOIN qa_pairs ON qa_pairs.tenant_id = $1 AND qa_pairs.id = given.pair_id
ORDER BY given.pair_id
ON CONFLICT (tenant_id, space, pair_id) DO UPDATE SET recipe = excluded.recipe, vector = excluded.vector
"""


class PostgresVectorArchive:
    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    async def find(self, tenant_id: str, space: EmbeddingSpace, recipes: Mapping[str, str]) -> dict[str, Vector]:
        async with self._store.transaction(tenant_id) as transaction:
            rows = await transaction.fetch(_FIND, (tenant_id, _name(space), list(recipes)))
        return {row["pair_id"]: array("f", row["vector"]) for row in rows if row["recipe"] == recipes[row["pair_id"]]}

    async def keep(self, tenant_id: str, space: EmbeddingSpace, vectors: Sequence[KeptVector]) -> None:
        columns = [
            [kept.pair_id for kept in vectors],
            [kept.recipe for kept in vectors],
            [kept.vector.tobytes() for kept in vectors],
        ]
        async with self._store.transaction(tenant_id) as transaction:
            await transaction.fetch(_KEEP, (tenant_id, _name(space), *columns))
            await transaction.commit()


def _name(space: EmbeddingSpace) -> str:
    return f"{space.name}:{space.dimension}:{space.digest}"
