"""What labels are worth, through the API: ECE on held-out questions before and after `calibrate`.

    python -m benchmarks.calibration [stackfaq] [covidfaq] [--held-out 150]

Half of a set's pairs is loaded, so that half of the questions have lost their article. Every question is answered
(the threshold is 0), and is right when its source holds an approved answer of it. The first ones get feedback that
says so; after 20 and after 200 of them confidence is calibrated, and the held-out questions are asked again.
"""

import argparse
import asyncio
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from benchmarks.lab import data
from benchmarks.lab.data import Query, QuestionSet
from benchmarks.lab.measures import calibration_error
from benchmarks.lab.worlds import halved
from tests.support.system import SystemUnderTest, running

SETS = {"stackfaq": data.stackfaq, "covidfaq": data.covidfaq}
LABELS = (20, 200)
EVERYTHING = {"escalation": {"confidence_threshold": 0.0}, "cache": {"enabled": False}}


class Desk:
    def __init__(self, system: SystemUnderTest, world: QuestionSet) -> None:
        self.system = system
        self.answers = {pair.id: pair.answer for pair in world.pairs}

    async def ask(self, query: Query) -> tuple[str, float, bool] | None:
        """Its id, how sure the service was, and whether it was right; None where a rule handed it over."""
        asked = await self.system.ask(query.text)
        if not asked["sources"]:
            return None
        pair = await self.system.data("GET", f"/api/v1/qa-pairs/{asked['sources'][0]['qa_id']}")
        right = {self.answers[key] for key in query.relevant if key in self.answers}
        return asked["query_id"], asked["confidence"], pair["answer"] in right

    async def judge(self, queries: Iterator[Query], count: int) -> None:
        """Gives feedback on so many answers; a question that a rule handed over has none."""
        while count:
            query = next(queries)
            if (answered := await self.ask(query)) is not None:
                feedback = {"rating": 5 if answered[2] else 1, "correct": answered[2]}
                await self.system.data("POST", f"/api/v1/queries/{answered[0]}/feedback", json=feedback)
                count -= 1

    async def error(self, held_out: Sequence[Query]) -> float:
        found = [answered for query in held_out if (answered := await self.ask(query)) is not None]
        return calibration_error(np.array([each[1] for each in found]), np.array([each[2] for each in found]))


async def measure(name: str, held_out: int, steps: Sequence[int]) -> None:
    questions = SETS[name]()
    world = halved(questions, 0)
    asked = random.Random(7).sample(list(questions.queries), len(questions.queries))
    rest, judged = asked[:held_out], iter(asked[held_out:])
    async with running(log_level="ERROR") as system:
        await system.learn(*((pair.question, pair.answer) for pair in world.pairs))
        await system.data("PUT", "/api/v1/config", json=EVERYTHING)
        desk, done = Desk(system, world), 0
        print(f"| {name} | 0 | | | {await desk.error(rest):.3f} | |", flush=True)
        for labels in steps:
            await desk.judge(judged, labels - done)
            done = labels
            fit: dict[str, Any] = await system.data("POST", "/api/v1/evaluation/calibrate", json={"force": True})
            before, after = (f"{fit[when]['ece']:.3f}" for when in ("before", "after"))
            moved = f"slope {fit['slope']:.2f}, shift {fit['shift']:+.2f}"
            error = await desk.error(rest)
            print(f"| {name} | {fit['labels']} | {before} | {after} | {error:.3f} | {moved} |", flush=True)


async def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sets", nargs="*", default=list(SETS))
    arguments.add_argument("--held-out", type=int, default=150)
    arguments.add_argument("--labels", type=int, nargs="+", default=list(LABELS))
    given = arguments.parse_args()
    print("| set | labels | ECE said before | said after | ECE of held-out questions | fit |\n|" + " --- |" * 6)
    for name in given.sets:
        await measure(name, given.held_out, given.labels)


if __name__ == "__main__":
    asyncio.run(main())
