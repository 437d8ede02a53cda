"""Finding and ranking the pairs that may answer a question."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from application.embedding import recipe_of
from application.ports.lexical import LexicalHit, LexicalIndex
from application.ports.models import Embedder
from application.ports.storage import PAIRS, Store
from application.ports.vectors import VectorIndex
from domain.errors import ServiceUnavailable
from domain.qa_pairs import PairStatus, QAPair
from domain.ranking import (
    CANDIDATES_PER_METHOD,
    Fusion,
    Ranked,
    RankingProfile,
    Signals,
    SpaceProfile,
    SpaceSearch,
    asked,
    merge_answers,
    plan,
    rank,
)
from domain.retrieval import Filters
from domain.vectors import Vector, cosine

T = TypeVar("T")

FALLBACK_CANDIDATES = 10
"""Without the vector index this many lexical candidates are embedded while the caller waits."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    ranked: tuple[Ranked, ...]
    pairs: Mapping[str, QAPair]
    mode: str
    """hybrid, dense or lexical."""
    checked: int
    """How many pairs the search had to choose from."""
    degraded: tuple[str, ...] = ()

    @property
    def top(self) -> QAPair | None:
        return self.pairs[self.ranked[0].id] if self.ranked else None


@dataclass(frozen=True, slots=True)
class _Dense:
    scores: Mapping[str, Mapping[str, float]]
    """By space, then by pair."""
    questions: Mapping[str, Vector]
    available: bool = True


