"""Whether two questions that look alike may share an answer.

Models put "turn on" and "turn off", two order numbers, or two countries closer together than most paraphrases.
So a likeness is only believed where both texts say the same words in the same order, once courtesies, ways of
asking, inflection and a few synonyms are set aside. What is lost are paraphrases in other words, which cost an
answer worked out anew; what is never given is the answer to another question.
"""

import re
from dataclasses import dataclass

from domain.cache_words import BEGINNINGS, ENDINGS, ENDS, HARMLESS, LEAST_STEM, LOOSE, SAME

_TOKEN = re.compile(
    r"(?<!\w)[-−]?\d+(?:[.,:/-]\d+)*|\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*|[^\w\s.,;:!?¿¡'\"()\[\]{}…–—«»„“”-]|_"
)
_SHORT_FORMS = (
    (re.compile(r"\bcan'?t\b|\bcannot\b", re.IGNORECASE), "can not"),
    (re.compile(r"\bwon't\b", re.IGNORECASE), "will not"),
    (re.compile(r"\b(\w+)n't\b", re.IGNORECASE), r"\1 not"),
    (re.compile(r"\b(?:log|sign)(?:ging|ing)?[ -]in(?:to)?\b", re.IGNORECASE), "login"),
    (re.compile(r"\bset[ -]up\b", re.IGNORECASE), "setup"),
)
"""Of English."""
_ABBREVIATION = 4
"""Longer words in capitals are meant to be loud."""
_SENTENCE = re.compile(r"(?:^|[.!?…:]\s+)\W*(\w+)")


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    preposition: str | None
    """The loose one in front of it, if there is one."""


def may_share_answer(asked: str, stored: str, language: str = "en") -> bool:
    """False where any word that can make another question stands in one and not in the other, or elsewhere."""
    one, other = _said(asked, language), _said(stored, language)
    if not one or len(one) != len(other):
        return False
    inflected = sum(a.text != b.text for a, b in zip(one, other, strict=True))
    return inflected <= 1 and all(_alike(a, b, language) for a, b in zip(one, other, strict=True))


def exact_form(text: str) -> str:
    """The form in which a question is the same word for word: without punctuation and without capitals, but
    with the signs and abbreviations that make another question (C++ and C#, 5 and -5, IT and it)."""
    shouted = text.isupper()
    return " ".join(
        token if not shouted and 1 < len(token) <= _ABBREVIATION and token.isupper() else token.casefold()
        for token in _TOKEN.findall(text)
    )


def _said(text: str, language: str) -> list[_Word]:
    """The words that carry meaning, in their order."""
    plain = _plain(text, language)
    begins, shouted = {match.group(1) for match in _SENTENCE.finditer(plain)}, plain.isupper()
    kept: list[_Word] = []
    preposition: str | None = None
    for token in _TOKEN.findall(plain):
        word = token.casefold()
        if not shouted and _is_name(token, token in begins, language):
            kept.append(_Word(word, preposition))
            preposition = None
        elif word in LOOSE.get(language, ()):
            preposition = word
        elif word not in HARMLESS.get(language, ()):
            kept.append(_Word(SAME.get(language, {}).get(word, word), preposition))
            preposition = None
    return kept


def _plain(text: str, language: str) -> str:
    """Without short forms and without the ways in which people begin and end a question."""
    text = text.replace("’", "'")
    for pattern, written_out in _SHORT_FORMS if language == "en" else ():
        text = pattern.sub(written_out, text)
    for frame in (ENDS.get(language), BEGINNINGS.get(language)):
        text = frame.sub(" ", text) if frame else text
    return text


def _is_name(token: str, begins_sentence: bool, language: str) -> bool:
    """US is no "us", IT no "it", May no "may". German writes nouns and courtesies with a capital, too."""
    if len(token) > 1 and token.isupper():
        return True
    return language != "de" and len(token) > 1 and token[0].isupper() and not begins_sentence


def _alike(one: _Word, other: _Word, language: str) -> bool:
    if one.preposition and other.preposition and one.preposition != other.preposition:
        return False
    return one.text == other.text or bool(_stems(one.text, language) & _stems(other.text, language))


def _stems(word: str, language: str) -> set[str]:
    cut = (word.removesuffix(ending) for ending in ENDINGS.get(language, ("",)) if word.endswith(ending))
    return {stem for stem in cut if len(stem) >= LEAST_STEM}
