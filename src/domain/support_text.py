"""Reading a sentence for the support check: what it says in words, numbers, addresses, names and negations."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from domain.languages import SUPPORTED
from domain.stopwords import stop_words
from domain.support_words import AFFIRMED, DENIED, NEGATIONS, NUMBER_WORDS, ONLY

_CITATION = re.compile(r"\s*[\[(](?:(?:sources?|quellen?|fuentes?|источники?)\s*)?#?\d+(?:\s*[,;]\s*\d+)*\]")
_MARKUP = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+|[*_`#>|]+", re.MULTILINE)
_ADDRESS = re.compile(
    r"https?://[^\s)>\]]+|www\.[^\s)>\]]+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+|(?<![\w/])~?/[\w.-]+(?:/[\w.*?-]*)*"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SPACED_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
_THOUSANDS = re.compile(r"(\d{1,3}(?:([.,])\d{3})(?:\2\d{3})*)((?!\2)[.,]\d{1,2})?")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_CLAUSE = re.compile(
    r"[,;:—–]|\b(?:but|however|although|unless|because|while|if|aber|jedoch|sondern|wenn|weil|obwohl|mais"
    r"|cependant|si|car|pero|sino|aunque|porque|но|однако|если|хотя|потому)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"n['’]t\b", re.IGNORECASE)
_UNTIL = re.compile(r"\b(?:пока не|hasta que no)\b", re.IGNORECASE)
"""A negation that negates nothing."""
_ASIDE = re.compile(r"\(([^()]*)\)")
_INSIDE = re.compile(r"[\w,][\s'’\"“„«(]*$")
_SWITCHED = re.compile(r"\b(turn|switch|opt)\w*(?:\s\w+){0,3}?\s(on|off|in|out)\b", re.IGNORECASE)
_VERDICT = re.compile(r"\s*([^\W\d_]+)\s*[,.!;:—–-]")


class Vocabulary:
    """Words that are found again in another inflection: by a common beginning."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = frozenset(words)
        self._by_beginning: defaultdict[str, list[str]] = defaultdict(list)
        for word in self.words:
            self._by_beginning[word[:4]].append(word)

    def has(self, word: str) -> bool:
        return word in self.words or any(_same_stem(word, other) for other in self._by_beginning.get(word[:4], ()))

    def share_of(self, words: frozenset[str]) -> float:
        """Of `words`, the share that is here; 0 of none."""
        return sum(map(self.has, words)) / len(words) if words else 0.0


