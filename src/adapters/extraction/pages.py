"""PDF documents, page by page."""

from collections.abc import Iterator

import pypdfium2 as pdfium

from adapters.extraction.lines import Line, lines_of_page
from adapters.extraction.refusal import Refusal, damaged
from adapters.extraction.typography import blocks_of
from domain.pair_extraction.blocks import Document
from domain.pair_extraction.wording import one_line

_MOST_PAGES = 3000
_MOST_BOOKMARKS = 5000


def read_pdf(content: bytes) -> Document:
    """Raises `Refusal`: damaged, encrypted, without text."""
    document = _opened(content)
    try:
        lines = list(_lines(document))
        outline = _outline(document)
        title = one_line(document.get_metadata_value("Title"))
    finally:
        document.close()
    if not lines:
        raise Refusal("EMPTY_FILE", "The file holds no text; scanned pages must be recognised (OCR) first")
    return Document(title, tuple(blocks_of(lines, outline)))


def _opened(content: bytes) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(content)
        pages = len(document)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise Refusal("ENCRYPTED_FILE", "The file is protected by a password") from error
        raise damaged("it cannot be opened as a PDF document") from error
    if pages == 0:
        raise damaged("it has no pages")
    if pages > _MOST_PAGES:
        raise Refusal("TOO_LARGE", f"The file has {pages} pages; at most {_MOST_PAGES} are read")
    return document


def _lines(document: pdfium.PdfDocument) -> Iterator[Line]:
    for number in range(len(document)):
        try:
            page = document[number]
        except pdfium.PdfiumError:
            continue  # a broken page harms only itself
        yield from lines_of_page(page, number + 1)
        page.close()


def _outline(document: pdfium.PdfDocument) -> list[tuple[str, int]]:
    """Titles of the bookmarks with their levels from 1."""
    found: list[tuple[str, int]] = []
    for bookmark in document.get_toc(max_depth=10):
        found.append((one_line(bookmark.get_title()), bookmark.level + 1))
        if len(found) >= _MOST_BOOKMARKS:
            break
    return found
