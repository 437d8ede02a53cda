"""Making a follow-up stand alone, by rule: a question that leans on the turn before takes that turn along."""

import re
from collections.abc import Sequence

from domain.queries import Turn

_LEANING = {
    "en": r"\b(?:it|its|that|those|these|this|they|them|their|there|one|ones|same|he|she|him|her|his|either|both)\b",
    "de": r"\b(?:es|das|dies\w*|jene\w*|sie|ihn|ihm|ihr\w*|dort|dafür|damit|davon|darauf|dazu|beide\w*)\b",
    "fr": r"\b(?:il|elle|ils|elles|ça|cela|ce|celui|celle|ceux|celles|le|la|les|lui|leur|y|en)\b"
    r"(?=[^\w]*$|\s+(?:est|sont|a|ont))",
    "es": r"\b(?:lo|eso|esto|esos|esas|ese|esa|ello|allí|él|ella|ellos|ellas|mismo|misma)\b",
    "ru": r"\b(?:он|она|оно|они|его|её|ее|их|ему|ей|им|это|этот|эта|эти|этого|этому|там|туда|тот|та|те)\b",
}

_OPENING = {
    "en": r"^(?:and|but|also|so|then|what about|how about|what if|or|why not|what else)\b",
    "de": r"^(?:und|aber|auch|also|dann|was ist mit|wie sieht es|oder|warum nicht)\b",
    "fr": r"^(?:et|mais|aussi|donc|alors|ou|qu'en est-il|pourquoi pas)\b",
    "es": r"^(?:y|pero|también|entonces|o|qué hay de|qué tal|por qué no)\b",
    "ru": r"^(?:а|и|но|тогда|или|а если|почему нет|что насчёт|что насчет)\b",
}

SHORT = 3
"""A question of at most this many words says too little by itself."""


def leans_on_history(question: str, language: str) -> bool:
    text = question.casefold().strip(" ¿¡")
    tried = language if language in _LEANING else "en"
    opening, leaning = re.search(_OPENING[tried], text), re.search(_LEANING[tried], text)
    return bool(opening or leaning) or len(re.findall(r"\w+", text)) <= SHORT


def stand_alone(question: str, language: str, history: Sequence[Turn]) -> str:
    """The question, preceded by the person's last turn where it leans on it."""
    earlier = [turn.content.strip() for turn in history if turn.role == "user" and turn.content.strip()]
    if not earlier or not leans_on_history(question, language):
        return question
    return f"{earlier[-1]} {question}"


_JOINTS = re.compile(r"\s*(?:[?;]|,?\s+\b(?:and|und|et|y|и|а также|sowie)\b)\s+", re.IGNORECASE)


def clauses(question: str) -> list[str]:
    """The parts of a question that asks several things; none when it asks one."""
    parts = [part.strip(" ,.?") for part in _JOINTS.split(question)]
    long_enough = [part for part in parts if len(re.findall(r"\w+", part)) >= 2]
    return long_enough if len(long_enough) > 1 else []
