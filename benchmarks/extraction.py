"""How well files are read: every published document, the parser cases, and the questions of real FAQs.

.venv/bin/python -m benchmarks.extraction [--misses]
"""

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from rich.console import Console
from rich.table import Table

from adapters.extraction.subprocess import SubprocessExtractor
from adapters.extraction.tabular import rows
from domain.extraction import Extraction, ExtractionLimits

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LIMITS = ExtractionLimits()
console = Console(width=150)


@dataclass
class Read:
    path: str
    kind: str
    malformed: bool
    reference_ok: bool
    extraction: Extraction
    seconds: float


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line.strip()]


async def read_all(extractor: SubprocessExtractor) -> list[Read]:
    found = []
    for entry in json_lines(DATA / "docs" / "manifest.jsonl"):
        path = DATA / entry["path"]
        started = time.perf_counter()
        extraction = await extractor.extract(path.name, path.read_bytes(), LIMITS, strict=True)
        seconds = time.perf_counter() - started
        folder = entry["path"].split("/")[1]
        ok = bool(entry.get("reference", {}).get("ok"))
        found.append(Read(entry["path"], folder, "malformed" in folder, ok, extraction, seconds))
    return found


def show_documents(reads: list[Read]) -> None:
    table = Table(title=f"All {len(reads)} documents, read strictly: no crash, no hang")
    for name in ("kind", "files", "read", "with pairs", "pairs", "refused", "slowest s"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    by_kind: dict[str, list[Read]] = defaultdict(list)
    for read in reads:
        by_kind[read.kind].append(read)
    for kind, group in sorted(by_kind.items()):
        accepted = [read for read in group if read.extraction.error is None]
        table.add_row(
            kind,
            str(len(group)),
            str(len(accepted)),
            str(sum(bool(read.extraction.pairs) for read in accepted)),
            str(sum(len(read.extraction.pairs) for read in accepted)),
            str(len(group) - len(accepted)),
            f"{max(read.seconds for read in group):.2f}",
        )
    console.print(table)
    show_refusals(reads)


def show_refusals(reads: list[Read]) -> None:
    table = Table(title="Refusals")
    for name in ("code", "message", "files", "read by the reference parser"):
        table.add_column(name)
    messages: dict[tuple[str, str], list[Read]] = defaultdict(list)
    for read in reads:
        if read.extraction.error:
            messages[read.extraction.error_code or "", read.extraction.error].append(read)
    for (code, message), group in sorted(messages.items()):
        table.add_row(code, message, str(len(group)), str(sum(read.reference_ok for read in group)))
    console.print(table)


def show_csv_cases() -> None:
    right = wrong = absent = 0
    for case in json_lines(DATA / "docs_cases" / "csv_expected.jsonl"):
        path = DATA / "docs" / case["csv"]
        if not path.exists():
            absent += 1
            continue
        table = rows(path.read_bytes().decode("utf-8", "replace").lstrip("\ufeff"))
        header = table[0].cells
        got = [dict(zip(header, row.cells, strict=False)) for row in table[1:]]
        expected = case["expected"] if isinstance(case["expected"], list) else [case["expected"]]
        right += got == expected
        wrong += got != expected
        if got != expected:
            console.print(f"  {case['csv']}: got {got}, expected {expected}")
    console.print(f"CSV cases: {right} right, {wrong} wrong, {absent} whose file is absent")


async def show_json_cases(extractor: SubprocessExtractor) -> None:
    outcomes: Counter[tuple[str, bool]] = Counter()
    mistakes = []
    for case in json_lines(DATA / "docs_cases" / "json_parsing.jsonl"):
        content = case["input"].encode("utf-8", "surrogatepass")
        extraction = await extractor.extract("case.json", content, LIMITS, strict=True)
        read = extraction.error is None
        outcomes[case["expect"], read] += 1
        if (case["name"][0] == "y" and not read) or (case["name"][0] == "n" and read):
            mistakes.append(f"{case['name']}: {extraction.error}")
    console.print(f"JSON cases (expectation, read): {dict(outcomes)}; mistakes: {mistakes or 'none'}")


# --- the questions of real FAQs ---


@dataclass
class Score:
    expected: int = 0
    extracted: int = 0
    questions: int = 0
    pairs: int = 0
    files: int = 0
    missed: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)


