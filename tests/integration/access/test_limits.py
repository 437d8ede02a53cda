"""Limits over HTTP: what counts, what is said of it, what does not count."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.access import Visitor, visitor
from tests.support.redis import RedisProcess
from tests.support.system import SystemUnderTest, running

from adapters.system.fixed import ManualClock

ASK = "/api/v1/queries"


@pytest.fixture
async def desk(world_settings: dict[str, Any]) -> AsyncIterator[SystemUnderTest]:
    async with running(clock=ManualClock(), **world_settings) as started:
        yield started


async def used(key: Visitor) -> dict[str, int]:
    limits = (await key.get("/api/v1/usage")).json()["data"]["limits"]
    return {name: window["used"] for name, window in limits.items()}


async def test_the_eleventh_and_twelfth_question_of_a_minute_come_with_a_warning(desk: SystemUnderTest) -> None:
    key = await visitor(desk, tier="free")
    answers = [await key.ask() for _ in range(13)]
    assert [a.status_code for a in answers] == [200] * 12 + [429]
    assert ["x-ratelimit-warning" in a.headers for a in answers] == [False] * 10 + [True] * 2 + [False]
    assert [a.headers["x-ratelimit-remaining"] for a in answers[:3]] == ["9", "8", "7"]
    refused = answers[-1]
    assert refused.json()["errors"][0]["code"] == "RATE_LIMIT_EXCEEDED"
    assert refused.headers["retry-after"] == refused.headers["x-ratelimit-retry-after"] == "60"
    reset = int(desk.clock.now().timestamp()) + 60  # type: ignore[union-attr]
    assert refused.headers["x-ratelimit-reset"] == str(reset)
    assert refused.headers["ratelimit"] == '"queries";r=0;t=60'
    assert refused.headers["ratelimit-policy"] == '"queries";q=10;w=60'


async def test_after_its_burst_minute_a_key_gets_the_limit_until_the_hour_is_over(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    key = await visitor(desk, tier="free")

    async def minute() -> int:
        passed = sum([(await key.ask()).status_code == 200 for _ in range(14)])
        desk.clock.advance(seconds=60)  # type: ignore[union-attr]
        return passed

    assert [await minute() for _ in range(3)] == [12, 10, 10]
    desk.clock.advance(minutes=57)
    assert await minute() == 12


async def test_other_routes_have_a_window_of_their_own(desk: SystemUnderTest) -> None:
    key = await visitor(desk, tier="free")
    for _ in range(12):
        await key.ask()
    listed = await key.get("/api/v1/queries")
    assert listed.status_code == 200
    assert listed.headers["ratelimit"] == '"requests";r=99;t=60'


async def test_every_item_of_a_batch_is_a_query(desk: SystemUnderTest) -> None:
    key = await visitor(desk, tier="free")

    def batch(size: int) -> dict[str, Any]:
        return {"queries": [{"id": str(n), "question": "What is it?"} for n in range(size)]}

    assert (await key.post("/api/v1/queries/batch", batch(5))).status_code == 202
    assert await used(key) == {"queries": 5, "requests": 1, "uploads": 0}
    too_large = await key.post("/api/v1/queries/batch", batch(6))
    assert too_large.status_code == 400 and too_large.json()["errors"][0]["details"]["max_items"] == 5
    assert (await used(key))["queries"] == 5
    assert [(await key.post("/api/v1/queries/batch", batch(5))).status_code for _ in range(2)] == [202, 429]
    assert (await used(key))["queries"] == 10


async def test_an_upload_is_a_file_and_a_day_has_ten(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    key = await visitor(desk, tier="free")

    async def upload(files: int) -> int:
        parts = [("files", (f"f{n}.md", b"# Q?\n\nAn answer of some length.\n", "text/markdown")) for n in range(files)]
        return (await key.request("POST", "/api/v1/documents/upload", files=parts)).status_code

    assert [await upload(4), await upload(4), await upload(4), await upload(1)] == [202, 202, 202, 429]
    assert (await used(key))["uploads"] == 12
    desk.clock.advance(hours=23)
    assert await upload(1) == 429
    desk.clock.advance(hours=1)
    assert await upload(5) == 202


async def test_chat_turns_count_as_queries(desk: SystemUnderTest) -> None:
    key = await visitor(desk, tier="free")
    await key.post("/api/v1/chat/completions", {"question": "What is it?"})
    await key.post("/api/v1/chat/stream", {"question": "What is it?"})
    await key.post(
        "/v1/chat/completions", {"model": "support", "messages": [{"role": "user", "content": "What is it?"}]}
    )
    assert (await used(key))["queries"] == 3


async def test_what_is_refused_does_not_count(desk: SystemUnderTest) -> None:
    key = await visitor(desk, tier="free")
    for body in ({"question": "ab"}, {}, {"question": "What?", "nonsense": 1}):
        refused = await key.post(ASK, body)
        assert refused.status_code == 400 and refused.headers["x-ratelimit-remaining"] == "10"
    assert (await key.get("/api/v1/queries/q_none")).headers["x-ratelimit-remaining"] == "100"
    assert await used(key) == {"queries": 0, "requests": 1, "uploads": 0}


async def test_what_is_replayed_does_not_count(desk: SystemUnderTest) -> None:
    key = await visitor(desk, tier="free")
    answers = [await key.ask(headers={"Idempotency-Key": "once"}) for _ in range(20)]
    assert {a.status_code for a in answers} == {200} and answers[-1].headers["idempotency-replayed"] == "true"
    assert answers[-1].headers["x-ratelimit-remaining"] == "9"
    assert (await used(key))["queries"] == 1


async def test_every_answer_to_a_limited_key_says_how_it_stands(desk: SystemUnderTest) -> None:
    key = await visitor(desk, "read", tier="free")
    for method, path, status in (
        ("GET", "/api/v1/me", 200),
        ("GET", "/api/v1/jobs/job_none", 404),
        ("GET", "/api/v1/jobs?limit=0", 400),
        ("GET", "/api/v1/audit", 403),
        ("POST", "/api/v1/queries", 403),
    ):
        answer = await key.request(method, path)
        assert answer.status_code == status
        for header in (
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
            "ratelimit",
            "ratelimit-policy",
        ):
            assert header in answer.headers, (path, header)


async def test_an_unlimited_key_is_told_nothing_of_limits(desk: SystemUnderTest) -> None:
    key = await visitor(desk)
    assert not [name for name in (await key.get("/api/v1/me")).headers if "ratelimit" in name]


async def test_crossing_a_quota_is_announced_once_a_window(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    key = await visitor(desk, tier="free")

    async def announced() -> list[tuple[str, int]]:
        events = [recorded.event for recorded in await desk.container.store().recorded_events("acme")]
        return [(e.quota_type, e.limit) for e in events if type(e).__name__ == "QuotaExceeded"]

    for _ in range(15):
        await key.ask()
    assert await announced() == [("queries", 10)]
    desk.clock.advance(seconds=60)
    for _ in range(15):
        await key.ask()
    assert len(await announced()) == 2


async def test_fifty_callers_of_one_key_at_once_get_twelve_answers(desk: SystemUnderTest) -> None:
    key = await visitor(desk, tier="free")
    answers = await asyncio.gather(*(key.ask() for _ in range(50)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (12, 38)


async def test_two_instances_count_together_through_redis(database_url: str, redis_url: str) -> None:
    """Fifty callers of one key, half of them at each of two servers."""
    settings = {"database_url": database_url, "redis_url": redis_url, "master_key": "m"}
    clock = ManualClock()
    async with running(clock=clock, **settings) as one, running(clock=clock, **settings) as other:
        mine = await visitor(one, "read", tier="free")
        there = Visitor(other, mine.key_id, mine.secret, mine.tenant_id)
        answers = await asyncio.gather(*(who.get("/api/v1/me") for who in (mine, there) for _ in range(70)))
        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(200), statuses.count(429)) == (120, 20)


async def test_a_lost_redis_shows_in_the_metrics_and_stops_nobody(own_redis: RedisProcess) -> None:
    async with running(clock=ManualClock(), redis_url=own_redis.url) as desk:
        key = await visitor(desk, tier="free")
        own_redis.stop()
        statuses = [(await key.ask()).status_code for _ in range(13)]
        assert statuses == [200] * 12 + [429]
        shown = (await desk.http.get("/metrics")).text
        assert re.search(r"^supportrag_rate_limit_fallbacks_total 13(\.0)?$", shown, re.MULTILINE), shown[-2000:]
        own_redis.start()


CALLER = """
import asyncio, sys
from adapters.limits.redis import RedisLimiter, connect
from domain.access import Tier
from domain.limits import POLICIES, Quota

