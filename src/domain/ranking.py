"""Ranking what the indexes found, on one absolute scale.

Normalising scores per query is what makes hybrids lose: it blows BM25 up to the size of a near-certain
cosine. Here BM25 is divided by what the question could reach and added with a small weight; models are
brought to one scale by constants measured once. `docs/quality.md` has the figures.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate

from domain.ranking_profiles import (
    BUILT_IN,
    SINGLE_SPACE,
    RankingProfile,
    SpaceProfile,
    View,
    Weights,
    index_texts,
    subject,
    with_subject,
)
from domain.stopwords import stop_words

__all__ = [
    "BUILT_IN",
    "CANDIDATES_PER_METHOD",
    "SINGLE_SPACE",
    "Asked",
    "Fusion",
    "Ranked",
    "RankingProfile",
    "Signals",
    "SpaceProfile",
    "SpaceSearch",
    "View",
    "Weights",
    "asked",
    "index_texts",
    "merge_answers",
    "plan",
    "rank",
    "shown",
    "subject",
    "with_subject",
]

CANDIDATES_PER_METHOD = 50
"""Each method contributes this many candidates; the union is then scored by every method."""

SUBJECT_FLOOR = 0.4
"""The similarity at which every view's `floor` lies: the default of `retrieval.similarity_threshold`."""

_WORD = re.compile(r"\w+")
_RRF_DAMPING = 60
_MOST_LEXICAL = 1e6
"""A ratio of weights beyond this changes no order, and must not become infinite."""
_FIRST_WORDS, _FIRST_CHARACTERS = 8, 160


@dataclass(frozen=True, slots=True)
class Fusion:
    """What the configuration says of dense against lexical. The defaults give the measured weights."""

    vector_weight: float = 0.7
    bm25_weight: float = 0.3
    hybrid: bool = True

    @property
    def reciprocal(self) -> bool:
        """Equal weights mean reciprocal-rank fusion."""
        return self.hybrid and self.vector_weight == self.bm25_weight

    @property
    def dense_factor(self) -> float:
        return 1.0 if self.vector_weight > 0 or not self.hybrid else 0.0

    @property
    def lexical_factor(self) -> float:
        if not self.hybrid:
            return 0.0
        if self.vector_weight <= 0:
            return 1.0
        return min(self.bm25_weight / self.vector_weight, _MOST_LEXICAL) * (0.7 / 0.3)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, as far as ranking needs to know it."""

    language: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Signals:
    """What the indexes say of one candidate."""

    id: str
    language: str
    dense: Mapping[str, float]
    """Inner product by space; a space that does not hold the pair is absent."""
    lexical_question: float = 0.0
    lexical_pair: float = 0.0
    has_question: bool = True
    """False where nobody wrote the question (`auto_generated`): the pair is a passage."""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    id: str
    score: float
    """What the order follows."""
    relevance: float
    """On the absolute scale at the default weights, whatever the configuration weighs: the measure for
    confidence."""
    similarity: float
    """`relevance` in 0..1, alike for all views: below 0.4 the pair is on another subject."""
    dense: float
    """The dense part of `relevance`."""
    lexical_question: float
    lexical_pair: float
    view: View
    space: str
    answer: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SpaceSearch:
    """A dense search to make: in which space, among pairs of which languages (None: all)."""

    space: str
    pair_languages: frozenset[str] | None


def asked(text: str, language: str) -> Asked:
    return Asked(language, frozenset(_WORD.findall(text.lower())))


def plan(question_language: str, profile: RankingProfile) -> tuple[SpaceSearch, ...]:
    """The dense searches a question needs: every space that understands its language."""
    return tuple(
        SpaceSearch(space.name, space.languages) for space in profile.spaces if space.serves(question_language)
    )


def rank(
    question: Asked, candidates: Iterable[Signals], profile: RankingProfile, fusion: Fusion | None = None
) -> list[Ranked]:
    """Every candidate once, best first; candidates that no space and no word finds keep a place at the end."""
    chosen, looks = fusion or Fusion(), _Looks(question, profile)
    ranked = [_ranked(candidate, looks, chosen) for candidate in candidates]
    if chosen.reciprocal:
        ranked = _by_reciprocal_ranks(ranked)
    return sorted(ranked, key=lambda r: (-r.score, r.id))


def merge_answers(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Of candidates with the same answer the first; a pair asked in two ways is one answer.

    Whole answers are compared only where their first words agree: they may be long.
    """
    beginnings = [_beginning(candidate.answer[:_FIRST_CHARACTERS]) for candidate in ranked]
    alike = Counter(beginnings)
    seen: dict[str, Ranked] = {}
    for candidate, beginning in zip(ranked, beginnings, strict=True):
        key = _whole(candidate.answer) if alike[beginning] > 1 else beginning
        seen.setdefault(key or candidate.id, candidate)
    return list(seen.values())


