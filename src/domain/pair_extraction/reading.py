"""From a document's blocks to its pairs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from domain.extraction import AuthoredMetadata, ExtractedPair, Place, Warning_
from domain.pair_extraction.blocks import Block, Document, Kind, flowing, readable
from domain.pair_extraction.contents import without_contents
from domain.pair_extraction.markers import joined_by_markers, without_answer_label, without_marker
from domain.pair_extraction.outline import Section, sections_of
from domain.pair_extraction.passages import passages
from domain.pair_extraction.records import from_rows
from domain.pair_extraction.wording import is_generic, is_question, likeness, one_line

_FEWEST_QUESTIONS_OF_A_FAQ = 2


def pairs_of(document: Document, file: str) -> tuple[list[ExtractedPair], list[Warning_]]:
    """Every pair of a document in reading order, with a notice for each text that became none."""
    blocks = joined_by_markers(without_contents(document.blocks))
    return _Reader(document.title, file, sections_of(blocks)).read()


class _Reader:
    def __init__(self, title: str, file: str, sections: Sequence[Section]) -> None:
        self._title, self._file, self._sections = title, file, sections
        self._warnings: list[Warning_] = []
        self._titles = Counter(likeness(section.title) for section in sections if section.heading)
        asking = [section for section in sections if section.asks]
        ready = sum(_is_question_pair(block) for section in sections for block in section.body)
        self._is_faq = len(asking) + ready >= _FEWEST_QUESTIONS_OF_A_FAQ and self._mostly_asks(asking, ready)
        self._shallowest = min((section.level for section in asking), default=0)

    def _mostly_asks(self, asking: Sequence[Section], ready: int) -> bool:
        told = [s for s in self._sections if s.heading and not s.asks and s.body and not s.has_children]
        return len(asking) + ready >= len(told)

    def read(self) -> tuple[list[ExtractedPair], list[Warning_]]:
        pairs: list[ExtractedPair] = []
        index = 0
        while index < len(self._sections):
            section, taken = self._with_empty_parent_filled(index)
            pairs += self._section(section)
            index += taken
        return pairs, self._warnings

    def _with_empty_parent_filled(self, index: int) -> tuple[Section, int]:
        """A question whose answer is nothing but titled parts takes them all as its answer."""
        section = self._sections[index]
        if section.body or not section.asks:
            return section, 1
        below = list(self._below(index))
        if not below or any(part.asks or _holds_pairs(part) for part in below):
            return section, 1
        body = [block for part in below for block in (_as_line(part), *part.body)]
        return replace(section, body=body), 1 + len(below)

    def _below(self, index: int) -> Iterator[Section]:
        for following in range(index + 1, len(self._sections)):
            if self._sections[following].level <= self._sections[index].level:
                return
            yield self._sections[following]

    def _section(self, section: Section) -> list[ExtractedPair]:
        ready, rest = self._ready_pairs(section)
        own = self._own_pair(section, rest, bool(ready))
        return [*own, *ready]

    def _ready_pairs(self, section: Section) -> tuple[list[ExtractedPair], list[Block]]:
        ready: list[ExtractedPair] = []
        rest: list[Block] = []
        terms_only = all(block.kind is Kind.PAIR for block in section.body)
        for block in section.body:
            found = self._pairs_in(block, section, terms_only)
            ready += found
            if not found and block.kind is not Kind.RULE:
                rest.append(block)
        return ready, rest

    def _pairs_in(self, block: Block, section: Section, terms_only: bool) -> list[ExtractedPair]:
        if block.kind is Kind.TABLE:
            return self._rows(block, section)
        if block.kind is not Kind.PAIR or not (_is_question_pair(block) or (terms_only and not section.asks)):
            return []
        question = without_marker(one_line(flowing(block.text)))
        authored = AuthoredMetadata(extra=_links(block.links))
        place = Place(self._file, block.page, block.line, section.title or None)
        return [ExtractedPair(question, block.answer, place, authored, not is_question(question))]

    def _rows(self, table: Block, section: Section) -> list[ExtractedPair]:
        place = Place(self._file, table.page, table.line, section.title or None)
        if len(table.rows) < 2:
            return []
        return from_rows(table.rows[0], [(place, row) for row in table.rows[1:]]) or []

    def _own_pair(self, section: Section, body: list[Block], has_ready: bool) -> list[ExtractedPair]:
        text = without_answer_label(readable(body))
        if section.heading is None or (self._is_introduction(section, has_ready) and text):
            return self._preamble(section, body, text, has_ready)
        if not text:
            if section.asks and not has_ready:
                self._warn(section, "has no answer", "EMPTY_ANSWER")
            return []
        links = _links(tuple(link for block in body for link in block.links))
        return [
            ExtractedPair(
                question=self._question(section),
                answer=text,
                place=Place(
                    self._file,
                    section.heading.page,
                    section.heading.line,
                    section.parents[-1] if section.parents else None,
                ),
                authored=AuthoredMetadata(extra=links),
                auto_generated=not section.asks,
            )
        ]

    def _is_introduction(self, section: Section, has_ready: bool) -> bool:
        """What stands over a FAQ's questions without being one: a chapter's opening words."""
        if section.asks or not self._is_faq:
            return False
        return has_ready or (section.has_children and section.level < self._shallowest)

    def _preamble(self, section: Section, body: list[Block], text: str, has_ready: bool) -> list[ExtractedPair]:
        if not text:
            return []
        if self._is_faq or has_ready:
            self._warn(section, f"begins with text that answers no question: {text[:60]!r}", "SKIPPED_TEXT")
            return []
        return passages(self._title, body, self._file)

    def _question(self, section: Section) -> str:
        ambiguous = is_generic(section.title) or self._titles[likeness(section.title)] > 1
        if section.parents and ambiguous and not section.asks:
            return f"{section.parents[-1]}: {section.title}"
        return section.title

    def _warn(self, section: Section, what: str, code: str) -> None:
        name = f"“{section.title}”" if section.heading else "The document"
        first = section.heading or (section.body[0] if section.body else None)
        self._warnings.append(Warning_(self._file, f"{name}{_at(first)} {what}", code))


def _at(block: Block | None) -> str:
    if block is None or (block.page is None and block.line is None):
        return ""
    return f" (page {block.page})" if block.page is not None else f" (line {block.line})"


def _is_question_pair(block: Block) -> bool:
    """Marked by its author, or a term that asks."""
    return block.kind is Kind.PAIR and not block.level


def _holds_pairs(section: Section) -> bool:
    return any(_is_question_pair(block) for block in section.body)


def _as_line(section: Section) -> Block:
    return Block(Kind.PARAGRAPH, section.title)


def _links(links: tuple[str, ...]) -> dict[str, str]:
    return {"links": "\n".join(dict.fromkeys(links))} if links else {}
