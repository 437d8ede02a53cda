"""The same request again: one effect, one answer, in memory and in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.support.access import Visitor, visitor
from tests.support.system import SystemUnderTest, running

from adapters.system.fixed import ManualClock
from application.ports.storage import REPLAYS, SESSIONS
from application.use_cases.answering import AskQuestion
from application.use_cases.replay import Claim, KeptAnswer
from domain.paging import where

KEY = {"Idempotency-Key": "order-66"}


@pytest.fixture(params=["memory", "postgres"])
def place(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of where answers are kept."""
    if request.param == "memory":
        return {}
    return {"database_url": request.getfixturevalue("database_url"), "master_key": "m"}


@pytest.fixture
async def desk(place: dict[str, Any]) -> AsyncIterator[SystemUnderTest]:
    async with running(clock=ManualClock(), **place) as started:
        yield started


@pytest.fixture
async def acme(desk: SystemUnderTest) -> Visitor:
    return await visitor(desk, "admin", "write")


async def sessions(key: Visitor) -> int:
    async with key.system.container.store().begin(key.tenant_id) as uow:
        return int(await uow[SESSIONS].count())


async def open_session(key: Visitor, user: str = "u", **headers: str) -> httpx.Response:
    return await key.post("/api/v1/sessions", {"user_id": user}, headers=headers)


async def test_a_request_sent_again_gets_its_first_answer(acme: Visitor) -> None:
    first, again = [await open_session(acme, **KEY) for _ in range(2)]
    assert first.status_code == again.status_code == 201 and first.content == again.content
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert await sessions(acme) == 1


async def test_a_request_id_is_a_key_as_well(acme: Visitor) -> None:
    answers = [await open_session(acme, **{"X-Request-ID": "r-1"}) for _ in range(2)]
    assert answers[0].content == answers[1].content and await sessions(acme) == 1
    assert answers[1].headers["x-request-id"] == "r-1"


async def test_without_a_key_every_request_has_its_effect(acme: Visitor) -> None:
    for _ in range(3):
        await open_session(acme)
    assert await sessions(acme) == 3


async def test_fifty_identical_requests_at_once_have_one_effect(acme: Visitor) -> None:
    answers = await asyncio.gather(*(open_session(acme, **KEY) for _ in range(50)))
    done = [a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]
    replayed = [a for a in answers if a.headers.get("idempotency-replayed")]
    waiting = [a for a in answers if a.status_code == 409]
    assert len(done) == 1 and len(replayed) + len(waiting) == 49
    assert all(int(a.headers["retry-after"]) >= 1 for a in waiting)
    assert await sessions(acme) == 1
    assert (await open_session(acme, **KEY)).content == done[0].content


async def test_another_body_under_the_same_key_is_a_conflict(acme: Visitor) -> None:
    await open_session(acme, **KEY)
    other = await open_session(acme, "somebody else", **KEY)
    assert other.status_code == 409 and "retry-after" not in other.headers
    assert await sessions(acme) == 1


async def test_the_same_key_elsewhere_is_another_request(acme: Visitor, desk: SystemUnderTest) -> None:
    await open_session(acme, **KEY)
    assert (await acme.post("/api/v1/queries", {"question": "What is it?"}, headers=KEY)).status_code == 200
    globex = await visitor(desk, tenant="globex")
    assert (await open_session(globex, **KEY)).headers.get("idempotency-replayed") is None
    assert await sessions(globex) == 1


async def test_a_refusal_that_would_be_given_again_is_kept(acme: Visitor) -> None:
    for method, path, body, status in (
        ("POST", "/api/v1/queries", {"question": "x"}, 400),
        ("DELETE", "/api/v1/documents/doc_none", None, 404),
    ):
        answers = [await acme.request(method, path, json=body, headers=KEY) for _ in range(2)]
        assert [a.status_code for a in answers] == [status] * 2
        assert answers[0].content == answers[1].content and answers[1].headers["idempotency-replayed"] == "true"


async def test_a_refusal_that_depends_on_the_moment_is_not_kept(desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    poor = await visitor(desk, tier="free")
    for _ in range(12):
        await poor.ask()
    assert (await poor.ask(headers=KEY)).status_code == 429
    desk.clock.advance(minutes=2)
    answered = await poor.ask(headers=KEY)
    assert answered.status_code == 200 and "idempotency-replayed" not in answered.headers
    reader = await visitor(desk, "read")
    assert [(await open_session(reader, **KEY)).status_code for _ in range(2)] == [403] * 2


async def test_an_answer_is_kept_for_a_day(acme: Visitor, desk: SystemUnderTest) -> None:
    assert desk.clock is not None
    await open_session(acme, **KEY)
    desk.clock.advance(hours=23, minutes=59)
    assert "idempotency-replayed" in (await open_session(acme, **KEY)).headers
    desk.clock.advance(minutes=1)
    assert "idempotency-replayed" not in (await open_session(acme, **KEY)).headers
    assert await sessions(acme) == 2
    desk.clock.advance(hours=25)
    await open_session(acme, **{"X-Request-ID": "another"})
    async with desk.container.store().begin("acme") as uow:
        assert await uow[REPLAYS].count() == 1, "what is older was forgotten along the way"


async def test_multipart_bodies_are_the_same_when_their_parts_are(acme: Visitor) -> None:
    async def upload(content: bytes, boundary: str) -> httpx.Response:
        part = b'Content-Disposition: form-data; name="files"; filename="a.md"\r\nContent-Type: text/markdown\r\n\r\n'
        line = f"--{boundary}".encode()
        body = line + b"\r\n" + part + content + b"\r\n" + line + b"--\r\n"
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await acme.request("POST", "/api/v1/documents/upload", content=body, headers={**kind, **KEY})

    first = await upload(b"# Q?\n\nA long enough answer.\n", "one")
    again = await upload(b"# Q?\n\nA long enough answer.\n", "two")
    other = await upload(b"# Q?\n\nAnother answer.\n", "three")
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 409)
    assert first.content == again.content


