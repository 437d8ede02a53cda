"""Identifiers: a prefix that says what it names, and a UUIDv7 (RFC 9562) in a short sortable alphabet."""

from enum import StrEnum

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, lower case: sorts as the number does and has no look-alikes."""

LENGTH = 26


class Prefix(StrEnum):
    QUERY = "q"
    DOCUMENT = "doc"
    PAIR = "qa"
    VERSION = "v"
    DRAFT = "draft"
    FILE = "file"
    JOB = "job"
    SESSION = "sess"
    MESSAGE = "msg"
    FEEDBACK = "fb"
    ESCALATION = "esc"
    WEBHOOK = "whk"
    EVENT = "evt"
    DELIVERY = "del"
    EVALUATION = "eval"
    KEY = "key"
    REQUEST = "req"
    INDEX_TASK = "idx"
    AUDIT = "aud"
    CONFIG = "cfg"
    INTENT = "intent"


def uuid7_bits(millis: int, random_bits: int) -> int:
    """The 128 bits of a UUIDv7 made at `millis` (unix milliseconds) with 74 bits of chance."""
    high, low = (random_bits >> 62) & 0xFFF, random_bits & ((1 << 62) - 1)
    return (millis & ((1 << 48) - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low


def render(prefix: str, bits: int) -> str:
    """`q_01jc…`: the prefix, an underscore and 26 characters that sort by time."""
    digits = [ALPHABET[(bits >> shift) & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"
