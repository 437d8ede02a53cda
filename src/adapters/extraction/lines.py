"""The characters of a PDF page, gathered to lines with their type."""

import ctypes
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from domain.pair_extraction.wording import printable

_HYPHEN_MARKS = "\x02\ufffe"
_BOLD_WEIGHT = 600
_BOLD_FLAG = 1 << 18
_MOST_CHARACTERS = 400_000


@dataclass(frozen=True, slots=True)
class Line:
    """Distances in points from the lower left corner of the page."""

    text: str
    page: int
    size: float
    bold: bool
    mono: bool
    left: float
    right: float
    base: float
    page_height: float
    hyphenated: bool = False


@dataclass(frozen=True, slots=True)
class _Char:
    text: str
    size: float
    bold: bool
    mono: bool
    left: float
    right: float
    bottom: float
    placed: bool


def lines_of_page(page: pdfium.PdfPage, number: int) -> list[Line]:
    textpage = page.get_textpage()
    reader = _Characters(textpage)
    height = page.get_height()
    lines: list[Line] = []
    current: list[_Char] = []
    for char in reader:
        if char.text in "\r\n" or (current and _jumps(current[-1], char)):
            _close(current, number, height, lines)
            current = []
        if char.text not in "\r\n":
            current.append(char)
    _close(current, number, height, lines)
    textpage.close()
    return lines


class _Characters:
    def __init__(self, textpage: pdfium.PdfTextPage) -> None:
        self._textpage = textpage
        self._fonts: dict[tuple[bytes, int], tuple[bool, bool]] = {}
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._edges = [ctypes.c_double() for _ in range(4)]

    def __iter__(self) -> Iterator[_Char]:
        for index in range(min(self._textpage.count_chars(), _MOST_CHARACTERS)):
            yield self._at(index)

    def _at(self, index: int) -> _Char:
        page = self._textpage
        code = raw.FPDFText_GetUnicode(page, index)
        left, right, bottom, top = self._edges
        raw.FPDFText_GetCharBox(page, index, left, right, bottom, top)
        text = chr(code) if 0 < code < 0x110000 else "\ufffe"
        generated = raw.FPDFText_IsGenerated(page, index) == 1
        bold, mono = (False, False) if generated else self._type(index)
        size = round(raw.FPDFText_GetFontSize(page, index), 1)
        return _Char(text, size, bold, mono, left.value, right.value, bottom.value, not generated)

    def _type(self, index: int) -> tuple[bool, bool]:
        page = self._textpage
        raw.FPDFText_GetFontInfo(page, index, self._name, 128, self._flags)
        key = (self._name.value, self._flags.value)
        if key not in self._fonts:
            name = key[0].decode("latin-1").lower()
            heavy = raw.FPDFText_GetFontWeight(page, index) >= _BOLD_WEIGHT
            bold = heavy or "bold" in name or "black" in name or "heavy" in name or bool(key[1] & _BOLD_FLAG)
            mono = bool(key[1] & 1) or "mono" in name or "courier" in name or "consol" in name
            self._fonts[key] = bold, mono
        return self._fonts[key]


def _jumps(before: _Char, char: _Char) -> bool:
    """Far above or below although no line break was told."""
    return before.placed and char.placed and abs(before.bottom - char.bottom) > 1.2 * max(before.size, char.size, 4)


def _close(chars: list[_Char], page: int, height: float, lines: list[Line]) -> None:
    hyphenated = bool(chars) and chars[-1].text in _HYPHEN_MARKS
    text = " ".join(printable("".join(_shown(char) for char in chars)).split(" "))
    placed = [char for char in chars if char.placed and char.text.strip()]
    if not text.strip() or not placed:
        return
    size = Counter(char.size for char in placed).most_common(1)[0][0]
    lines.append(
        Line(
            text=text.strip(),
            page=page,
            size=size,
            bold=sum(char.bold for char in placed) * 10 >= 9 * len(placed),
            mono=sum(char.mono for char in placed) * 10 >= 8 * len(placed),
            left=round(min(char.left for char in placed), 1),
            right=round(max(char.right for char in placed), 1),
            base=round(sorted(char.bottom for char in placed)[len(placed) // 2], 1),
            page_height=height,
            hyphenated=hyphenated,
        )
    )


def _shown(char: _Char) -> str:
    return "" if char.text in _HYPHEN_MARKS else char.text
