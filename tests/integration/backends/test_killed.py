"""Processes that die without a word, wherever they happen to be: nothing is lost, nothing is done twice."""

import asyncio
import json
import random
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import asyncpg
import httpx
import pytest
from tests.support.processes import Deployment, Worker, data, report, upload, within
from tests.support.qdrant_server import Fault

TENANT = "platform"


def real_pairs(language: str = "en") -> list[tuple[str, str]]:
    rows = json.loads(files("entrypoints.demo").joinpath(f"debian-faq.{language}.json").read_text("utf-8"))
    pairs = {row["question"]: row["answer"] for row in rows}
    return [(question, answer[:600]) for question, answer in pairs.items()]


@dataclass
class Crew:
    """Two workers, one of which is killed and replaced every now and then."""

    deployment: Deployment
    chance: random.Random
    kills: int = 0

    def __post_init__(self) -> None:
        self.workers: list[Worker] = [self.deployment.worker() for _ in range(2)]

    async def kill_one(self) -> None:
        victim = self.chance.randrange(len(self.workers))
        self.workers[victim].kill()
        self.kills += 1
        self.workers[victim] = await asyncio.to_thread(self.deployment.worker)


async def under_fire(
    deployment: Deployment, many_files: int, per_file: int, questions: int, kills: int
) -> dict[str, Any]:
    """An upload and a batch while workers are killed; what came of it."""
    pairs = real_pairs()[: many_files * per_file]
    parts = {f"faq-{n:03d}": pairs[n * per_file : (n + 1) * per_file] for n in range(many_files)}
    api, crew = deployment.api(), Crew(deployment, random.Random(7))
    begun = time.monotonic()
    async with api.client() as client:
        uploaded = await upload(client, {name: part for name, part in parts.items() if part})
        batch = await submit_batch(client, [pairs[n % len(pairs)][0] for n in range(questions)])
        for _ in range(kills):
            await asyncio.sleep(crew.chance.uniform(0.2, 3.0))
            await crew.kill_one()
        jobs = [await ended(client, uploaded), await ended(client, batch)]
        if jobs[0]["status"] == "waiting_input":
            await approve(client, uploaded)
            jobs[0] = await ended(client, uploaded, waiting=False)
        missing = [question for question, _ in pairs if not await is_found(client, question)]
        results = await batch_results(client, batch)
    counts = await counted(deployment.database_url)
    return {
        "kills": crew.kills, "seconds": round(time.monotonic() - begun), "files": len(parts), "pairs": len(pairs),
        "jobs": [job["status"] for job in jobs], "kept": counts["pairs"], "twice": counts["twice"],
        "not found": missing, "answered": len(results), "asked": questions, "queries": counts["queries"],
        "failed answers": [result["error"] for result in results if result["status"] != "success"],
        "waiting": counts["tasks"],
    }  # fmt: skip


async def submit_batch(client: httpx.AsyncClient, questions: list[str]) -> str:
    queries = [{"id": f"q{n}", "question": question} for n, question in enumerate(questions)]
    return str((await data(client, "POST", "/api/v1/queries/batch", json={"queries": queries}))["job_id"])


async def ended(client: httpx.AsyncClient, job_id: str, *, waiting: bool = True) -> Any:
    ends = ("completed", "failed", "cancelled", *(("waiting_input",) if waiting else ()))
    async with asyncio.timeout(1200):
        while True:
            job = await data(client, "GET", f"/api/v1/jobs/{job_id}")
            if job["status"] in ends:
                return job
            await asyncio.sleep(0.3)


async def approve(client: httpx.AsyncClient, job_id: str) -> None:
    query = {"job_id": job_id, "limit": "100"}
    path = "/api/v1/documents"
    while found := (await data(client, "GET", f"{path}/pending-review", params=query))["qa_pairs"]:
        updates = [{"qa_id": pair["qa_id"], "approved": True} for pair in found]
        body = {"updates": updates, "action": "approve_and_ingest"}
        await data(client, "POST", f"{path}/qa-pairs/batch-update", json=body)


async def is_found(client: httpx.AsyncClient, question: str) -> bool:
    found = await data(client, "GET", "/api/v1/search", params={"q": question[:500], "limit": "5"})
    return any(hit["question"] == question for hit in found["results"])


