"""What a value stands behind: the words shortly before it decide what a bare number or word is."""

import re

from domain import seams

_LOOKBACK = 6
"""Words; with the words of the value itself it stays within `seams.REACH`."""


def words(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W\d_])(?:{alternatives})(?![^\W\d_])", re.IGNORECASE)


PHONE = words(seams.PHONE_WORDS)
BIRTH = words(seams.BIRTH_WORDS)
NUMBER = words(seams.NUMBER_WORDS)
DOCUMENT = words(seams.DOCUMENT_WORDS)
VERSION = words(seams.VERSION_WORDS)
REFERENCE = words(seams.REFERENCE_WORDS)


def before(text: str, at: int) -> str:
    """The last few words before `at`, the nearest last."""
    start = max(0, at - 80)
    tokens = text[start:at].split()
    if start and tokens and not text[start - 1].isspace():
        tokens = tokens[1:]
    return " ".join(tokens[-_LOOKBACK:])


def announced(text: str, at: int, by: re.Pattern[str]) -> bool:
    return by.search(before(text, at)) is not None


def announced_as_phone(text: str, at: int) -> bool:
    """Unless a word nearer to it says that it is an order's number or the like."""
    lately = before(text, at)
    last = max((m.end() for m in PHONE.finditer(lately)), default=-1)
    return last >= 0 and not REFERENCE.search(lately, last)