async def test_a_process_that_dies_in_the_middle_leaves_no_key_stuck(acme: Visitor, desk: SystemUnderTest) -> None:
    """Its claim is there and nobody renews it: after the lease the next request is let through."""
    assert desk.clock is not None
    answers = desk.container.access.replay_answers()
    principal = await desk.container.access.recognise_token()(acme.secret, None)
    route, sent = "POST /api/v1/sessions", "whatever the dead process was sent"
    assert isinstance(await answers.begin(principal, route, "order-66", sent), Claim)
    blocked = await open_session(acme, **KEY)
    assert blocked.status_code == 409
    desk.clock.advance(seconds=30)
    assert (await open_session(acme, **KEY)).status_code == 201
    assert await sessions(acme) == 1


async def test_a_claim_is_renewed_while_its_request_lasts_and_lost_claims_keep_nothing(
    acme: Visitor, desk: SystemUnderTest
) -> None:
    assert desk.clock is not None
    answers = desk.container.access.replay_answers()
    principal = await desk.container.access.recognise_token()(acme.secret, None)
    claim = await answers.begin(principal, "POST /x", "k", "body")
    desk.clock.advance(seconds=29)
    await answers.renew(claim)
    desk.clock.advance(seconds=29)
    with pytest.raises(Exception, match="still under way"):
        await answers.begin(principal, "POST /x", "k", "body")
    desk.clock.advance(seconds=1)
    successor = await answers.begin(principal, "POST /x", "k", "body")
    await answers.keep(claim, KeptAnswer(200, {}, b"too late"))
    await answers.keep(successor, KeptAnswer(200, {}, b"mine"))
    assert (await answers.begin(principal, "POST /x", "k", "body")).body == b"mine"


async def test_a_handler_that_fails_lets_the_next_one_try() -> None:
    calls: list[int] = []

    class Broken(AskQuestion):
        def __init__(self) -> None:
            """Needs nothing."""

        async def __call__(self, *_: Any, **__: Any) -> Any:
            calls.append(1)
            raise RuntimeError("a bug")

    async with running(clock=ManualClock(), overrides={"ask": Broken()}) as broken:
        key = await visitor(broken)
        assert [(await key.ask(headers=KEY)).status_code for _ in range(2)] == [500, 500]
    assert len(calls) == 2


async def test_streams_are_exempt(acme: Visitor) -> None:
    body = {"question": "What is it?"}
    answers = [await acme.post("/api/v1/chat/stream", body, headers=KEY) for _ in range(2)]
    assert all(a.status_code == 200 and "idempotency-replayed" not in a.headers for a in answers)
    streamed = {"model": "support", "stream": True, "messages": [{"role": "user", "content": "What is it?"}]}
    for _ in range(2):
        answer = await acme.post("/v1/chat/completions", streamed, headers=KEY)
        assert answer.status_code == 200 and "idempotency-replayed" not in answer.headers


async def test_what_is_kept_is_sealed(acme: Visitor, desk: SystemUnderTest) -> None:
    made = await acme.post("/api/v1/api-keys", {"name": "x", "scopes": ["read"]}, headers=KEY)
    again = await acme.post("/api/v1/api-keys", {"name": "x", "scopes": ["read"]}, headers=KEY)
    assert again.content == made.content
    async with desk.container.store().begin("acme") as uow:
        [kept] = await uow[REPLAYS].list(where())
    assert made.json()["data"]["api_key"] not in str(kept)


async def test_two_publishable_keys_never_get_each_others_answers(desk: SystemUnderTest) -> None:
    one, other = await visitor(desk, "chat"), await visitor(desk, "chat")
    body = {"question": "What is it?"}
    first = await one.post("/api/v1/chat/completions", body, headers=KEY)
    second = await other.post("/api/v1/chat/completions", body, headers=KEY)
    assert "idempotency-replayed" not in second.headers
    assert first.json()["data"]["session_id"] != second.json()["data"]["session_id"]


@pytest.mark.parametrize("key", ["x" * 129, "two words", "tab\there"], ids=["long", "words", "tab"])
async def test_a_key_that_cannot_be_kept_is_refused(acme: Visitor, key: str) -> None:
    refused = await open_session(acme, **{"Idempotency-Key": key})
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "idempotency-key"
