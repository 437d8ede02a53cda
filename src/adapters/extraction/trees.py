"""JSON and JSON Lines, by the letter of RFC 8259."""

import json
from typing import Any, NoReturn

from adapters.extraction.markup import plain
from adapters.extraction.refusal import damaged
from domain.extraction import ExtractedPair, Place, Warning_
from domain.pair_extraction.trees import from_tree

_LONGEST_NUMBER = 4000


def read_json(text: str, file: str) -> tuple[list[ExtractedPair], list[Warning_]]:
    """Raises `Refusal(DAMAGED_FILE)` with the line of the first mistake."""
    try:
        return from_tree(_loaded(text), Place(file)), []
    except json.JSONDecodeError as error:
        lines = _json_lines(text)
        if lines is None:
            raise damaged(f"no valid JSON in line {error.lineno}, column {error.colno} ({error.msg})") from error
    return _from_lines(lines, file)


def structured_data(blocks: list[str], file: str) -> list[ExtractedPair]:
    """The questions of `application/ld+json` in a page; a block that is no JSON says nothing."""
    pairs: list[ExtractedPair] = []
    for block in blocks:
        try:
            pairs += from_tree(_without_markup(_loaded(block)), Place(file))
        except json.JSONDecodeError:
            continue
    return pairs


def _loaded(text: str) -> Any:
    return json.loads(text.lstrip("\ufeff"), parse_constant=_no_constant, parse_int=_whole, parse_float=_real)


def _no_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no JSON number", name, 0)


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) < _LONGEST_NUMBER else digits


def _real(digits: str) -> str:
    # Kept as written: a price of 9.90 must not become 9.9.
    return digits


def _json_lines(text: str) -> list[tuple[int, Any]] | None:
    """Line numbers and values (None where a line is broken), if most lines are objects."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    values = [(number, _line(line)) for number, line in lines]
    good = sum(value is not None for _, value in values)
    return values if good > 1 and good * 10 >= len(lines) * 8 else None


def _line(line: str) -> Any:
    try:
        value = _loaded(line)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _from_lines(lines: list[tuple[int, Any]], file: str) -> tuple[list[ExtractedPair], list[Warning_]]:
    pairs: list[ExtractedPair] = []
    warnings: list[Warning_] = []
    for number, value in lines:
        if value is None:
            warnings.append(Warning_(file, f"Line {number} is no JSON object and was left out", "DAMAGED_LINE"))
        pairs += from_tree(value, Place(file, line=number))
    return pairs, warnings


def _without_markup(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_markup(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_markup(item) for item in value]
    return plain(value) if isinstance(value, str) else value
