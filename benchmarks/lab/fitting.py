"""Fitting the constants of a calibration, and what they are worth on sets they were not fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks.lab.data import QuestionSet, out_of_scope
from benchmarks.lab.measures import Numbers, Truths
from benchmarks.lab.worlds import Outcome, World, foreign, halved

from domain.confidence import Constants

PRIOR = Constants(dense=5.0, gap=11.0, bias=0.0)
"""Where the constants stay without evidence; the bias is free."""
PRIOR_STRENGTH = 0.05
FULL, HALF, FOREIGN = 1.0, 0.7, 0.35
"""What a set counts with all of its pairs, with one half or the other, and asked about other subjects."""
_STEPS = 60


@dataclass(frozen=True)
class Trial:
    """A set in one condition, as arrays over its questions."""

    dense: Numbers
    gap: Numbers
    similarity: Numbers
    right: Truths
    answerable: Truths
    weight: float

    def logits(self, constants: Constants) -> Numbers:
        return constants.bias + constants.dense * self.dense + constants.gap * self.gap

    def probabilities(self, constants: Constants) -> Numbers:
        return 1 / (1 + np.exp(-self.logits(constants)))


@dataclass(frozen=True)
class Trials:
    """A set with all pairs, with half of them, and asked about other subjects."""

    name: str
    kind: str
    full: Trial
    half: Trial
    foreign: Trial

    @property
    def all(self) -> tuple[Trial, ...]:
        return self.full, self.half, self.foreign


def trials(questions: QuestionSet) -> Trials:
    whole = World(questions).outcomes()
    halves = [o for removed in (0, 1) for o in World(halved(questions, removed)).outcomes()]
    strangers = World(foreign(questions, out_of_scope())).outcomes()
    kinds = [outcome.found.kind for outcome in whole]
    return Trials(
        questions.name,
        max(set(kinds), key=kinds.count),
        _trial(whole, FULL),
        _trial(halves, 2 * HALF),
        _trial(strangers, FOREIGN),
    )


def _trial(outcomes: Sequence[Outcome], weight: float) -> Trial:
    return Trial(
        np.array([o.found.dense for o in outcomes]),
        np.array([o.found.gap for o in outcomes]),
        np.array([o.ranked[0].similarity for o in outcomes]),
        np.array([o.right for o in outcomes]),
        np.array([o.answerable for o in outcomes]),
        weight,
    )


def joined(*parts: Trial) -> Trial:
    columns = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("dense", "gap", "similarity", "right", "answerable")
    )
    return Trial(*columns, weight=sum(part.weight for part in parts))


def fitted(sets: Sequence[Trials]) -> Constants:
    """Weighted log-loss, every set alike whatever its size, with a ridge towards `PRIOR`; Newton."""
    parts = [trial for each in sets for trial in each.all]
    features = np.concatenate([np.stack([t.dense, t.gap, np.ones(len(t.gap))], 1) for t in parts])
    right = np.concatenate([t.right for t in parts]).astype(float)
    weights = np.concatenate([np.full(len(t.gap), t.weight / len(t.gap)) for t in parts])
    weights /= weights.sum()
    ridge = 2 * PRIOR_STRENGTH * np.diag([PRIOR.dense**-2, PRIOR.gap**-2, 0.0])
    prior = np.array([PRIOR.dense, PRIOR.gap, 0.0])
    at = np.array([PRIOR.dense, PRIOR.gap, -4.0])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-features @ at))
        gradient = features.T @ (weights * (p - right)) + ridge @ (at - prior)
        curvature = (features * (weights * p * (1 - p))[:, None]).T @ features + ridge
        at = at - np.clip(np.linalg.solve(curvature, gradient), -2, 2)
    return Constants(*(round(float(x), 2) for x in at))


def left_out(sets: Sequence[Trials], families: Mapping[str, str]) -> dict[str, Constants]:
    """For every set the constants fitted without it and without its kin, which share its texts."""
    return {
        each.name: fitted([other for other in sets if families[other.name] != families[each.name]]) for each in sets
    }
