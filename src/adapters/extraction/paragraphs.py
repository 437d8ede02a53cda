"""Runs of bold and ordinary text, gathered to paragraphs."""

import re
from dataclasses import dataclass, field, replace

from domain.pair_extraction.blocks import SOFT_BREAK, Block, Kind
from domain.pair_extraction.wording import clean, ends_asking, is_question

_ADDRESS = re.compile(r"^(?:https?://|mailto:|tel:)", re.IGNORECASE)
_MAX_LINKS = 20


@dataclass(slots=True)
class Paragraph:
    bullet: str = ""
    _runs: list[tuple[str, bool]] = field(default_factory=list)
    _links: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not any(text.strip() for text, _ in self._runs)

    def add(self, text: str, bold: bool) -> None:
        self._runs.append((text, bold))

    def link(self, words: str, address: str) -> None:
        """Remembers the address behind words that do not spell it."""
        if _ADDRESS.match(address) and address not in words and len(self._links) < _MAX_LINKS:
            self._links.append(f"{words}: {address}" if words else address)

    def blocks(self, page: int | None = None, line: int | None = None) -> list[Block]:
        """One block; two where a bold question is followed by ordinary text."""
        if self.empty:
            return []
        lead, rest = self._bold_lead()
        blocks = [self._block(lead, True), self._block(rest, False)] if lead and rest else [self._whole()]
        links = tuple(self._links)
        blocks = [replace(block, page=page, line=line) for block in blocks]
        return [*blocks[:-1], replace(blocks[-1], links=links)]

    def _whole(self) -> Block:
        bold = all(is_bold for text, is_bold in self._runs if text.strip())
        return self._block("".join(text for text, _ in self._runs), bold)

    def _bold_lead(self) -> tuple[str, str]:
        """What is bold at the beginning and asks, and what follows."""
        count = 0
        while count < len(self._runs) and (self._runs[count][1] or not self._runs[count][0].strip()):
            count += 1
        lead = "".join(text for text, _ in self._runs[:count]).strip()
        rest = "".join(text for text, _ in self._runs[count:]).strip(" \n:–—-" + SOFT_BREAK)
        return (lead, rest) if is_question(lead) and ends_asking(lead) else ("", "")

    def _block(self, text: str, bold: bool) -> Block:
        text = clean_lines(text)
        if self.bullet and not (bold and ends_asking(text)):
            return Block(Kind.ITEM, self.bullet + text.replace("\n", "\n" + " " * len(self.bullet)), bold=bold)
        return Block(Kind.PARAGRAPH, text, bold=bold)


def clean_lines(text: str) -> str:
    """Whitespace normalised around hard and soft breaks alike."""
    hard = [SOFT_BREAK.join(filter(None, map(clean, line.split(SOFT_BREAK)))) for line in text.split("\n")]
    return "\n".join(hard).strip()
