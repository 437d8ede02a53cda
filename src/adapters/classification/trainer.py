"""Fitting a model on examples, with the better of two methods, and saying how sure it may be."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.classification.certainty import Certainty, Measured
from adapters.classification.methods import Linear, Method, Nearest, nearness
from adapters.classification.softmax import Labels, Matrix
from application.ports.classification import Features, Fitness, Label

FOLDS = 5
FEW = 1500
"""Up to so many examples each is held out once; of more, one fold is enough to tell."""
ROWS_AT_ONCE = 512
CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows are unit vectors side by side, one space after another; `widths` are the spaces' dimensions."""

    rows: Matrix
    labels: Labels
    classes: int

    def part(self, chosen: NDArray[np.bool_]) -> "Examples":
        return Examples(self.rows[chosen], self.labels[chosen], self.classes)

    def likeness(self, texts: Matrix, spaces: int) -> Matrix:
        """Mean cosine over the spaces, of each text with each example."""
        result: Matrix = (texts @ self.rows.T) / np.float32(spaces)
        return result


class FittedModel:
    def __init__(
        self,
        names: Sequence[str],
        examples: Examples,
        spaces: int,
        method: Method,
        certainty: Certainty,
        worth: Fitness,
    ) -> None:
        self._names, self._examples, self._spaces = tuple(names), examples, spaces
        self._method, self._certainty = method, certainty
        self.fitness = worth

    async def classify(self, texts: Sequence[Features]) -> list[Label]:
        return await asyncio.to_thread(self._classify, texts)

    def _classify(self, texts: Sequence[Features]) -> list[Label]:
        found: list[Label] = []
        for start in range(0, len(texts), ROWS_AT_ONCE):
            found += self._labels(as_rows(texts[start : start + ROWS_AT_ONCE]))
        return found

    def _labels(self, rows: Matrix) -> Iterator[Label]:
        likeness = self._examples.likeness(rows, self._spaces)
        logits = self._method.scores(rows, likeness)
        fits = self._certainty.in_scope(logits, likeness)
        sure = self._certainty.sharpened(logits) * fits[:, None]
        best = np.argsort(-sure, axis=1, kind="stable")[:, :CANDIDATES]
        for n in range(len(rows)):
            yield self._label(float(fits[n]), [(self._names[c], float(sure[n, c])) for c in best[n]])

    def _label(self, fits: float, candidates: list[tuple[str, float]]) -> Label:
        ranked = tuple((name, round(sure, 4)) for name, sure in candidates)
        none = round(1.0 - fits, 4)
        if fits < 0.5:
            return Label(None, none, none, ranked)
        return Label(ranked[0][0], ranked[0][1], none, ranked)


class ExampleTrainer:
    """Linear models are usually better, from three examples a label on; what these very examples say decides."""

    async def fit(self, labels: Sequence[str], examples: Sequence[Features]) -> FittedModel:
        return await asyncio.to_thread(self._fit, labels, examples)

    def _fit(self, labels: Sequence[str], texts: Sequence[Features]) -> FittedModel:
        names = sorted(set(labels))
        numbers = {name: n for n, name in enumerate(names)}
        numbered = np.array([numbers[label] for label in labels], dtype=np.intp)
        examples, spaces = Examples(as_rows(texts), numbered, len(names)), len(texts[0])
        tried = [_trial(examples, fold, spaces) for fold in _folds(examples)] if len(names) > 1 else []
        if not tried:
            worth = Fitness("nearest", 0, {})
            return FittedModel(names, examples, spaces, Nearest(numbered, len(names)), Certainty(), worth)
        pooled = {name: _pooled([trial.measured[name] for trial in tried]) for name in ("linear", "nearest")}
        accuracy = {name: round(float(each.right.mean()), 4) for name, each in pooled.items()}
        chosen = max(pooled, key=lambda name: accuracy[name])
        method = _final(chosen, examples, tried[0].linear)
        worth = Fitness(chosen, len(pooled[chosen].right), accuracy)
        return FittedModel(names, examples, spaces, method, Certainty.learnt(pooled[chosen]), worth)


@dataclass(frozen=True, slots=True)
class _Trial:
    linear: Linear
    measured: dict[str, Measured]


def _trial(examples: Examples, held_out: NDArray[np.bool_], spaces: int) -> _Trial:
    seen, unseen = examples.part(~held_out), examples.part(held_out)
    linear = Linear.fit(seen.rows, seen.labels, seen.classes)
    likeness = seen.likeness(unseen.rows, spaces)
    near = nearness(likeness)
    measured = {}
    for method in (linear, Nearest(seen.labels, seen.classes)):
        logits = method.scores(unseen.rows, likeness)
        measured[method.name] = Measured(logits, near, logits.argmax(1) == unseen.labels)
    return _Trial(linear, measured)


def _final(name: str, examples: Examples, start: Linear) -> Method:
    if name == "nearest":
        return Nearest(examples.labels, examples.classes)
    return Linear.fit(examples.rows, examples.labels, examples.classes, start)


def _pooled(parts: Sequence[Measured]) -> Measured:
    return Measured(
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.likeness_near for part in parts]),
        np.concatenate([part.right for part in parts]),
    )


def _folds(examples: Examples) -> Iterator[NDArray[np.bool_]]:
    """Of each label every fifth example; a label's only example is never held out."""
    place, count = _places(examples)
    fold = place % FOLDS
    for number in range(FOLDS if len(place) <= FEW else 1):
        chosen = (fold == number) & (count > 1)
        if chosen.any():
            yield chosen


def _places(examples: Examples) -> tuple[Labels, Labels]:
    """Of each example, its place among those of its label, and how many these are."""
    place = np.zeros(len(examples.labels), dtype=np.intp)
    counted = np.bincount(examples.labels, minlength=examples.classes)
    for label in range(examples.classes):
        place[examples.labels == label] = np.arange(counted[label])
    return place, counted[examples.labels]


def as_rows(texts: Sequence[Features]) -> Matrix:
    return np.array([np.concatenate([np.asarray(vector, np.float32) for vector in text]) for text in texts], np.float32)
