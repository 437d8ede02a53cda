"""What the built-in judge is worth: it must order planted good and bad answers, and contexts.

    python -m benchmarks.evaluation [--questions 60] [--set stackfaq …]

Questions that people typed over public FAQ sets, their pair among the two that are most like it. Answers are planted:
the approved one, what another person answered (stackfaq has that), its first half, a sentence of it turned round or
with another number, a sentence from elsewhere put behind it, the answer of the most similar other pair and of any
other pair, given with the contexts that would have led to it. `ordered` is the share of questions whose good answer
scores above its bad one, a tie counting half; `AUROC` the same over all questions at once.
"""

import argparse
import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks.lab import data
from benchmarks.lab.data import Pair, Query, QuestionSet
from benchmarks.lab.measures import auroc
from benchmarks.support_check import flip, swap_number

from adapters.judges.built_in import BuiltInJudge
from adapters.models.bundled import BundledEmbedder
from adapters.models.language import FastLanguageDetector
from domain.evaluation import ALL_METRICS, Context, Metric, Sample
from domain.ranking import BUILT_IN
from domain.sentences import sentences
from domain.support import says_something
from domain.support_text import read
from domain.vectors import cosine

SETS: Mapping[str, Callable[[], QuestionSet]] = {
    "stackfaq": data.stackfaq,
    "covidfaq": data.covidfaq,
    "debianfaq de → en": lambda: data.across("de"),
    "debianfaq ru → en": lambda: data.across("ru"),
    "debianfaq de": lambda: translated("de"),
    "debianfaq ru": lambda: translated("ru"),
}
ORDERS = (
    (Metric.FAITHFULNESS, "right", "turned round"),
    (Metric.FAITHFULNESS, "right", "with a foreign sentence"),
    (Metric.FAITHFULNESS, "right", "another pair's, right contexts"),
    (Metric.FAITHFULNESS, "somebody else's", "another pair's, right contexts"),
    (Metric.ANSWER_RELEVANCY, "right", "another pair's"),
    (Metric.ANSWER_RELEVANCY, "right", "the most similar pair's"),
    (Metric.ANSWER_RELEVANCY, "right", "half"),
    (Metric.ANSWER_RELEVANCY, "half", "another pair's"),
    (Metric.ANSWER_RELEVANCY, "right", "another pair's, right contexts"),
    (Metric.ANSWER_RELEVANCY, "right", "declining"),
    (Metric.CONTEXT_PRECISION, "right", "right context last"),
    (Metric.CONTEXT_PRECISION, "right context last", "right context missing"),
    (Metric.CONTEXT_RECALL, "right", "right context missing"),
    (Metric.CONTEXT_RECALL, "somebody else's reference", "somebody else's reference, right context missing"),
)


def translated(code: str) -> QuestionSet:
    """The FAQ of one language, asked its own questions in it."""
    known = data.pairs(f"faq/debianfaq/corpus.{code}.jsonl")
    asked = tuple(Query(pair.question, frozenset([pair.id]), pair.language) for pair in known)
    return QuestionSet(f"debianfaq {code}", known, asked)


@dataclass(frozen=True)
class Planted:
    kind: str
    sample: Sample


