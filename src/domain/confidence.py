"""How probable it is that the best candidate answers the question.

Logistic in a handful of features of the ranking, with constants fitted on public question sets
(`docs/quality.md`), and moved to a knowledge base by what its people said of answers (`refit`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from domain.ranking import Ranked, View, merge_answers

MIN_LABELS = 20
"""Fewer labelled answers than this say too little to move the calibration."""
_SLOPE_PENALTY, _SHIFT_PENALTY = 2.0, 0.25
_NEWTON_STEPS = 25


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best candidate."""

    view: View
    dense: float
    """Of the best candidate, on the ranking's absolute scale."""
    gap: float
    """Its relevance less the best of the others'; 0 where it stands alone, negative where others are
    more relevant and a reranker preferred it."""
    lexical_question: float = 0.0
    lexical_pair: float = 0.0


@dataclass(frozen=True, slots=True)
class Constants:
    """Of one view: `bias + dense * dense_top + gap * gap + …` is the logit."""

    dense: float
    gap: float
    bias: float
    lexical_question: float = 0.0
    lexical_pair: float = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Constants by view, then `slope * z + shift` fitted on the knowledge base's own labels."""

    constants: Mapping[View, Constants]
    slope: float = 1.0
    shift: float = 0.0
    labels: int = field(default=0, compare=False)
    """How many labelled answers the last two rest on."""


@dataclass(frozen=True, slots=True)
class Label:
    """An answer that somebody judged: its logit before slope and shift, and whether it was right."""

    logit: float
    right: bool


def evidence(ranked: Sequence[Ranked]) -> Evidence | None:
    """Of candidates in their final order, the chosen one first; None when there is none."""
    if not ranked:
        return None
    top, *others = merge_answers(ranked)
    best_other = max((other.relevance for other in others), default=top.relevance)
    return Evidence(top.view, top.dense, top.relevance - best_other, top.lexical_question, top.lexical_pair)


def logit(found: Evidence, calibration: Calibration) -> float:
    """Before slope and shift: what a label has to remember of its answer."""
    known = calibration.constants[found.view]
    return (
        known.bias
        + known.dense * found.dense
        + known.gap * found.gap
        + known.lexical_question * found.lexical_question
        + known.lexical_pair * found.lexical_pair
    )


def confidence(found: Evidence | None, calibration: Calibration) -> float:
    """The probability that the best candidate answers the question; 0 when nothing was found."""
    if found is None:
        return 0.0
    return sigmoid(calibration.slope * logit(found, calibration) + calibration.shift)


def sigmoid(z: float) -> float:
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-min(z, 700.0)))
    return 1.0 - sigmoid(-z)


def refit(labels: Sequence[Label], calibration: Calibration) -> Calibration:
    """The same constants with slope and shift that minimise log-loss + 2(slope − 1)² + shift²/4.

    Fewer than `MIN_LABELS` change nothing. The loss is convex; damped Newton steps find its minimum.
    """
    if len(labels) < MIN_LABELS:
        return calibration
    slope, shift = 1.0, 0.0
    for _ in range(_NEWTON_STEPS):
        slope, shift = _newton_step(labels, slope, shift)
    return replace(calibration, slope=max(slope, 0.0), shift=shift, labels=len(labels))


def _newton_step(labels: Sequence[Label], slope: float, shift: float) -> tuple[float, float]:
    """One step down the penalised loss, halved until it does go down."""
    (by_slope, by_shift), (aa, ab, bb) = _derivatives(labels, slope, shift)
    determinant = aa * bb - ab * ab
    step_slope = (bb * by_slope - ab * by_shift) / determinant
    step_shift = (aa * by_shift - ab * by_slope) / determinant
    before = _loss(labels, slope, shift)
    for halvings in range(30):
        length = 0.5**halvings
        nearer = slope - length * step_slope, shift - length * step_shift
        if _loss(labels, *nearer) <= before:
            return nearer
    return slope, shift


def _loss(labels: Sequence[Label], slope: float, shift: float) -> float:
    penalty = _SLOPE_PENALTY * (slope - 1.0) ** 2 + _SHIFT_PENALTY * shift**2
    return penalty + sum(_log_loss(slope * label.logit + shift, label.right) for label in labels)


def _log_loss(z: float, right: bool) -> float:
    signed = -z if right else z
    return max(signed, 0.0) + math.log1p(math.exp(-abs(signed)))


def _derivatives(
    labels: Sequence[Label], slope: float, shift: float
) -> tuple[tuple[float, float], tuple[float, float, float]]:
    """Gradient, and the upper triangle of the Hessian."""
    by_slope, by_shift = 2 * _SLOPE_PENALTY * (slope - 1.0), 2 * _SHIFT_PENALTY * shift
    aa, ab, bb = 2 * _SLOPE_PENALTY, 0.0, 2 * _SHIFT_PENALTY
    for label in labels:
        p = sigmoid(slope * label.logit + shift)
        error, spread = p - float(label.right), p * (1.0 - p)
        by_slope, by_shift = by_slope + error * label.logit, by_shift + error
        aa, ab, bb = aa + spread * label.logit**2, ab + spread * label.logit, bb + spread
    return (by_slope, by_shift), (aa, ab, bb)


_RECIPE = Constants(dense=8.0, gap=12.7, bias=-6.0)

BUILT_IN = Calibration({view: _RECIPE for view in View})
SINGLE_SPACE = Calibration({view: _RECIPE for view in View})
"""For embedders nobody has measured here."""


def to_json(calibration: Calibration) -> dict[str, Any]:
    return asdict(calibration)


def from_json(stored: Mapping[str, Any]) -> Calibration:
    constants = {View(view): Constants(**numbers) for view, numbers in stored["constants"].items()}
    return Calibration(constants, stored["slope"], stored["shift"], stored["labels"])
