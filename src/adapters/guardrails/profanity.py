"""Profanity: word lists of five languages, and the ways in which people dress such words up."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from pathlib import Path

from adapters.guardrails.folding import folded, undisguised, without_marks
from domain.languages import SUPPORTED

Span = tuple[int, int, str]

_LISTS = Path(__file__).with_name("words")
_ENDINGS = {
    "en": ("s", "es", "ed", "ing", "er", "ers", "z"),
    "de": ("e", "en", "er", "es", "em", "n", "s"),
    "fr": ("s", "e", "es", "r", "nt"),
    "es": ("s", "es", "a", "as", "o", "os", "azo", "aza", "ito", "ita", "itos", "itas", "on"),
    "ru": (),
}
"""Added to whole words; Russian is listed by beginnings."""
_CHUNK = re.compile(r"\S+")
_PART = re.compile(r"[^\W_]+")
_SPELLED = re.compile(r"(?<![^\W_])(?:[^\W_][ .*_\-]{1,2}){2,}[^\W_](?![^\W_])")
_EMPHASIS = re.compile(r"(.)\1{2,}", re.IGNORECASE)
_MASKED = re.compile(r"[^\W_]+[*#%&?.•x]{1,4}[^\W_]+|[^\W_]{2,}\*{1,4}")
_PUNCTUATION = ".,;:?\"'()[]«»“”„…–—"
_LONGEST = 40
"""Letters of a word that is looked at; longer ones are no words."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    whole: frozenset[str]
    beginnings: frozenset[str]
    inside: tuple[str, ...]
    phrases: dict[str, tuple[tuple[str, ...], ...]]
    """By their first word; a last word that ends in * is a beginning."""


def profanity(text: str, language: str) -> Iterator[Span]:
    """All lists are read whatever the language: people swear in their own. `language` adds the words that
    mean something else elsewhere (`con` in French)."""
    words = list(_words(text))
    for start, end, word in words:
        if _is_profane(word, language):
            yield start, end, "PROFANITY"
    yield from _phrases(words, language)
    yield from _dressed_up(text, language)


def _words(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _PART.finditer(text):
        yield match.start(), match.end(), match[0]


@lru_cache(maxsize=16_384)
def _is_profane(word: str, language: str) -> bool:
    return len(word) <= _LONGEST and any(_is_listed(form, lexicon(language)) for form in _forms(word))


@lru_cache(maxsize=16_384)
def _plain(word: str) -> str:
    return folded(word) if len(word) <= _LONGEST else word


def _forms(word: str) -> set[str]:
    """As written, without accents, and with a letter that is repeated for emphasis written once or twice."""
    forms = {word.casefold(), _plain(word)}
    if _EMPHASIS.search(word):
        forms |= {_EMPHASIS.sub(repeat, form) for form, repeat in product(forms, (r"\1", r"\1\1"))}
    return forms


def _is_listed(word: str, lexicon: Lexicon) -> bool:
    return (
        word in lexicon.whole
        or any(word[:length] in lexicon.beginnings for length in range(3, len(word) + 1))
        or any(part in word for part in lexicon.inside)
    )


@cache
def lexicon(language: str) -> Lexicon:
    """Every list's words that mean the same everywhere, and those that mean it in `language` alone."""
    entries = [(name, entry) for name in SUPPORTED for entry in _entries(name) if _applies(entry, name, language)]
    single = [(name, entry.lstrip("~")) for name, entry in entries if "_" not in entry]
    phrases: dict[str, tuple[tuple[str, ...], ...]] = {}
    for first, *rest in (entry.lstrip("~").split("_") for _, entry in entries if "_" in entry):
        phrases[first] = (*phrases.get(first, ()), tuple(rest))
    return Lexicon(
        frozenset(form for name, entry in single if "*" not in entry for form in _inflected(entry, name)),
        frozenset(entry[:-1] for _, entry in single if entry.endswith("*") and not entry.startswith("*")),
        tuple(entry.strip("*") for _, entry in single if entry.startswith("*")),
        phrases,
    )


def _entries(name: str) -> list[str]:
    lines = (_LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [entry for line in lines if not line.startswith("#") for entry in line.split()]


def _applies(entry: str, name: str, language: str) -> bool:
    return not entry.startswith("~") or name == language


def _inflected(word: str, language: str) -> Iterator[str]:
    yield word
    yield from (word + ending for ending in _ENDINGS[language] if len(word) >= 3 and word[-1] != ending[0])


def _phrases(words: list[tuple[int, int, str]], language: str) -> Iterator[Span]:
    phrases = lexicon(language).phrases
    plain = [_plain(word) for _, _, word in words]
    for at, word in enumerate(plain):
        for rest in phrases.get(word, ()):
            if _follows(plain[at + 1 : at + 1 + len(rest)], rest):
                yield words[at][0], words[at + len(rest)][1], "PROFANITY"


def _follows(words: list[str], rest: tuple[str, ...]) -> bool:
    return len(words) == len(rest) and all(
        word.startswith(wanted[:-1]) if wanted.endswith("*") else word in (wanted, without_marks(wanted))
        for word, wanted in zip(words, rest, strict=True)
    )


def _dressed_up(text: str, language: str) -> Iterator[Span]:
    for match in _SPELLED.finditer(text):
        if _is_profane(re.sub(r"[ .*_\-]", "", match[0]), language):
            yield match.start(), match.end(), "PROFANITY"
    for match in _CHUNK.finditer(text):
        chunk = match[0]
        if len(chunk) <= _LONGEST and not chunk.strip(_PUNCTUATION).isalpha() and _is_dressed_up(chunk, language):
            yield match.start(), match.end(), "PROFANITY"


@lru_cache(maxsize=4_096)
def _is_dressed_up(chunk: str, language: str) -> bool:
    plain = folded(chunk).strip(_PUNCTUATION)
    candidates = _PART.findall(undisguised(plain.rstrip("!")))
    return any(_is_profane(word, language) for word in candidates) or any(
        _is_masked(m[0]) for m in _MASKED.finditer(plain)
    )


def _is_masked(word: str) -> bool:
    """`f**k` and `sh*t`: each sign stands for a letter. Only for the words that are commonly hidden so."""
    shape = re.compile("".join("[^\\W_]" if not c.isalnum() else c for c in word))
    return any(shape.fullmatch(known) for known in _HIDDEN)


_HIDDEN = frozenset(
    "fuck fucks fucked fucker fucking fuckers motherfucker shit shits shitty bullshit bitch bitches cunt cunts asshole "
    "assholes pussy nigger nigga faggot whore slut bastard scheisse scheiße arsch arschloch fick ficken hurensohn "
    "fotze merde putain pute connard connasse salope encule puta puto mierda joder cabron gilipollas pendejo "
    "хуй хуи хуйня пизда пиздец ебать ебаный блять блядь сука суки мудак пидор".split()
)
