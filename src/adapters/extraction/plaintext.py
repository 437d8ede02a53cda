"""Plain text: its headings are told by numbers, underlines, capitals or a question mark."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.extraction.markdown import read_markdown
from domain.pair_extraction.blocks import SOFT_BREAK, Block, Document, Kind
from domain.pair_extraction.contents import is_page_number
from domain.pair_extraction.wording import clean, ends_asking, is_question, tidy_block

_NUMBERED = re.compile(
    r"^(?:(?P<chapter>(?:chapter|kapitel|chapitre|capítulo|глава)\s+\d+)[.:]|(?P<n>\d{1,2}(?:\.\d{1,2})+)\.?)\s+\S",
    re.I,
)
_ITEM = re.compile(r"^\s*(?:[*•◦▪–-]|\d{1,2}[.)]|[a-z]\))\s+\S")
_RULE = re.compile(r"^\s*([-=_*~#])(?:\s*\1){2,}\s*$")
_ATX = re.compile(r"^#{1,6} \S", re.MULTILINE)
_LONGEST_HEADING = 300
_LONGEST_CAPITALS = 100


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Lines between blank ones, with the number of the first."""

    lines: tuple[str, ...]
    number: int

    @property
    def indent(self) -> int:
        return min(len(line) - len(line.lstrip()) for line in self.lines)

    @property
    def text(self) -> str:
        return SOFT_BREAK.join(clean(line) for line in self.lines)

    @property
    def flat(self) -> str:
        return " ".join(clean(line) for line in self.lines)


def read_text(text: str) -> Document:
    if len(_ATX.findall(text)) > 1:
        return read_markdown(text)
    chunks = list(_chunks(text.expandtabs(4).replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")))
    blocks: list[Block] = []
    for index, chunk in enumerate(chunks):
        following = chunks[index + 1] if index + 1 < len(chunks) else None
        blocks += _blocks(chunk, following)
    return Document(next((chunk.flat for chunk in chunks[:1] if _is_title(chunk)), ""), tuple(blocks))


def _is_title(chunk: _Chunk) -> bool:
    """One line that is neither a sentence nor a question."""
    return len(chunk.lines) == 1 and len(chunk.flat) <= _LONGEST_CAPITALS and chunk.flat[-1:] not in ".?!:;,"


def _chunks(text: str) -> Iterator[_Chunk]:
    lines: list[str] = []
    start = 1
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            start = start if lines else number
            lines.append(line.rstrip())
        elif lines:
            yield _Chunk(tuple(lines), start)
            lines = []
    if lines:
        yield _Chunk(tuple(lines), start)


def _blocks(chunk: _Chunk, following: _Chunk | None) -> Iterator[Block]:
    if len(chunk.lines) == 1 and _RULE.match(chunk.lines[0]):
        yield Block(Kind.RULE, line=chunk.number)
    elif len(chunk.lines) == 1 and is_page_number(chunk.lines[0]):
        return
    elif len(chunk.lines) > 1 and _RULE.match(chunk.lines[1]):
        yield from _underlined(chunk, following)
    elif level := _heading_level(chunk, following):
        yield Block(Kind.HEADING, chunk.flat, level, line=chunk.number)
    elif _ITEM.match(chunk.lines[0]):
        yield from _items(chunk)
    elif _asks_then_answers(chunk):
        yield Block(Kind.PARAGRAPH, clean(chunk.lines[0]), bold=True, line=chunk.number)
        yield Block(Kind.PARAGRAPH, _joined(chunk.lines[1:]), line=chunk.number + 1)
    elif _is_layout(chunk):
        yield Block(Kind.CODE, tidy_block(_dedented(chunk)), line=chunk.number)
    else:
        yield Block(Kind.PARAGRAPH, chunk.text, line=chunk.number)


def _underlined(chunk: _Chunk, following: _Chunk | None) -> Iterator[Block]:
    level = 1 if chunk.lines[1].strip()[0] in "=#*" else 2
    yield Block(Kind.HEADING, clean(chunk.lines[0]), level, line=chunk.number)
    if len(chunk.lines) > 2:
        yield from _blocks(_Chunk(chunk.lines[2:], chunk.number + 2), following)


def _heading_level(chunk: _Chunk, following: _Chunk | None) -> int:
    """0 for what is no heading."""
    text = chunk.flat
    if len(text) > _LONGEST_HEADING or following is None or following.indent < chunk.indent:
        return 0
    if found := _NUMBERED.match(text):
        closed = ends_asking(text) or text[-1] not in ".,;:"
        return (1 if found["chapter"] else found["n"].count(".") + 1) if closed else 0
    if ends_asking(text) and is_question(text) and _stands_out(chunk, following):
        return 8
    shouted = len(text) <= _LONGEST_CAPITALS and text.isupper() and sum(map(str.isalpha, text)) > 3
    return 3 if shouted and len(chunk.lines) == 1 else 0


def _stands_out(chunk: _Chunk, following: _Chunk) -> bool:
    """A question on its own over an answer; not the last sentence of a paragraph."""
    alone = len(chunk.lines) == 1 or following.indent > chunk.indent
    return (alone and not _ITEM.match(following.lines[0] if following.indent == chunk.indent else "")) or bool(
        alone and _ITEM.match(chunk.lines[0])
    )


def _asks_then_answers(chunk: _Chunk) -> bool:
    if len(chunk.lines) < 2:
        return False
    first, second = chunk.lines[0].strip(), chunk.lines[1].strip()
    own_sentence = first[0].isupper() or first[0] in '¿("“«„'
    closed = first.count("“") == first.count("”") and first.count("(") == first.count(")")
    answers = not second[0].islower() and second[0] not in '”»").,;' and not ends_asking(chunk.lines[-1])
    return ends_asking(first) and is_question(first) and own_sentence and closed and answers


def _items(chunk: _Chunk) -> Iterator[Block]:
    lines: list[str] = []
    number = chunk.number
    for offset, line in enumerate(chunk.lines):
        if _ITEM.match(line) and lines:
            yield Block(Kind.ITEM, _joined(lines), line=number)
            lines, number = [], chunk.number + offset
        lines.append(line)
    yield Block(Kind.ITEM, _joined(lines), line=number)


def _is_layout(chunk: _Chunk) -> bool:
    """Columns or commands whose spaces carry meaning."""
    spaced = sum(bool(re.search(r"\S {3,}\S", line)) for line in chunk.lines)
    return len(chunk.lines) > 1 and spaced * 2 > len(chunk.lines)


def _dedented(chunk: _Chunk) -> str:
    return "\n".join(line[chunk.indent :] for line in chunk.lines)


def _joined(lines: Sequence[str]) -> str:
    return SOFT_BREAK.join(clean(line) for line in lines)
