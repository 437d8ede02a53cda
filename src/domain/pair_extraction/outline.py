"""A document's blocks as sections under their headings."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from domain.pair_extraction.blocks import Block, Kind, flowing
from domain.pair_extraction.markers import without_marker
from domain.pair_extraction.wording import ends_asking, is_question, one_line, without_numbering

BOLD_LEVEL = 90
"""Below every real heading: a bold line that is a question."""
_LONGEST_BOLD_HEADING = 120


@dataclass(slots=True)
class Section:
    """A heading with the text up to the next one; the preamble has none."""

    heading: Block | None
    parents: tuple[str, ...] = ()
    body: list[Block] = field(default_factory=list)
    has_children: bool = False

    @property
    def title(self) -> str:
        return bare_heading(self.heading.text) if self.heading else ""

    @property
    def asks(self) -> bool:
        return self.heading is not None and is_question(without_marker(self.heading.text))

    @property
    def level(self) -> int:
        return self.heading.level if self.heading else 0


def bare_heading(text: str) -> str:
    """Without section number and marker, the words as they stand."""
    line = one_line(flowing(text))
    return without_marker(without_numbering(without_marker(line))).strip("*_ ")


def sections_of(blocks: Sequence[Block]) -> list[Section]:
    headed = _with_bold_headings(blocks)
    sections = [Section(None)]
    open_headings: list[Section] = []
    for block in headed:
        if block.kind is not Kind.HEADING:
            sections[-1].body.append(block)
            continue
        while open_headings and open_headings[-1].level >= block.level:
            open_headings.pop()
        for parent in open_headings[-1:]:
            parent.has_children = True
        section = Section(block, tuple(parent.title for parent in open_headings))
        open_headings.append(section)
        sections.append(section)
    return sections


def _with_bold_headings(blocks: Sequence[Block]) -> list[Block]:
    """Bold lines that ask become headings; other bold lines only where a document has no headings."""
    bold = [block for block in blocks if _could_be_heading(block)]
    without_headings = not any(block.kind is Kind.HEADING for block in blocks)
    as_headings = without_headings and len(bold) > 1
    return [_promoted(block, as_headings) if _could_be_heading(block) else block for block in blocks]


def _could_be_heading(block: Block) -> bool:
    return block.bold and block.kind in (Kind.PARAGRAPH, Kind.ITEM) and bool(block.text.strip())


def _promoted(block: Block, as_heading: bool) -> Block:
    text = flowing(block.text)
    if ends_asking(text) and is_question(text):
        return replace(block, kind=Kind.HEADING, level=BOLD_LEVEL)
    if as_heading and len(text) <= _LONGEST_BOLD_HEADING and "\n" not in text and text[-1] not in ".:;,!":
        return replace(block, kind=Kind.HEADING, level=BOLD_LEVEL - 1)
    return block