def shown(ranked: Sequence[Ranked]) -> list[float]:
    """The similarity to tell of each: its own, or that of a better ranked one where that is less.

    Similarity says how near a view comes to its own best, relevance which view to believe; told as it is, it
    would contradict the order.
    """
    return [round(value, 4) for value in accumulate((each.similarity for each in ranked), min)]


@lru_cache(maxsize=8192)
def _beginning(characters: str) -> str:
    return _normal(characters.split()[:_FIRST_WORDS])


@lru_cache(maxsize=4096)  # answers that begin alike come again with every question about their subject
def _whole(answer: str) -> str:
    return _normal(answer.split())


def _normal(words: Iterable[str]) -> str:
    return " ".join(words).casefold()


def _ranked(candidate: Signals, looks: "_Looks", fusion: Fusion) -> Ranked:
    view, space = looks.at(candidate)
    weights = space.weights[view]
    dense = candidate.dense.get(space.name, 0.0) + weights.offset
    lexical = weights.question * candidate.lexical_question + weights.pair * candidate.lexical_pair
    return Ranked(
        id=candidate.id,
        score=fusion.dense_factor * dense + fusion.lexical_factor * lexical,
        relevance=dense + lexical,
        similarity=_similarity(dense + lexical, weights),
        dense=dense,
        lexical_question=candidate.lexical_question,
        lexical_pair=candidate.lexical_pair,
        view=view,
        space=space.name,
        answer=candidate.answer,
    )


def _similarity(relevance: float, weights: Weights) -> float:
    """Straight from 0 to the floor, and from there to the ceiling."""
    if relevance <= weights.floor:
        return SUBJECT_FLOOR * max(relevance, 0.0) / weights.floor
    above = (relevance - weights.floor) / (weights.ceiling - weights.floor)
    return min(1.0, SUBJECT_FLOOR + (1.0 - SUBJECT_FLOOR) * above)


class _Looks:
    """How one question looks at each of its candidates."""

    def __init__(self, question: Asked, profile: RankingProfile) -> None:
        self._question, self._profile = question, profile
        self._general = [space for space in profile.spaces if space.languages is None]
        self._special = [space for space in profile.spaces if space.languages is not None]
        self._serving: dict[str, list[SpaceProfile]] = {}
        self._shares_words: dict[str, bool] = {}

    def at(self, candidate: Signals) -> tuple[View, SpaceProfile]:
        """The view, and the space whose cosine counts in it."""
        if self._in_other_language(candidate):
            view = View.OTHER_LANGUAGE if candidate.has_question else View.OTHER_PASSAGE
            return view, _holding(candidate, self._general)
        view = View.SAME_LANGUAGE if candidate.has_question else View.PASSAGE
        return view, _holding(candidate, self._serve(candidate.language))

    def _serve(self, language: str) -> list[SpaceProfile]:
        if language not in self._serving:
            self._serving[language] = [space for space in self._profile.spaces if space.serves(language)]
        return self._serving[language]

    def _in_other_language(self, candidate: Signals) -> bool:
        if self._question.language != candidate.language:
            return True
        if not self._special or not self._general:
            return False
        special, general = candidate.dense.get(self._special[0].name), candidate.dense.get(self._general[0].name)
        if special is None or general is None:
            return False
        return general - special > self._profile.foreign_margin and not self._speaks(candidate.language)

    def _speaks(self, language: str) -> bool:
        """Whether a stop word of the language stands in the question."""
        if language not in self._shares_words:
            self._shares_words[language] = bool(self._question.words & stop_words(language))
        return self._shares_words[language]


def _holding(candidate: Signals, spaces: Sequence[SpaceProfile]) -> SpaceProfile:
    return next((space for space in spaces if space.name in candidate.dense), spaces[0])


def _by_reciprocal_ranks(ranked: Sequence[Ranked]) -> list[Ranked]:
    dense = _places(ranked, lambda r: r.dense)
    lexical = _places(ranked, lambda r: r.lexical_question + r.lexical_pair)
    return [replace(r, score=_reciprocal(dense[r.id]) + _reciprocal(lexical[r.id])) for r in ranked]


def _places(ranked: Sequence[Ranked], value: Callable[[Ranked], float]) -> dict[str, int | None]:
    """Places from 1; equal values share one, and what has no value at all has none."""
    places: dict[float, int] = {}
    for place, number in enumerate(sorted((value(r) for r in ranked), reverse=True), start=1):
        places.setdefault(number, place)
    return {r.id: places[value(r)] if value(r) > 0 else None for r in ranked}


def _reciprocal(place: int | None) -> float:
    return 0.0 if place is None else 1.0 / (_RRF_DAMPING + place)