def _same_stem(one: str, other: str) -> bool:
    """The first three quarters of the shorter word, at least four letters, are the same."""
    shorter = min(len(one), len(other))
    common = max(4, -(-3 * shorter // 4))
    return shorter >= 4 and one[:common] == other[:common] and abs(len(one) - len(other)) <= 6


@dataclass(frozen=True, slots=True)
class Clause:
    said: Vocabulary
    """Words that carry a subject."""
    negated: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, read. All words are in lower case."""

    text: str
    said: Vocabulary
    """All words."""
    words: frozenset[str]
    """Those that carry a subject."""
    numbers: frozenset[str]
    addresses: frozenset[str]
    names: frozenset[str]
    clauses: tuple[Clause, ...]
    verdict: bool | None
    """Whether it begins with a yes or a no."""

    @property
    def has_facts(self) -> bool:
        return bool(self.numbers or self.addresses or self.names)


def read(sentence: str, language: str | None = None) -> Statement:
    text = " ".join(_MARKUP.sub(" ", _CITATION.sub("", sentence)).split())
    addresses = frozenset(found.rstrip(".,;:!?").lower() for found in _ADDRESS.findall(text))
    rest = _ADDRESS.sub(" ", text)
    tokens = tokenize(rest)
    return Statement(
        text=text,
        said=Vocabulary(tokens),
        words=frozenset(filter(_carries_a_subject, tokens)),
        numbers=_numbers(rest, tokens),
        addresses=addresses,
        names=_names(rest, nouns_are_capitalised=language == "de"),
        clauses=tuple(_clauses(rest)),
        verdict=_verdict(text),
    )


def tokenize(text: str) -> list[str]:
    """Words in lower case, compounds also in parts, "don't" as "do not", "turn it off" also as "turned-off"."""
    lowered = _UNTIL.sub(" ", _NOT.sub(" not", text.lower()))
    words = _WORD.findall(lowered)
    parts = [part for word in words if "-" in word for part in word.split("-")]
    return [*words, *parts, *(_switched(match) for match in _SWITCHED.finditer(lowered))]


def language_of(texts: Iterable[str]) -> str | None:
    """Of which supported language the texts have most stop words; None when two are about as likely."""
    tokens = [token for text in texts for token in tokenize(text)]
    counts = sorted((sum(token in _stop_words(lang) for token in tokens), lang) for lang in SUPPORTED)
    (second, _), (most, language) = counts[-2:]
    return language if most >= 3 and most >= 2 * second else None


def _switched(match: re.Match[str]) -> str:
    verb = "opt" if match[1] == "opt" else "turned"
    return f"{verb}-{match[2]}"


def _carries_a_subject(token: str) -> bool:
    return (
        len(token) > 1
        and not token[0].isdigit()
        and token not in _all_stop_words()
        and token not in NEGATIONS
        and token not in NUMBER_WORDS
    )


_stop_words = cache(stop_words)


@cache
def _all_stop_words() -> frozenset[str]:
    return frozenset().union(*map(_stop_words, SUPPORTED)) | AFFIRMED | DENIED


def _numbers(text: str, tokens: Iterable[str]) -> frozenset[str]:
    digits = {_canonical(found) for found in _NUMBER.findall(_SPACED_THOUSANDS.sub("", text))}
    return frozenset(digits | {NUMBER_WORDS[token] for token in tokens if token in NUMBER_WORDS})


def _canonical(number: str) -> str:
    """1.000 and 1,000.00 are 1000; 9,90 is 9.9; 10:00 is 10; versions stay as they are."""
    if grouped := _THOUSANDS.fullmatch(number):
        number = re.sub(r"[.,]", "", grouped[1]) + (grouped[3] or "")
    number = number.removesuffix(":00").replace(",", ".")
    if number.count(".") == 1:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("0") or "0"


def _names(text: str, *, nouns_are_capitalised: bool) -> frozenset[str]:
    """Abbreviations, product codes, and (but in German) capitalised words that do not begin a sentence."""
    found = set()
    for match in _WORD.finditer(text):
        word = match[0]
        capital = word[0].isupper() and len(word) > 1 and not nouns_are_capitalised
        if _is_code(word, text) or (capital and _INSIDE.search(text, max(0, match.start() - 4), match.start())):
            found.add(word.lower())
    return frozenset(found - _all_stop_words())


def _is_code(word: str, text: str) -> bool:
    """libc6, SSL, macOS."""
    mixed = word[0].isalpha() and any(letter.isdigit() for letter in word)
    shouted = len(word) > 1 and word.isupper() and not text.isupper()
    camel = any(one.islower() and other.isupper() for one, other in pairwise(word))
    return mixed or shouted or camel


def _clauses(text: str) -> Iterator[Clause]:
    for part in [*_CLAUSE.split(_ASIDE.sub(" ", text)), *_ASIDE.findall(text)]:
        tokens = tokenize(part)
        words = frozenset(filter(_carries_a_subject, tokens))
        if words:
            yield Clause(Vocabulary(words), _is_negated(tokens))


def _is_negated(tokens: list[str]) -> bool:
    """Two negations are one in Russian and Spanish ("никогда не", "no … nunca")."""
    following = [*tokens[1:], ""]
    return any(token in NEGATIONS and after not in ONLY for token, after in zip(tokens, following, strict=True))


def _verdict(text: str) -> bool | None:
    match = _VERDICT.match(text)
    first = match[1].lower() if match else ""
    return True if first in AFFIRMED else False if first in DENIED else None
