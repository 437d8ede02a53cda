"""How probable it is that the best candidate answers the question.

Logistic in a handful of features of the ranking, with constants fitted on public question sets
(`docs/quality.md`), and moved to a knowledge base by what its people said of answers (`refit`).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

from domain.ranking import Ranked, View, merge_answers

MIN_LABELS = 20
"""Fewer labelled answers than this say too little to move the calibration."""
SOFTNESS = 0.03
"""Of the smooth maximum; at 0 only the nearest rival would count."""
NOBODY = 0.2
"""The relevance of an answer that is not there: what a pair that stands alone is measured against."""
_SLOPE_PENALTY, _SHIFT_PENALTY = 2.0, 0.25
_NEWTON_STEPS = 25
_LEAST_SLOPE = 0.1
"""Labels that turn the order around are mistaken, or too few."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best candidate."""

    dense: float
    """Its dense part, on the ranking's absolute scale."""
    gap: float
    """Its relevance less a smooth maximum of all others'; divided by `SOFTNESS` it is the log-odds of its
    share in a softmax. Negative where others are more relevant and a reranker preferred it."""
    kind: str
    """Of calibration: the space and the view, "english/passage"."""


@dataclass(frozen=True, slots=True)
class Constants:
    """`bias + dense * dense + gap * gap` is the logit."""

    dense: float
    gap: float
    bias: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Constants by kind, then `slope * z + shift` fitted on the knowledge base's own labels."""

    constants: Mapping[str, Constants]
    slope: float = 1.0
    shift: float = 0.0
    labels: int = 0
    """How many labelled answers the last two rest on."""

    def of(self, kind: str) -> Constants:
        return self.constants.get(kind, _UNMEASURED)


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
    rivals = [NOBODY, *(other.relevance for other in others)]
    return Evidence(top.dense, top.relevance - _smooth_maximum(rivals), f"{top.space}/{top.view}")


def _smooth_maximum(values: Sequence[float]) -> float:
    """Above the maximum by as much as others come near it: two near rivals weigh more than one."""
    highest = max(values)
    return highest + SOFTNESS * math.log(sum(math.exp((value - highest) / SOFTNESS) for value in values))


def logit(found: Evidence, calibration: Calibration) -> float:
    """Before slope and shift: what a label has to remember of its answer."""
    known = calibration.of(found.kind)
    return known.bias + known.dense * found.dense + known.gap * found.gap


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
    return fitted(labels, calibration) if len(labels) >= MIN_LABELS else calibration


def fitted(labels: Sequence[Label], calibration: Calibration) -> Calibration:
    """As `refit`, of however few."""
    slope, shift = 1.0, 0.0
    for _ in range(_NEWTON_STEPS):
        slope, shift = _newton_step(labels, slope, shift)
    return replace(calibration, slope=max(slope, _LEAST_SLOPE), shift=shift, labels=len(labels))


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


_ENGLISH = Constants(dense=5.0, gap=11.5, bias=-3.8)
_ENGLISH_PASSAGE = Constants(dense=5.0, gap=10.5, bias=-4.0)
_OTHER_LANGUAGE = Constants(dense=5.5, gap=15.0, bias=-4.3)
_OTHER_PASSAGE = Constants(dense=5.0, gap=15.0, bias=-2.2)
_UNMEASURED = _ENGLISH

BUILT_IN = Calibration(
    MappingProxyType(
        {
            f"english/{View.SAME_LANGUAGE}": _ENGLISH,
            f"english/{View.PASSAGE}": _ENGLISH_PASSAGE,
            f"multilingual/{View.SAME_LANGUAGE}": Constants(dense=3.0, gap=11.0, bias=-2.4),
            f"multilingual/{View.PASSAGE}": Constants(dense=1.0, gap=10.0, bias=-1.8),
            f"multilingual/{View.OTHER_LANGUAGE}": _OTHER_LANGUAGE,
            f"multilingual/{View.OTHER_PASSAGE}": _OTHER_PASSAGE,
        }
    )
)
SINGLE_SPACE = Calibration(
    MappingProxyType(
        {
            f"default/{View.SAME_LANGUAGE}": _ENGLISH,
            f"default/{View.PASSAGE}": _ENGLISH_PASSAGE,
            f"default/{View.OTHER_LANGUAGE}": _OTHER_LANGUAGE,
            f"default/{View.OTHER_PASSAGE}": _OTHER_PASSAGE,
        }
    )
)
"""For embedders that nobody has measured here: right for MiniLM, a start for others until labels move it."""


def fingerprint(calibration: Calibration) -> str:
    """Of its constants: labels of answers that were given with others say nothing of it."""
    constants = json.dumps(to_json(calibration)["constants"], sort_keys=True)
    return hashlib.sha256(constants.encode()).hexdigest()[:12]


def to_json(calibration: Calibration) -> dict[str, Any]:
    constants = {kind: asdict(numbers) for kind, numbers in calibration.constants.items()}
    return {
        "constants": constants,
        "slope": calibration.slope,
        "shift": calibration.shift,
        "labels": calibration.labels,
    }


def from_json(stored: Mapping[str, Any]) -> Calibration:
    constants = {kind: Constants(**numbers) for kind, numbers in stored["constants"].items()}
    return Calibration(constants, stored["slope"], stored["shift"], stored["labels"])
