"""Telling that somebody wants to talk to a person, or complains, in five languages.

A wish is looked for clause by clause, and one that is denied (`I don't need an agent`, `without talking to
anybody`, `do I have to call someone?`) is none. Every language is tried: of two words nobody can tell which it is.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from domain.grievances import DECLARED, DISPLEASED, HANDLED, NOUNS
from domain.human_words import EASILY_MISTYPED, OTHER_WORDS, SPEECH, Speech

_GAP = r"[\s'’-]+"
_PLEASE = re.compile(r",?\s*\b(?:please|bitte|s'il (?:vous|te) pla[iî]t|svp|por favor|пожалуйста)\s*,", re.IGNORECASE)
"""Between commas it parts no clause."""
_CLAUSE = re.compile(r"[.?!;,:\n…]+|\s(?:but|aber|sondern|mais|pero|sino|но)\s", re.IGNORECASE)
_WORD = re.compile(r"\w+(?:-\w+)*")
BARE = 6
"""A request of so few words may be nothing but the person."""
SHORTEST = 4
"""Shorter words are too close to too many others to be put right."""
FREE_ORDER = ("de", "ru")
"""Languages whose verb may follow the person: `mit einem Menschen sprechen`."""


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _wishes(speech: Speech, free: bool) -> re.Pattern[str]:
    person = rf"(?:{speech.staff}\b|{speech.anybody}\b(?!{speech.elsewhere}))"
    between = rf"(?:{_GAP}(?:{speech.between}))"
    reached = rf"\b{speech.reach}{between}{{0,6}}{_GAP}{person}"
    wanted = rf"\b{speech.want}{between}{{0,5}}{_GAP}{person}(?={_GAP}{speech.onward}\b|\W*$)"
    turned = rf"|\b{person}{between}{{0,4}}{_GAP}{speech.reach}\b" if free else ""
    return _compiled(f"{reached}|{wanted}{turned}")


def _denials(speech: Speech) -> re.Pattern[str]:
    """Of what stands before a wish."""
    return _compiled(rf"(?:^|\W){speech.negation}(?:{_GAP}(?:{speech.chain}))*\W*$")


_WISHES = {name: _wishes(speech, name in FREE_ORDER) for name, speech in SPEECH.items()}
_DENIALS = {name: _denials(speech) for name, speech in SPEECH.items()}
_OUTRIGHT = {name: _compiled(speech.outright) for name, speech in SPEECH.items()}
_PERSONS = {name: _compiled(rf"(?:{speech.staff}|{speech.anybody})") for name, speech in SPEECH.items()}
_COURTESY = {name: _compiled(speech.courtesy) for name, speech in SPEECH.items()}


def asks_for_human(text: str, language: str) -> bool:
    """Whether the text asks for a person to take over."""
    said = _mended(text)
    return any(_asks(said, name) for name in SPEECH)


def _asks(text: str, language: str) -> bool:
    clauses = _CLAUSE.split(_PLEASE.sub(" ", text))
    return _is_bare(text, language) or any(_wished(clause, language) for clause in clauses)


def _wished(clause: str, language: str) -> bool:
    found = [*_WISHES[language].finditer(clause), *_OUTRIGHT[language].finditer(clause)]
    return any(not _DENIALS[language].search(clause[: match.start()]) for match in found)


def _is_bare(text: str, language: str) -> bool:
    """Nothing but a person and courtesies: `agent please`."""
    said = _WORD.findall(text)
    if not 0 < len(said) <= BARE:
        return False
    left = [word for word in said if not _COURTESY[language].fullmatch(word)]
    return bool(left) and _PERSONS[language].fullmatch(" ".join(left)) is not None


_DECLARED = {name: _compiled(pattern) for name, pattern in DECLARED.items()}
_DISPLEASED = {name: _compiled(pattern) for name, pattern in DISPLEASED.items()}
_HANDLED = {name: _compiled(pattern) for name, pattern in HANDLED.items()}
_NOUNS = {name: _compiled(rf"\b{pattern}\b") for name, pattern in NOUNS.items()}


def makes_complaint(text: str, language: str) -> bool:
    """Whether the text says that it is a complaint, or wants to make one."""
    said = _mended(text)
    return any(_declares(said, name) for name in SPEECH)


def _declares(text: str, language: str) -> bool:
    said = _WORD.findall(text)
    if len(said) <= BARE // 2 and _NOUNS[language].match(text.strip()):
        return True
    found = _DECLARED[language].search(text)
    return found is not None and not _HANDLED[language].search(text[: found.end()])


def complains(text: str, language: str) -> bool:
    """Whether the text is a complaint, wants to make one, or says how displeased somebody is."""
    return makes_complaint(text, language) or any(pattern.search(text) for pattern in _DISPLEASED.values())


def speaks_of_complaints(text: str) -> bool:
    """Whether the text, say of an approved answer's question, is about complaints."""
    return any(pattern.search(text) for pattern in _NOUNS.values()) or makes_complaint(text, "")


def _mended(text: str) -> str:
    """With the words put right that decide and have one slip in them: `speak to a humna`."""
    return _WORD.sub(lambda found: _right(found.group()), text)


@lru_cache(maxsize=4096)
def _right(word: str) -> str:
    key = word.casefold()
    if len(key) < SHORTEST or key in OTHER_WORDS or key.startswith(EASILY_MISTYPED):
        return word
    return next((_MEANT[variant] for variant in _one_less(key) if variant in _MEANT), word)


def _one_less(word: str) -> list[str]:
    """The word, and it without each of its letters."""
    return [word, *(word[:at] + word[at + 1 :] for at in range(len(word)))]


def _meant() -> Mapping[str, str]:
    """By each deciding word without one of its letters: two words that share one are a slip or two apart
    (Wolf Garbe, "Symmetric Delete spelling correction")."""
    return {variant: word for word in EASILY_MISTYPED for variant in _one_less(word)}


_MEANT = _meant()
