"""HTML, and Markdown rendered to it, as blocks."""

import re
from collections.abc import Iterator

from lxml import etree, html
from lxml.html import HtmlElement

from adapters.extraction.boilerplate import is_boilerplate, main_part
from adapters.extraction.paragraphs import Paragraph
from adapters.extraction.refusal import too_complex
from domain.pair_extraction.blocks import SOFT_BREAK, Block, Document, Kind, readable
from domain.pair_extraction.wording import asks, is_question, one_line, tidy_block

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span "
    "strike strong sub sup time tt u var wbr img picture".split()
)
_BOLD = frozenset({"b", "strong"})
_QUESTION_CLASS = re.compile(
    r"(?:^|[-_])(?:question|frage|pregunta|accordion-(?:header|title|button|trigger))(?:$|[-_])", re.I
)
_MAX_DEPTH = 200


def read_html(text: str) -> Document:
    root = parsed(text)
    title = one_line(root.findtext(".//title") or "")
    return Document(title or _first_heading(root), tuple(_Walker().blocks_of(main_part(root))))


def parsed(text: str) -> HtmlElement:
    """Never resolves entities or fetches anything; repairs what it can."""
    source = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.replace("\x00", ""), count=1)
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return html.document_fromstring("<html><body></body></html>")
    if any(depth > _MAX_DEPTH for depth in _depths(root)):
        raise too_complex("its elements are nested too deeply")
    return root


def plain(markup: str) -> str:
    """The text of a piece of HTML, as in the answers of structured data."""
    if not re.search(r"<[a-zA-Z/!]|&[a-z#]+;", markup):
        return markup
    return readable(_Walker().blocks_of(parsed(f"<body>{markup}</body>")))


def _depths(root: HtmlElement) -> Iterator[int]:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        yield depth


def _first_heading(root: HtmlElement) -> str:
    found = root.find(".//h1")
    return one_line(found.text_content()) if found is not None else ""


