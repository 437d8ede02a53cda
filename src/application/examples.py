"""Examples as vectors, kept with the intents they belong to."""

from array import array
from collections.abc import Mapping, Sequence

from application.ports.models import Embedder
from application.ports.storage import EXAMPLE_VECTORS, UnitOfWork
from application.ports.system import Clock
from domain.taxonomy import ExampleVectors, Intent, texts_digest, vectors_id
from domain.vectors import EmbeddingSpace, Vector

Embedded = Mapping[str, Sequence[Vector]]
"""Vectors of the same texts by the name of the space."""


class ExampleVectorStore:
    def __init__(self, embedder: Embedder, clock: Clock) -> None:
        self._embedder, self._clock = embedder, clock

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        """In every space, so that a question of any language can be compared with them."""
        return {space.name: await self._embedder.embed(space.name, texts) for space in self._embedder.spaces}

    async def keep(self, uow: UnitOfWork, intent: Intent, embedded: Embedded) -> None:
        """In the transaction that saves the intent."""
        for space in self._embedder.spaces:
            await self._put(uow, intent, space, embedded[space.name])

    async def _put(self, uow: UnitOfWork, intent: Intent, space: EmbeddingSpace, vectors: Sequence[Vector]) -> None:
        key, now = vectors_id(intent.id, space.name), self._clock.now()
        held = await uow[EXAMPLE_VECTORS].find(key)
        kept = held or ExampleVectors(id=key, created_at=now, updated_at=now, space="", texts_digest="")
        kept.space, kept.texts_digest = _model(space), texts_digest(intent.examples)
        kept.vectors, kept.updated_at = b"".join(vector.tobytes() for vector in vectors), now
        await uow[EXAMPLE_VECTORS].save(kept)

    async def forget(self, uow: UnitOfWork, intent_id: str) -> None:
        for space in self._embedder.spaces:
            await uow[EXAMPLE_VECTORS].remove(vectors_id(intent_id, space.name))

    async def of(self, uow: UnitOfWork, intents: Sequence[Intent], space_name: str) -> dict[str, list[Vector]]:
        """By intent id; those that were never embedded, or by another model, are left out."""
        space = next(each for each in self._embedder.spaces if each.name == space_name)
        kept = await uow[EXAMPLE_VECTORS].get_many([vectors_id(intent.id, space_name) for intent in intents])
        held = {each.id: each for each in kept}
        found: dict[str, list[Vector]] = {}
        for intent in intents:
            mine = held.get(vectors_id(intent.id, space_name))
            if mine and mine.space == _model(space) and mine.texts_digest == texts_digest(intent.examples):
                found[intent.id] = _split(mine.vectors, space.dimension)
        return found


def _model(space: EmbeddingSpace) -> str:
    return f"{space.name}:{space.dimension}:{space.digest}"


def _split(packed: bytes, dimension: int) -> list[Vector]:
    numbers = array("f")
    numbers.frombytes(packed)
    return [numbers[start : start + dimension] for start in range(0, len(numbers), dimension)]
