"""Where a person can be reached: addresses of mail and network, telephone numbers."""

import ipaddress
import re
from collections.abc import Iterator

import phonenumbers

from adapters.guardrails import context

Span = tuple[int, int, str]

_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,6}[^\W\d_]{2,24}(?![\w-])"
)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}(?![\w:])")
_PHONE = re.compile(
    r"(?<![\w@#/.,$€£₽+-])(?:\+[ ]?)?\(?\d(?:[ \u00a0()./‑–-]{0,3}\d){5,16}"
    r"(?:[ ]?(?:x|ext\.?|доб\.?)[ ]?\d{1,5})?(?![\w@]|-\w)"
)
_NOT_A_PHONE = re.compile(
    r"(?:19|20)\d{2}[-./](?:0?\d|1[0-2])[-./][0-3]?\d(?:[ ,]+.*)?"
    r"|[0-3]?\d[-./](?:[0-2]?\d|3[01])[-./](?:(?:19|20)\d{2}|\d{2})(?:[ ,]+.*)?|\d+\.\d+|(?:\d{1,3}\.){3}\d{1,3}"
)
"""Dates, decimals and addresses of the network."""
_THOUSANDS = re.compile(r"\d{1,3}(?:[.  \u00a0]\d{3})+")
_NATIONAL = re.compile(
    r"\(\d{2,5}\).*"  # (555) 123-4567, (495) 123-45-67
    r"|(?:1[ .-])?[2-9]\d{2}[-.‑–][2-9]\d{2}[-.‑–]\d{4}.*"  # 555-123-4567
    r"|0[ ]?\(?[1-9][\d() ./‑–-]+"  # 06 12 34 56 78, 030/1234567
    r"|8[ ]?[(-]?\d{3}\)?[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}"  # 8 916 123-45-67
    r"|[6-9]\d{2}[ -]\d{3}[ -]\d{3}|[6-9]\d{2}(?:[ -]\d{2}){3}"  # 612 345 678, 612 34 56 78
)
_REGIONS = {
    "en": ("US", "GB", "AU"),
    "de": ("DE", "AT", "CH"),
    "fr": ("FR", "BE", "CH"),
    "es": ("ES", "MX", "AR"),
    "ru": ("RU",),
}
_ANYWHERE = ("US", "GB", "FR", "RU", "ES")


def emails(text: str) -> Iterator[Span]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield match.start(), match.end(), "EMAIL"


def addresses(text: str) -> Iterator[Span]:
    """Of the network, other than private ones: 192.168.1.1 is everybody's router, not a person."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            if _is_somebodys(match[0]) and not context.announced(text, match.start(), context.VERSION):
                yield match.start(), match.end(), "IP"


def _is_somebodys(value: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return not (address.is_private or address.is_loopback or address.is_multicast or address.is_unspecified)


def phones(text: str, language: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        number = match[0]
        if not _NOT_A_PHONE.fullmatch(number) and _is_phone(text, match.start(), number, language):
            yield match.start(), match.end(), "PHONE"


def _is_phone(text: str, at: int, number: str, language: str) -> bool:
    digits = sum(c.isdigit() for c in number)
    if number.startswith(("+", "00")):
        return digits >= 8 and _is_possible(number)
    if context.announced_as_phone(text, at):
        return 6 <= digits <= 16
    if digits > 15 or _THOUSANDS.fullmatch(number) or not _NATIONAL.fullmatch(number):
        return False
    if context.REFERENCE.search(context.before(text, at)):
        return False
    return any(_is_valid(number, region) for region in _REGIONS.get(language, ()) or _ANYWHERE)


def _is_possible(number: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(_international(number), None))
    except phonenumbers.NumberParseException:
        return False


def _international(number: str) -> str:
    return "+" + number[2:] if number.startswith("00") else number


def _is_valid(number: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False
