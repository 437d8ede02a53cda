"""What the built-in reranker does to hit@1, and what it would do with other features and weights.

    python -m benchmarks.reranking

Uses the lab's sets and ranking; the first run embeds them (ten minutes).
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache

from benchmarks.lab import data
from benchmarks.lab.worlds import Outcome, World

from adapters.models.rerankers import FeatureReranker
from application.ports.models import Candidate
from domain.support_text import Statement
from domain.support_text import read as read_text

SETS = (
    data.stackfaq,
    data.covidfaq,
    data.mixed,
    lambda: data.answers_only("en"),
    lambda: data.across("de"),
    lambda: data.across("ru"),
    lambda: data.dstc11(1),
    lambda: data.xquad("en"),
)
DEPTH = 10
read = cache(read_text)


def _negated(statement: Statement) -> bool:
    return any(clause.negated for clause in statement.clauses)


FEATURES: Mapping[str, Callable[[Statement, Statement, Statement], float]] = {
    "other numbers": lambda asked, known, text: -float(bool(asked.numbers) and not asked.numbers & text.numbers),
    "negation differs": lambda asked, known, text: -float(_negated(asked) != _negated(known)),
    "name missing": lambda asked, known, text: -float(not all(map(text.said.has, asked.names))),
    "words in question": lambda asked, known, text: known.said.share_of(asked.words),
    "words in pair": lambda asked, known, text: text.said.share_of(asked.words),
}
WEIGHTS = (0.02, 0.05, 0.1)


class Head:
    """The best candidates of one question."""

    def __init__(self, outcome: Outcome, world: World) -> None:
        known = {pair.id: pair for pair in world.pairs}
        right = {known[key].answer for key in outcome.query.relevant if key in known}
        self.question = outcome.query.text
        self.candidates = [
            Candidate(r.id, known[r.id].question, known[r.id].answer, r.relevance) for r in outcome.ranked[:DEPTH]
        ]
        self.right = [candidate.answer in right for candidate in self.candidates]

    def hit(self, scores: list[float]) -> bool:
        return self.right[max(range(len(scores)), key=lambda at: scores[at])]

    def plain(self) -> list[float]:
        return [candidate.score for candidate in self.candidates]

    def built_in(self) -> list[float]:
        return asyncio.run(FeatureReranker().rerank(self.question, self.candidates))

    def with_feature(self, feature: str, weight: float) -> list[float]:
        asked = read(self.question)
        return [
            c.score
            + weight
            * FEATURES[feature](asked, read(c.question or c.answer[:300]), read(f"{c.question}\n{c.answer}"[:3000]))
            for c in self.candidates
        ]


def main() -> None:
    worlds = [World(questions()) for questions in SETS]
    heads = [[Head(outcome, world) for outcome in world.outcomes() if outcome.answerable] for world in worlds]
    print("  ".join(world.name for world in worlds))

    def line(name: str, scores: Callable[[Head], list[float]]) -> None:
        hits = [sum(head.hit(scores(head)) for head in group) / len(group) for group in heads]
        print(f"{name:24}", "  ".join(f"{hit:.4f}" for hit in hits))

    line("fused order", Head.plain)
    line("built-in reranker", Head.built_in)
    for feature in FEATURES:
        for weight in WEIGHTS:
            line(f"{feature} {weight}", lambda head, f=feature, w=weight: head.with_feature(f, w))


if __name__ == "__main__":
    main()
