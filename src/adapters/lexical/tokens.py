"""From a text to the terms that are counted."""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import Stemmer

from adapters.lexical.stopwords import ASKING_WORDS, FUNCTION_WORDS
from application.ports.lexical import LexicalRow

WORD = re.compile(r"\w+")
STEMMERS = {"en": "english", "ru": "russian", "de": "german", "fr": "french", "es": "spanish"}
NONE: frozenset[str] = frozenset()
MOST = 65_535
"""Times a term is counted in one text; more changes no score."""

_of_thread = threading.local()


def words(text: str) -> list[str]:
    """Lower-case runs of letters, digits and underscores. Composed first: a detached accent would cut a
    word in two."""
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def stems(some_words: Iterable[str], language: str) -> list[str]:
    """As they are, where there is no stemmer for the language."""
    stemmer = _stemmer(language)
    return list(stemmer.stemWords(list(some_words))) if stemmer else list(some_words)


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """What a query asks of rows in one language; a word said twice counts twice."""

    question: tuple[str, ...]
    pair: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowTerms:
    """What is counted of a row: terms and their frequencies, by field."""

    language: str
    question: dict[str, int]
    pair: dict[str, int]
    known: tuple[str, ...]
    """Every term of question and answer, question words included: the row counts for the df of these."""

    @property
    def question_length(self) -> int:
        return sum(self.question.values())

    @property
    def pair_length(self) -> int:
        return sum(self.pair.values())


def query_terms(text: str, language: str) -> QueryTerms:
    kept = _without_function_words(words(text), language)
    return QueryTerms(tuple(stems(kept, language)), tuple(stems(_without_asking(kept, language), language)))


def row_terms(question: str, answer: str, language: str) -> RowTerms:
    asked = _without_function_words(words(question), language)
    told = _without_function_words(words(answer), language)
    in_question = Counter(stems(asked, language))
    in_pair = Counter(stems(_without_asking([*asked, *told], language), language))
    known = in_question.keys() | in_pair.keys() | set(stems(told, language))
    return RowTerms(language, _capped(in_question), _capped(in_pair), tuple(known))


def counted(row: LexicalRow) -> RowTerms:
    return row_terms(row.question, row.answer, row.fields.language)


def _capped(counts: Counter[str]) -> dict[str, int]:
    if max(counts.values(), default=0) <= MOST:
        return counts
    return {term: min(count, MOST) for term, count in counts.items()}


def _without_function_words(some_words: Iterable[str], language: str) -> list[str]:
    unwanted = FUNCTION_WORDS.get(language, NONE)
    return [word for word in some_words if word not in unwanted]


def _without_asking(some_words: Iterable[str], language: str) -> list[str]:
    unwanted = ASKING_WORDS.get(language, NONE)
    return [word for word in some_words if word not in unwanted]


def _stemmer(language: str) -> Stemmer.Stemmer | None:
    """One per thread: a stemmer keeps state while it works."""
    if language not in STEMMERS:
        return None
    own: dict[str, Stemmer.Stemmer] = _of_thread.__dict__.setdefault("stemmers", {})
    if language not in own:
        own[language] = Stemmer.Stemmer(STEMMERS[language])
    return own[language]
