"""Word documents."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.exceptions import InvalidXmlError
from docx.table import Table, _Cell
from docx.text.hyperlink import Hyperlink
from docx.text.paragraph import Paragraph as WordParagraph
from lxml import etree

from adapters.extraction.archives import check_archive
from adapters.extraction.paragraphs import Paragraph
from adapters.extraction.refusal import damaged
from domain.pair_extraction.blocks import Block, Document, Kind, readable
from domain.pair_extraction.wording import one_line, tidy_block

_HEADING = re.compile(r"^(?:heading|überschrift|titre|título|заголовок|rubrik|kop)\s*(\d)$", re.I)
_CONTENTS = re.compile(r"^(?:toc\b|contents|verzeichnis|tm \d|оглавление|tdc|índice)", re.I)
_CODE = re.compile(r"code|preformatted|html|listing|verbatim|quelltext", re.I)
_LIST = re.compile(r"^(?:list|liste|aufzählung|список|lista)\b", re.I)
_MOST_NAVIGATION_ROWS = 3
_OUTLINE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}outlineLvl"
_BROKEN = (
    PackageNotFoundError, InvalidXmlError, zipfile.BadZipFile, etree.XMLSyntaxError, KeyError, ValueError,
    AttributeError, IndexError, NotImplementedError, EOFError, OSError,
)  # fmt: skip


def read_docx(content: bytes, max_bytes: int) -> Document:
    """Raises `Refusal`: damaged, encrypted, a bomb."""
    try:
        check_archive(content, max_bytes)
        document = docx.Document(io.BytesIO(content))
        blocks = list(_blocks(document))
        title = one_line(document.core_properties.title or "")
    except _BROKEN as error:
        raise damaged(f"it cannot be opened as a Word document ({type(error).__name__})") from error
    return Document(title or _first_title(document), tuple(_joined_code(blocks)))


def _first_title(document: WordDocument) -> str:
    titled = (p.text for p in document.paragraphs if _style(p).lower() in ("title", "titel", "название"))
    return one_line(next(titled, ""))


def _blocks(document: WordDocument) -> Iterator[Block]:
    for part in document.iter_inner_content():
        yield from _paragraph(part) if isinstance(part, WordParagraph) else _table(part)


def _paragraph(part: WordParagraph) -> Iterator[Block]:
    style = _style(part)
    if not part.text.strip() or _CONTENTS.match(style) or style.lower() in ("title", "titel", "название"):
        return
    if level := _level(part, style):
        yield Block(Kind.HEADING, one_line(part.text), level)
    elif _CODE.search(style):
        yield Block(Kind.CODE, tidy_block(part.text))
    else:
        yield from _text(part, style)


def _text(part: WordParagraph, style: str) -> list[Block]:
    paragraph = Paragraph(bullet=_bullet(part, style))
    for piece in part.iter_inner_content():
        if isinstance(piece, Hyperlink):
            paragraph.add(piece.text, _bold(part, piece.runs[0].bold if piece.runs else None))
            paragraph.link(one_line(piece.text), piece.url or "")
        else:
            paragraph.add(piece.text, _bold(part, piece.bold))
    return paragraph.blocks()


def _style(part: WordParagraph) -> str:
    return (part.style.name if part.style is not None else None) or ""


def _level(part: WordParagraph, style: str) -> int:
    """By the style's name, or by the outline level of paragraph or style; 0 for none."""
    if found := _HEADING.match(style):
        return int(found[1])
    properties = [part._p.pPr, part.style.element.pPr if part.style is not None else None]
    for owner in properties:
        outline = owner.find(_OUTLINE) if owner is not None else None
        value = next(iter(outline.attrib.values()), "9") if outline is not None else "9"
        if value.isdigit() and int(value) < 9:
            return int(value) + 1
    return 0


def _bold(part: WordParagraph, own: bool | None) -> bool:
    if own is not None:
        return own
    font = part.style.font if part.style is not None else None
    return bool(font.bold) if font is not None else False


def _bullet(part: WordParagraph, style: str) -> str:
    properties = part._p.pPr
    numbering: Any = properties.numPr if properties is not None else None
    if numbering is None and not _LIST.match(style):
        return ""
    depth = numbering.ilvl.val if numbering is not None and numbering.ilvl is not None else 0
    return "  " * min(depth, 8) + "- "


def _table(table: Table) -> Iterator[Block]:
    if _is_navigation(table):
        return
    rows = [_row(table, index) for index in range(len(table.rows))]
    rows = [row for row in rows if any(row)]
    if rows and max(map(len, rows)) == 1:
        # A box around text: its contents stand in the flow.
        for row in table.rows:
            for cell in row.cells[:1]:
                yield from _cell_blocks(cell)
    elif rows:
        yield Block(Kind.TABLE, rows=tuple(rows))


def _is_navigation(table: Table) -> bool:
    """The bar of arrows that converted web pages carry: a row of links around pictures, without a word."""
    return len(table.rows) <= _MOST_NAVIGATION_ROWS and any(
        not any(cell.text.strip() for cell in row.cells) and row._tr.xpath(".//w:hyperlink") for row in table.rows
    )


def _row(table: Table, index: int) -> tuple[str, ...]:
    """Each cell once, although merged cells come back in every column they span."""
    seen: list[object] = []
    cells: list[str] = []
    for cell in table.rows[index].cells:
        if cell._tc not in seen:
            seen.append(cell._tc)
            cells.append(readable(_cell_blocks(cell)))
    return tuple(cells)


def _cell_blocks(cell: _Cell) -> list[Block]:
    blocks: list[Block] = []
    for part in cell.iter_inner_content():
        blocks += _paragraph(part) if isinstance(part, WordParagraph) else _table(part)
    return blocks


def _joined_code(blocks: list[Block]) -> Iterator[Block]:
    """Neighbouring code paragraphs are lines of one listing."""
    open_code: list[str] = []
    for block in blocks:
        if block.kind is Kind.CODE:
            open_code.append(block.text)
            continue
        if open_code:
            yield Block(Kind.CODE, "\n".join(open_code))
            open_code = []
        yield block
    if open_code:
        yield Block(Kind.CODE, "\n".join(open_code))
