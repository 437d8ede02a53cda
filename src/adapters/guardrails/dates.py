"""Dates of birth: a date shortly after a word for being born, in five languages."""

import re
from collections.abc import Iterator

from adapters.guardrails import context

_MONTHS = (
    r"jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|oct|okt|nov|de[cz]|janv|f[eé]vr|mars|avr|juin|juil|ao[uû]t|d[eé]c"
    r"|enero|ene|abr|ago|dic|янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек"
)
_DATE = re.compile(
    r"(?<![\w.,/-])(?:"
    r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2}"
    rf"|\d{{1,2}}(?:\.|st|nd|rd|th|er)? (?:de |of )?(?:{_MONTHS})[^\W\d_]{{0,7}}\.?,? (?:de |del )?\d{{4}}"
    rf"|(?:{_MONTHS})[^\W\d_]{{0,7}}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
    r")(?!\w|[/-]\d)",
    re.IGNORECASE,
)


def births(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _DATE.finditer(text):
        if context.announced(text, match.start(), context.BIRTH):
            yield match.start(), match.end(), "DATE_OF_BIRTH"
