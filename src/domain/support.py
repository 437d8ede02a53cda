"""Is what a language model wrote supported by its sources? Decided sentence by sentence, without a model.

A claim passes when the hard facts in it (numbers, addresses, names) occur where the sources speak of the
same thing, enough of its words do, and the sources do not say the opposite. An answer in another language
than all of its sources can be compared by its hard facts alone. Where nothing but the words is missing, whoever
can compare meanings may still say that the claim is a rewording (`Doubt.alike`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import zip_longest

from domain.sentences import sentences
from domain.support_text import Clause, Statement, Vocabulary, language_of, read
from domain.support_words import ADMISSION, COURTESY, OPPOSITES

COVERAGE = 0.6
"""Share of a claim's words that neighbouring sentences of one source must have."""
_SHARED = 0.35
"""A claim that has less of its words from the sources is about something else, however alike it looks."""
_ALIKE = 4
"""Passages that a doubtful claim is compared with."""
_WINDOW = 3
"""Sentences of a source that may support a claim together."""
_NEAR = 0.75
"""A sentence that covers this share of what the best one does speaks of the same thing as the claim."""
_MUTUAL = 0.34
"""A clause of which the claim's clause is but a small part does not contradict it."""
_SAME_THING = 0.6
"""What shares this much with a claim or a clause of it may contradict it."""


def unsupported_claims(answer: str, sources: Sequence[str], language: str | None = None) -> list[str]:
    """The sentences of `answer` that `sources` do not bear out, as they stand in it.

    `language` is the answer's, where it is known; else it is told from the answer's stop words.
    """
    return Evidence(sources).unsupported(answer, language)


def declines(text: str) -> bool:
    """Whether the text says that there is no answer, rather than giving one."""
    stated = [sentence for sentence in sentences(text) if sentence.strip()]
    return bool(stated) and bool(ADMISSION.search(stated[0]))


def says_something(claim: Statement) -> bool:
    """Whether a sentence claims anything of the subject: questions, courtesies and "I do not know" do not."""
    if claim.text.endswith("?") or ADMISSION.search(claim.text):
        return False
    if COURTESY.search(claim.text) and not (claim.numbers or claim.addresses):
        return False
    return bool(claim.words or claim.has_facts or claim.verdict is not None)


class Bearing(Enum):
    """What the sources have to say of a claim."""

    BORNE_OUT = auto()
    REFUTED = auto()
    """They say otherwise, or a hard fact in it is not theirs."""
    UNTOLD = auto()
    """Nothing speaks against it, and too few of its words for it: it is foreign to them, or said in other words."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A claim that words do not bear out."""

    claim: str
    alike: tuple[str, ...] = ()
    """Passages that it may put in other words; none where its facts are wrong or the sources say the opposite."""


