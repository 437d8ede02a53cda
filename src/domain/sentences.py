"""Cutting text into sentences without losing a character."""

import re

_END = re.compile(r"(?<=[.!?…])[\"'»”)\]]*\s+(?=[\"'«„“(\[¿¡]*[A-ZÀ-ÞА-ЯЁ0-9])|\n+")


def sentences(text: str) -> list[str]:
    """The sentences with the white space behind them; joined they are the text again. A lower-case
    continuation ("e.g. this") is no new sentence."""
    pieces, start = [], 0
    for match in _END.finditer(text):
        pieces.append(text[start : match.end()])
        start = match.end()
    return [*pieces, text[start:]] if start < len(text) else pieces
