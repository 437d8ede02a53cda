"""Fitting the constants of a calibration, and what they are worth on sets they were not fitted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from benchmarks.lab.data import QuestionSet, out_of_scope
from benchmarks.lab.measures import Numbers, Truths, calibration_error
from benchmarks.lab.worlds import Outcome, World, foreign, halved

from domain.confidence import (
    BUILT_IN,
    Calibration,
    Constants,
    Evidence,
    Label,
    confidence,
    logit,
    refit,
)

Order = npt.NDArray[np.int64]

PRIOR = Constants(dense=5.0, gap=11.0, bias=0.0)
"""Where the constants stay without evidence; the bias is free."""
PRIOR_STRENGTH = 0.05
FULL, HALF, FOREIGN = 1.0, 0.7, 0.35
"""What a set counts with all of its pairs, with one half or the other, and asked about other subjects."""
_STEPS = 60


@dataclass(frozen=True)
class Trial:
    """A set in one condition, as arrays over its questions."""

    found: tuple[Evidence, ...]
    nearest: Numbers
    """The relevance of the best less that of the next one, 0 where there is none: the plain gap."""
    similarity: Numbers
    right: Truths
    answerable: Truths
    weight: float

    def logits(self, calibration: Calibration) -> Numbers:
        return np.array([logit(each, calibration) for each in self.found])

    def probabilities(self, calibration: Calibration) -> Numbers:
        return np.array([confidence(each, calibration) for each in self.found])

    def plain_logits(self) -> Numbers:
        """The published two-feature formula that ours started from."""
        return 8.0 * self.dense + 12.7 * self.nearest - 6.0

    @property
    def dense(self) -> Numbers:
        return np.array([each.dense for each in self.found])

    def features(self, kind: str) -> tuple[Numbers, Truths]:
        """Of the questions whose best candidate is of this kind: dense, gap, 1; and what was right."""
        own = np.array([each.kind == kind for each in self.found])
        rows = [(each.dense, each.gap, 1.0) for each in self.found if each.kind == kind]
        return np.array(rows).reshape(-1, 3), self.right[own]


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
        trial_of(whole, FULL),
        trial_of(halves, 2 * HALF),
        trial_of(strangers, FOREIGN),
    )


def trial_of(outcomes: Sequence[Outcome], weight: float) -> Trial:
    return Trial(
        tuple(o.found for o in outcomes),
        np.array([_plain_gap(o) for o in outcomes]),
        np.array([o.ranked[0].similarity for o in outcomes]),
        np.array([o.right for o in outcomes]),
        np.array([o.answerable for o in outcomes]),
        weight,
    )


def _plain_gap(outcome: Outcome) -> float:
    top, *others = outcome.ranked
    return top.relevance - max((r.relevance for r in others), default=top.relevance)


def joined(*parts: Trial) -> Trial:
    return Trial(
        tuple(each for part in parts for each in part.found),
        np.concatenate([part.nearest for part in parts]),
        np.concatenate([part.similarity for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.answerable for part in parts]),
        sum(part.weight for part in parts),
    )


def fitted(sets: Sequence[Trials]) -> Constants:
    """Weighted log-loss, every set alike whatever its size, with a ridge towards `PRIOR`; Newton."""
    features, right, weights = _stacked(sets)
    ridge = 2 * PRIOR_STRENGTH * np.diag([PRIOR.dense**-2, PRIOR.gap**-2, 0.0])
    prior = np.array([PRIOR.dense, PRIOR.gap, 0.0])
    at = np.array([PRIOR.dense, PRIOR.gap, -4.0])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-features @ at))
        gradient = features.T @ (weights * (p - right)) + ridge @ (at - prior)
        curvature = (features * (weights * p * (1 - p))[:, None]).T @ features + ridge
        at = at - np.clip(np.linalg.solve(curvature, gradient), -2, 2)
    return Constants(*(round(float(x), 2) for x in at))


def _stacked(sets: Sequence[Trials]) -> tuple[Numbers, Numbers, Numbers]:
    parts = [(*trial.features(each.kind), trial.weight) for each in sets for trial in each.all]
    parts = [part for part in parts if len(part[0])]
    weights = np.concatenate([np.full(len(rows), weight / len(rows)) for rows, _, weight in parts])
    right = np.concatenate([right for _, right, _ in parts]).astype(float)
    return np.concatenate([rows for rows, _, _ in parts]), right, weights / weights.sum()


def left_out(sets: Sequence[Trials], families: Mapping[str, str]) -> dict[str, Calibration]:
    """For every set the constants fitted without it and without its kin, which share its texts."""
    return {
        each.name: calibrated(each.kind, [o for o in sets if families[o.name] != families[each.name]]) for each in sets
    }


def calibrated(kind: str, sets: Sequence[Trials]) -> Calibration:
    """The shipped calibration with the constants of one kind fitted on these sets."""
    return replace(BUILT_IN, constants={**BUILT_IN.constants, kind: fitted(sets)})


def error_after_labels(trial: Trial, labels: int, draws: int = 20) -> float:
    """The calibration error on the rest of the questions after as many answers were judged."""
    chance = np.random.default_rng(7)
    every = [Label(z, bool(r)) for z, r in zip(trial.logits(BUILT_IN).tolist(), trial.right.tolist(), strict=True)]
    errors = [_error_of_draw(every, chance.permutation(len(every)), labels) for _ in range(draws)]
    return float(np.mean(errors))


def _error_of_draw(every: Sequence[Label], order: Order, labels: int) -> float:
    moved = refit([every[i] for i in order[:labels]], BUILT_IN)
    rest = [every[i] for i in order[labels:]]
    z = np.array([label.logit for label in rest]) * moved.slope + moved.shift
    return calibration_error(1 / (1 + np.exp(-z)), np.array([label.right for label in rest]))