class Bench:
    def __init__(self, questions: QuestionSet, count: int) -> None:
        self.questions, self.chance = questions, random.Random(7)
        self.pairs = {pair.id: pair for pair in questions.pairs if pair.answer}
        asked = [query for query in questions.queries if query.relevant & self.pairs.keys()]
        self.asked = self.chance.sample(asked, min(count, len(asked)))
        self.embedder = BundledEmbedder(2)
        self.judge = BuiltInJudge(self.embedder, BUILT_IN, FastLanguageDetector())
        self.alternatives = alternatives() if questions.name == "stackfaq" else {}

    async def scores(self) -> dict[str, dict[str, list[float | None]]]:
        """By metric and kind, one for each question, None where it was not planted or has no score."""
        found: dict[str, dict[str, list[float | None]]] = {m: defaultdict(list) for m in ALL_METRICS}
        near = await self._similar()
        for at, query in enumerate(self.asked):
            for kind, sample in self._planted(query, near[at]):
                judged = await self.judge.judge(sample, ALL_METRICS)
                for metric in ALL_METRICS:
                    column = found[metric][kind]
                    column += [None] * (at - len(column)) + [judged[metric]]
        for columns in found.values():
            for column in columns.values():
                column += [None] * (len(self.asked) - len(column))
        await self.embedder.close()
        return found

    async def _similar(self) -> list[list[Pair]]:
        """For each question the other pairs, most similar question first."""
        pairs = list(self.pairs.values())
        space = "english" if {pair.language for pair in pairs} == {"en"} else "multilingual"
        if any(query.language != "en" for query in self.asked):
            space = "multilingual"
        asked = await self.embedder.embed(space, [query.text for query in self.asked])
        known = await self.embedder.embed(space, [pair.question for pair in pairs])
        orders = (sorted(range(len(pairs)), key=lambda n, v=vector: -cosine(v, known[n])) for vector in asked)
        return [
            [pairs[n] for n in order if pairs[n].id not in query.relevant and pairs[n].answer not in self._right(query)]
            for order, query in zip(orders, self.asked, strict=True)
        ]

    def _right(self, query: Query) -> set[str]:
        return {self.pairs[key].answer for key in query.relevant if key in self.pairs}

    def _planted(self, query: Query, others: Sequence[Pair]) -> Iterator[tuple[str, Sample]]:
        right = self.pairs[next(key for key in sorted(query.relevant) if key in self.pairs)]
        far = self.chance.choice(others[len(others) // 2 :])
        near, second, third = others[:3]
        sources = [right, near, second]

        def sample(answer: str | None, contexts: Sequence[Pair], reference: str | None = None) -> Sample:
            held = tuple(Context(pair.answer, pair.question) for pair in contexts)
            return Sample("x", query.text, answer, held, reference or right.answer, query.language)

        yield "right", sample(right.answer, sources)
        yield "another pair's", sample(far.answer, [far, near, second])
        yield "the most similar pair's", sample(near.answer, [near, second, third])
        yield "another pair's, right contexts", sample(far.answer, sources)
        yield "declining", sample("Sorry, I do not know.", sources)
        yield "right context last", sample(right.answer, [near, second, right])
        yield "right context missing", sample(near.answer, [near, second, third])
        claims = [each for each in sentences(right.answer) if says_something(read(each.strip(), right.language))]
        if len(claims) >= 2:
            yield "half", sample("".join(claims[: len(claims) // 2]), sources)
        if (turned := turned_round(right)) is not None:
            yield "turned round", sample(turned, sources)
        if (foreign := self._foreign_sentence(right, far)) is not None:
            yield "with a foreign sentence", sample(f"{right.answer.rstrip()} {foreign}", sources)
        for other in self.alternatives.get(right.id, ())[:1]:
            yield "somebody else's", sample(other, sources)
            yield "somebody else's reference", sample(right.answer, sources, other)
            yield "somebody else's reference, right context missing", sample(right.answer, [near, second, third], other)

    def _foreign_sentence(self, right: Pair, far: Pair) -> str | None:
        said = [s.strip() for s in sentences(far.answer) if len(read(s).words) >= 4 and says_something(read(s.strip()))]
        return self.chance.choice(said) if said else None


def turned_round(pair: Pair) -> str | None:
    """The answer with its first sentence that can be contradicted saying the contrary, or another number."""
    parts = sentences(pair.answer)
    changes = (swap_number, flip(pair.language)) if pair.language in ("en", "de", "fr", "ru") else (swap_number,)
    for n, part in enumerate(parts):
        for change in changes:
            if len(read(part).words) >= 3 and (changed := change(part)) != part:
                return "".join([*parts[:n], changed, *parts[n + 1 :]])
    return None


def alternatives() -> dict[str, list[str]]:
    lines = (data.ROOT / "faq/stackfaq/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row.get("alt_answers") or [] for row in map(json.loads, lines)}


def report(name: str, found: Mapping[str, Mapping[str, Sequence[float | None]]]) -> None:
    print(f"\n## {name}\n\n| answers | {' | '.join(ALL_METRICS)} | of |\n|{' --- |' * (len(ALL_METRICS) + 2)}")
    for kind in found[Metric.FAITHFULNESS]:
        means = (mean_of(found[metric][kind]) for metric in ALL_METRICS)
        planted = sum(value is not None for value in found[Metric.CONTEXT_PRECISION][kind])
        print(f"| {kind} | {' | '.join(means)} | {planted} |")
    print(f"\n| metric | good | bad | ordered | AUROC | of |\n|{' --- |' * 6}")
    for metric, good, bad in ORDERS:
        both = [
            (one, other)
            for one, other in zip(found[metric].get(good, ()), found[metric].get(bad, ()), strict=False)
            if one is not None and other is not None
        ]
        if both:
            print(f"| {metric} | {good} | {bad} | {ordered(both):.3f} | {among_all(both):.3f} | {len(both)} |")


def mean_of(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):.3f}" if known else "–"


def ordered(both: Sequence[tuple[float, float]]) -> float:
    return sum(1.0 if one > other else 0.5 if one == other else 0.0 for one, other in both) / len(both)


def among_all(both: Sequence[tuple[float, float]]) -> float:
    scores = np.array([score for pair in both for score in pair])
    return auroc(scores, np.array([True, False] * len(both)))


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--questions", type=int, default=60, help="of each set")
    arguments.add_argument("--set", action="append", choices=[*SETS], help="only these")
    given = arguments.parse_args()
    for name in given.set or SETS:
        report(name, await Bench(SETS[name](), given.questions).scores())


if __name__ == "__main__":
    asyncio.run(main())
