"""`make bench-retrieval`: hit rates and confidence through the HTTP API, beside what single methods reach.

The pairs are uploaded as a file, the questions asked over HTTP, in memory, on the embedded default. The
baselines are computed beside it from the same texts: BM25 alone, MiniLM alone, and the min-max hybrid of both.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import structlog
from benchmarks.lab import data
from benchmarks.lab.data import Pair, QuestionSet
from benchmarks.lab.lexical import scores as lexical_scores
from benchmarks.lab.measures import (
    Ranking,
    answered,
    auroc,
    calibration_error,
    let_through,
    min_max,
    places,
    ranking,
)
from benchmarks.lab.models import embed
from tests.support.system import SystemUnderTest, running

SETS = (
    data.stackfaq,
    data.covidfaq,
    data.mixed,
    lambda: data.across("de"),
    lambda: data.across("fr"),
    lambda: data.across("ru"),
    data.reference,
    data.among_languages,
    data.only_translated,
    lambda: data.half_translated("de"),
)
DEPTH = 10


@dataclass(frozen=True)
class Told:
    """What one question was answered."""

    confidence: float
    right: bool
    answerable: bool
    auto_reply: bool


async def loaded(system: SystemUnderTest, pairs: Sequence[Pair]) -> dict[str, str]:
    """Uploads the pairs; the set's id of each pair that is live, by its `qa_id`."""
    rows = [{"question": p.question, "answer": p.answer, "language": p.language, "bench_id": p.id} for p in pairs]
    file = ("pairs.json", json.dumps(rows).encode(), "application/json")
    staged = await system.data("POST", "/api/v1/knowledge/upload", files={"file": file})
    done = await system.data("POST", "/api/v1/knowledge/commit", json={"draft_id": staged["draft_id"]})
    return {
        pair["qa_id"]: pair["metadata"]["extra"]["bench_id"] async for pair in _pairs(system, done["document_ids"][0])
    }


async def _pairs(system: SystemUnderTest, document_id: str) -> AsyncIterator[dict[str, Any]]:
    wanted: dict[str, Any] = {"limit": 100}
    while True:
        page = await system.data("GET", f"/api/v1/documents/{document_id}/qa-pairs", params=wanted)
        for pair in page["qa_pairs"]:
            yield pair
        if not page["pagination"]["has_next"]:
            return
        wanted["cursor"] = page["pagination"]["next_cursor"]


async def through_api(questions: QuestionSet) -> Ranking:
    async with running(log_level="WARNING") as system:
        names = await loaded(system, questions.pairs)
        found = [await _place(system, names, query.text, query.relevant) for query in questions.queries]
    return ranking(found)


async def _place(system: SystemUnderTest, names: dict[str, str], text: str, right: frozenset[str]) -> int | None:
    page = await system.data("GET", "/api/v1/search", params={"q": text, "limit": DEPTH})
    ids = [names[hit["qa_id"]] for hit in page["results"]]
    return next((n for n, key in enumerate(ids, start=1) if key in right), None)


def baselines(questions: QuestionSet) -> tuple[Ranking, Ranking, Ranking]:
    """BM25 over question and answer, MiniLM on the question, 0.7/0.3 min-max hybrid."""
    texts = [query.text for query in questions.queries]
    right = np.array([[p.id in query.relevant for p in questions.pairs] for query in questions.queries])
    _, words = lexical_scores(questions.pairs, texts)
    dense = embed("minilm", texts) @ embed("minilm", [p.question for p in questions.pairs]).T
    hybrid = 0.7 * min_max(dense) + 0.3 * min_max(np.asarray(words))
    return tuple(ranking(places(np.asarray(scores), right)) for scores in (words, dense, hybrid))  # type: ignore[return-value]


async def told(questions: QuestionSet) -> list[Told]:
    known = {pair.id for pair in questions.pairs}
    async with running(log_level="WARNING") as system:
        names = await loaded(system, questions.pairs)
        return [await _told(system, names, known, query) for query in questions.queries]


async def _told(system: SystemUnderTest, names: dict[str, str], known: set[str], query: data.Query) -> Told:
    body = {"question": query.text[:2000], "options": {"use_cache": False}}
    # The nearest pair is asked for as well: an escalation shows no sources.
    answer = await system.data("POST", "/api/v1/queries", json=body)
    page = await system.data("GET", "/api/v1/search", params={"q": query.text[:2000], "limit": 1})
    first = names[page["results"][0]["qa_id"]] if page["results"] else ""
    return Told(
        answer["confidence"], first in query.relevant, bool(query.relevant & known), answer["action"] == "auto_reply"
    )


def halved(questions: QuestionSet) -> QuestionSet:
    return replace(questions, name=f"{questions.name}, half removed", pairs=questions.pairs[::2])


def with_foreign(questions: QuestionSet) -> QuestionSet:
    """CLINC150's out-of-scope questions among the set's own."""
    foreign = tuple(data.Query(row["text"], frozenset(), "en") for row in data.rows("intents/clinc150/oos_test.jsonl"))
    return replace(questions, name=f"{questions.name} + CLINC oos", queries=(*questions.queries, *foreign))


def show_confidence(name: str, results: Sequence[Told]) -> None:
    p = np.array([r.confidence for r in results])
    right = np.array([r.right for r in results])
    unanswerable = np.array([not r.answerable for r in results])
    replied = np.array([r.auto_reply for r in results])
    wrong = float(1 - right[replied].mean()) if replied.any() else 0.0
    share_at_90, wrong_at_90 = answered(p, right, 0.9)
    print(
        f"{name:34} AUROC {auroc(p, right):.3f}  through at 95 % kept {let_through(p, right, unanswerable):.3f}  "
        f"ECE {calibration_error(p, right):.3f}  answered {replied.mean():.3f} wrong {wrong:.3f}  "
        f"at .9: {share_at_90:.3f} wrong {wrong_at_90:.3f}"
    )


async def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(f"{'hit@1/hit@5/MRR@10':28} {'service':19} {'BM25':19} {'MiniLM':19} min-max hybrid")
    for load in SETS:
        questions = load()
        service = await through_api(questions)
        words, dense, hybrid = baselines(questions)
        print(f"{questions.name:28} {service!s:19} {words!s:19} {dense!s:19} {hybrid}", flush=True)
    print()
    for questions in (
        data.stackfaq(),
        halved(data.stackfaq()),
        with_foreign(data.stackfaq()),
        data.covidfaq(),
        halved(data.covidfaq()),
        halved(data.mixed()),
    ):
        show_confidence(questions.name, await told(questions))


if __name__ == "__main__":
    asyncio.run(main())
