"""The four RAGAS metrics, as they can be had without a language model.

RAGAS (Es et al., "RAGAS: Automated Evaluation of Retrieval Augmented Generation", EACL 2024, and the library's
documentation) has a model decide which context is useful, which claim a context bears out, and which question an
answer answers. Here these verdicts are probabilities, from embeddings and from the support check; the formulas
over them are theirs. `docs/evaluation.md` has what that is worth, measured.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from domain.confidence import sigmoid

COMPLETENESS = 0.3
"""What an answer loses at most that leaves out what the reference says."""


def context_precision(useful: Sequence[float]) -> float | None:
    """Are the useful contexts at the top? `useful` are probabilities, in the order of the contexts.

    RAGAS: sum over k of (Precision@k * v_k), divided by the number of useful contexts, where v_k is 1 if the k-th
    is useful, and Precision@k is the share of useful ones among the first k. With v_k a probability instead of a
    verdict it is the same sum; one context alone scores what it is worth. None without contexts.
    """
    if not useful:
        return None
    total, seen, found = 0.0, 0.0, 0.0
    for k, value in enumerate(useful, start=1):
        seen += value
        total += seen / k * value
        found += value
    return total / found if found > 0 else 0.0


def context_recall(attributed: Sequence[float]) -> float | None:
    """RAGAS: claims of the reference that the contexts bear out, divided by all its claims. None without any."""
    return _mean(attributed)


def faithfulness(attributed: Sequence[float]) -> float | None:
    """RAGAS: claims of the answer that the contexts bear out, divided by all its claims. None without any."""
    return _mean(attributed)


def answer_relevancy(answers: float, complete: float | None, *, declines: bool) -> float:
    """RAGAS: the mean cosine of the question and those that a model makes of the answer, 0 for one that commits to
    nothing. Here `answers` is how probable it is that the answer is to this question, by its likeness to the
    question and by the question of the context that it rests on; what it leaves out of the reference
    (`complete`, 0 to 1), which a question made of it would lack as well, takes `COMPLETENESS` of it away.
    """
    if declines:
        return 0.0
    return answers * (1.0 if complete is None else 1.0 - COMPLETENESS * (1.0 - complete))


@dataclass(frozen=True, slots=True)
class Likeness:
    """A cosine as a probability: `sigmoid(slope * (cosine - even))`, so that `even` is as likely as not."""

    slope: float
    even: float

    def __call__(self, cosine: float) -> float:
        return sigmoid(self.slope * (cosine - self.even))


@dataclass(frozen=True, slots=True)
class Scale:
    """What cosines mean in one space; fitted by `python -m benchmarks.evaluation fit`."""

    useful: Likeness
    """Question and context: is it about what was asked?"""
    passage: Likeness
    """The same of a context that is not known to answer any question."""
    answers: Likeness
    """Question and answer, or the nearest sentence of it: is it an answer to this?"""
    says: Likeness
    """A claim and the nearest sentences of the sources, where the support check leaves it open: is it said there?"""


_ENGLISH = Scale(
    useful=Likeness(11.0, 0.50),
    passage=Likeness(8.0, 0.44),
    answers=Likeness(8.0, 0.46),
    says=Likeness(12.0, 0.65),
)
_MULTILINGUAL = Scale(
    useful=Likeness(9.0, 0.55),
    passage=Likeness(6.0, 0.36),
    answers=Likeness(6.0, 0.36),
    says=Likeness(8.0, 0.62),
)

SCALES = MappingProxyType({"english": _ENGLISH, "multilingual": _MULTILINGUAL, "default": _ENGLISH})
"""By space; `default` is an embedder that nobody has measured here, taken to be like MiniLM."""


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
