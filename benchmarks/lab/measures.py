"""What is good: ranking, telling right from wrong, and honest probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ranking:
    hit_at_1: float
    hit_at_5: float
    mrr_at_10: float

    def __str__(self) -> str:
        return "/".join(f"{x:.3f}" for x in (self.hit_at_1, self.hit_at_5, self.mrr_at_10))


def ranking(places: Sequence[int | None]) -> Ranking:
    """Of the places, from 1, of the first right candidate; None where none was found."""
    found = np.array([place or 10**6 for place in places])
    reciprocal = np.where(found <= 10, 1.0 / found, 0.0)
    return Ranking(float((found <= 1).mean()), float((found <= 5).mean()), float(reciprocal.mean()))


def places(scores: Numbers, right: Truths) -> list[int | None]:
    """By descending score; equal scores in the order of the pairs."""
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(right, order, 1)
    return [int(row.argmax()) + 1 if row.any() else None for row in hits]


def min_max(scores: Numbers) -> Numbers:
    low, high = scores.min(1, keepdims=True), scores.max(1, keepdims=True)
    return (scores - low) / (high - low + 1e-9)  # type: ignore[no-any-return]


def auroc(scores: Numbers, right: Truths) -> float:
    """The chance that a right answer scores above a wrong one; ties count half."""
    ordered = np.sort(scores[~right])
    if not len(ordered) or not right.any():
        return float("nan")
    below = np.searchsorted(ordered, scores[right], "left")
    upto = np.searchsorted(ordered, scores[right], "right")
    return float(((below + upto) / 2).mean() / len(ordered))


def calibration_error(probabilities: Numbers, right: Truths, bins: int = 10) -> float:
    """ECE over equal bins of probability."""
    bin_of = np.clip((probabilities * bins).astype(int), 0, bins - 1)
    parts = [(bin_of == b) for b in range(bins)]
    return float(sum(abs(probabilities[p].mean() - right[p].mean()) * p.mean() for p in parts if p.any()))


def let_through(scores: Numbers, right: Truths, unanswerable: Truths) -> float:
    """The share of unanswerable questions above the score that keeps 95 % of the right answers."""
    if not right.any() or not unanswerable.any():
        return float("nan")
    return float((scores[unanswerable] >= np.quantile(scores[right], 0.05)).mean())


def answered(probabilities: Numbers, right: Truths, threshold: float) -> tuple[float, float]:
    """The share of questions answered at the threshold, and the share of those answered wrong."""
    above = probabilities >= threshold
    return float(above.mean()), float(1 - right[above].mean()) if above.any() else 0.0