class Evidence:
    """What the sources say; read once, for the many sentences of a streamed answer."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.language = language_of(sources)
        self._sources = [_read_source(source, self.language) for source in sources]
        self._statements = [statement for source in self._sources for statement in source]
        self._vocabulary = _together(self._statements)
        self._windows = [_together(window) for window in self._neighbours(_WINDOW)]
        self._text = "\n".join(" ".join(s.text for s in source).lower() for source in self._sources)

    def unsupported(self, answer: str, language: str | None = None) -> list[str]:
        """As `unsupported_claims`."""
        return [doubt.claim for doubt in self.doubts(answer, language)]

    def doubts(self, answer: str, language: str | None = None) -> list[Doubt]:
        """What words do not bear out of the answer, sentence by sentence."""
        language = language or language_of([answer]) or self.language
        found = (self._doubt(sentence, language) for sentence in sentences(answer))
        return [doubt for doubt in found if doubt is not None]

    def _doubt(self, sentence: str, language: str | None) -> Doubt | None:
        claim = read(sentence, language)
        if not says_something(claim) or self.supports(claim, language):
            return None
        untold = self.bearing(claim, language) is Bearing.UNTOLD
        return Doubt(sentence.strip(), self._alike(claim) if untold else ())

    def _alike(self, claim: Statement) -> tuple[str, ...]:
        """Sentences, alone and in twos, that share most with the claim. A model of meaning hardly sees a "not": no
        claim that denies has any, none of them denies, and none has the opposite of one of the claim's words."""
        if _denies(claim):
            return ()
        if max((window.share_of(claim.words) for window in self._windows), default=0.0) < _SHARED:
            return ()
        passages = [p for p in (*self._neighbours(1), *self._neighbours(2)) if _may_say(p, claim)]
        ordered = sorted(passages, key=lambda passage: -_together(passage).share_of(claim.words))
        return tuple(dict.fromkeys(" ".join(s.text for s in passage) for passage in ordered))[:_ALIKE]

    def supports(self, claim: Statement, language: str | None = None) -> bool:
        """`language` is the claim's, where it is known."""
        told = self.bearing(claim, language)
        return told is Bearing.BORNE_OUT or (told is Bearing.UNTOLD and self._is_foreign(language))

    def bearing(self, claim: Statement, language: str | None = None) -> Bearing:
        """In another language than the sources' a claim can be refuted, and otherwise stays untold."""
        if claim.text.lower() in self._text:
            return Bearing.BORNE_OUT
        if self._is_foreign(language):
            return Bearing.UNTOLD if self._has_facts(claim, self._statements) else Bearing.REFUTED
        near = self._near(claim)
        if not self._has_facts(claim, near) or self._contradicts(claim, near):
            return Bearing.REFUTED
        return Bearing.BORNE_OUT if self._covers(claim) else Bearing.UNTOLD

    def _is_foreign(self, language: str | None) -> bool:
        return bool(language and self.language and language != self.language)

    def _has_facts(self, claim: Statement, near: Sequence[Statement]) -> bool:
        return (
            claim.numbers <= frozenset().union(*(statement.numbers for statement in near))
            and all(address in self._text for address in claim.addresses)
            and all(self._vocabulary.has(name) for name in claim.names)
        )

    def _covers(self, claim: Statement) -> bool:
        """Facts, which were found before, count among the words; an address says as much as two."""
        facts = len(claim.numbers) + 2 * len(claim.addresses)
        share = max((window.share_of(claim.words) for window in self._windows), default=0.0)
        return share * len(claim.words) + facts >= COVERAGE * (len(claim.words) + facts)

    def _contradicts(self, claim: Statement, near: Sequence[Statement]) -> bool:
        return (
            self._answers_otherwise(claim)
            or any(_turned_round(clause, near) for clause in claim.clauses)
            or _says_the_opposite(claim, near)
        )

    def _answers_otherwise(self, claim: Statement) -> bool:
        verdicts = {statement.verdict for statement in self._statements} - {None}
        return claim.verdict is not None and bool(verdicts) and claim.verdict not in verdicts

    def _near(self, claim: Statement) -> list[Statement]:
        """The sentences that speak of the same thing as the claim."""
        shares = [statement.said.share_of(claim.words) for statement in self._statements]
        enough = _NEAR * max(shares, default=0.0)
        return [statement for statement, share in zip(self._statements, shares, strict=True) if share >= enough]

    def _neighbours(self, count: int) -> Iterator[list[Statement]]:
        for source in self._sources:
            for start in range(max(1, len(source) - count + 1)):
                yield source[start : start + count]


def _read_source(source: str, language: str | None) -> list[Statement]:
    """A question says nothing itself, but "Are pets allowed? No." says that they are not."""
    read_on = [read(sentence, language) for sentence in sentences(source)]
    return [
        _answered(statement, after.verdict if after else None) if statement.text.endswith("?") else statement
        for statement, after in zip_longest(read_on, read_on[1:])
    ]


def _answered(question: Statement, verdict: bool | None) -> Statement:
    if verdict is None:
        return replace(question, clauses=())
    return replace(question, clauses=tuple(Clause(c.said, c.negated == verdict) for c in question.clauses))


def _together(statements: Iterable[Statement]) -> Vocabulary:
    return Vocabulary(word for statement in statements for word in statement.said.words)


def _turned_round(clause: Clause, near: Sequence[Statement]) -> bool:
    """Whether what is most like the clause is negated where it is not, or the other way about."""
    mine = clause.said.words
    others = [other for statement in near for other in statement.clauses]
    agreed = [other.said.share_of(mine) for other in others if other.negated == clause.negated]
    denied = [
        other.said.share_of(mine)
        for other in others
        if other.negated != clause.negated and clause.said.share_of(other.said.words) >= _MUTUAL
    ]
    worst = max(denied, default=0.0)
    return worst >= _SAME_THING and max(agreed, default=0.0) < _NEAR * worst


def _may_say(passage: Sequence[Statement], claim: Statement) -> bool:
    return (
        not passage[-1].text.endswith("?")
        and not any(map(_denies, passage))
        and not _opposed(claim.said.words, _together(passage).words)
    )


def _denies(statement: Statement) -> bool:
    return any(clause.negated for clause in statement.clauses)


def _says_the_opposite(claim: Statement, near: Sequence[Statement]) -> bool:
    alike = [other for other in near if other.said.share_of(claim.words) >= _SAME_THING]
    return _opposed(claim.said.words, _together(alike).words)


def _opposed(mine: frozenset[str], said: frozenset[str]) -> bool:
    return any(
        mine & one and not mine & other and said & other and not said & one
        for pair in OPPOSITES
        for one, other in (pair, pair[::-1])
    )
