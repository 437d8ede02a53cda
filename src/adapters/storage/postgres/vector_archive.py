"""Vectors beside the pairs and beside the questions, as 32-bit floats."""
# ruff: noqa: S608 - made of the two names below

from array import array
from collections.abc import Mapping, Sequence
from typing import Literal

from adapters.storage.postgres.store import PostgresStore
from application.ports.archive import KeptVector
from domain.vectors import EmbeddingSpace, Vector

Of = Literal["pair", "question"]
_PLACES = {"pair": ("pair_vectors", "pair_id", "qa_pairs"), "question": ("query_vectors", "query_id", "queries")}
"""Of each: the table of vectors, its key, and the table whose rows they go with."""


class PostgresVectorArchive:
    def __init__(self, store: PostgresStore, of: Of = "pair") -> None:
        self._store = store
        table, key, owners = _PLACES[of]
        self._find = (
            f"SELECT {key} AS id, recipe, vector FROM {table} WHERE tenant_id = $1 AND space = $2 AND {key} = ANY($3)"
        )
        self._keep = f"""
INSERT INTO {table} (tenant_id, space, {key}, recipe, vector)
SELECT $1, $2, given.id, given.recipe, given.vector
FROM unnest($3::text[], $4::text[], $5::bytea[]) AS given (id, recipe, vector)
JOIN {owners} AS owner ON owner.tenant_id = $1 AND owner.id = given.id
ORDER BY given.id
ON CONFLICT (tenant_id, space, {key}) DO UPDATE SET recipe = excluded.recipe, vector = excluded.vector
"""

    async def find(self, tenant_id: str, space: EmbeddingSpace, recipes: Mapping[str, str]) -> dict[str, Vector]:
        async with self._store.transaction(tenant_id) as transaction:
            rows = await transaction.fetch(self._find, (tenant_id, _name(space), list(recipes)))
        return {row["id"]: array("f", row["vector"]) for row in rows if row["recipe"] == recipes[row["id"]]}

    async def keep(self, tenant_id: str, space: EmbeddingSpace, vectors: Sequence[KeptVector]) -> None:
        columns = [
            [kept.id for kept in vectors],
            [kept.recipe for kept in vectors],
            [kept.vector.tobytes() for kept in vectors],
        ]
        async with self._store.transaction(tenant_id) as transaction:
            await transaction.fetch(self._keep, (tenant_id, _name(space), *columns))
            await transaction.commit()


def _name(space: EmbeddingSpace) -> str:
    return f"{space.name}:{space.dimension}:{space.digest}"
