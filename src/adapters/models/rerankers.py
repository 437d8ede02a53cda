"""The built-in reranker: keeps the fused order and decides only between candidates that are all but equal."""

import math
from collections.abc import Sequence
from functools import lru_cache

from application.ports.models import Candidate
from domain.support_text import Statement, read
from domain.support_words import OPPOSITES

_TIE = 0.02
"""On the scale of the fused relevance; small enough to change hit@1 on none of the measured sets. Only what is
within two of these of the best can become first, so that only that is looked at."""
_STEEPNESS = 6.0
_MIDDLE = 0.5
_READ = 2000
"""Characters of a candidate looked at."""
_read_before = lru_cache(maxsize=2048)(read)
"""The same pairs come up again and again."""


class FeatureReranker:
    """Relevance through a logistic curve, less a hair where numbers differ or the opposite is asked.

    It was meant to do more. Measured on stackfaq, covidfaq, mixed, debianfaq, dstc11 and xquad
    (`benchmarks/reranking.py`), no weight of number, name, negation or word-overlap features gains on one
    set what it does not lose on another: the fused relevance has that evidence already. So it does not
    pretend; a cross-encoder is what improves the order.
    """

    name = "built-in"

    async def rerank(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        near_first = max((found.score for found in candidates), default=0.0) - 2 * _TIE
        tied = [found.id for found in candidates if found.score >= near_first]
        asked = read(question[:_READ]) if len(tied) > 1 else None
        return [
            _squashed(found.score - (_TIE * _mismatches(asked, found) if asked and found.id in tied else 0.0))
            for found in candidates
        ]

    async def close(self) -> None:
        """Holds nothing."""


def _mismatches(asked: Statement, found: Candidate) -> int:
    """0 to 2: other numbers than the question's; the question's opposite."""
    known = _read_before(found.question[:_READ])
    return _other_numbers(asked, known, found) + _asks_the_opposite(asked, known)


def _other_numbers(asked: Statement, known: Statement, found: Candidate) -> bool:
    return bool(asked.numbers and known.numbers) and not asked.numbers & (
        known.numbers | _read_before(found.answer[:_READ]).numbers
    )


def _asks_the_opposite(asked: Statement, known: Statement) -> bool:
    one, other = asked.said.words, known.said.words
    return any(
        one & mine and not one & theirs and other & theirs and not other & mine
        for pair in OPPOSITES
        for mine, theirs in (pair, pair[::-1])
    )


def _squashed(score: float) -> float:
    """Into 0..1, in the same order."""
    return 1.0 / (1.0 + math.exp(-_STEEPNESS * (min(max(score, -5.0), 5.0) - _MIDDLE)))