class _Walker:
    """Goes through the elements once, collecting inline text until a block begins or ends."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._paragraph = Paragraph()
        self._depth = 0
        self._numbers: dict[HtmlElement, int] = {}
        self._line: int | None = None

    def blocks_of(self, root: HtmlElement) -> list[Block]:
        self._walk(root)
        self._flush()
        return self._blocks

    def _walk(self, element: HtmlElement, bold: bool = False) -> None:
        if not isinstance(element.tag, str) or is_boilerplate(element):
            return
        tag = element.tag.lower()
        handler = getattr(self, f"_on_{tag}", None)
        if tag in _HEADINGS:
            self._heading(element, _HEADINGS[tag])
        elif handler:
            handler(element, bold)
        elif tag in _INLINE:
            self._inline(element, bold or tag in _BOLD)
        else:
            self._container(element, bold)

    def _children(self, element: HtmlElement, bold: bool) -> None:
        self._say(element.text, bold)
        for child in element:
            self._walk(child, bold)
            self._say(child.tail, bold)

    def _container(self, element: HtmlElement, bold: bool) -> None:
        self._flush()
        self._locate(element)
        self._children(element, bold or _is_question_part(element))
        self._flush()

    def _inline(self, element: HtmlElement, bold: bool) -> None:
        self._children(element, bold)

    def _heading(self, element: HtmlElement, level: int) -> None:
        self._flush()
        self._locate(element)
        text = one_line(_visible_text(element))
        if text:
            self._blocks.append(Block(Kind.HEADING, text, level, line=self._line))

    def _on_a(self, element: HtmlElement, bold: bool) -> None:
        self._children(element, bold)
        self._paragraph.link(one_line(element.text_content()), element.get("href", ""))

    def _on_br(self, element: HtmlElement, bold: bool) -> None:
        self._paragraph.add(SOFT_BREAK if element.get("data-soft") else "\n", bold)

    def _on_hr(self, element: HtmlElement, bold: bool) -> None:
        self._flush()
        self._blocks.append(Block(Kind.RULE))

    def _on_pre(self, element: HtmlElement, bold: bool) -> None:
        self._flush()
        self._locate(element)
        text = tidy_block(element.text_content())
        if text.strip():
            self._blocks.append(Block(Kind.CODE, text, line=self._line))

    def _on_li(self, element: HtmlElement, bold: bool) -> None:
        self._flush()
        self._locate(element)
        self._paragraph.bullet = "  " * self._depth + self._bullet(element)
        self._depth += 1
        self._children(element, bold)
        self._flush()
        self._paragraph.bullet = ""
        self._depth -= 1

    def _bullet(self, item: HtmlElement) -> str:
        parent = item.getparent()
        if parent is None or parent.tag != "ol":
            return "- "
        start = parent.get("start", "1")
        first = int(start) if start.isdigit() and len(start) < 7 else 1
        self._numbers[parent] = self._numbers.get(parent, first - 1) + 1
        return f"{self._numbers[parent]}. "

    def _on_details(self, element: HtmlElement, bold: bool) -> None:
        summary = element.find("summary")
        if summary is None:
            self._container(element, bold)
            return
        self._flush()
        self._locate(element)
        question = one_line(_visible_text(summary))
        tail = summary.tail or ""
        element.remove(summary)
        element.text = (element.text or "") + tail
        self._pair(question, _Walker()._inside(element))

    def _on_dl(self, element: HtmlElement, bold: bool) -> None:
        self._flush()
        self._locate(element)
        terms: list[str] = []
        for child in element.iter("dt", "dd"):
            if child.getparent() is not element and child.getparent().tag != "div":
                continue
            if child.tag == "dt":
                terms.append(one_line(_visible_text(child)))
            elif terms:
                self._pair(" ".join(terms), _Walker()._inside(child))
                terms = []

    def _on_table(self, element: HtmlElement, bold: bool) -> None:
        self._flush()
        self._locate(element)
        rows = [_cells(row) for row in element.iter("tr") if next(row.iterancestors("table")) is element]
        if _is_layout(element, rows):
            for cell in element.iter("td", "th"):
                if next(cell.iterancestors("table")) is element:
                    self._container(cell, bold)
        elif any(any(row) for row in rows):
            self._blocks.append(Block(Kind.TABLE, rows=tuple(map(tuple, rows)), line=self._line))

    def _inside(self, element: HtmlElement) -> list[Block]:
        self._children(element, False)
        self._flush()
        return self._blocks

    def _pair(self, question: str, answer: list[Block]) -> None:
        links = tuple(link for block in answer for link in block.links)
        level = 0 if asks(question) else 1
        text = readable(answer)
        if question and text:
            self._blocks.append(Block(Kind.PAIR, question, level, answer=text, links=links, line=self._line))

    def _say(self, text: str | None, bold: bool) -> None:
        if text:
            self._paragraph.add(re.sub(r"\s+", " ", text), bold)

    def _flush(self) -> None:
        self._blocks += self._paragraph.blocks(line=self._line)
        self._paragraph = Paragraph(bullet=self._paragraph.bullet if self._paragraph.empty else "")

    def _locate(self, element: HtmlElement) -> None:
        marked = element.get("data-line")
        self._line = int(marked) if marked and marked.isdigit() else element.sourceline


def _visible_text(element: HtmlElement) -> str:
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and not is_boilerplate(child):
            parts.append(" " if child.tag == "br" else _visible_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _cells(row: HtmlElement) -> list[str]:
    return [readable(_Walker()._inside(cell)) for cell in row if cell.tag in ("td", "th")]


def _is_layout(table: HtmlElement, rows: list[list[str]]) -> bool:
    """A table that only places things: another table or headings inside, or a single cell a row."""
    nested = table.find(".//table") is not None or any(table.find(f".//{tag}") is not None for tag in _HEADINGS)
    return nested or all(len(row) < 2 for row in rows)


def _is_question_part(element: HtmlElement) -> bool:
    """`<div class="faq-question">` and the question of microdata stand for a bold line."""
    if element.get("itemprop") == "name" and is_question(element.text_content()[:500]):
        return True
    names = element.get("class", "").split()
    return any(_QUESTION_CLASS.search(name) for name in names) and asks(element.text_content()[:500])
