"""Numbers that stand for a person or an account.

What has check digits is checked; what has none, or too weak ones, needs a word before it that says what it is.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from stdnum import iban, luhn
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.ru import inn
from stdnum.us import itin, ssn

from adapters.guardrails import context

Span = tuple[int, int, str]

_CARD = re.compile(r"(?<![\w.,-])\d(?:[ \u00a0‑–-]?\d){11,18}(?![\w-]|[.,]\d)")
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:30[0-5]\d|309\d|3[689]\d\d)\d{10}(?:\d{2})?"  # Diners
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12}(?:\d{3})?|62\d{14,17}"  # Discover, UnionPay
    r"|35\d{14}(?:\d{3})?|(?:2131|1800)\d{11}"  # JCB
    r"|220[0-4]\d{12}(?:\d{3})?"  # Mir
    r"|(?:5018|5020|5038|5[678]\d\d|6304|6759|676[1-3])\d{8,15}"  # Maestro
)
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])")
_IBAN_LENGTHS = {"AT": 20, "BE": 16, "BG": 22, "BY": 28, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GE": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26,
    "IT": 27, "KZ": 20, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MT": 31, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "TN": 24, "TR": 26, "UA": 29, "AE": 23, "AD": 24, "AL": 28, "BR": 29, "QA": 29}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """One kind of national number: its shape and its check."""

    kind: str
    shape: re.Pattern[str]
    is_valid: Callable[[str], bool]
    named: re.Pattern[str] | None = None
    """The words of which one has to stand before it, where the check alone would take order numbers."""


def _shape(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){pattern}(?![\w]|[.-]\w)")


def _snils(number: str) -> bool:
    """The pension fund's rule: the weighted sum of the nine digits modulo 101 makes the last two (100 makes 00)."""
    digits = [int(c) for c in number if c.isdigit()]
    if len(digits) != 11:
        return False
    total = sum(weight * digit for weight, digit in zip(range(9, 0, -1), digits[:9], strict=True))
    return total % 101 % 100 == digits[9] * 10 + digits[10]


def _social_security(number: str) -> bool:
    return bool(ssn.is_valid(number) or itin.is_valid(number))


def _any(_: str) -> bool:
    return True


def _has_digits(least: int, number: str) -> bool:
    return sum(c.isdigit() for c in number) >= least


_NUMBERS = (
    Number("SSN", _shape(r"\d{3}-\d{2}-\d{4}"), _social_security),
    Number("SSN", _shape(r"\d{3}[ .]?\d{2}[ .]?\d{4}"), _social_security, context.NUMBER),
    Number("NATIONAL_ID", _shape(r"[12]\s?\d{2}\s?\d{2}\s?\d[\dAB]\s?\d{3}\s?\d{3}\s?\d{2}"), nir.is_valid),
    Number("NATIONAL_ID", _shape(r"\d{2}[.\s]?\d{3}[.\s]?\d{3}[\s-]?[A-HJ-NP-TV-Z]"), dni.is_valid),
    Number("NATIONAL_ID", _shape(r"[XYZ][\s-]?\d{7}[\s-]?[A-HJ-NP-TV-Z]"), nie.is_valid),
    Number("NATIONAL_ID", _shape(r"\d{3}-\d{3}-\d{3}[\s-]\d{2}"), _snils),
    Number("NATIONAL_ID", _shape(r"\d{11}|\d{3} \d{3} \d{3} \d{2}"), _snils, context.NUMBER),
    Number("TAX_ID", _shape(r"\d{2} \d{3} \d{3} \d{3}"), idnr.is_valid),
    Number("TAX_ID", _shape(r"\d{11}"), idnr.is_valid, context.NUMBER),
    Number("TAX_ID", _shape(r"\d{12}"), inn.is_valid, context.NUMBER),
    Number(
        "NATIONAL_ID",
        _shape(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D]"),
        _any,
    ),
    Number("NATIONAL_ID", _shape(r"\d{3}[ -]?\d{3}[ -]?\d{4}"), nhs.is_valid, context.NUMBER),
    Number(
        "DOCUMENT",
        _shape(r"(?=[A-Z0-9]*\d)[A-Z0-9]{2,4}(?:[ -]?[A-Z0-9]{2,7}){1,3}"),
        partial(_has_digits, 6),
        context.DOCUMENT,
    ),
)


def cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _ISSUERS.fullmatch(digits) and luhn.is_valid(digits):
            yield match.start(), match.end(), "CARD"


def ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        end = _iban_end(text, match.start())
        if end and iban.is_valid(text[match.start() : end], check_country=False):
            yield match.start(), end, "IBAN"


def _iban_end(text: str, start: int) -> int | None:
    """Where an IBAN of that country would end, single blanks and hyphens left out of the count."""
    missing = _IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    for at in range(start, min(len(text), start + 70)):
        if text[at].isalnum():
            missing -= 1
            if missing == 0:
                return at + 1 if _stands_alone(text, start, at + 1) else None
        elif text[at] not in " \u00a0-" or not text[at - 1].isalnum():
            return None
    return None


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Small letters are only read as an IBAN in one piece: in groups they are words."""
    value = text[start:end]
    return not text[end : end + 1].isalnum() and (value.isalnum() or value == value.upper())


def numbers(text: str) -> Iterator[Span]:
    for number in _NUMBERS:
        for match in number.shape.finditer(text):
            if number.is_valid(match[0]) and (
                number.named is None or context.announced(text, match.start(), number.named)
            ):
                yield match.start(), match.end(), number.kind
