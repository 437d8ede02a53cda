"""Erasing a person: whatever they said or were called is afterwards nowhere, and what is others' stays."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
from tests.support.system import SystemUnderTest, running

from adapters.delivery.memory import MemoryDeliveries
from adapters.system.fixed import ManualClock
from application.ports.storage import AUDIT, JOBS, REPLAYS, TABLES
from application.use_cases.replay import opened
from domain.jobs import JobType
from domain.signing import key_bytes, timed_signature

ANN = "ann@zanzibar.example"
WORDS = ("zanzibar", "quagga", "ZANZIBAR")
"""In everything that is hers, and in nothing else."""
RETURNS = ("What is your return policy?", "You can return everything within 30 days of purchase.")
HERS = "What is your return policy for a quagga from Zanzibar?"
IN_VAIN = "Why does my quagga from Zanzibar not eat?"


@pytest.fixture
async def desk(world_settings: dict[str, Any]) -> AsyncIterator[SystemUnderTest]:
    async with running(clock=ManualClock(), log_level="DEBUG", **world_settings) as system:
        await system.learn(RETURNS)
        yield system


async def live_here(desk: SystemUnderTest) -> dict[str, str]:
    """Ann uses all that a person can use, between things that Bob does; ids of hers."""
    hook = {"url": "https://hooks.example/x", "events": ["*"], "direction": "both", "secret": "k" * 40}
    made = await desk.data("POST", "/api/v1/webhooks", json=hook)
    hook_id = made["webhook_id"]
    own_key = {"Idempotency-Key": "once"}
    await desk.call("PUT", f"/api/v1/users/{ANN}", json={"metadata": {"pet": "quagga"}}, headers=own_key)
    asked = await desk.data(
        "POST", "/api/v1/queries", json={"question": HERS, "user_id": ANN, "session_id": "hers"}, headers=own_key
    )
    rating = {"rating": 2, "comment": "My quagga is not impressed."}
    await desk.call("POST", f"/api/v1/queries/{asked['query_id']}/feedback", json=rating)
    nameless = {"question": "Do you know quaggas?", "session_id": "hers-before"}
    await desk.call("POST", "/api/v1/chat/completions", json=nameless)
    await desk.call(
        "POST", "/api/v1/chat/completions", json={"question": IN_VAIN, "session_id": "hers-before", "user_id": ANN}
    )
    items = [{"id": "1", "question": RETURNS[0], "user_id": "bob"}, {"id": "2", "question": HERS, "user_id": ANN}]
    batch = await desk.data("POST", "/api/v1/queries/batch", json={"queries": items})
    await write_in(desk, made, {"message": HERS, "user_id": ANN, "thread_id": "quagga"})
    await desk.run_due()
    raised = await desk.data("POST", "/api/v1/chat/sessions/hers/escalate", json={"reason": "The quagga is unwell."})
    await desk.call("POST", f"/api/v1/escalations/{raised['escalation_id']}/assign", json={"operator_id": "op"})
    solved = {"answer": "Feed the quagga.", "add_to_knowledge": True}
    await desk.call("POST", f"/api/v1/escalations/{raised['escalation_id']}/resolve", json=solved)
    await desk.ask(RETURNS[0], user_id="bob", session_id="his")
    await desk.container.webhooks.service().run_due()
    await desk.ask("Is the quagga in Zanzibar?", user_id=ANN, session_id="hers")  # its events have not gone out yet
    return {"batch": batch["job_id"], "hook": hook_id}


async def write_in(desk: SystemUnderTest, hook: dict[str, Any], data: dict[str, str]) -> None:
    now = desk.clock.now() if desk.clock else None
    assert now is not None
    notice = {"event_type": "message.received", "timestamp": now.isoformat(), "source": "crm", "data": data}
    body, stamp = json.dumps(notice).encode(), str(int(now.timestamp()))
    signature = timed_signature(key_bytes(hook["incoming_secret"]), stamp, body)
    headers = {"X-Webhook-ID": hook["webhook_id"], "X-Webhook-Timestamp": stamp, "X-Webhook-Signature": signature}
    headers["Content-Type"] = "application/json"
    await desk.call("POST", "/api/v1/webhooks/incoming/message", content=body, headers=headers)


async def everything_kept(desk: SystemUnderTest) -> list[tuple[str, str]]:
    """Every row of every table, every key of Redis: `(where, its text)`."""
    settings = desk.container.settings()
    store = desk.container.store()
    found = await _opened_answers(desk)
    if settings.database_url == "memory://":
        return found + await _in_memory(desk)
    async with store.transaction() as transaction:
        names = await transaction.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace", ()
        )
        for row in names:
            if row["relname"] != "schema_migrations":
                rows = await transaction.fetch(f"SELECT t::text AS row FROM {row['relname']} t", ())
                found += [(row["relname"], each["row"]) for each in rows]
    async with redis.asyncio.from_url(settings.redis_url) as client:
        async for key in client.scan_iter():
            found.append(("redis", f"{key!r} {await client.dump(key)!r}"))
    return found


async def _opened_answers(desk: SystemUnderTest) -> list[tuple[str, str]]:
    """Kept answers are sealed: a look at the rows would find nothing."""
    async with desk.container.store().begin("platform") as uow:
        replays = await uow[REPLAYS].list(())
    return [("answers", opened(replay, desk.container.cipher())) for replay in replays if replay.sealed_body]


async def _in_memory(desk: SystemUnderTest) -> list[tuple[str, str]]:
    store, deliveries, book = desk.container.store(), desk.container.deliveries(), desk.container.log_book()
    assert isinstance(deliveries, MemoryDeliveries)
    found = []
    async with store.begin("platform") as uow:
        for table in TABLES:
            found += [(table.name, repr(item)) for item in await uow[table].list(())]
    found += [("events", repr(recorded)) for recorded in store.outbox]
    found += [("public_events", repr(event)) for event in deliveries._log._events.values()]
    found += [("public_events", repr(entry)) for entries in deliveries._log._entries.values() for entry in entries]
    found += [("webhook_deliveries", repr(each)) for each in deliveries._deliveries.values()]
    found += [("webhook_attempts", repr(each)) for each in deliveries._attempts.items()]
    found += [("logs", repr(line)) for line in book._lines]
    return [*found, ("cache", repr(vars(desk.container.cache())))]


def hers(kept: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place, text in kept:
        if any(word in text for word in (*WORDS, "Zanzibar", "quaggas")):
            found.setdefault(place, []).append(text)
    return found


async def erase(desk: SystemUnderTest) -> None:
    job = await desk.data("DELETE", f"/api/v1/users/{ANN}")
    await desk.run_due()
    assert (await desk.data("GET", f"/api/v1/jobs/{job['job_id']}"))["status"] == "completed"
    await desk.container.webhooks.service().run_due()
    await desk.container.log_book().flush()


async def test_nothing_of_a_person_is_left_anywhere(desk: SystemUnderTest) -> None:
    ids = await live_here(desk)
    before = hers(await everything_kept(desk))
    assert before.keys() >= {
        "queries", "messages", "sessions", "users", "traces", "escalations", "staged_pairs", "jobs", "job_items",
        "events", "public_events", "answers",
    }  # fmt: skip
    await erase(desk)
    left = hers(await everything_kept(desk))
    assert left.keys() <= {"jobs", "events", "public_events", "audit_entries"}, left
    for texts in left.values():  # what is on record of the erasure itself, and of who asked for it
        for text in texts:
            assert "quagga" not in text and text.replace(ANN, "").lower().count("zanzibar") == 0, text
    assert all(
        "erasure" in text or "eraseUser" in text or "job." in text or "erased" in text
        for t in left.values()
        for text in t
    ), left
    results = (await desk.data("GET", f"/api/v1/jobs/{ids['batch']}/results"))["results"]
    assert "30 days" in json.dumps(results[0]) and "ERASED" in json.dumps(results[1])


async def test_what_is_others_stays_and_a_repeated_request_brings_nothing_back(desk: SystemUnderTest) -> None:
    await live_here(desk)
    await erase(desk)
    bobs = await desk.data("GET", "/api/v1/users/bob/export")
    assert [len(bobs[name]) for name in ("sessions", "messages", "queries")] == [1, 2, 2]
    told = (await desk.data("GET", "/api/v1/events", params={"limit": 100}))["events"]
    assert sum(event["data"].get("user_id") == "bob" for event in told) >= 4
    again = {"question": HERS, "user_id": ANN, "session_id": "hers"}
    await desk.call("POST", "/api/v1/queries", json=again, headers={"Idempotency-Key": "once"}, expect=409)
    await desk.call("GET", f"/api/v1/users/{ANN}", expect=404)
    async with desk.container.store().begin("platform") as uow:
        entries = [entry for entry in await uow[AUDIT].list(()) if entry.action == "eraseUser"]
        jobs = [job for job in await uow[JOBS].list(()) if job.type is JobType.ERASURE]
    assert [(entry.path, entry.status) for entry in entries] == [(f"/api/v1/users/{ANN}", 202)]
    assert [job.result["user_id"] for job in jobs if job.result] == [ANN]


async def test_an_erasure_that_was_interrupted_goes_on_with_what_is_left(desk: SystemUnderTest) -> None:
    await live_here(desk)
    await desk.call("DELETE", f"/api/v1/users/{ANN}")
    mentions = desk.container.conversations.forget_mentions()
    original, calls = desk.container.deliveries().erase, 0

    async def dies_once(*args: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ConnectionError("the process died")
        done: int = await original(*args)
        return done

    mentions._deliveries = type("Dying", (), {"erase": staticmethod(dies_once)})()
    await desk.run_due()
    await erase(desk)
    assert set(hers(await everything_kept(desk))) <= {"jobs", "events", "public_events", "audit_entries"}
