"""How pairs are indexed and views weighed, per kind of embedder: the constants of ranking.

They were measured by `python -m benchmarks.lab`; `docs/quality.md` has the figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

SUBJECT_KEYS = ("entity", "product", "subject")


class View(StrEnum):
    """How a question looks at a pair; each view has its own weights and its own calibration."""

    SAME_LANGUAGE = "same_language"
    PASSAGE = "passage"
    OTHER_LANGUAGE = "other_language"
    OTHER_PASSAGE = "other_language_passage"


@dataclass(frozen=True, slots=True)
class Weights:
    """Of one view in one space: the relevance is `dense + offset + question * Bq + pair * Bqa`.

    `offset` sets off what the other views have no chance to earn: a pair in another language hardly
    shares a word with the question, and would lose to any pair of the same language that does.
    """

    question: float
    pair: float
    offset: float = 0.0
    floor: float = 0.37
    """Questions on another subject stay below this relevance, nearly all right answers above."""
    ceiling: float = 1.1
    """About the highest relevance there is."""


@dataclass(frozen=True, slots=True)
class SpaceProfile:
    """How one embedding space is used.

    A pair's one vector there is `question_share * E(question) + (1 - question_share) * E(question + " "
    + answer)`, not of unit length, so that the inner product with a question mixes the cosines alike.
    """

    name: str
    languages: frozenset[str] | None
    """Of the pairs it holds, and of the questions that it can compare with them; None for any."""
    question_share: float
    weights: Mapping[View, Weights]
    same_topic: float = 0.55
    """Questions whose mean cosine is at least this ask for the same article (`benchmarks/gaps.py`)."""

    def serves(self, language: str) -> bool:
        return self.languages is None or language in self.languages


@dataclass(frozen=True, slots=True)
class RankingProfile:
    """The constants of one kind of embedder; spaces in the order of preference."""

    spaces: tuple[SpaceProfile, ...]
    foreign_margin: float = 0.10
    """A question without a stop word of the pair's language, whose cosine in a space of every language
    exceeds the other by this, is in another language, whatever was detected."""


def subject(extra: Mapping[str, str]) -> str:
    """What the pair's own metadata says it is about: a hotel, a product. Questions name it, and the text
    of the pair often does not."""
    return ", ".join(extra[key] for key in SUBJECT_KEYS if extra.get(key))


def with_subject(question: str, about: str) -> str:
    """The question as both indexes should read it."""
    return f"{about}: {question}" if about else question


def index_texts(
    space: SpaceProfile, question: str, answer: str, *, has_question: bool = True
) -> tuple[tuple[str, float], ...]:
    """The texts whose embeddings, mixed by these weights, are the pair's vector in the space."""
    both = f"{question} {answer}".strip()
    share = space.question_share if has_question and question.strip() else 0.0
    parts = ((question, share), (both, 1.0 - share))
    return tuple((text, weight) for text, weight in parts if weight > 0)


_ENGLISH = {
    View.SAME_LANGUAGE: Weights(0.20, 0.05, floor=0.37, ceiling=1.1),
    View.PASSAGE: Weights(0.0, 0.30, floor=0.40, ceiling=1.25),
}
_MULTILINGUAL = {
    View.SAME_LANGUAGE: Weights(0.30, 0.10, offset=-0.15, floor=0.25, ceiling=1.1),
    View.PASSAGE: Weights(0.0, 0.40, offset=-0.17, floor=0.18, ceiling=1.05),
}
_ACROSS = {
    View.OTHER_LANGUAGE: Weights(0.05, 0.05, floor=0.37, ceiling=0.95),
    View.OTHER_PASSAGE: Weights(0.0, 0.15, floor=0.23, ceiling=0.65),
}

BUILT_IN = RankingProfile(
    spaces=(
        SpaceProfile("english", frozenset({"en"}), question_share=0.4, weights=MappingProxyType(_ENGLISH)),
        SpaceProfile(
            "multilingual",
            None,
            question_share=0.8,
            weights=MappingProxyType(_MULTILINGUAL | _ACROSS),
            same_topic=0.7,
        ),
    )
)
"""MiniLM for English over English, the multilingual Universal Sentence Encoder for the rest."""

SINGLE_SPACE = RankingProfile(
    spaces=(SpaceProfile("default", None, question_share=0.4, weights=MappingProxyType(_ENGLISH | _ACROSS)),)
)
"""One model of the operator's choice for every language, taken to be like MiniLM."""
