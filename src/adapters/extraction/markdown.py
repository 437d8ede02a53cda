"""Markdown, read as the HTML that it stands for."""

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from adapters.extraction.markup import read_html
from domain.pair_extraction.blocks import Document, Kind

_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n(?:---|\.\.\.)\s*\n", re.DOTALL)
_TITLE = re.compile(r"^title:\s*[\"']?(.+?)[\"']?\s*$", re.MULTILINE)


class _Renderer(RendererHTML):
    """Marks each block with its line and each wrapped line as such."""

    def softbreak(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        return '<br data-soft="1">'


def read_markdown(text: str) -> Document:
    front = _FRONT_MATTER.match(text)
    # Front matter becomes blank lines, so that the lines below keep their numbers.
    body = "\n" * front[0].count("\n") + text[front.end() :] if front else text
    document = read_html(f"<html><body>{rendered(body)}</body></html>")
    named = _TITLE.search(front[1]) if front else None
    first = next((block.text for block in document.blocks if block.kind is Kind.HEADING), "")
    return Document(named[1] if named else first, document.blocks)


def rendered(text: str) -> str:
    parser = MarkdownIt("commonmark", {"maxNesting": 60}, renderer_cls=_Renderer).enable(["table", "strikethrough"])
    tokens = parser.parse(text)
    for token in tokens:
        if token.map and token.nesting >= 0:
            token.attrSet("data-line", str(token.map[0] + 1))
    return str(parser.renderer.render(tokens, parser.options, {}))
