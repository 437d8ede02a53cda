"""What every answer cache promises: it forgets at any time, and never gives what was put elsewhere."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from tests.support.redis import RedisProcess

from adapters.ephemeral.memory import MemoryAnswerCache
from adapters.ephemeral.reach import Reach, connect
from adapters.ephemeral.redis import RedisAnswerCache
from adapters.system.fixed import ManualClock
from application.ports.cache import CachedAnswer, CacheScope
from domain.cache_guard import exact_form
from domain.errors import ServiceUnavailable
from domain.queries import Action, Answer, Source

SCOPE = CacheScope("acme", 7, "en", "", "")
ELSEWHERE = (
    replace(SCOPE, tenant_id="other"),
    replace(SCOPE, knowledge_version=8),
    replace(SCOPE, language="de"),
    replace(SCOPE, filters="category:returns"),
    replace(SCOPE, options="top_k=3"),
)
EAST, NORTH, NORTH_EAST = array("f", [1, 0]), array("f", [0, 1]), array("f", [0.8, 0.6])


@dataclass
class Caching:
    cache: Any
    let_pass: Callable[[float], Any]
    """Lets so many seconds pass."""

    async def put(self, question: str, vector: Any = None, scope: CacheScope = SCOPE, ttl: int = 60) -> CachedAnswer:
        entry = answered(question)
        await self.cache.put(scope, entry, "space", vector, ttl)
        return entry

    async def find(self, question: str, scope: CacheScope = SCOPE) -> CachedAnswer | None:
        found: CachedAnswer | None = await self.cache.find(scope, exact_form(question))
        return found

    async def near(self, vector: Any, at_least: float = 0.9, scope: CacheScope = SCOPE, space: str = "space") -> Any:
        return [found.question for found in await self.cache.near(scope, space, vector, at_least)]


def answered(question: str) -> CachedAnswer:
    source = Source("doc_1", "qa_1", "FAQ", question, "Within 30 days.", 0.93, "returns", None, None, "en")
    metadata = {
        "retrieval_mode": "hybrid",
        "documents_checked": 3,
        "when": datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
    }
    return CachedAnswer(
        question, Answer("Within 30 days.", 0.9, Action.AUTO_REPLY, (source,), metadata=metadata), "returns", None
    )


@pytest.fixture(params=["memory", "redis"])
async def caching(request: pytest.FixtureRequest) -> AsyncIterator[Caching]:
    if request.param == "memory":
        clock = ManualClock()

        async def advance(seconds: float) -> None:
            clock.advance(seconds=seconds)

        yield Caching(MemoryAnswerCache(clock), advance)
        return
    client = connect(request.getfixturevalue("redis_url"))
    yield Caching(RedisAnswerCache(client), asyncio.sleep)
    await client.aclose()


async def test_an_answer_comes_back_as_it_was_put(caching: Caching) -> None:
    entry = await caching.put("Can I return it?")
    assert await caching.find("Can I return it?") == entry


async def test_spelling_that_does_not_matter_finds_the_same_entry(caching: Caching) -> None:
    entry = await caching.put("Can I return it?")
    assert await caching.find("  can i RETURN it ? ") == entry


@pytest.mark.parametrize("scope", ELSEWHERE, ids=lambda scope: str(scope))
async def test_no_other_scope_finds_it(caching: Caching, scope: CacheScope) -> None:
    await caching.put("Can I return it?", EAST)
    assert await caching.find("Can I return it?", scope) is None
    assert await caching.near(EAST, scope=scope) == []
    assert await caching.near(EAST, space="another space") == []


async def test_an_entry_dies_when_its_time_is_up(caching: Caching) -> None:
    await caching.put("Can I return it?", EAST, ttl=1)
    await caching.let_pass(1.1)
    assert await caching.find("Can I return it?") is None
    assert await caching.near(EAST) == []


async def test_near_questions_come_nearest_first_and_none_below_the_threshold(caching: Caching) -> None:
    for question, vector in (("north", NORTH), ("north-east", NORTH_EAST), ("east", EAST)):
        await caching.put(question, vector)
    assert await caching.near(EAST, 0.7) == ["east", "north-east"]
    assert await caching.near(EAST, 0.9) == ["east"]


async def test_at_most_five_near_questions_are_given(caching: Caching) -> None:
    for n in range(9):
        await caching.put(f"question {n}", EAST)
    assert len(await caching.near(EAST)) == 5


async def test_a_question_without_a_vector_is_found_exactly_only(caching: Caching) -> None:
    entry = await caching.put("Can I return it?", None)
    assert await caching.near(EAST, -1.0) == []
    assert await caching.find("Can I return it?") == entry


async def test_putting_again_replaces(caching: Caching) -> None:
    await caching.put("Can I return it?", EAST)
    newer = replace(answered("Can I return it?"), category="newer")
    await caching.cache.put(SCOPE, newer, "space", EAST, 60)
    assert await caching.find("Can I return it?") == newer
    assert await caching.near(EAST) == ["Can I return it?"]


async def test_clearing_takes_one_tenants_entries_and_counts_them(caching: Caching) -> None:
    other = replace(SCOPE, tenant_id="other")
    await caching.put("One?", EAST)
    await caching.put("Two?", NORTH, replace(SCOPE, language="de"))
    await caching.put("Three?", EAST, other)
    assert await caching.cache.clear("acme") == 2
    assert await caching.find("One?") is None
    assert await caching.near(EAST) == []
    assert await caching.find("Three?", other) is not None
    assert await caching.cache.clear("acme") == 0


async def test_the_status_counts_what_was_found_of_what_was_asked(caching: Caching) -> None:
    assert (await caching.cache.status("acme")).hit_rate is None
    await caching.put("One?", EAST)
    await caching.find("One?")
    await caching.find("Unknown?")
    status = await caching.cache.status("acme")
    assert (status.total_keys, status.hit_rate, status.connected) == (1, 0.5, True)
    assert status.memory_usage_mb > 0
    assert (await caching.cache.status("other")).total_keys == 0


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_two_scopes_share_a_name(tenant: str, language: str, filters: str, options: str) -> None:
    cache = RedisAnswerCache(Redis())
    scope = CacheScope(tenant, 1, language, filters, options)
    moved = CacheScope(tenant, 1, language + filters, "", options)
    assert (cache._answer_key(scope, "q") == cache._answer_key(moved, "q")) == (scope == moved)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(texts=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=5, unique_by=exact_form))
async def test_any_text_is_a_question_of_its_own(texts: list[str], redis_url: str) -> None:
    client = connect(redis_url)
    cache = RedisAnswerCache(client)
    await cache.clear("acme")
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            continue
        await cache.put(SCOPE, answered(text), "space", None, 60)
        found = await cache.find(SCOPE, exact_form(text))
        assert found is not None
        assert found.question == text
    await client.aclose()


async def test_two_processes_share_what_either_puts(redis_url: str) -> None:
    clients = connect(redis_url), connect(redis_url)
    here, there = (Caching(RedisAnswerCache(client), asyncio.sleep) for client in clients)
    await here.put("One?", EAST)
    assert await there.near(EAST) == ["One?"]
    await there.put("Two?", EAST)
    assert sorted(await here.near(EAST)) == ["One?", "Two?"]
    await here.cache.clear("acme")
    assert await there.near(EAST) == []
    for client in clients:
        await client.aclose()


async def test_a_cache_that_went_away_behaves_like_an_empty_one_and_comes_back_by_itself(
    own_redis: RedisProcess,
) -> None:
    client = connect(own_redis.url)
    caching = Caching(RedisAnswerCache(client, reach=Reach(pause=0.2)), asyncio.sleep)
    await caching.put("One?", EAST)
    own_redis.kill()
    assert await caching.find("One?") is None
    assert await caching.near(EAST) == []
    await caching.put("Two?", EAST)
    assert (await caching.cache.status("acme")).connected is False
    with pytest.raises(ServiceUnavailable):
        await caching.cache.ping()
    own_redis.start()
    await asyncio.sleep(0.3)
    await caching.put("Three?", EAST)
    assert await caching.find("Three?") is not None
    assert await caching.near(EAST) == ["Three?"]
    await client.aclose()


async def test_a_cache_that_hangs_costs_one_question_under_a_second_and_the_next_nothing(
    own_redis: RedisProcess,
) -> None:
    client = connect(own_redis.url)
    caching = Caching(RedisAnswerCache(client), asyncio.sleep)
    await caching.put("One?", EAST)
    own_redis.freeze()
    try:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        assert await caching.find("One?") is None
        first, begun = loop.time() - begun, loop.time()
        assert await caching.find("One?") is None
        assert first < 1.2
        assert loop.time() - begun < 0.05
    finally:
        own_redis.thaw()
    await client.aclose()


async def test_what_another_version_of_the_program_wrote_counts_as_absent(redis_url: str) -> None:
    client = connect(redis_url)
    cache = RedisAnswerCache(client)
    await client.set(cache._answer_key(SCOPE, "q"), b"\xff not an answer")
    assert await cache.find(SCOPE, "q") is None
    await client.aclose()