def normalised(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def token_f1(left: str, right: str) -> float:
    a, b = (Counter(re.findall(r"\w+", text.casefold())) for text in (left, right))
    common = sum((a & b).values())
    if not a or not b or not common:
        return 0.0
    return 2 * common / (sum(a.values()) + sum(b.values()))


def faq_items() -> dict[str, list[dict[str, Any]]]:
    """Items by `debfaq:en` and `pyfaq`."""
    items = {"pyfaq": json_lines(DATA / "faq" / "pythonfaq" / "corpus.jsonl")}
    for path in (DATA / "faq" / "debianfaq").glob("corpus.*.jsonl"):
        items[f"debfaq:{path.name.split('.')[1]}"] = json_lines(path)
    return items


def expected_of(name: str, items: dict[str, list[dict[str, Any]]]) -> tuple[str, list[dict[str, Any]]] | None:
    """The collection and the items of the chapter that a file holds."""
    found = re.match(r"(debfaq|pyfaq)_([\w-]+?)(?:\.(\w\w))?\.(\w+)$", name)
    if not found:
        return None
    collection = found[1] if found[1] == "pyfaq" else f"debfaq:{found[3]}"
    chapter = found[2]
    held = [item for item in items[collection] if chapter == "full" or item["category"] == chapter]
    return f"{collection} {found[4]}{' (whole)' if chapter == 'full' else ''}", held


def compare(read: Read, expected: list[dict[str, Any]], score: Score) -> None:
    got: dict[str, list[str]] = defaultdict(list)
    for pair in read.extraction.pairs:
        got[normalised(pair.question)].append(pair.answer)
    score.files += 1
    score.expected += len(expected)
    score.extracted += len(read.extraction.pairs)
    for item in expected:
        answers = got.get(normalised(item["question"]), [])
        if not answers:
            score.missed.append(f"{read.path}: {item['question']}")
            continue
        score.questions += 1
        best = max(answers, key=lambda answer: token_f1(answer, item["answer"]))
        answers.remove(best)
        likeness = token_f1(best, item["answer"])
        score.pairs += likeness >= 0.8
        if likeness < 0.8:
            score.unlike.append(f"{read.path}: {item['question']} ({likeness:.2f})")
    wanted = {normalised(item["question"]) for item in expected}
    score.surplus += [
        f"{read.path}: {p.question}" for p in read.extraction.pairs if normalised(p.question) not in wanted
    ]


def show_faqs(reads: list[Read], misses: bool) -> None:
    items = faq_items()
    scores: dict[str, Score] = defaultdict(Score)
    for read in reads:
        found = expected_of(Path(read.path).name, items)
        # A page that holds none of the chapters (an index) has nothing to be compared with.
        if found and found[1] and not read.malformed:
            compare(read, found[1], scores[found[0]])
    table = Table(title="Real FAQs: questions, and questions with their answers (token F1 ≥ .8)")
    for name in ("collection", "files", "expected", "extracted", "Q prec.", "Q recall", "Q+A prec.", "Q+A recall"):
        table.add_column(name, justify="left" if name == "collection" else "right")
    for name, score in sorted(scores.items()):
        figures = [
            score.questions / max(1, score.extracted),
            score.questions / score.expected,
            score.pairs / max(1, score.extracted),
            score.pairs / score.expected,
        ]
        counts = [str(score.files), str(score.expected), str(score.extracted)]
        table.add_row(name, *counts, *(f"{figure:.3f}" for figure in figures))
    console.print(table)
    if misses:
        for score in scores.values():
            for kind, lines in (("missed", score.missed), ("surplus", score.surplus), ("unlike", score.unlike)):
                for line in lines:
                    console.print(f"{kind:8} {line}", highlight=False)


async def main(misses: bool) -> None:
    extractor = SubprocessExtractor()
    try:
        started = time.perf_counter()
        reads = await read_all(extractor)
        console.print(f"{len(reads)} documents in {time.perf_counter() - started:.1f} s")
        show_documents(reads)
        show_csv_cases()
        await show_json_cases(extractor)
        show_faqs(reads, misses)
    finally:
        await extractor.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="name each question that was missed or invented")
    anyio.run(main, parser.parse_args().misses)
