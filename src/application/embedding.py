"""The vectors of pairs: as kept from the last time, else made."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

from application.ports.archive import KeptVector, VectorArchive
from application.ports.models import Embedder
from domain.qa_pairs import QAPair
from domain.ranking import SpaceProfile, index_texts, subject, with_subject
from domain.vectors import EmbeddingSpace, Vector, weighted_sum

Recipe = Sequence[tuple[str, float]]
"""Texts and their weights: what a pair's vector in a space is made of."""


def titled(pair: QAPair) -> str:
    """The question as the indexes know it: with what it is about, where the pair's metadata says that."""
    return with_subject(pair.question, subject(pair.metadata.extra))


def recipe_of(space: SpaceProfile, pair: QAPair) -> Recipe:
    """The texts and weights that make up the pair's vector in the space."""
    return index_texts(space, titled(pair), pair.answer, has_question=not pair.auto_generated)


class PairVectors:
    def __init__(self, embedder: Embedder, archive: VectorArchive | None = None) -> None:
        self._embedder, self._archive = embedder, archive

    async def __call__(self, tenant_id: str, space: SpaceProfile, pairs: Sequence[QAPair]) -> dict[str, Vector]:
        """By pair id. Raises `ServiceUnavailable` when the model or the archive cannot be reached."""
        recipes = {pair.id: recipe_of(space, pair) for pair in pairs}
        if self._archive is None:
            return await self._made(space, recipes)
        digests = {key: digest_of(recipe) for key, recipe in recipes.items()}
        model = self._model(space)
        kept = await self._archive.find(tenant_id, model, digests)
        made = await self._made(space, {key: recipe for key, recipe in recipes.items() if key not in kept})
        if made:
            fresh = [KeptVector(key, digests[key], vector) for key, vector in made.items()]
            await self._archive.keep(tenant_id, model, fresh)
        return kept | made

    def _model(self, space: SpaceProfile) -> EmbeddingSpace:
        return next(model for model in self._embedder.spaces if model.name == space.name)

    async def _made(self, space: SpaceProfile, recipes: Mapping[str, Recipe]) -> dict[str, Vector]:
        texts = list(dict.fromkeys(text for recipe in recipes.values() for text, _ in recipe))
        vectors = dict(zip(texts, await self._embedder.embed(space.name, texts), strict=True)) if texts else {}
        return {
            key: weighted_sum([(vectors[text], weight) for text, weight in recipe]) for key, recipe in recipes.items()
        }


def digest_of(recipe: Recipe) -> str:
    parts = [[text, repr(weight)] for text, weight in recipe]
    return sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()[:32]
