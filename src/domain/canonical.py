"""One way to write JSON: the bytes that JavaScript's `JSON.stringify(JSON.parse(text))` gives back unchanged.

A receiver that parses before it verifies can then still rebuild what was signed.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from json.encoder import encode_basestring
from typing import Any

MAX_SAFE_INTEGER = 2**53 - 1
_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_LARGEST_INDEX = 2**32 - 2
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def rfc3339(moment: datetime) -> str:
    """`2026-01-07T10:16:00.123456Z`; whole seconds without a fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A part of a document that is canonical JSON already."""

    text: bytes


def canonical_json(value: Any) -> bytes:
    """Compact UTF-8: nothing escaped that need not be, numbers as JavaScript writes them, NaN as null,
    integers beyond 2^53 as strings, integer-like keys first and ascending (where JavaScript puts them)."""
    return _render(value).encode()


def _render(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Rendered):
        return value.text.decode()
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text(key)}:{_render(item)}" for key, item in _members(value)) + "}"
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes):
        return "[" + ",".join(_render(item) for item in _ordered(value)) + "]"
    return _text(_as_text(value))


def _ordered(value: Iterable[Any]) -> Iterable[Any]:
    return sorted(value) if isinstance(value, set | frozenset) else value


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a JSON document")


def _text(value: str) -> str:
    fit = value if value.isascii() else _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    return encode_basestring(str(fit))


def _members(value: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    members = {str(key): item for key, item in value.items()}
    if not any(key[:1].isdigit() and _is_index(key) for key in members):
        return list(members.items())
    return sorted(members.items(), key=lambda member: (0, int(member[0])) if _is_index(member[0]) else (1, 0))


def _is_index(key: str) -> bool:
    return bool(_ARRAY_INDEX.fullmatch(key)) and int(key) <= _LARGEST_INDEX


def _number(value: int | float) -> str:
    if isinstance(value, float):
        if not math.isfinite(value):
            return "null"
        if not value.is_integer():
            return _fraction(value)
    whole = int(value)
    return str(whole) if abs(whole) <= MAX_SAFE_INTEGER else f'"{whole}"'


def _fraction(value: float) -> str:
    """Python and JavaScript agree on the shortest digits, and differ on where the exponent begins."""
    digits, _, exponent = repr(value).partition("e")
    if not exponent:
        return digits
    if int(exponent) < -6:
        return f"{digits}e{int(exponent)}"
    return f"{value:.{len(digits.lstrip('-').replace('.', '')) - 1 - int(exponent)}f}"
