"""How good answers are: what is judged, by which measures, and what came out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate

MAX_SAMPLES = 1000


class Metric(StrEnum):
    """The four of RAGAS; each from 0 to 1."""

    CONTEXT_PRECISION = "context_precision"
    """Are the sources that matter at the top?"""
    CONTEXT_RECALL = "context_recall"
    """Do the sources hold what the reference says? Needs one."""
    FAITHFULNESS = "faithfulness"
    """Does the answer say only what the sources say?"""
    ANSWER_RELEVANCY = "answer_relevancy"
    """Does the answer answer what was asked?"""


ALL_METRICS = tuple(Metric)


@dataclass(frozen=True, slots=True)
class Sample:
    """One question with what answered it. `id` is the query's, or the row's of a dataset."""

    id: str
    question: str
    answer: str
    contexts: tuple[str, ...]
    """What the answer rests on, best first."""
    reference: str | None = None
    """What a right answer would say."""
    language: str | None = None


Scores = Mapping[str, float | None]
"""By metric; None where the metric cannot be had."""


@dataclass(frozen=True, slots=True)
class Judged:
    sample_id: str
    question: str
    scores: Scores
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    mean: float
    std: float
    min: float
    max: float
    count: int


def spread(values: Iterable[float | None]) -> Spread | None:
    """Of the values there are, the standard deviation over all of them; None of none."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    mean = math.fsum(known) / len(known)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / len(known))
    return Spread(round(mean, 4), round(deviation, 4), round(min(known), 4), round(max(known), 4), len(known))


@dataclass(slots=True, kw_only=True)
class Evaluation(Aggregate):
    """`results` grow while it runs; what is judged is not judged again."""

    dataset_id: str | None
    query_ids: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ALL_METRICS
    judge: str = ""
    """Which judge gave the scores; known once it runs."""
    job_id: str | None = None
    status: str = "evaluating"
    results: tuple[Judged, ...] = ()

    def spreads(self) -> dict[str, Spread | None]:
        return {metric: spread(judged.scores.get(metric) for judged in self.results) for metric in self.metrics}


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A question to try. What is missing is asked of the service: its answer and its contexts."""

    question: str
    id: str | None = None
    answer: str | None = None
    contexts: tuple[str, ...] = ()
    reference: str | None = None


@dataclass(slots=True, kw_only=True)
class Dataset(Aggregate):
    """`id` is the caller's own name for it."""

    description: str = ""
    rows: tuple[DatasetRow, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


def left_to_judge(wanted: Sequence[str], results: Sequence[Judged]) -> list[str]:
    done = {judged.sample_id for judged in results}
    return [each for each in wanted if each not in done]
