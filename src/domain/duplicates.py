"""Pairs that say the same twice: word for word, or nearly."""

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

_WORD = re.compile(r"\w+")


class Likeness(StrEnum):
    EXACT = "exact"
    NEAR = "near"
    SAME_QUESTION = "same_question"
    """The same question with another answer: somebody should decide which one holds."""


@dataclass(frozen=True, slots=True)
class Match:
    id: str
    likeness: Likeness
    question: str


def words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def normalised(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def compare(question: str, answer: str, other_question: str, other_answer: str, threshold: float) -> Likeness | None:
    """How alike two pairs are; near is a Jaccard index of their words of at least `threshold`."""
    if normalised(question) == normalised(other_question):
        same = normalised(answer) == normalised(other_answer)
        return Likeness.EXACT if same else Likeness.SAME_QUESTION
    mine, theirs = words(f"{question} {answer}"), words(f"{other_question} {other_answer}")
    close = len(mine & theirs) >= threshold * len(mine | theirs)
    # An equal answer to a differently worded question is a variant, which helps; near means both.
    alike = len(words(question) & words(other_question)) >= 0.8 * len(words(question) | words(other_question))
    return Likeness.NEAR if close and alike else None


@dataclass(slots=True)
class SeenPairs:
    """The pairs met so far. Prefix filtering keeps the search for near ones far from quadratic: two sets
    with a Jaccard index of t share one of their first |s|(1 − t) + 1 words in any common order
    (Chaudhuri et al. 2006)."""

    threshold: float
    _pairs: dict[str, tuple[str, str]] = field(default_factory=dict)
    _by_question: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _by_word: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def match(self, question: str, answer: str) -> Match | None:
        """The most alike of the pairs met so far."""
        order = {Likeness.EXACT: 0, Likeness.SAME_QUESTION: 1, Likeness.NEAR: 2}
        found = [
            Match(key, likeness, self._pairs[key][0])
            for key in self._candidates(question, answer)
            if (likeness := compare(question, answer, *self._pairs[key], self.threshold))
        ]
        return min(found, key=lambda m: order[m.likeness], default=None)

    def add(self, key: str, question: str, answer: str) -> None:
        self._pairs[key] = (question, answer)
        self._by_question[normalised(question)].append(key)
        for word in self._prefix(question, answer):
            self._by_word[word].add(key)

    def _candidates(self, question: str, answer: str) -> set[str]:
        same = set(self._by_question.get(normalised(question), ()))
        return same.union(*(self._by_word.get(word, ()) for word in self._prefix(question, answer)))

    def _prefix(self, question: str, answer: str) -> list[str]:
        # Long words first: they are the rare ones, which keeps the candidates few.
        ordered = sorted(words(f"{question} {answer}"), key=lambda w: (-len(w), w))
        return ordered[: len(ordered) - math.ceil(self.threshold * len(ordered)) + 1]
