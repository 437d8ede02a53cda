"""The lexical formula as it is written down, in plain Python and slow."""

import math
import re

import Stemmer

from adapters.lexical.stopwords import ASKING_WORDS, FUNCTION_WORDS
from application.ports.lexical import LexicalRow

STEMMERS = {
    "en": Stemmer.Stemmer("english"),
    "ru": Stemmer.Stemmer("russian"),
    "de": Stemmer.Stemmer("german"),
    "fr": Stemmer.Stemmer("french"),
    "es": Stemmer.Stemmer("spanish"),
}


def bag(text: str, language: str, asking: bool) -> list[str]:
    unwanted = FUNCTION_WORDS.get(language, frozenset())
    if not asking:
        unwanted |= ASKING_WORDS.get(language, frozenset())
    kept = [word for word in re.findall(r"\w+", text.lower()) if word not in unwanted]
    return [STEMMERS[language].stemWord(word) if language in STEMMERS else word for word in kept]


def mean(numbers: list[int]) -> float:
    present = [number for number in numbers if number]
    return sum(present) / len(present) if present else 1.0


def expected(rows: list[LexicalRow], text: str) -> dict[str, tuple[float, float]]:
    """Question and pair scores of every row."""
    language = {row.id: row.fields.language for row in rows}
    questions = {row.id: bag(row.question, language[row.id], True) for row in rows}
    pairs = {row.id: bag(f"{row.question} {row.answer}", language[row.id], False) for row in rows}
    known = {row.id: set(bag(f"{row.question} {row.answer}", language[row.id], True)) for row in rows}

    def idf(term: str) -> float:
        frequency = sum(term in terms for terms in known.values())
        return math.log(1 + (len(rows) - frequency + 0.5) / (frequency + 0.5))

    def score(query: list[str], document: list[str], average: float) -> float:
        total = 0.0
        for term in query:
            times = document.count(term)
            total += idf(term) * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * len(document) / average))
        return total / sum(map(idf, query)) if query else 0.0

    question_mean = mean([len(terms) for terms in questions.values()])
    pair_mean = mean([len(terms) for terms in pairs.values()])
    return {
        row_id: (
            score(bag(text, language[row_id], True), questions[row_id], question_mean),
            score(bag(text, language[row_id], False), pairs[row_id], pair_mean),
        )
        for row_id in language
    }
