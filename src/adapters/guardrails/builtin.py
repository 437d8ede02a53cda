"""The detectors that come with the service: patterns, check digits and word lists, no model."""

from collections.abc import Callable, Iterable

from adapters.guardrails import contact, dates, identity
from adapters.guardrails.secrets import secrets
from domain.guardrails import PII, PII_INPUT, SECRETS, Direction, Finding

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


_DETECTORS: dict[Direction, tuple[tuple[str, Detector], ...]] = {
    Direction.INPUT: ((PII_INPUT, personal),),
    Direction.OUTPUT: ((PII, personal), (SECRETS, lambda text, _: secrets(text))),
}


class BuiltinDetectors:
    def find(self, text: str, direction: Direction, language: str) -> list[Finding]:
        return [
            Finding(rule_id, start, end, kind)
            for rule_id, detect in _DETECTORS[direction]
            for start, end, kind in detect(text, language)
        ]
