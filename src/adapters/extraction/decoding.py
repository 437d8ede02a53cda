"""From bytes to text, whatever the encoding."""

import codecs
from dataclasses import dataclass

from charset_normalizer import from_bytes

from adapters.extraction.refusal import Refusal

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = ["cp1251", "cp1252", "koi8_r", "cp866", "iso8859_15", "cp932", "mac_cyrillic", "mac_roman"]
_HIGH_BYTES = frozenset({0x00, 0x01, 0x04, 0x20, 0x21, 0x22})
_SAMPLE = 200_000
_CONTROL = frozenset(range(32)) - {0, 9, 10, 11, 12, 13, 26, 27}


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    encoding: str
    certain: bool
    """Marked by a byte order, or valid UTF-8; otherwise the encoding was guessed."""


def decoded(content: bytes, declared: str | None = None) -> Decoded:
    """Raises `Refusal(INVALID_FORMAT)` when the bytes are no text at all."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            text = content.removeprefix(codecs.BOM_UTF8) if encoding == "utf-8" else content
            return Decoded(text.decode(encoding, "replace").lstrip("\ufeff"), encoding, True)
    if unmarked := _unmarked_utf16(content):
        return Decoded(content.decode(unmarked, "replace"), unmarked, True)
    if is_binary(content):
        raise Refusal("INVALID_FORMAT", "The file holds binary data and no text")
    return _utf8(content) or _declared(content, declared) or _guessed(content)


def is_binary(content: bytes) -> bool:
    """More than one control character in a hundred, among the first kilobytes."""
    sample = content[:8192]
    odd = sum(byte in _CONTROL for byte in sample) + sample.count(0)
    return odd * 100 > len(sample)


def _unmarked_utf16(content: bytes) -> str | None:
    """Told by the high bytes: of Latin, Cyrillic and punctuation they are but a few."""
    sample = content[:4096]
    if len(sample) < 8 or len(content) % 2 or b"\0" not in sample:
        return None
    for encoding, high, low in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        usual = sum(byte in _HIGH_BYTES for byte in high)
        if usual > 0.97 * len(high) and low.count(0) < 0.03 * len(low) and high.count(0) > 0.05 * len(high):
            return encoding
    return None


def _utf8(content: bytes) -> Decoded | None:
    try:
        return Decoded(content.decode("utf-8"), "utf-8", True)
    except UnicodeDecodeError:
        return None


def _declared(content: bytes, declared: str | None) -> Decoded | None:
    try:
        return Decoded(content.decode(declared), declared, True) if declared else None
    except (LookupError, UnicodeDecodeError, TypeError):
        return None


def _guessed(content: bytes) -> Decoded:
    """UTF-8 with a few damaged bytes stays UTF-8; else the most plausible of the usual code pages."""
    lenient = content.decode("utf-8", "replace")
    if lenient.count("\ufffd") * 200 < len(lenient):
        return Decoded(lenient, "utf-8", False)
    best = from_bytes(content[:_SAMPLE], cp_isolation=_CANDIDATES, enable_fallback=False).best()
    encoding = best.encoding if best else _without_detector(content)
    return Decoded(content.decode(encoding, "replace"), encoding, False)


def _without_detector(content: bytes) -> str:
    """Too short to be told by statistics: mostly high letters are Cyrillic, a few are Western."""
    letters = sum(byte >= 0xC0 for byte in content)
    ascii_letters = sum(chr(byte).isalpha() for byte in content if byte < 0x80)
    return "cp1251" if letters > ascii_letters else "cp1252"
