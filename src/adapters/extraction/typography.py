"""What lines of print mean: running heads, headings by size and weight, paragraphs by gaps."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from adapters.extraction.lines import Line
from domain.pair_extraction.blocks import SOFT_BREAK, Block, Kind
from domain.pair_extraction.contents import has_leaders, is_page_number
from domain.pair_extraction.wording import likeness

_BULLET = re.compile(r"^(?:[•◦▪‣·∙○●■–—*-]|\d{1,2}[.)]|\(?[a-z]\))\s*(?=\S)")
_PLAIN_NUMBER = re.compile(r"^(\d{1,2})\s+(?=[A-ZÀ-ÝА-ЯЁ¿])")
_LARGER = 1.08
_SMALLER = 0.93
_NOTE_SIGN = re.compile(r"^(?:\d{1,3}|[*†‡§])\s*\S")
_LONGEST_HEADING = 300
_EDGE = 0.12


def blocks_of(lines: Sequence[Line], outline: Sequence[tuple[str, int]]) -> list[Block]:
    body = _without_footnotes(_without_running_heads(lines))
    if not body:
        return []
    levels = _Levels(body, outline)
    return _without_cover_headings(list(_blocks(body, levels)), levels)


def _without_footnotes(lines: Sequence[Line]) -> list[Line]:
    """Drops the small print that ends a page and begins with its number or sign."""
    usual = _usual_size(lines)
    kept: list[Line] = []
    for page in _by_page(lines).values():
        end = len(page)
        while end and page[end - 1].size < usual * _SMALLER and page[end - 1].base < page[end - 1].page_height / 2:
            end -= 1
        notes = page[end:]
        kept += page[:end] if notes and _NOTE_SIGN.match(notes[0].text) else page
    return kept


def _without_cover_headings(blocks: list[Block], levels: "_Levels") -> list[Block]:
    """Where bookmarks name the headings, large print before the first of them is a cover."""
    listed = [index for index, block in enumerate(blocks) if _is_listed(block, levels)]
    start = listed[0] if len(listed) > 1 else 0
    cover = [replace(block, kind=Kind.PARAGRAPH) if block.kind is Kind.HEADING else block for block in blocks[:start]]
    return _without_plain_numbers(cover + blocks[start:])


def _without_plain_numbers(blocks: list[Block]) -> list[Block]:
    """`1 Overview`, `2 Model`: a number without a point is one where others continue the count."""
    numbered = [_PLAIN_NUMBER.match(block.text) if block.kind is Kind.HEADING else None for block in blocks]
    counted = {int(found[1]) for found in numbered if found}
    if not {1, 2} <= counted:
        return blocks
    return [
        replace(block, text=block.text[found.end() :]) if found else block
        for block, found in zip(blocks, numbered, strict=True)
    ]


def _is_listed(block: Block, levels: "_Levels") -> bool:
    return block.kind is Kind.HEADING and levels.listed(block.text) is not None


def _by_page(lines: Sequence[Line]) -> dict[int, list[Line]]:
    pages: dict[int, list[Line]] = defaultdict(list)
    for line in lines:
        pages[line.page].append(line)
    return pages


def _usual_size(lines: Sequence[Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _without_running_heads(lines: Sequence[Line]) -> list[Line]:
    """Drops page numbers and lines at the edges that recur from page to page."""
    pages = _by_page(lines)
    edges = [line for page in pages.values() for line in page if _at_edge(line)]
    texts = Counter(_numberless(line.text) for line in edges)
    outer = Counter(round(line.base) for page in pages.values() for line in _detached(page))
    many = max(3, len(pages) // 3)

    def runs(line: Line) -> bool:
        if not _at_edge(line):
            return False
        repeated = texts[_numberless(line.text)] >= min(many, 3) and len(pages) > 2
        detached = outer[round(line.base)] >= many and line in _detached(pages[line.page])
        return is_page_number(line.text) or repeated or detached

    return [line for line in lines if not runs(line) and not has_leaders(line.text)]


def _at_edge(line: Line) -> bool:
    return line.base > line.page_height * (1 - _EDGE) or line.base < line.page_height * _EDGE


def _detached(page: Sequence[Line]) -> list[Line]:
    """The first and last lines, where a wider gap parts them from the rest."""
    if len(page) < 4:
        return []
    ordered = sorted(page, key=lambda line: -line.base)
    gaps = [upper.base - lower.base for upper, lower in pairwise(ordered)]
    usual = median([gap for gap in gaps if gap > 1] or [12])
    found = [
        line for line in ordered[:3] if ordered[0].base - line.base < 2 and _gap_below(ordered, line) > 1.6 * usual
    ]
    lowest = ordered[-1]
    if ordered[-2].base - lowest.base > 1.6 * usual:
        found.append(lowest)
    return found


def _gap_below(ordered: Sequence[Line], line: Line) -> float:
    below = [other.base for other in ordered if line.base - other.base > 2]
    return line.base - max(below, default=line.base)


def _numberless(text: str) -> str:
    return re.sub(r"\d+", "#", text).casefold()


class _Levels:
    """Which lines are headings: by bookmark, by size, or bold lines on their own."""

    def __init__(self, lines: Sequence[Line], outline: Sequence[tuple[str, int]]) -> None:
        self.outline = {likeness(title): level for title, level in outline if likeness(title)}
        self.body = _usual_size(lines)
        larger = sorted({line.size for line in lines if self._is_larger(line)}, reverse=True)
        self._by_size = {size: level for level, size in enumerate(larger, 1)}

    def of(self, line: Line) -> int:
        """0 for body text; bold lines of body size rank below every larger one."""
        if self._is_larger(line):
            return self._by_size[line.size]
        return 50 if line.bold and not line.mono and line.size >= self.body * 0.98 else 0

    def listed(self, text: str) -> int | None:
        return self.outline.get(likeness(text))

    def _is_larger(self, line: Line) -> bool:
        return line.size > self.body * _LARGER and not line.mono and any(map(str.isalpha, line.text))


def _blocks(lines: Sequence[Line], levels: _Levels) -> Iterator[Block]:
    spacing = _usual_spacing(lines)
    index = 0
    while index < len(lines):
        level = levels.of(lines[index])
        end = index + 1
        while end < len(lines) and _continues(lines[end - 1], lines[end], levels, spacing):
            end += 1
        group = lines[index:end]
        yield from _heading(group, level, levels) if level else _paragraph(group)
        index = end


def _usual_spacing(lines: Sequence[Line]) -> float:
    gaps = [upper.base - lower.base for upper, lower in pairwise(lines) if upper.page == lower.page]
    return median([round(gap, 1) for gap in gaps if 2 < gap < 40] or [12.0])


def _continues(before: Line, line: Line, levels: _Levels, spacing: float) -> bool:
    level = levels.of(line)
    if level != levels.of(before) or (level and line.size != before.size):
        return False
    gap = before.base - line.base
    if level:
        return line.page == before.page and -2 < gap < 1.6 * line.size
    if line.mono != before.mono or _BULLET.match(line.text):
        return False
    if line.page != before.page:
        return not _ends_sentence(before)
    return -2 < gap < 1.25 * max(spacing, before.size) or (gap < -50 and not _ends_sentence(before))


def _ends_sentence(line: Line) -> bool:
    return not line.hyphenated and line.text[-1:] in ".!?:;"


def _heading(group: Sequence[Line], level: int, levels: _Levels) -> Iterator[Block]:
    text = _joined(group, " ")
    first = group[0]
    listed = levels.listed(text)
    if listed is not None:
        yield Block(Kind.HEADING, text, listed, page=first.page)
    elif level < 50 and len(text) <= _LONGEST_HEADING and (not levels.outline or len(group) < 4):
        yield Block(Kind.HEADING, text, 10 + level if levels.outline else level, page=first.page)
    else:
        yield Block(Kind.PARAGRAPH, text, bold=True, page=first.page)


def _paragraph(group: Sequence[Line]) -> Iterator[Block]:
    first = group[0]
    if all(line.mono for line in group):
        yield Block(Kind.CODE, "\n".join(_indented(line, group) for line in group), page=first.page)
    elif _BULLET.match(first.text):
        text = _BULLET.sub(lambda found: f"{_bullet(found[0])} ", _joined(group, SOFT_BREAK), count=1)
        yield Block(Kind.ITEM, text, page=first.page)
    else:
        yield Block(Kind.PARAGRAPH, _joined(group, SOFT_BREAK), page=first.page)


def _bullet(sign: str) -> str:
    return sign.strip() if sign.strip()[-1] in ".)" else "-"


def _indented(line: Line, group: Sequence[Line]) -> str:
    indent = line.left - min(other.left for other in group)
    return " " * round(indent / max(line.size * 0.6, 1)) + line.text


def _joined(group: Sequence[Line], separator: str) -> str:
    """Words broken at the end of a line are made whole."""
    text = ""
    for line in group:
        text += line.text + ("" if line.hyphenated else separator)
    return text.strip().strip(SOFT_BREAK)
