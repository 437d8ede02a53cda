"""BM25 on an absolute scale: the share of a query's weight that a row matches.

    sum over query terms t of  idf(t) · tf·(k1 + 1) / (tf + k1·(1 − b + b·length/average))
    ÷ sum over ALL query terms of idf(t), those that no row has included
    idf(t) = ln(1 + (N − df + .5)/(df + .5)),  df counted over question and answer for both fields

After Robertson and Zaragoza (2009), the idf as in Lucene. Dividing by the query's own weight and not by the
best row keeps a weak best match weak.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from adapters.lexical.tokens import QueryTerms, RowTerms
from application.ports.lexical import LexicalHit

K1 = 1.2
B = 0.75

Numbers = TypeVar("Numbers", float, NDArray[np.float64])


def idf(rows: int, frequency: int) -> float:
    return math.log(1 + (rows - frequency + 0.5) / (frequency + 0.5))


def saturation(times: Numbers, length: Numbers, average: float) -> Numbers:
    """0 for a term that does not occur, 1 for once in a text of average length, below K1 + 1 always."""
    return times * (K1 + 1) / (times + K1 * (1 - B + B * length / max(average, 1e-9)))


@dataclass(frozen=True, slots=True)
class Statistics:
    """What is known of all rows of a tenant."""

    rows: int
    frequency: Callable[[str], int]
    """Rows that have the term in question or answer."""
    question_average: float
    """Mean number of terms of the questions there are; rows without one do not count."""
    pair_average: float

    def weights(self, terms: Sequence[str]) -> list[tuple[str, float]]:
        """Each term with its share of the query; the shares add up to 1."""
        weights = {term: n * idf(self.rows, self.frequency(term)) for term, n in Counter(terms).items()}
        total = sum(weights.values())
        return [(term, weight / total) for term, weight in weights.items()]


class Scorer:
    """The formula for one query, whose weights are worked out once for all rows."""

    def __init__(self, query: QueryTerms, statistics: Statistics) -> None:
        self._question, self._pair = statistics.weights(query.question), statistics.weights(query.pair)
        self._averages = statistics.question_average, statistics.pair_average

    def __call__(self, row_id: str, row: RowTerms) -> LexicalHit:
        question, pair = self._averages
        return LexicalHit(
            row_id,
            _field(row.question, row.question_length, self._question, question),
            _field(row.pair, row.pair_length, self._pair, pair),
        )


def _field(counts: Mapping[str, int], length: int, weights: Sequence[tuple[str, float]], average: float) -> float:
    return sum(
        weight * saturation(float(counts[term]), float(length), average) for term, weight in weights if term in counts
    )


def by_rank(hit: LexicalHit) -> tuple[float, str]:
    """The order of hits: descending sum, then id."""
    return -(hit.pair + hit.question), hit.id
