"""What the answer cache gives and what it must not: `python -m benchmarks.semantic_cache [--intents]`.

The service's own memory of answers with its own models: every question of a set is looked up, and kept when it
was not found, as if all were asked one after the other. A hit is false when the question it came from asks for
another entry of the set. Of the near-opposites (tests/data/near_opposites.tsv) each pair is tried both ways; what
cosine alone would have done stands beside it. The sets are in ../shared/data.
"""

import argparse
import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog
from benchmarks.lab.data import ROOT, Query, covidfaq, queries, rows, stackfaq
from rich.console import Console
from rich.table import Table
from tests.support.system import embedder

from adapters.ephemeral.memory import MemoryAnswerCache
from adapters.system.live import SystemClock
from application.answer_memory import AnswerMemory
from application.ports.cache import CachedAnswer, CacheScope
from domain.queries import Action, Answer
from domain.ranking import BUILT_IN
from domain.settings import Cache

DATA = Path(__file__).parents[1] / "tests" / "data"
SCOPE = CacheScope("bench", 1, "en", "", "")
ANSWER = Answer("…", 1.0, Action.AUTO_REPLY)
SETTINGS = Cache()
CUTS = (0.85, 0.9, 0.95)
Wanted = tuple[str, str, str]
"""A question, its language, and what it asks for."""


class Desk:
    """One tenant's cache, asked question by question."""

    def __init__(self) -> None:
        self._memory = AnswerMemory(MemoryAnswerCache(SystemClock()), embedder(), BUILT_IN)

    async def ask(self, text: str, language: str) -> tuple[str, str | None]:
        """How it was found, and the question that the answer was kept for."""
        scope = replace(SCOPE, language=language)
        found = await self._memory.look_up(scope, text, SETTINGS)
        if found.found is not None:
            return found.how, found.found.question
        await self._memory.keep(scope, text, CachedAnswer(text, ANSWER, None, None), SETTINGS)
        return "miss", None


def asked(intents: bool) -> dict[str, list[Wanted]]:
    debian = [(q.text, q.language, min(q.relevant)) for x in ("de", "fr", "ru") for q in _debian(x)]
    labelled = {
        name: [(row["text"], "en", row["intent"]) for row in rows(f"intents/{path}/test.jsonl")]
        for name, path in ((("BANKING77, test", "banking77"), ("CLINC150, test", "clinc150")) if intents else ())
    }
    sets = {
        each.name: [(q.text, q.language, min(q.relevant)) for q in each.queries] for each in (stackfaq(), covidfaq())
    }
    return {**sets, "debianfaq de, fr, ru": debian, **labelled}


def _debian(language: str) -> Sequence[Query]:
    return queries(f"faq/debianfaq/queries.{language}.jsonl")


async def hits_table(intents: bool) -> Table:
    table = Table("set", "questions", "exact", "near", "hits", "false", title="Each question once, as they come")
    for name, questions in asked(intents).items():
        desk, counted, wrong = Desk(), Counter[str](), list[tuple[str, str]]()
        wanted = {text: entry for text, _, entry in questions}
        for text, language, entry in questions:
            how, kept = await desk.ask(text, language)
            counted[how] += 1
            if kept is not None and wanted[kept] != entry:
                wrong.append((text, kept))
        found = counted["exact"] + counted["semantic"]
        share = f"{found / len(questions):.3f}"
        table.add_row(name, *map(str, (len(questions), counted["exact"], counted["semantic"], share, len(wrong))))
        for text, kept in wrong:
            table.add_row("", "", "", "", "", f"{text!r} ← {kept!r}")
    return table


async def opposites_table() -> Table:
    """Both ways round each pair; `cosine alone` is what would be taken for the same question without the guard."""
    lines = [line.split("\t") for line in (DATA / "near_opposites.tsv").read_text().splitlines()]
    table = Table("language", "pairs", "false hits", *(f"cosine ≥ {cut}" for cut in CUTS), title="Near-opposites")
    for language in sorted({line[0] for line in lines}):
        pairs = [(one, other) for code, _, one, other in lines if code == language]
        alone = [await cosine(one, other, language) for one, other in pairs]
        false = sum([await _shares(one, other, language) for one, other in pairs])
        cut = [str(sum(cosine >= least for cosine in alone)) for least in CUTS]
        table.add_row(language, str(len(pairs)), str(false), *cut)
    return table


async def _shares(one: str, other: str, language: str) -> int:
    found = 0
    for first, second in ((one, other), (other, one)):
        desk = Desk()
        await desk.ask(first, language)
        found += (await desk.ask(second, language))[0] != "miss"
    return found


async def cosine(one: str, other: str, language: str) -> float:
    space = next(s.name for s in BUILT_IN.spaces if s.serves(language))
    first, second = await embedder().embed(space, [one, other])
    return sum(a * b for a, b in zip(first, second, strict=True))


async def same_table() -> Table:
    lines = [line.split("\t") for line in (DATA / "same_questions.tsv").read_text().splitlines()]
    found = sum([await _shares(one, other, language) for language, one, other in lines])
    table = Table(
        "pairs", "found, both ways", title="The same question in other clothes (tests/data/same_questions.tsv)"
    )
    table.add_row(str(len(lines)), f"{found} of {2 * len(lines)}")
    return table


async def measure(intents: bool) -> None:
    console = Console(width=150)
    console.print(await opposites_table())
    console.print(await same_table())
    if ROOT.exists():
        console.print(await hits_table(intents))


def main() -> None:
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--intents", action="store_true", help="BANKING77 and CLINC150, too")
    asyncio.run(measure(parser.parse_args().intents))


if __name__ == "__main__":
    main()
