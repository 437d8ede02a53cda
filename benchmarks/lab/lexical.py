"""BM25 as the service scores it, as matrices of queries by pairs."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from domain.stopwords import FUNCTION_WORDS, QUESTION_WORDS

Scores = npt.NDArray[np.float64]

WORD = re.compile(r"\w+")
STEMMERS = {"en": "english", "ru": "russian", "de": "german", "fr": "french", "es": "spanish"}


@cache
def _stemmer(language: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(STEMMERS.get(language, "english"))


def terms(text: str, language: str, *, keep_question_words: bool) -> list[str]:
    dropped = FUNCTION_WORDS.get(language, frozenset())
    if not keep_question_words:
        dropped |= QUESTION_WORDS.get(language, frozenset())
    words = [w for w in WORD.findall(text.lower()) if w not in dropped]
    return list(_stemmer(language).stemWords(words))


class Index:
    """One language's rows; document frequencies are counted over question and answer together."""

    def __init__(self, questions: Sequence[str], answers: Sequence[str], language: str) -> None:
        self.language = language
        both = [f"{q} {a}" for q, a in zip(questions, answers, strict=True)]
        df = Counter(t for text in both for t in set(terms(text, language, keep_question_words=True)))
        self._idf = {t: _idf(len(both), n) for t, n in df.items()}
        self._unseen = _idf(len(both), 0)
        self._fields = {True: self._postings(questions, True), False: self._postings(both, False)}
        self._rows = len(both)

    def _postings(self, texts: Sequence[str], keep: bool) -> dict[str, list[tuple[int, float]]]:
        counted = [Counter(terms(t, self.language, keep_question_words=keep)) for t in texts]
        lengths = [sum(c.values()) for c in counted]
        mean = max(sum(lengths) / max(len(lengths), 1), 1e-9)
        postings: dict[str, list[tuple[int, float]]] = {}
        for row, (counts, length) in enumerate(zip(counted, lengths, strict=True)):
            for term, tf in counts.items():
                weight = tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / mean))
                postings.setdefault(term, []).append((row, weight))
        return postings

    def scores(self, query: str, *, question_field: bool) -> Scores:
        asked = set(terms(query, self.language, keep_question_words=question_field))
        result = np.zeros(self._rows)
        total = sum(self._idf.get(t, self._unseen) for t in asked)
        for term in asked:
            for row, weight in self._fields[question_field].get(term, ()):
                result[row] += self._idf[term] * weight
        return result / total if total else result

    def matrix(self, queries: Iterable[str], *, question_field: bool) -> Scores:
        return np.array([self.scores(q, question_field=question_field) for q in queries])


def _idf(rows: int, having: int) -> float:
    return float(np.log1p((rows - having + 0.5) / (having + 0.5)))
