"""The detectors that come with the service: patterns, check digits and word lists, no model."""

from collections.abc import Callable, Iterable

from adapters.guardrails import contact, dates, identity
from adapters.guardrails.profanity import lexicon, profanity
from adapters.guardrails.prompts import prompt_injection
from adapters.guardrails.secrets import secrets
from adapters.guardrails.sql import sql_injection
from domain.guardrails import (
    PII,
    PII_INPUT,
    PROFANITY,
    PROMPT_INJECTION,
    SECRETS,
    SQL_INJECTION,
    Direction,
    Finding,
)
from domain.languages import SUPPORTED

Span = tuple[int, int, str]
Detector = Callable[[str, str], Iterable[Span]]


def personal(text: str, language: str) -> Iterable[Span]:
    """Numbers and addresses; names and postal addresses are not looked for."""
    yield from contact.emails(text)
    if any(c.isdigit() for c in text):
        yield from identity.cards(text)
        yield from identity.ibans(text)
        yield from identity.numbers(text)
        yield from contact.phones(text, language)
        yield from contact.addresses(text)
        yield from dates.births(text)


def confidential(text: str, language: str) -> Iterable[Span]:
    """What people should not have typed: their data, and their passwords."""
    yield from personal(text, language)
    yield from secrets(text)


_DETECTORS: dict[Direction, tuple[tuple[str, Detector], ...]] = {
    Direction.INPUT: (
        (PROFANITY, profanity),
        (SQL_INJECTION, lambda text, _: sql_injection(text)),
        (PROMPT_INJECTION, lambda text, _: prompt_injection(text)),
        (PII_INPUT, confidential),
    ),
    Direction.OUTPUT: ((PII, personal), (SECRETS, lambda text, _: secrets(text))),
}


class BuiltinDetectors:
    def __init__(self) -> None:
        for language in (*SUPPORTED, ""):
            lexicon(language)

    def find(self, text: str, direction: Direction, language: str) -> list[Finding]:
        known = language if language in SUPPORTED else ""
        return [
            Finding(rule_id, start, end, kind)
            for rule_id, detect in _DETECTORS[direction]
            for start, end, kind in detect(text, known)
        ]
