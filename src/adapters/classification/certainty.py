"""How sure a label is, and whether none fits: learnt from examples that were held out from fitting."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.classification.methods import energy, nearness
from adapters.classification.softmax import Matrix, probabilities

ENERGY_WEIGHT, NEARNESS_WEIGHT, EVEN_ODDS = 2.26, 1.42, 7.09
"""Log-odds of a text being of some label, over the standard scores of energy and nearness among held-out
examples. Fitted once, on CLINC150's training set as examples, its validation set against `oos_train` and
`oos_val` at even odds; `docs/classification.md` has what they are worth elsewhere."""
NONE_AMONG_TEXTS = 0.1
"""How many of the texts people classify are taken to be of no label."""
OFFSET = EVEN_ODDS + math.log((1 - NONE_AMONG_TEXTS) / NONE_AMONG_TEXTS)
USUAL_NEARNESS, USUAL_SPREAD = 0.62, 0.13
"""Of held-out examples with few examples a label; what a tenant with hardly any is taken to be like."""
PRIOR_WEIGHT = 10
"""The usual counts like so many held-out examples."""
ENOUGH = 20
"""Held-out examples, from which on their energies are worth a standard score."""
_DAMPING = 5.0
_NEWTON_STEPS = 30

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """Held-out examples as a model that had not seen them scored them."""

    logits: Matrix
    likeness_near: Matrix
    """Nearness of each."""
    right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Certainty:
    """`slope` and `shift` turn the log-odds of the best label into those of its being right; the rest says
    what in-scope texts usually look like."""

    slope: float = 1.0
    shift: float = 0.0
    near_mean: float = USUAL_NEARNESS
    near_spread: float = USUAL_SPREAD
    energy_mean: float = 0.0
    energy_spread: float = 0.0
    """0 where energies say nothing: too few examples were held out."""

    @staticmethod
    def learnt(held_out: Measured) -> "Certainty":
        count, near = len(held_out.right), held_out.likeness_near
        slope, shift = _platt(_log_odds(held_out.logits), held_out.right)
        mean = (float(near.sum()) + PRIOR_WEIGHT * USUAL_NEARNESS) / (count + PRIOR_WEIGHT)
        squares = float(((near - mean) ** 2).sum()) + PRIOR_WEIGHT * USUAL_SPREAD**2
        spread = (squares / (count + PRIOR_WEIGHT)) ** 0.5
        energies = energy(held_out.logits)
        usable = count >= ENOUGH and held_out.logits.shape[1] > 1
        return Certainty(
            slope,
            shift,
            mean,
            spread,
            float(energies.mean()) if usable else 0.0,
            float(energies.std()) if usable else 0.0,
        )

    def in_scope(self, logits: Matrix, likeness: Matrix) -> Vector:
        """The probability that some label fits, for each text."""
        near = (nearness(likeness).astype(np.float64) - self.near_mean) / self.near_spread
        if self.energy_spread > 0:
            strong = (energy(logits).astype(np.float64) - self.energy_mean) / self.energy_spread
            return _sigmoid(ENERGY_WEIGHT * strong + NEARNESS_WEIGHT * near + OFFSET)
        return _sigmoid((ENERGY_WEIGHT + NEARNESS_WEIGHT) * near + OFFSET)

    def sharpened(self, logits: Matrix) -> Vector:
        """Probabilities of the labels, given that one of them fits; the best one's is calibrated, and the others
        share what it leaves as they did."""
        raw = probabilities(logits).astype(np.float64)
        rows, best = np.arange(len(raw)), raw.argmax(1)
        sure = _sigmoid(self.slope * _log_odds(logits) + self.shift)
        rest = np.maximum(1.0 - raw[rows, best], 1e-12)
        shared: Vector = raw * ((1.0 - sure) / rest)[:, None]
        shared[rows, best] = sure
        return shared


def _log_odds(logits: Matrix) -> Vector:
    """Of the best label against all others."""
    ordered = logits.astype(np.float64)
    rows, best = np.arange(len(ordered)), ordered.argmax(1)
    top = ordered[rows, best]
    others = ordered.copy()
    others[rows, best] = -np.inf
    if others.shape[1] == 1:
        return np.full(len(ordered), 5.0)
    second = others.max(1)
    found: Vector = top - (np.log(np.exp(others - second[:, None]).sum(1)) + second)
    return found


def _platt(log_odds: Vector, right: NDArray[np.bool_]) -> tuple[float, float]:
    """Logistic regression of being right on the log-odds, drawn towards (1, 0) where there is little to learn from."""
    design = np.stack([np.clip(log_odds, -30, 30), np.ones(len(log_odds))], 1)
    aim = np.array([1.0, 0.0])
    found = aim.copy()
    for _ in range(_NEWTON_STEPS):
        expected = _sigmoid(design @ found)
        gradient = design.T @ (expected - right) + _DAMPING * (found - aim)
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design + _DAMPING * np.eye(2)
        found = found - np.linalg.solve(curvature, gradient)
    return float(max(found[0], 0.1)), float(found[1])


def _sigmoid(values: Vector) -> Vector:
    result: Vector = 1.0 / (1.0 + np.exp(-np.clip(values, -60, 60)))
    return result
