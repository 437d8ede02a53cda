"""SQL injection: several weak signals have to agree, because people do write "select", "drop" and "1=1" in questions.

libinjection is one of them: it reads the text as if it stood inside a query. By itself it takes 'I'd like
"table" and chairs' for code now and then, and does not see what stands in the middle of a sentence.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import libinjection

from adapters.guardrails.sql_signals import SIGNALS

Span = tuple[int, int, str]

_ENOUGH = 3
_LIBINJECTION = 2
_PROSE = -3
_LONGEST = 4_000
"""Characters of one look: code hidden further on in a long text is met by the next look."""


_SUSPICIOUS = re.compile(
    r"['\"`;=|&(*@#]|--|/\*|0x|select|union|sleep|waitfor|drop|truncate|delete|insert|having|order\s+by|_schema|\b(?:or|and)\b",
    re.IGNORECASE,
)
_PLAIN_WORD = re.compile(r"(?<![^\s(\"'¿¡])[^\W\d_]{2,}(?:['’][^\W\d_]+)?(?=[.,;:!?)\"']*(?:\s|$))")
_KEYWORDS = frozenset(
    "select from where union all and or not null like in is between order by group having limit insert into values "
    "update set delete drop table database create alter truncate exec execute declare case when then else end as on "
    "join left right inner outer distinct exists true false binary xor div mod regexp rlike sounds collate user users "
    "password admin id name test".split()
)


def sql_injection(text: str) -> Iterator[Span]:
    if not _SUSPICIOUS.search(text) and "%" not in text:
        return
    for start in range(0, len(text), _LONGEST):
        part = text[start : start + _LONGEST]
        if max(_score(part), _score(unquote_plus(part)) if "%" in part or "+" in part else 0) >= _ENOUGH:
            yield start, start + len(part), "SQL"


def _score(text: str) -> int:
    signals = sum(weight for weight, pattern in SIGNALS if pattern.search(text))
    if _reads_as_sql(text):
        signals += _LIBINJECTION
    return signals + (_PROSE if signals and _is_prose(text) else 0)


def _reads_as_sql(text: str) -> bool:
    verdict: dict[str, Any] = libinjection.is_sql_injection(text.encode("utf-8", "replace").decode())
    return bool(verdict["is_sqli"])


def _is_prose(text: str) -> bool:
    """Mostly words, six or more, that no query language has: a person tells or asks something."""
    words = [word for word in _PLAIN_WORD.findall(text) if word.lower() not in _KEYWORDS]
    return len(words) >= 6 and sum(map(len, words)) > 0.4 * len(text.replace(" ", ""))
