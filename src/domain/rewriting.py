"""Making a follow-up stand alone, by rule: a question that leans on the turns before takes their subject along."""

import re
from collections.abc import Sequence

from domain.leaning import PREPOSITIONS, content_words, is_fragment, known, leans, opening, words
from domain.queries import Turn

TAKEN_ALONG = 12
"""So many words of a subject say it; a long answer says other things besides."""
_SENTENCES = re.compile(r"(?<=[.?!])\s+")
_ASPECTS = frozenset(
    "take takes cost costs long much many often far get got give make know tell see find go come use like need look "
    "offer work works include includes pay open opens valid available possible dauert kostet lange viel viele gilt "
    "gültig geöffnet funktioniert coûte prend dure longtemps valable ouvert cuesta tarda dura tiempo válido abierto "
    "abre стоит длится занимает долго действует открыт работает идёт идет".split()
)
"""What a question asks about its subject, and not the subject."""


def leans_on_history(question: str, language: str, history: Sequence[Turn] = ()) -> bool:
    return leans(question, language, [turn.content for turn in history])


def stand_alone(question: str, language: str, history: Sequence[Turn]) -> str:
    """The question with what it leans on. A fragment (`And to Mexico?`) takes its place in the person's last
    question; a whole question takes the subject along, after its own words. One that stands alone, and one
    without a history, is left alone."""
    asked, answered = _last(history, "user"), _last(history, "assistant")
    if not (asked or answered) or not leans_on_history(question, language, history):
        return question
    own = question.strip(" ¿¡")[len(opening(question, language)) :].strip()
    replaced = _in_place_of(own, asked, language) if is_fragment(question, language) else None
    if replaced:
        return replaced
    said = {word.casefold() for word in words(own)}
    subject = [word for word in _subject(asked, answered, language) if word.casefold() not in said]
    return " ".join([own, *subject]) if subject else question


def _last(history: Sequence[Turn], role: str) -> str:
    return next((turn.content.strip() for turn in reversed(history) if turn.role == role), "")


def _subject(asked: str, answered: str, language: str) -> list[str]:
    """What the answer speaks of, which is what the question was about or news that goes on from it, without
    what it asks in return; and the names in the question. Of an answer that says nothing, the question's."""
    told = " ".join(part for part in _SENTENCES.split(answered) if not part.endswith("?"))
    topics = _topics(told, language) or _topics(answered, language) or _topics(asked, language)
    named = [name for name in _names(asked) if name.casefold() not in {word.casefold() for word in topics}]
    return [*topics[:TAKEN_ALONG], *named]


def _topics(text: str, language: str) -> list[str]:
    """Each once, and no numbers: they answer the question before, not this one."""
    found = {word.casefold(): word for word in reversed(content_words(text, language))}
    return [word for key, word in reversed(found.items()) if key not in _ASPECTS and not word.isdecimal()]


_THE_ONE = re.compile(r"(?:the )?([\w-]+) ones?\W*$", re.IGNORECASE)


def _in_place_of(fragment: str, asked: str, language: str) -> str | None:
    """The person's last question with the fragment where its like stood: a place for a place after the same
    preposition, a name for a name, `the basic one` for the first word of `the premium plan`."""
    bare = fragment.strip(" ?!.¿¡")
    first, _, rest = bare.partition(" ")
    if rest and first.casefold() in PREPOSITIONS[known(language)]:
        place = re.compile(rf"\b{re.escape(first)}\s+\w+", re.IGNORECASE)
        return place.sub(lambda _: bare, asked, count=1) if place.search(asked) else None
    chosen = _THE_ONE.match(bare)
    if chosen:
        kind = re.compile(r"\bthe \w+(?= \w)", re.IGNORECASE)
        return kind.sub(lambda _: f"the {chosen[1]}", asked, count=1) if kind.search(asked) else None
    names = _names(asked) if bare[:1].isupper() else []
    return asked.replace(names[-1], bare) if names else None


def _names(text: str) -> list[str]:
    """Words with a capital that begin no sentence."""
    return [word for part in _SENTENCES.split(text) for word in words(part)[1:] if word[0].isupper() and len(word) > 1]


_JOINTS = re.compile(r"\s*(?:[?;]|,?\s+\b(?:and|und|et|y|и|а также|sowie)\b)\s+", re.IGNORECASE)


def clauses(question: str) -> list[str]:
    """The parts of a question that asks several things; none when it asks one."""
    parts = [part.strip(" ,.?") for part in _JOINTS.split(question)]
    long_enough = [part for part in parts if len(re.findall(r"\w+", part)) >= 2]
    return long_enough if len(long_enough) > 1 else []
