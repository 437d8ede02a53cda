"""Running prose without any structure, cut into pieces that a reviewer can turn into pairs."""

from collections.abc import Iterator, Sequence

from domain.extraction import ExtractedPair, Place
from domain.pair_extraction.blocks import Block, Kind, readable
from domain.pair_extraction.wording import clean, first_words

PASSAGE_CHARS = 1000
_WORTH_A_PASSAGE = 3


def passages(title: str, blocks: Sequence[Block], file: str, section: str | None = None) -> list[ExtractedPair]:
    """Neighbouring paragraphs together up to about a thousand characters, headed by their first words."""
    groups = [group for group in _groups(blocks) if len(readable(group).split()) >= _WORTH_A_PASSAGE]
    return [_passage(title if len(groups) == 1 else "", group, file, section) for group in groups]


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    group: list[Block] = []
    size = 0
    for block in blocks:
        length = len(readable([block]))
        if group and size + length > PASSAGE_CHARS:
            yield group
            group, size = [], 0
        if length:
            group.append(block)
            size += length
    if group:
        yield group


def _passage(title: str, group: Sequence[Block], file: str, section: str | None) -> ExtractedPair:
    text = readable(group)
    return ExtractedPair(
        question=title or first_words(text),
        answer=text if any(block.kind is Kind.CODE for block in group) else clean(text),
        place=Place(file, group[0].page, group[0].line, section),
        auto_generated=True,
    )
