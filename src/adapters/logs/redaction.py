"""What must not stand in a log line: secrets never, people's words and data only for debugging."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Clean = Callable[[str], str]
"""Takes personal data and secrets out of a text."""

HIDDEN = "[REDACTED]"

_SECRET_NAMES = re.compile(
    r"authorization|cookie|password|passwd|secret|credential|signature|(?:^|_)(?:api_?key|token|jwt)(?:$|_)", re.I
)
_WORDS = frozenset(
    "question answer content text comment excerpt body words reply summary transcript last_message standalone_question "
    "history q".split()
)
"""Fields that hold what people wrote."""
_OWN = re.compile(r"\b(?:sk|pk)_(?:live|test)_\w+|\bwhsec_\S+|\b(?:Bearer|Basic)\s+[^\s,;\"']+", re.I)
_SUSPICIOUS = re.compile(r"@|\d[\d\s().-]{4,}\d|[A-Za-z0-9+/_-]{16,}|password|secret|://", re.I)
"""Only such texts may hold anything to redact; the rest need not be looked at closely."""
_NAMES_THINGS = re.compile(r"(?:^|_)id$|^(?:route|method|level|source|stack|error)$")
"""Fields whose values the service made itself."""
DEPTH = 4


class Redaction:
    def __init__(self, clean: Clean) -> None:
        self._clean = clean

    def message(self, text: str) -> str:
        return self._text(text)

    def fields(self, given: Mapping[str, Any], *, debugging: bool) -> dict[str, Any]:
        """With `debugging`, people's words stay."""
        return {
            name: self._value(name, value, debugging)
            for name, value in given.items()
            if debugging or name not in _WORDS
        }

    def _value(self, name: str, value: Any, debugging: bool, depth: int = 0) -> Any:
        if _SECRET_NAMES.search(name):
            return HIDDEN
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth < DEPTH and isinstance(value, Mapping):
            inside = {str(key): inner for key, inner in value.items() if debugging or key not in _WORDS}
            return {key: self._value(key, inner, debugging, depth + 1) for key, inner in inside.items()}
        if depth < DEPTH and isinstance(value, list | tuple | set | frozenset):
            return [self._value(name, inner, debugging, depth + 1) for inner in value]
        return str(value) if _NAMES_THINGS.search(name) else self._text(str(value))

    def _text(self, text: str) -> str:
        text = _OWN.sub(HIDDEN, text)
        return self._clean(text) if _SUSPICIOUS.search(text) else text
