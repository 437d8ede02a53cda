"""What a document is made of, once its format no longer matters."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SOFT_BREAK = "\v"
"""Ends a line that the author wrapped; reads as a space unless a marker such as `A:` follows it."""


class Kind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    CODE = "code"
    TABLE = "table"
    PAIR = "pair"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Block:
    """One heading, paragraph, list item (bullet included), code block, table or ready-made pair.

    A `PAIR` holds its question in `text`; `bold` says that the whole paragraph is. `level` of a
    heading counts from 1; that of a pair is 0 when its author marked it as one, and 1 for a term with
    its definition, which is a pair only where it asks or stands among nothing else. `links` are the
    addresses behind words, as `words: address`.
    """

    kind: Kind
    text: str = ""
    level: int = 0
    bold: bool = False
    answer: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    links: tuple[str, ...] = ()
    page: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    blocks: tuple[Block, ...]


def flowing(text: str) -> str:
    """Wrapped lines joined to one."""
    return " ".join(part.strip() for part in text.split(SOFT_BREAK)).strip()


def readable(blocks: Iterable[Block]) -> str:
    """The blocks as plain text: a blank line between paragraphs, list items and code on their lines."""
    text, previous = "", None
    for block in blocks:
        piece = _piece(block)
        if piece:
            tight = previous is block.kind is Kind.ITEM
            text += ("" if not text else "\n" if tight else "\n\n") + piece
            previous = block.kind
    return text


def _piece(block: Block) -> str:
    if block.kind is Kind.TABLE:
        return "\n".join(" | ".join(cell for cell in row if cell) for row in block.rows if any(row))
    if block.kind is Kind.PAIR:
        return f"{flowing(block.text)}\n{block.answer}"
    return block.text if block.kind is Kind.CODE else flowing(block.text)
