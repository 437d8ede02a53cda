"""Datasets in files: JSON, JSON Lines or CSV, with our names of the fields or RAGAS's."""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "qid", "query_id"),
    "question": ("question", "user_input", "query"),
    "answer": ("answer", "response"),
    "contexts": ("contexts", "retrieved_contexts"),
    "reference": ("reference", "ground_truth", "ground_truths", "expected_answer"),
}


class BadDataset(Exception):
    """The file is not a dataset; the message says why."""


def read_rows(path: Path) -> list[dict[str, Any]]:
    """As the API takes them. Raises `BadDataset`."""
    rows = [_row(n, given) for n, given in enumerate(_records(path), start=1)]
    if not rows:
        raise BadDataset(f"{path} has no rows.")
    return rows


def _records(path: Path) -> Iterable[Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            return list(csv.DictReader(text.splitlines(keepends=True)))
        if path.suffix.lower() == ".json":
            found = json.loads(text)
            rows = found["rows"] if isinstance(found, dict) and "rows" in found else found
            return rows if isinstance(rows, list) else [rows]
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, csv.Error) as error:
        raise BadDataset(f"{path} cannot be read as {path.suffix.lstrip('.') or 'JSON Lines'}: {error}") from error


def _row(number: int, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise BadDataset(f"Row {number} is not an object.")
    row = {name: value for name, others in NAMES.items() if (value := _first(given, others)) not in (None, "", [])}
    if not row.get("question"):
        raise BadDataset(f"Row {number} has no question; it has: {', '.join(map(str, given))}.")
    if "contexts" in row:
        row["contexts"] = _contexts(row["contexts"])
    if isinstance(row.get("reference"), list):
        row["reference"] = "\n".join(map(str, row["reference"]))
    return {**row, **({"id": str(row["id"])} if "id" in row else {})}


def _first(given: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((given[name] for name in names if given.get(name)), None)


def _contexts(value: Any) -> list[str]:
    """A list; in a CSV file, a list in JSON, or one context."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return [value]
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