async def batch_results(client: httpx.AsyncClient, job_id: str) -> list[Any]:
    found: list[Any] = []
    while True:
        params = {"limit": "100", "offset": str(len(found))}
        page = (await data(client, "GET", f"/api/v1/jobs/{job_id}/results", params=params))["results"]
        if not page:
            return found
        found += page


async def counted(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT set_config('app.scope', 'all_tenants', false)")
        return {
            "pairs": await connection.fetchval("SELECT count(*) FROM qa_pairs WHERE status = 'active'"),
            "twice": await connection.fetchval(
                "SELECT count(*) FROM (SELECT 1 FROM qa_pairs GROUP BY body ->> 'question' HAVING count(*) > 1) AS many"
            ),
            "queries": await connection.fetchval("SELECT count(*) FROM queries"),
            "tasks": await connection.fetchval("SELECT count(*) FROM index_tasks"),
        }
    finally:
        await connection.close()


def hold(seen: dict[str, Any]) -> None:
    report("\n".join(f"{name:15} {value}" for name, value in seen.items()))
    assert set(seen["jobs"]) == {"completed"}
    assert (seen["kept"], seen["twice"], seen["not found"]) == (seen["pairs"], 0, [])
    assert (seen["answered"], seen["queries"], seen["failed answers"]) == (seen["asked"], seen["asked"], [])
    assert seen["waiting"] == 0


@pytest.mark.timeout(600)
async def test_killed_workers_lose_nothing_and_do_nothing_twice(deployment: Deployment) -> None:
    hold(await under_fire(deployment, many_files=12, per_file=2, questions=60, kills=3))


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_twenty_killed_workers_lose_nothing_of_fifty_files_and_a_thousand_questions(
    deployment: Deployment,
) -> None:
    hold(await under_fire(deployment, many_files=50, per_file=2, questions=1000, kills=20))


async def test_a_pair_committed_by_a_process_that_died_before_the_index_knew_is_found(deployment: Deployment) -> None:
    doomed, other = deployment.api(), deployment.api()
    deployment.worker()
    deployment.qdrant.fail(Fault(times=50, path="/points", delay=60))
    async with doomed.client() as client:
        adding = asyncio.create_task(add_document(client, "What is a zyzzyva?", "A beetle of South America."))
        assert await within(30, lambda: has_tasks(deployment.database_url))
        doomed.kill()
        await asyncio.gather(adding, return_exceptions=True)
    deployment.qdrant.fail()
    async with other.client() as client:
        assert await within(45, lambda: nothing_lags(client))
        assert await is_found(client, "What is a zyzzyva?")


async def test_a_pair_that_was_never_committed_is_never_found(deployment: Deployment) -> None:
    doomed, other = deployment.api(), deployment.api()
    deployment.worker()
    lock = await asyncpg.connect(deployment.database_url)
    transaction = lock.transaction()
    await transaction.start()
    await lock.execute("LOCK TABLE knowledge_versions IN ACCESS EXCLUSIVE MODE")
    async with doomed.client() as client:
        adding = asyncio.create_task(add_document(client, "What is a zyzzyva?", "A beetle of South America."))
        assert await within(30, lambda: somebody_waits(deployment.database_url))
        doomed.kill()
        await asyncio.gather(adding, return_exceptions=True)
    await transaction.rollback()
    await lock.close()
    async with other.client() as client:
        assert not await within(5, lambda: is_found(client, "What is a zyzzyva?"))
    assert (await counted(deployment.database_url))["pairs"] == 0


async def add_document(client: httpx.AsyncClient, question: str, answer: str) -> None:
    """Stages a pair by hand and commits it."""
    chunk = {"question": question, "answer": answer}
    draft = await data(client, "POST", "/api/v1/knowledge/chunks", json={"chunks": [chunk]})
    await data(client, "POST", "/api/v1/knowledge/commit", json={"draft_id": draft["draft_id"]})


async def nothing_lags(client: httpx.AsyncClient) -> bool:
    components = (await client.get("/health")).json()["data"]["components"]
    return components["qdrant"]["status"] == "healthy" and components["index"]["lag"] == 0


async def has_tasks(url: str) -> bool:
    return (await counted(url))["tasks"] > 0


async def somebody_waits(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    finally:
        await connection.close()
