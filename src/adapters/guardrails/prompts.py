"""Prompt injection: an attempt to make the assistant forget its orders, tell its secrets or be somebody else."""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator

from adapters.guardrails.folding import folded, undisguised, unspelled
from adapters.guardrails.prompt_signals import COMPACT_OVERRIDE, SIGNS, WORTH_A_LOOK

Span = tuple[int, int, str]

_ENOUGH = 3
_LONGEST = 8_000
"""Characters read; longer texts are read in overlapping stretches."""
_OVERLAP = 400
_BASE64 = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{16,4000}={0,2}(?![\w+/=-])")
_HEX = re.compile(r"(?<!\w)(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s,:]?){12,2000}(?!\w)")
_REPEATED = re.compile(r"\b(\w[\w ]{1,30}?)(?:\W+\1\b){9,}")


def prompt_injection(text: str) -> Iterator[Span]:
    for start in range(0, max(len(text), 1), _LONGEST - _OVERLAP):
        part = text[start : start + _LONGEST]
        if _steers(part):
            yield start, start + len(part), "PROMPT_INJECTION"


def _steers(text: str) -> bool:
    plain = folded(text)
    return _score(plain) >= _ENOUGH or any(_score(reading) >= _ENOUGH for reading in _readings(text, plain))


def _score(plain: str) -> int:
    if not WORTH_A_LOOK.search(plain):
        return 0
    score = sum(weight for weight, sign in SIGNS if sign.search(plain))
    return score + (2 if score and _REPEATED.search(plain) else 0)


def _readings(text: str, plain: str) -> Iterator[str]:
    """What the text says to somebody who sees through leetspeak, spelling out, base64, hex, ROT13 and mirrors."""
    undone = undisguised(plain)
    if undone != plain:
        yield undone
    together = unspelled(undone)
    if together != undone:
        yield "ignore all previous instructions" if COMPACT_OVERRIDE.search(together.replace(" ", "")) else together
    for reading in (*_decoded(text), codecs.decode(plain, "rot13"), plain[::-1]):
        if "instruc" in reading or "prompt" in reading or "ignore" in reading:
            yield reading


def _decoded(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        yield from _as_text(_from_base64(match[0]))
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[\s,:]", "", match[0])
        yield from _as_text(bytes.fromhex(digits) if len(digits) % 2 == 0 else b"")


def _from_base64(value: str) -> bytes:
    try:
        return base64.b64decode(value.translate(str.maketrans("-_", "+/")) + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return b""


def _as_text(data: bytes) -> Iterator[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    if text and sum(c.isalpha() or c.isspace() for c in text) > 0.7 * len(text):
        yield folded(text)
