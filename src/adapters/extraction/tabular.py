"""CSV in any dialect."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapters.extraction.refusal import damaged
from domain.extraction import ExtractedPair, Place, Warning_
from domain.pair_extraction.records import from_rows, guessed_columns
from domain.pair_extraction.vocabulary import question_and_answer

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 50
csv.field_size_limit(32 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: tuple[str, ...]


def read_csv(text: str, file: str) -> tuple[list[ExtractedPair], list[Warning_]]:
    table = rows(text)
    if not table:
        return [], []
    header = [cell.strip() for cell in table[0].cells]
    named = from_rows(header, [(Place(file, line=row.line), row.cells) for row in table[1:]])
    if named is not None:
        return named, _uneven(table, file)
    return _by_content(table, file)


def rows(text: str) -> list[Row]:
    """The non-empty rows; `line` is the first line of each. Raises `Refusal(DAMAGED_FILE)`."""
    separator, declared = _declared(text)
    body = text[declared:] if separator else text
    dialect = separator or delimiter(body)
    try:
        parsed = list(_parsed(body, dialect))
    except csv.Error as error:
        raise damaged(f"its rows cannot be told apart ({error})") from error
    return [Row(row.line + bool(separator), row.cells) for row in parsed if any(map(str.strip, row.cells))]


def _declared(text: str) -> tuple[str | None, int]:
    """Spreadsheets write `sep=;` on a line of its own."""
    first, _, _ = text.partition("\n")
    line = first.strip()
    return (line[4], len(first) + 1) if line.lower().startswith("sep=") and len(line) == 5 else (None, 0)


def _parsed(text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=separator != "\t")
    line = 1
    for cells in reader:
        yield Row(line, tuple(cells))
        line = reader.line_num + 1


def delimiter(text: str) -> str:
    """The character that cuts the first rows into the most equal number of columns."""
    return max(_DELIMITERS, key=lambda candidate: _evenness(text, candidate))


def _evenness(text: str, candidate: str) -> tuple[bool, float, int]:
    try:
        widths = [len(row.cells) for row, _ in zip(_parsed(text, candidate), range(_SAMPLE_ROWS), strict=False)]
        header = next((row.cells for row in _parsed(text, candidate)), ())
    except csv.Error:
        return False, 0.0, 0
    width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
    return question_and_answer(header) is not None, (count / len(widths) if width > 1 else 0.0), width


def is_table(text: str) -> bool:
    """Several rows of one width above one."""
    _, evenness, width = _evenness(text, delimiter(text))
    return width > 1 and evenness > 0.8 and text.strip().count("\n") >= 1


def _by_content(table: Sequence[Row], file: str) -> tuple[list[ExtractedPair], list[Warning_]]:
    columns = guessed_columns([row.cells for row in table])
    header = table[0].cells
    if columns is None:
        listed = ", ".join(cell.strip()[:40] for cell in header[:12])
        return [], [Warning_(file, f"No column of questions and none of answers among: {listed}", "NO_PAIRS")]
    # A first row that asks like the others is no header.
    headless = "?" in header[columns[0]]
    labels = [f"column {i + 1}" if headless or not cell.strip() else cell.strip() for i, cell in enumerate(header)]
    labels[columns[0]], labels[columns[1]] = "question", "answer"
    body = table if headless else table[1:]
    pairs = from_rows(labels, [(Place(file, line=row.line), row.cells) for row in body]) or []
    message = (
        f"Questions were taken from column {columns[0] + 1} and answers from column {columns[1] + 1}, by what they hold"
    )
    return pairs, [Warning_(file, message, "COLUMNS_GUESSED")]


def _uneven(table: Sequence[Row], file: str) -> list[Warning_]:
    width = len(table[0].cells)
    odd = [row.line for row in table[1:] if len(row.cells) > width]
    if not odd:
        return []
    lines = ", ".join(map(str, odd[:10]))
    return [Warning_(file, f"More cells than columns in line {lines}; the surplus was ignored", "UNEVEN_ROWS")]