class Retriever:
    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        vectors: VectorIndex,
        lexical: LexicalIndex,
        profile: RankingProfile,
    ) -> None:
        self._store, self._embedder, self._vectors, self._lexical = store, embedder, vectors, lexical
        self._profile = profile

    async def __call__(
        self,
        tenant_id: str,
        text: str,
        language: str,
        filters: Filters,
        fusion: Fusion,
        candidates: int = CANDIDATES_PER_METHOD,
    ) -> Retrieved:
        """Every candidate that either method finds, scored by both, best first, one per distinct answer."""
        dense, words, held = await asyncio.gather(
            self._dense(tenant_id, text, language, filters, candidates),
            self._words(tenant_id, text, filters, candidates if fusion.hybrid else 0),
            self._held(tenant_id),
        )
        if not dense.available and not words:
            words = await self._words(tenant_id, text, filters, candidates)
        ids = list(dict.fromkeys([*(i for hits in dense.scores.values() for i in hits), *(words or {})]))
        dense, words = await self._complete(tenant_id, text, ids, dense, words)
        pairs = await self._pairs(tenant_id, ids)
        dense = dense if dense.available else await self._embedded(dense, pairs, words)
        signals = [_signals(pair, dense.scores, words or {}) for pair in pairs.values()]
        ranked = merge_answers(rank(asked(text, language), signals, self._profile, fusion))
        checked = max(held, len(pairs))
        return Retrieved(tuple(ranked), pairs, _mode(fusion, dense, words), checked, _degraded(dense, words))

    async def _dense(self, tenant_id: str, text: str, language: str, filters: Filters, limit: int) -> _Dense:
        searches = plan(language, self._profile)
        vectors = await asyncio.gather(*(self._embedder.embed(s.space, [text]) for s in searches))
        questions = {search.space: found[0] for search, found in zip(searches, vectors, strict=True)}
        try:
            hits = await asyncio.gather(
                *(self._search(tenant_id, s, questions[s.space], filters, limit) for s in searches)
            )
        except ServiceUnavailable:
            return _Dense({}, questions, available=False)
        return _Dense({s.space: found for s, found in zip(searches, hits, strict=True)}, questions)

    async def _search(
        self, tenant_id: str, search: SpaceSearch, vector: Vector, filters: Filters, limit: int
    ) -> dict[str, float]:
        hits = await self._vectors.search(tenant_id, search.space, vector, limit, filters)
        return {hit.id: hit.score for hit in hits}

    async def _words(self, tenant_id: str, text: str, filters: Filters, limit: int) -> dict[str, LexicalHit] | None:
        """None when the lexical index is gone."""
        if not limit:
            return {}
        try:
            hits = await self._lexical.search(tenant_id, text, limit, filters)
        except ServiceUnavailable:
            return None
        return {hit.id: hit for hit in hits}

    async def _complete(
        self, tenant_id: str, text: str, ids: Sequence[str], dense: _Dense, words: dict[str, LexicalHit] | None
    ) -> tuple[_Dense, dict[str, LexicalHit] | None]:
        """What one method found is looked up in the other, so that no score is missing."""
        spaces = list(dense.scores)
        fills = (self._fill(tenant_id, space, dense.questions[space], ids, dense.scores[space]) for space in spaces)
        more_words, filled = await asyncio.gather(self._more_words(tenant_id, text, ids, words), asyncio.gather(*fills))
        return replace(dense, scores=dict(zip(spaces, filled, strict=True))), more_words

    async def _more_words(
        self, tenant_id: str, text: str, ids: Sequence[str], words: dict[str, LexicalHit] | None
    ) -> dict[str, LexicalHit] | None:
        if not words:
            return words
        missing = [i for i in ids if i not in words]
        return {**words, **await _unless_lost(self._lexical.scores(tenant_id, text, missing))}

    async def _fill(
        self, tenant_id: str, space: str, vector: Vector, ids: Sequence[str], known: Mapping[str, float]
    ) -> dict[str, float]:
        missing = [i for i in ids if i not in known]
        if not missing:
            return dict(known)
        return {**known, **await _unless_lost(self._vectors.scores(tenant_id, space, vector, missing))}

    async def _pairs(self, tenant_id: str, ids: Sequence[str]) -> dict[str, QAPair]:
        async with self._store.begin(tenant_id) as uow:
            found = await uow[PAIRS].get_many(ids)
        return {pair.id: pair for pair in found if pair.status is PairStatus.ACTIVE}

    async def _embedded(
        self, dense: _Dense, pairs: Mapping[str, QAPair], words: Mapping[str, LexicalHit] | None
    ) -> _Dense:
        """The scores that the lost index would have given the best lexical candidates."""
        best = list(words or {})[:FALLBACK_CANDIDATES]
        scores = {}
        for space in self._profile.spaces:
            if space.name in dense.questions:
                chosen = [pairs[i] for i in best if i in pairs and space.serves(pairs[i].language)]
                scores[space.name] = await self._scored(space, chosen, dense.questions[space.name])
        return replace(dense, scores=scores)

    async def _scored(self, space: SpaceProfile, pairs: Sequence[QAPair], question: Vector) -> dict[str, float]:
        recipes = {pair.id: recipe_of(space, pair) for pair in pairs}
        texts = list(dict.fromkeys(text for recipe in recipes.values() for text, _ in recipe))
        vectors = dict(zip(texts, await self._embedder.embed(space.name, texts), strict=True))
        return {
            key: sum(weight * cosine(vectors[text], question) for text, weight in recipe)
            for key, recipe in recipes.items()
        }

    async def _held(self, tenant_id: str) -> int:
        """How many pairs there are to choose from; 0 when the index cannot say."""
        try:
            return await self._lexical.count(tenant_id)
        except ServiceUnavailable:
            return 0


async def _unless_lost(scores: Awaitable[Mapping[str, T]]) -> Mapping[str, T]:
    """None, when the index went away since it was searched: what it found then is still an answer."""
    try:
        return await scores
    except ServiceUnavailable:
        return {}


def _signals(pair: QAPair, dense: Mapping[str, Mapping[str, float]], words: Mapping[str, LexicalHit]) -> Signals:
    hit = words.get(pair.id)
    return Signals(
        id=pair.id,
        language=pair.language,
        dense={space: scores[pair.id] for space, scores in dense.items() if pair.id in scores},
        lexical_question=hit.question if hit else 0.0,
        lexical_pair=hit.pair if hit else 0.0,
        has_question=not pair.auto_generated,
        answer=pair.answer,
    )


def _mode(fusion: Fusion, dense: _Dense, words: object) -> str:
    if not dense.available:
        return "lexical"
    return "hybrid" if fusion.hybrid and words is not None else "dense"


def _degraded(dense: _Dense, words: object) -> tuple[str, ...]:
    lost = (("vector_index", not dense.available), ("lexical_index", words is None))
    return tuple(name for name, is_lost in lost if is_lost)
