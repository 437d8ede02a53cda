"""Intents by their examples, through the API: accuracy, confidence, and texts that are of none.

.venv/bin/python -m benchmarks.intents [banking77] [clinc150]

The training sets are loaded as intents with examples, the test sets are staged as chunks of drafts and
classified there. Nothing is fitted on a test set; `docs/classification.md` says what was fitted on what.
"""

import argparse
import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from benchmarks.lab.data import rows
from benchmarks.lab.measures import auroc, calibration_error
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from tests.support.system import SystemUnderTest, embedder, running

from domain.taxonomy import slug

SETS = ("banking77", "clinc150")
CHUNKS = 1000
REFUSED = (0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.12)
"""Shares of in-scope texts refused at which the recall of the others is shown."""
Texts = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Measured:
    """What the API said of in-scope texts and of others."""

    known: list[dict[str, Any]]
    gold: list[str]
    strange: list[dict[str, Any]]
    seconds: dict[str, float]

    @property
    def right(self) -> NDArray[np.bool_]:
        pairs = zip(self.known, self.gold, strict=True)
        return np.array([found["intent"] == gold for found, gold in pairs])

    @property
    def right_if_never_none(self) -> NDArray[np.bool_]:
        pairs = zip(self.known, self.gold, strict=True)
        return np.array([found["candidates"][0]["name"] == gold for found, gold in pairs])


def numbers(found: list[dict[str, Any]], field: str) -> NDArray[np.float64]:
    return np.array([each[field] for each in found])


async def load(system: SystemUnderTest, examples: Texts) -> None:
    by_intent: dict[str, list[str]] = defaultdict(list)
    for row in examples:
        by_intent[row["intent"]].append(row["text"])
    for name, texts in by_intent.items():
        await system.data("POST", "/api/v1/intents", json={"name": name, "examples": texts})


async def classify(system: SystemUnderTest, texts: Sequence[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for start in range(0, len(texts), CHUNKS):
        chunks = [{"question": text, "answer": "-"} for text in texts[start : start + CHUNKS]]
        draft = await system.data("POST", "/api/v1/knowledge/chunks", json={"chunks": chunks})
        answer = await system.data("POST", f"/api/v1/analysis/classify/{draft['draft_id']}", timeout=600)
        found += answer["classifications"]
    return found


async def measure(name: str) -> Measured:
    train, test, strange = rows(f"intents/{name}/train.jsonl"), rows(f"intents/{name}/test.jsonl"), others()
    async with running() as system:
        begun = time.perf_counter()
        await load(system, train)
        loaded = time.perf_counter()
        await classify(system, ["Hello there, how are you?"])
        fitted = time.perf_counter()
        known = await classify(system, [row["text"] for row in test])
        done = time.perf_counter()
        took = {"load": loaded - begun, "fit": fitted - loaded, "classify": done - fitted}
        return Measured(known, [_label(row) for row in test], await classify(system, strange), took)


def others() -> list[str]:
    """Texts of no intent at all: CLINC150's own, which are far from BANKING77 and close to CLINC150."""
    return [row["text"] for row in rows("intents/clinc150/oos_test.jsonl")]


def _label(row: dict[str, Any]) -> str:
    """As the API makes a label of a name."""
    return slug(row["intent"])


def plain_cosine(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """The baseline: the largest MiniLM cosine with an example, of in-scope texts and of others, and whether
    the nearest example's label is right."""
    train, test = rows(f"intents/{name}/train.jsonl"), rows(f"intents/{name}/test.jsonl")
    examples, known, strange = (vectors(t) for t in ([r["text"] for r in train], [r["text"] for r in test], others()))
    near = known @ examples.T
    right = np.array([train[n]["intent"] == row["intent"] for n, row in zip(near.argmax(1), test, strict=True)])
    return near.max(1), (strange @ examples.T).max(1), right


def vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    return np.array(asyncio.run(embedder().embed("english", texts)), dtype=np.float64)


def recall(known: NDArray[np.float64], strange: NDArray[np.float64], refused: float) -> float:
    """Share of the others refused where this share of in-scope texts is; both score higher the more in scope."""
    return float((strange < np.quantile(known, refused)).mean())


def report(name: str, found: Measured, console: Console) -> None:
    cosine, far, nearest = plain_cosine(name)
    known, strange = -numbers(found.known, "none_confidence"), -numbers(found.strange, "none_confidence")
    none = numbers(found.known, "none_confidence") >= 0.5
    sure, right = numbers(found.known, "confidence")[~none], found.right[~none]
    every = np.concatenate([numbers(found.known, "confidence"), numbers(found.strange, "confidence")])
    all_right = np.concatenate([found.right, np.array([each["intent"] == "none" for each in found.strange])])
    seconds = ", ".join(f"{what} {took:.1f} s" for what, took in found.seconds.items())
    console.print(f"[bold]{name}[/]: {len(found.gold)} texts, {len(found.strange)} of none; {seconds}")
    console.print(
        f"  accuracy {found.right.mean():.4f} ('none' counted as wrong), {found.right_if_never_none.mean():.4f}"
    )
    console.print(f"  without none (none_above=1); nearest MiniLM example {nearest.mean():.4f}")
    console.print(
        f"  as it is set: {none.mean():.4f} in scope refused, {_refused(found.strange):.4f} of the others found"
    )
    console.print(
        f"  calibration error {calibration_error(sure, right):.4f} of labels, {_error(every, all_right)} of all"
    )
    console.print(f"  AUROC {_told_apart(known, strange):.4f}, largest cosine {_told_apart(cosine, far):.4f}")
    table = Table("in scope refused", *(f"{share:.1%}" for share in REFUSED))
    table.add_row("found, as answered", *(f"{recall(known, strange, share):.3f}" for share in REFUSED))
    table.add_row("found, largest cosine", *(f"{recall(cosine, far, share):.3f}" for share in REFUSED))
    console.print(table)


def _told_apart(known: NDArray[np.float64], strange: NDArray[np.float64]) -> float:
    in_scope = np.concatenate([np.ones(len(known), bool), np.zeros(len(strange), bool)])
    return auroc(np.concatenate([known, strange]), in_scope)


def _refused(found: list[dict[str, Any]]) -> float:
    return sum(each["intent"] == "none" for each in found) / len(found)


def _error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> str:
    return f"{calibration_error(sure, right):.4f}"


def main() -> None:
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", choices=[*SETS, []], default=[])
    for name in parser.parse_args().sets or SETS:
        report(name, asyncio.run(measure(name)), Console())


if __name__ == "__main__":
    main()