async def main(url, name):
    limiter, policy = RedisLimiter(connect(url)), POLICIES[Tier.PRO][Quota.QUERIES]
    async def caller(number):
        tickets = [f"{name}.{number}.{n}" for n in range(8)]
        return sum([(await limiter.take("acme/key", policy, 1, ticket, 1000.0)).allowed for ticket in tickets])
    print(sum(await asyncio.gather(*(caller(number) for number in range(25)))))
    await limiter.close()

asyncio.run(main(*sys.argv[1:]))
"""


def test_fifty_callers_on_two_processes_get_exactly_the_hard_limit(redis_url: str) -> None:
    command = [sys.executable, "-c", CALLER, redis_url]
    processes = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in ("a", "b")]
    passed = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(passed) == 120, passed  # of 400 asked: the hard limit of 100 queries a minute


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/v1/nothing", {}, 404),
        ("PATCH", "/api/v1/me", {}, 405),
        ("GET", "/api/v2/me", {}, 404),
        ("GET", "/api/v1/me", {"Accept": "application/vnd.supportrag.v2+json"}, 406),
        ("GET", "/api/v1/me", {"X-Request-ID": "a b"}, 400),
        ("GET", "/api/v1/me", {"X-Tenant-ID": "another"}, 403),
        ("GET", "/api/v1/api-keys", {}, 403),
        ("GET", "/api/v1/jobs/none", {}, 404),
        ("POST", "/api/v1/queries", {"Content-Type": "text/xml"}, 415),
    ],
)
async def test_whatever_a_limited_key_is_refused_for_the_answer_says_how_things_stand(
    desk: SystemUnderTest, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    key = await visitor(desk, tier="free")
    answer = await key.request(method, path, headers=headers, content=b"x" if method == "POST" else None)
    assert answer.status_code == status
    unit = "queries" if method == "POST" else "requests"
    limit = {"queries": "10", "requests": "100"}[unit]
    told = {name: answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining")}
    assert told == {"limit": limit, "remaining": limit}, "and it did not count"
    assert int(answer.headers["x-ratelimit-reset"]) > 0
    assert answer.headers["ratelimit"].startswith(f'"{unit}";r={limit}')
    assert answer.headers["ratelimit-policy"] == f'"{unit}";q={limit};w=60'


async def test_a_refusal_tells_nothing_to_whoever_has_no_key_or_one_that_is_unlimited(desk: SystemUnderTest) -> None:
    unlimited = await visitor(desk)
    stranger = {"Authorization": "Bearer sk_live_nobodys"}
    for headers in (unlimited.headers, stranger, {"Authorization": "Basic eDp5"}):
        answer = await desk.http.get("/api/v1/nothing", headers=headers)
        assert answer.status_code == 404 and not [name for name in answer.headers if "ratelimit" in name]
