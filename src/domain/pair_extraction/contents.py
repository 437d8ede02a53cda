"""Tables of contents, running heads and page numbers: what a document says of itself."""

import re
from collections.abc import Sequence

from domain.pair_extraction.blocks import Block, Kind, flowing
from domain.pair_extraction.wording import likeness, one_line

_LABEL = re.compile(
    r"^\W*(?:table of contents|contents|on this page|in this article|inhalt(?:sverzeichnis)?|auf dieser seite|"
    r"sommaire|table des matières|índice|contenido|tabla de contenidos?|содержание|оглавление)\W*$",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"^\^\[\d{1,3}\]\s")
_LEADERS = re.compile(r"(?:\.\s?){4,}|…{2,}")
_PAGE_NUMBER = re.compile(
    r"^\W*(?:(?:page|seite|página|страница|стр\.?)\s*)?\d{1,4}(?:\s*(?:/|of|von|sur|de|из)\s*\d+)?\W*$", re.I
)


def without_contents(blocks: Sequence[Block]) -> list[Block]:
    """Drops the label, the lines that only repeat a heading, lines with dot leaders, and footnotes."""
    headings = {likeness(block.text) for block in blocks if block.kind is Kind.HEADING}
    headings.discard("")
    kept: list[Block] = []
    listing = footnotes = False
    for block in blocks:
        footnotes = block.kind is not Kind.HEADING and (footnotes or bool(_FOOTNOTE.match(block.text)))
        if is_contents_label(block.text):
            listing = True
            continue
        if listing and block.kind is Kind.HEADING:
            listing = False
        if not footnotes and not _lists_headings(block, headings, listing):
            kept.append(block)
    return kept


def is_contents_label(text: str) -> bool:
    return bool(_LABEL.match(one_line(text)))


def is_page_number(text: str) -> bool:
    return bool(_PAGE_NUMBER.match(text))


def has_leaders(text: str) -> bool:
    return bool(_LEADERS.search(text))


def _lists_headings(block: Block, headings: set[str], listing: bool) -> bool:
    if block.kind not in (Kind.PARAGRAPH, Kind.ITEM):
        return False
    if has_leaders(block.text) and re.search(r"\d\W*$", block.text):
        return True
    lines = [likeness(line.lstrip(" -*•")) for line in flowing(block.text).split("\n") if line.strip()]
    repeated = sum(line in headings for line in lines)
    return bool(lines) and (repeated == len(lines) or (listing and repeated * 2 >= len(lines)))
