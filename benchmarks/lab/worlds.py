"""A knowledge base and its questions, answered by the service's own ranking."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from benchmarks.lab.data import Pair, Query, QuestionSet
from benchmarks.lab.lexical import scores
from benchmarks.lab.measures import Numbers, Truths
from benchmarks.lab.models import Matrix, embed

from domain.confidence import Evidence, evidence
from domain.ranking import (
    BUILT_IN,
    CANDIDATES_PER_METHOD,
    Ranked,
    Signals,
    SpaceProfile,
    asked,
    index_texts,
    merge_answers,
    plan,
    rank,
)

MODELS = {"english": "minilm", "multilingual": "use"}


@dataclass(frozen=True)
class Outcome:
    """How one question went."""

    query: Query
    ranked: tuple[Ranked, ...]
    found: Evidence
    answerable: bool

    place: int | None
    """Of the first right candidate, from 1; a pair with a right pair's very answer is right."""

    @property
    def right(self) -> bool:
        return self.place == 1


class World:
    def __init__(self, questions: QuestionSet) -> None:
        self.name, self.pairs, self.queries = questions.name, questions.pairs, questions.queries
        self._texts = [query.text for query in self.queries]

    @cached_property
    def lexical(self) -> tuple[Numbers, Numbers]:
        return scores(self.pairs, self._texts)

    @cached_property
    def dense(self) -> dict[str, Numbers]:
        """Inner products by space, as the indexes would give them; -inf for pairs it does not hold."""
        return {space.name: self._products(space) for space in BUILT_IN.spaces}

    def _products(self, space: SpaceProfile) -> Numbers:
        held = np.array([space.serves(pair.language) for pair in self.pairs])
        products = embed(MODELS[space.name], self._texts) @ pair_vectors(space, self.pairs).T
        return np.where(held, products.astype(np.float64), -np.inf)

    @cached_property
    def allowed(self) -> Truths:
        """What the metadata filter of each question admits."""
        return np.array([[not q.entities or p.entity in q.entities for p in self.pairs] for q in self.queries])

    @cached_property
    def right(self) -> Truths:
        return np.array([[pair.id in query.relevant for pair in self.pairs] for query in self.queries])

    def outcomes(self) -> list[Outcome]:
        return list(self._outcomes())

    def _outcomes(self) -> Iterator[Outcome]:
        answers = {pair.id: pair.answer for pair in self.pairs}
        for at, query in enumerate(self.queries):
            candidates = [self._signals(at, row) for row in self._candidates(at)]
            ranked = tuple(merge_answers(rank(asked(query.text, query.language), candidates, BUILT_IN)))
            found = evidence(ranked)
            assert found is not None
            right = {answers[key] for key in query.relevant if key in answers}
            place = next((n for n, r in enumerate(ranked, 1) if r.answer in right), None)
            yield Outcome(query, ranked, found, bool(right), place)

    def _searched(self, at: int) -> list[str]:
        return [search.space for search in plan(self.queries[at].language, BUILT_IN)]

    def _candidates(self, at: int) -> list[int]:
        """The union of each method's best."""
        methods = [self.dense[space][at] for space in self._searched(at)]
        methods.append(self.lexical[0][at] + self.lexical[1][at])
        best = [np.argsort(-np.where(self.allowed[at], m, -np.inf))[:CANDIDATES_PER_METHOD] for m in methods]
        return [row for row in sorted(set(np.concatenate(best).tolist())) if self.allowed[at, row]]

    def _signals(self, at: int, row: int) -> Signals:
        pair = self.pairs[row]
        held = {space: float(self.dense[space][at, row]) for space in self._searched(at)}
        return Signals(
            pair.id,
            pair.language,
            {space: product for space, product in held.items() if product > -np.inf},
            float(self.lexical[0][at, row]),
            float(self.lexical[1][at, row]),
            has_question=bool(pair.question),
            answer=pair.answer,
        )


def pair_vectors(space: SpaceProfile, pairs: Sequence[Pair]) -> Matrix:
    """The one vector per pair that the index keeps."""
    recipes = [index_texts(space, p.titled, p.answer, has_question=bool(p.question)) for p in pairs]
    texts = list(dict.fromkeys(text for recipe in recipes for text, _ in recipe))
    vectors = dict(zip(texts, embed(MODELS[space.name], texts), strict=True))
    return np.stack([sum(weight * vectors[text] for text, weight in recipe) for recipe in recipes])


def halved(questions: QuestionSet, removed: int) -> QuestionSet:
    """Without every second pair: about half of the questions lose their article."""
    return replace(questions, pairs=tuple(p for n, p in enumerate(questions.pairs) if n % 2 != removed))


def foreign(questions: QuestionSet, texts: Sequence[str]) -> QuestionSet:
    """Asked about other subjects altogether."""
    return replace(questions, queries=tuple(Query(text, frozenset(), "en") for text in texts))
