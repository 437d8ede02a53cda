"""Two API processes and two workers on the same backends: who asks either is told what was last said to the other."""

import asyncio
import os
import random
import time
from collections import Counter

import httpx
import pytest
from tests.support.processes import Deployment, data, report, upload

READS = int(os.environ.get("SUPPORTRAG_TEST_READS", "300"))
SUBJECTS = ("aardvarks", "bicycles", "candles", "dictionaries")


class Actor:
    """Somebody who changes one document through one process and asks about it through the other."""

    def __init__(self, name: str, clients: tuple[httpx.AsyncClient, httpx.AsyncClient], chance: random.Random) -> None:
        self.question = f"What is the return policy for {name}?"
        self._name, self._clients, self._chance = name, clients, chance
        self._document = self._pair = ""
        self.first = f"Return {name} within 1 days."
        self._answer: str | None = self.first
        self.wrong: list[str] = []
        self.reads: Counter[str] = Counter()

    async def find_out(self) -> None:
        for _ in range(300):
            asked = await data(self._clients[0], "POST", "/api/v1/queries", json={"question": self.question})
            if asked["answer"] == self.first:
                source = asked["sources"][0]
                self._document, self._pair = source["document_id"], source["qa_id"]
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{self.question} was never answered")

    async def act(self, reads: int) -> None:
        while self.reads.total() < reads:
            verb = await self._change()
            for reader in self._chance.choices(self._clients, k=4):
                await self._read(reader, verb)

    async def _change(self) -> str:
        writer, verb = self._chance.choice(self._clients), self._chance.choice(["edit", "edit", "archive"])
        if self._answer is None:
            await data(writer, "POST", f"/api/v1/documents/{self._document}/restore")
            self._answer = self._last
            return "restore"
        if verb == "archive":
            self._last, self._answer = self._answer, None
            await data(writer, "DELETE", f"/api/v1/documents/{self._document}")
            return verb
        self._answer = f"Return {self._name} within {self._chance.randint(2, 999_999)} days."
        edited = await data(writer, "PUT", f"/api/v1/qa-pairs/{self._pair}", json={"answer": self._answer})
        assert edited["reindexed"] is True
        return verb

    async def _read(self, reader: httpx.AsyncClient, verb: str) -> None:
        asked = await data(reader, "POST", "/api/v1/queries", json={"question": self.question})
        self.reads[f"{verb}, {'cached' if asked['cache_hit'] else 'fresh'}"] += 1
        sources = [source["qa_id"] for source in asked["sources"]]
        told = asked["answer"] if self._pair in sources else None
        if told != self._answer:
            self.wrong.append(f"after {verb}: {told!r} instead of {self._answer!r}, cached: {asked['cache_hit']}")


async def consistency(deployment: Deployment, reads: int) -> tuple[Counter[str], list[str], float]:
    apis = deployment.api(), deployment.api()
    deployment.worker()
    deployment.worker()
    async with apis[0].client() as one, apis[1].client() as other:
        files = {f"about {name}": [(f"What is the return policy for {name}?", f"Return {name} within 1 days.")]
                 for name in SUBJECTS}  # fmt: skip
        await upload(one, files)
        actors = [Actor(name, (one, other), random.Random(n)) for n, name in enumerate(SUBJECTS)]
        await asyncio.gather(*(actor.find_out() for actor in actors))
        begun = time.monotonic()
        await asyncio.gather(*(actor.act(reads // len(actors)) for actor in actors))
        took = time.monotonic() - begun
    return sum((actor.reads for actor in actors), Counter()), [each for a in actors for each in a.wrong], took


async def test_reads_after_writes_through_the_other_process_are_right(deployment: Deployment) -> None:
    reads, wrong, took = await consistency(deployment, READS)
    report(f"{reads.total()} reads after writes in {took:.0f} s: {dict(reads)}; wrong: {len(wrong)}")
    assert wrong == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_ten_thousand_reads_after_writes_are_right(deployment: Deployment) -> None:
    reads, wrong, took = await consistency(deployment, 10_000)
    report(f"{reads.total()} reads after writes in {took:.0f} s: {dict(reads)}; wrong: {len(wrong)}")
    assert wrong == []
