"""What no value may be, whatever field it stands in: control characters, lone surrogates, numbers nobody can hold."""

import math
import re
from collections.abc import Iterator
from typing import Any

from domain.errors import Problem

MAX_DEPTH = 64
MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Unrepresentable:
    """Stands for a number in a body that has too many digits to be read."""


def text_problem(text: str, path: str) -> Problem | None:
    found = _FORBIDDEN.search(text)
    if not found:
        return None
    surrogate = found[0] >= "\ud800"
    kind = "a lone surrogate" if surrogate else "a control character"
    details = {"rule": "no_control_characters", "position": found.start(), "code_point": f"U+{ord(found[0]):04X}"}
    return Problem(f"The text contains {kind}; only tab and line breaks are allowed.", path, details=details)


def number_problem(number: Any, path: str) -> Problem | None:
    if isinstance(number, float) and not math.isfinite(number):
        return Problem("The number must be finite.", path, details={"rule": "finite"})
    too_large = isinstance(number, int) and not MIN_INTEGER <= number <= MAX_INTEGER
    if too_large or isinstance(number, Unrepresentable):
        limits = {"minimum": MIN_INTEGER, "maximum": MAX_INTEGER}
        return Problem("The integer does not fit into 64 bits.", path, details=limits)
    return None


def unfit(value: Any, path: str) -> Iterator[Problem]:
    """Every text, key and number inside a decoded JSON value that cannot be accepted."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key_problem := text_problem(key, join(path, key)):
                yield key_problem
            yield from unfit(item, join(path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unfit(item, join(path, str(index)))
    else:
        place = path or "body"
        problem = text_problem(value, place) if isinstance(value, str) else number_problem(value, place)
        if problem:
            yield problem


def join(path: str, name: str) -> str:
    """A dotted path; a caller's own key is shown without what could hurt a log or a terminal."""
    shown = _FORBIDDEN.sub("�", name[:100])
    return f"{path}.{shown}" if path else shown
