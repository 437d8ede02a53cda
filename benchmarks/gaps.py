"""How well the topics of `/analytics/gaps` meet the articles that are really missing.

python -m benchmarks.gaps [--seeds 3]

Half of a knowledge base is removed, by chance; the questions that these entries would have answered are put
into topics as the service does it. Then purity is the share of questions in a topic that mostly asks for the same
missing entry, precision and recall are BCubed (of a question's topic-mates and of those that ask for its entry),
and `own` the share of missing entries, of those asked for three times or more, that have a topic that is mainly
theirs and holds most of their questions. `leader` is the simpler method at the same thresholds: the text with the
most neighbours takes them all. At last the advice: how near the nearest existing pair is to topics whose entry
is there, and to those whose entry is missing. The sets are in ../shared/data.
"""

import argparse
import asyncio
import logging
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import structlog
from benchmarks.lab.data import Pair, Query, QuestionSet, covidfaq, pairs, queries, stackfaq
from rich.console import Console
from rich.table import Table
from tests.support.system import SystemUnderTest, embedder, running

from adapters.insights.grouping import AverageLinkage, _margins
from application.ports.insights import Views
from application.questions import QuestionVectors
from domain.gaps import FITS, Asked, Topic, by_wording
from domain.queries import Action, Outcome, QueryRecord
from domain.ranking import BUILT_IN, Fusion
from domain.retrieval import Filters

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CUTS = (0.5, 0.6, FITS, 0.8, 0.9)
Groups = list[list[int]]


def debianfaq() -> QuestionSet:
    """Each entry asked for in up to four languages."""
    known = pairs("faq/debianfaq/corpus.en.jsonl")
    asked = [Query(pair.question, frozenset([pair.id]), "en") for pair in known]
    for code in ("de", "fr", "ru"):
        asked += queries(f"faq/debianfaq/queries.{code}.jsonl")
    times = Counter(min(query.relevant) for query in asked)
    return QuestionSet("debianfaq, 4 languages", known, tuple(q for q in asked if times[min(q.relevant)] > 1))


def together(*sets: QuestionSet) -> QuestionSet:
    every = [pair for each in sets for pair in each.pairs]
    return QuestionSet("all three", tuple(every), tuple(query for each in sets for query in each.queries))


