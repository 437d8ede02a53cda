"""`Q:` and `A:` and their spellings: the pairs an author marked as such."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.pair_extraction.blocks import SOFT_BREAK, Block, Kind, flowing, readable
from domain.pair_extraction.wording import asks, without_numbering

_QUESTION = r"question|ques|frage|вопрос|pregunta|faq|q|f|p|в"
_ANSWER = r"answer|ans|antwort|ответ|respuesta|réponse|reponse|rép|a|r|о"
_NUMBER = r"(?:\s*(?:#|№|no\.?|nr\.?)?\s*\d{1,3}(?:\.\d{1,3})*)"
_MARKER = re.compile(
    rf"^[\s*_#>•–-]*(?:\d{{1,3}}[.)]\s*)?(?:(?P<q>{_QUESTION})|(?P<a>{_ANSWER}))(?P<n>{_NUMBER})?"
    r"[*_]*\s*(?P<sep>[:：]|[.)](?=\s)|\s[-–—](?=\s))[*_]*\s*(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_INLINE_ANSWER = re.compile(rf"(?<=[?？!.])\s+(?=(?:{_ANSWER}){_NUMBER}?\s*[:：]\s)", re.IGNORECASE)
_ANSWER_LABEL = re.compile(
    r"^[*_]*(?:answer|antwort|ответ|respuesta|réponse|reponse|a)[*_]*\s*[:：][*_]*\s+", re.IGNORECASE
)


class Role(StrEnum):
    QUESTION = "question"
    ANSWER = "answer"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Piece:
    role: Role
    block: Block
    original: Block
    sure: bool = False
    """Spelled out or numbered, so that it needs no counterpart to be believed."""
    sign: str = ""
    """What parts marker and text; the single letters of a pair have the same."""


def without_marker(text: str) -> str:
    """`Q1. How?` is `How?`; a sentence that merely begins with a letter stays as it is."""
    found = _MARKER.match(text)
    believed = found and found["q"] and (len(found["q"]) > 1 or found["n"] or found["sep"] in ":：")
    return found["rest"].strip() if found and believed and found["rest"].strip() else text


def without_answer_label(text: str) -> str:
    return _ANSWER_LABEL.sub("", text, count=1)


def joined_by_markers(blocks: Iterable[Block]) -> list[Block]:
    """The blocks with every marked question and answer replaced by one `PAIR`."""
    pieces = [piece for block in blocks for piece in _pieces(block)]
    result: list[Block] = []
    index = 0
    while index < len(pieces):
        pair, after = _pair_at(pieces, index)
        result.append(pair if pair else _unpaired(pieces[index]))
        index = after
    return result


def _pieces(block: Block) -> Iterator[_Piece]:
    if block.kind not in (Kind.PARAGRAPH, Kind.ITEM, Kind.HEADING):
        yield _Piece(Role.OTHER, block, block)
        return
    for text in _split_at_markers(block.text):
        yield _classified(replace(block, text=text))


def _split_at_markers(text: str) -> list[str]:
    parts: list[str] = []
    for line in re.split(rf"(?<=[\n{SOFT_BREAK}])", text):
        for piece in _INLINE_ANSWER.split(line):
            if parts and not _MARKER.match(piece.strip()):
                parts[-1] += piece
            else:
                parts.append(piece)
    return [part.strip() for part in parts if part.strip()] or [text]


def _classified(block: Block) -> _Piece:
    found = _MARKER.match(block.text)
    if not found:
        return _Piece(Role.OTHER, block, block)
    role = Role.QUESTION if found["q"] else Role.ANSWER
    word = found["q"] or found["a"]
    sure = len(word) > 1 or bool(found["n"])
    return _Piece(
        role, replace(block, text=found["rest"].strip()), block, sure, found["sep"].strip().replace("：", ":")
    )


def _pair_at(pieces: list[_Piece], start: int) -> tuple[Block | None, int]:
    """The pair whose question begins at `start`, and the index after it."""
    if pieces[start].role is not Role.QUESTION:
        return None, start + 1
    answer_at = _next_answer(pieces, start)
    if answer_at is None:
        return None, start + 1
    end = answer_at + 1
    while end < len(pieces) and not _ends_answer(pieces, end):
        end += 1
    question = " ".join(flowing(piece.block.text) for piece in pieces[start:answer_at])
    body = [_within_answer(piece) for piece in pieces[answer_at:end]]
    links = tuple(link for block in body for link in block.links)
    first = pieces[start].block
    pair = Block(Kind.PAIR, question, answer=readable(body), links=links, page=first.page, line=first.line)
    return pair, end


def _next_answer(pieces: list[_Piece], start: int) -> int | None:
    for index in range(start + 1, min(start + 6, len(pieces))):
        piece = pieces[index]
        if piece.role is Role.ANSWER and (piece.sure or piece.sign == pieces[start].sign):
            return index
        if piece.role is Role.QUESTION or piece.block.kind in (Kind.HEADING, Kind.RULE, Kind.TABLE):
            return None
    return None


def _ends_answer(pieces: list[_Piece], index: int) -> bool:
    piece = pieces[index]
    if piece.block.kind in (Kind.HEADING, Kind.RULE, Kind.PAIR):
        return True
    return piece.role is Role.QUESTION and (piece.sure or _next_answer(pieces, index) is not None)


def _within_answer(piece: _Piece) -> Block:
    return piece.block if piece.role is Role.ANSWER else piece.original


def _unpaired(piece: _Piece) -> Block:
    """A marked question without a marked answer stands as a heading over what follows it."""
    block = piece.block
    if piece.role is Role.QUESTION and piece.sure and asks(block.text) and block.kind is not Kind.HEADING:
        return replace(block, kind=Kind.PARAGRAPH, bold=True, text=without_numbering(flowing(block.text)))
    return piece.original
