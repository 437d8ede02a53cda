"""What people said of answers, as labels that confidence is calibrated by, and what that is worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.confidence import Calibration, Label, fingerprint, fitted, refit, sigmoid
from domain.queries import Feedback, QueryRecord
from domain.settings import ConfidenceFit

GOOD_RATING, BAD_RATING = 4, 2
"""From here on an answer counts as right, up to there as wrong; in between nobody can tell."""
SAME_ANSWER, OTHER_ANSWER = 0.7, 0.25
"""Cosine of a person's answer and the candidate's from which they say the same, and up to which they do not."""
FOLDS = 10
BINS = 10


def verdict(feedback: Feedback | None) -> bool | None:
    """Whether the answer was right, as far as its feedback says; the plainest word in it counts."""
    if feedback is None:
        return None
    if feedback.correct is not None:
        return feedback.correct
    if feedback.helpful is not None:
        return feedback.helpful
    if feedback.rating >= GOOD_RATING:
        return True
    return False if feedback.rating <= BAD_RATING else None


def verdict_of_operator(likeness: float) -> bool | None:
    """Whether the candidate that was not sent would have been right, by how much the person's answer is like it."""
    if likeness >= SAME_ANSWER:
        return True
    return False if likeness <= OTHER_ANSWER else None


def label_of(query: QueryRecord, right: bool | None, constants: str) -> Label | None:
    """None where nobody can tell, or the answer has no logit by these constants (an operator's, another model's)."""
    logit = query.metadata.get("logit")
    if right is None or logit is None or query.metadata.get("logit_of") != constants:
        return None
    return Label(float(logit), right)


def moved(base: Calibration, fit: ConfidenceFit) -> Calibration:
    """The constants with the fit over them, if it was made for them."""
    if fit.fitted_for not in ("", fingerprint(base)):
        return base
    return replace(base, slope=fit.slope, shift=fit.shift, labels=fit.labels)


@dataclass(frozen=True, slots=True)
class Worth:
    """How honest probabilities are: mean log-loss, and ECE over ten equal bins."""

    loss: float
    error: float


@dataclass(frozen=True, slots=True)
class Fit:
    """What the labels make of the constants. `after` is cross-validated: every label is judged by a fit that has
    not seen it."""

    calibration: Calibration
    labels: int
    right: int
    before: Worth
    after: Worth

    @property
    def helps(self) -> bool:
        return self.after.loss < self.before.loss

    @property
    def setting(self) -> ConfidenceFit:
        found = self.calibration
        return ConfidenceFit(round(found.slope, 4), round(found.shift, 4), found.labels, fingerprint(found))


def fit(labels: Sequence[Label], base: Calibration, in_force: Calibration) -> Fit:
    """`base` are the constants, `in_force` what confidence is given by now. Needs `MIN_LABELS`."""
    right = sum(label.right for label in labels)
    before = worth(labels, [_probability(label, in_force) for label in labels])
    return Fit(refit(labels, base), len(labels), right, before, worth(labels, _held_out(labels, base)))


def worth(labels: Sequence[Label], probabilities: Sequence[float]) -> Worth:
    losses = [
        -math.log(max(p if label.right else 1.0 - p, 1e-12)) for label, p in zip(labels, probabilities, strict=True)
    ]
    return Worth(round(math.fsum(losses) / len(labels), 4), round(_calibration_error(labels, probabilities), 4))


def _held_out(labels: Sequence[Label], base: Calibration) -> list[float]:
    folds = [fitted([label for n, label in enumerate(labels) if n % FOLDS != fold], base) for fold in range(FOLDS)]
    return [_probability(label, folds[n % FOLDS]) for n, label in enumerate(labels)]


def _probability(label: Label, calibration: Calibration) -> float:
    return sigmoid(calibration.slope * label.logit + calibration.shift)


def _calibration_error(labels: Sequence[Label], probabilities: Sequence[float]) -> float:
    """Guo et al., "On Calibration of Modern Neural Networks", ICML 2017: per bin, the share of right answers beside
    the mean probability, weighted by the bin's size."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for label, p in zip(labels, probabilities, strict=True):
        bins.setdefault(min(int(p * BINS), BINS - 1), []).append((p, label.right))
    gaps = (abs(math.fsum(p for p, _ in held) - sum(right for _, right in held)) for held in bins.values())
    return math.fsum(gaps) / len(labels)