def halves(questions: QuestionSet, seed: int) -> tuple[list[Pair], list[Query], list[Query]]:
    """What stays, the questions that it answers, and those whose entry is gone."""
    ids = sorted(pair.id for pair in questions.pairs)
    gone = frozenset(random.Random(seed).sample(ids, len(ids) // 2))
    left = [pair for pair in questions.pairs if pair.id not in gone]
    answered = [query for query in questions.queries if not query.relevant & gone]
    return left, answered, [query for query in questions.queries if query.relevant <= gone]


def asked(questions: Sequence[Query]) -> list[Asked]:
    def record(n: int, query: Query) -> QueryRecord:
        return QueryRecord(
            id=f"q_{n}",
            created_at=NOW,
            updated_at=NOW,
            question=query.text,
            standalone_question=query.text,
            answer=None,
            confidence=0.0,
            action=Action.ESCALATE,
            outcome=Outcome.ESCALATED,
            language=query.language,
        )

    return by_wording(record(n, query) for n, query in enumerate(questions))


def entries(questions: Sequence[Query], wordings: Sequence[Asked]) -> list[str]:
    """The entry that each wording asks for."""
    return [min(questions[int(each.queries[0].id[2:])].relevant) for each in wordings]


def leaders(views: Sequence[Views], nearness: Mapping[str, float]) -> Groups:
    near = _margins(views, views, nearness) >= 0
    free = np.ones(len(views), bool)
    groups: Groups = []
    while free.any():
        degree = np.where(free, near[:, free].sum(1), -1)
        members = near[int(degree.argmax())] & free
        groups.append([int(n) for n in np.flatnonzero(members)])
        free &= ~members
    return groups


def measured(groups: Groups, wanted: Sequence[str]) -> dict[str, float]:
    sizes = Counter(wanted)
    shares = [(n, Counter(wanted[m] for m in group), len(group)) for group in groups for n in group]
    precision = float(np.mean([counted[wanted[n]] / size for n, counted, size in shares]))
    recall = float(np.mean([counted[wanted[n]] / sizes[wanted[n]] for n, counted, _ in shares]))
    pure = sum(max(Counter(wanted[n] for n in group).values()) for group in groups)
    frequent = [entry for entry, times in sizes.items() if times >= 3]
    return {
        "questions": len(wanted),
        "entries": len(sizes),
        "topics": len(groups),
        "purity": pure / len(wanted),
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / (precision + recall),
        "own": sum(_has_own(entry, sizes[entry], groups, wanted) for entry in frequent) / max(len(frequent), 1),
    }


def _has_own(entry: str, times: int, groups: Groups, wanted: Sequence[str]) -> bool:
    def held(group: Sequence[int]) -> int:
        return sum(wanted[n] == entry for n in group)

    best = max(groups, key=held)
    return 2 * held(best) >= times and 2 * held(best) > len(best)


async def topics_table(sets: Sequence[QuestionSet], seeds: int) -> Table:
    names = ("questions", "entries", "topics", "purity", "precision", "recall", "F1", "own")
    table = Table("set", "method", *names, title=f"Half of the entries removed, mean of {seeds} draws", min_width=60)
    vectors = QuestionVectors(embedder(), BUILT_IN)
    for questions in sets:
        found: dict[str, list[dict[str, float]]] = defaultdict(list)
        for seed in range(seeds):
            _, _, missing = halves(questions, seed)
            wordings = asked(missing)
            views, wanted = await vectors("t", wordings), entries(missing, wordings)
            groups = await AverageLinkage().group(views, vectors.same_topic)
            found["average linkage"].append(measured(groups, wanted))
            found["leader"].append(measured(leaders(views, vectors.same_topic), wanted))
        for method, results in found.items():
            means = {name: float(np.mean([result[name] for result in results])) for name in names}
            table.add_row(questions.name, method, *(f"{x:.0f}" if x > 1 else f"{x:.3f}" for x in means.values()))
    return table


async def topics_of(vectors: QuestionVectors, questions: Sequence[Query]) -> list[Topic]:
    wordings = asked(questions)
    groups = await AverageLinkage().group(await vectors("t", wordings), vectors.same_topic)
    return [Topic(tuple(wordings[n] for n in group)) for group in groups]


async def nearest(system: SystemUnderTest, topics: Sequence[Topic]) -> list[float]:
    retriever = system.container.retriever()
    found = [await retriever("platform", t.name, t.language, Filters(), Fusion(), 10) for t in topics]
    return [each.ranked[0].similarity if each.ranked else 0.0 for each in found]


async def advice_table(sets: Sequence[QuestionSet]) -> Table:
    table = Table("set", "topics whose entry is", *(f"≥ {cut}" for cut in CUTS), title="Similarity of the nearest pair")
    vectors = QuestionVectors(embedder(), BUILT_IN)
    for questions in sets:
        left, answered, missing = halves(questions, 0)
        async with running() as system:
            await system.learn(*((pair.question, pair.answer[:5000]) for pair in left))
            for name, some in (("there", answered), ("missing", missing)):
                near = await nearest(system, await topics_of(vectors, some))
                table.add_row(questions.name, name, *(f"{np.mean(np.array(near) >= cut):.3f}" for cut in CUTS))
    return table


async def took(count: int) -> float:
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(count // 4, 384))
    rows = centres[chance.integers(0, len(centres), count)] + chance.normal(size=(count, 384)) * 0.8
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    texts = [{"english": row.astype(np.float32)} for row in rows]
    begun = time.perf_counter()
    await AverageLinkage().group(texts, {"english": 0.55})  # type: ignore[arg-type]
    return time.perf_counter() - begun


async def measure(seeds: int) -> None:
    console = Console(width=150)
    single = (stackfaq(), covidfaq(), debianfaq())
    console.print(await topics_table((*single, together(*single)), seeds))
    console.print(await advice_table(single))
    for count in (500, 1000, 2000):
        console.print(f"{count} questions into topics: {await took(count):.2f} s")


def main() -> None:
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    asyncio.run(measure(parser.parse_args().seeds))


if __name__ == "__main__":
    main()
