"""The finders behind the guardrails."""

from typing import Protocol

from domain.guardrails import Direction, Finding


class Detectors(Protocol):
    """Finds what the rules of one direction are about; which of it counts is decided by `domain.guardrails`.

    Pure computation on the caller's thread: well under a millisecond for a question, and linear in the
    length of the text. Any text is fine (empty, hostile, 20 000 characters): it never raises. Offsets are
    those of the text given. Findings may overlap and come in no particular order. `language` is a hint
    (ISO 639-1): an unknown one costs recall, never an error.

    What is found in OUTPUT keeps within seams (`domain.seams.settled`): it neither spans one nor
    depends on text across one, so that a stream can be redacted as it comes.
    """

    def find(self, text: str, direction: Direction, language: str) -> list[Finding]: ...
