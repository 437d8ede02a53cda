"""How good answers are: what is judged, by which measures, and what came out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from domain.aggregates import Aggregate
from domain.errors import InvalidInput, Problem

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
class Context:
    """One source; `question` is what it is known to answer."""

    text: str
    question: str | None = None

    @property
    def whole(self) -> str:
        return f"{self.question}\n{self.text}" if self.question else self.text


@dataclass(frozen=True, slots=True)
class Sample:
    """One question with what answered it. `id` is the query's, or the row's of a dataset."""

    id: str
    question: str
    answer: str | None
    """None where a person was to answer: then only the contexts can be judged."""
    contexts: tuple[Context, ...]
    """What the answer rests on, best first."""
    reference: str | None = None
    """What a right answer would say, by whoever made the dataset."""
    approved: str | None = None
    """The approved answer of the best pair: stands in for a reference where recall is asked for, and only there."""
    language: str | None = None
    action: str | None = None


Scores = Mapping[str, float | None]
"""By metric; None where the metric cannot be had."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`question` is a dataset's; that of a recorded query stays with the query, which may be erased."""

    sample_id: str
    scores: Scores = field(default_factory=dict)
    question: str | None = None
    action: str | None = None
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
    dataset_version: int | None = None
    """Of the stored dataset that is judged; None where recorded queries are."""
    query_ids: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ALL_METRICS
    wanted_judge: str | None = None
    judge: str = ""
    """Which judge gives the scores; known once it runs, and the same to the end."""
    note: str | None = None
    """Why it is not the judge that one might expect."""
    job_id: str | None = None
    total: int = 0
    status: str = "evaluating"
    results: tuple[Judged, ...] = ()

    def forget(self, query_ids: AbstractSet[str]) -> bool:
        """Drops what was judged of these questions; whether there was any of it."""
        before = (len(self.query_ids), len(self.results))
        self.query_ids = tuple(each for each in self.query_ids if each not in query_ids)
        self.results = tuple(judged for judged in self.results if judged.sample_id not in query_ids)
        return before != (len(self.query_ids), len(self.results))

    def spreads(self) -> dict[str, Spread | None]:
        return {metric: spread(judged.scores.get(metric) for judged in self.results) for metric in self.metrics}

    @property
    def failed(self) -> int:
        """Samples that could not be judged."""
        return sum(judged.error is not None for judged in self.results)

    @property
    def handed_over(self) -> int:
        """Samples whose question a person was to answer."""
        return sum(judged.action == "escalate" for judged in self.results)


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A question to try. What is missing is asked of the service: its answer and its contexts."""

    question: str
    id: str = ""
    answer: str | None = None
    contexts: tuple[str, ...] = ()
    reference: str | None = None


@dataclass(slots=True, kw_only=True)
class Dataset(Aggregate):
    """`id` is the caller's own name for it."""

    description: str = ""
    rows: tuple[DatasetRow, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


def numbered(rows: Sequence[DatasetRow]) -> tuple[DatasetRow, ...]:
    """With an id for each row that has none. Raises `InvalidInput` for an id that stands twice."""
    taken = {row.id for row in rows if row.id}
    free = (name for name in (f"row_{n:04d}" for n in range(1, 2 * len(rows) + 1)) if name not in taken)
    named = tuple(row if row.id else replace(row, id=next(free)) for row in rows)
    seen: set[str] = set()
    problems = []
    for n, row in enumerate(named):
        if row.id in seen:
            problems.append(Problem(f"The id {row.id!r} stands twice in the dataset.", f"rows.{n}.id"))
        seen.add(row.id)
    if problems:
        raise InvalidInput(problems=problems)
    return named


def left_to_judge(wanted: Sequence[str], results: Sequence[Judged]) -> list[str]:
    done = {judged.sample_id for judged in results}
    return [each for each in wanted if each not in done]
