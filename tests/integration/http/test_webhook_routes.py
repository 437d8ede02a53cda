"""Webhooks as their owner and other systems see them, through the real border."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from tests.support.border import build, client
from tests.support.webhooks import SECRET, WebhookWorld, caller

from application.ports.delivery import Posting
from application.ports.storage import WEBHOOKS
from application.use_cases.webhook_reading import START, BrowseDeliveries, BrowseWebhooks, ReadEvents
from entrypoints.http.app import HttpOptions
from entrypoints.http.routes.deliveries import DeliveriesController
from entrypoints.http.routes.events import EventsController, feed
from entrypoints.http.routes.incoming import IncomingController
from entrypoints.http.routes.webhooks import WebhooksController

EXAMPLES = Path(__file__).resolve().parents[4] / "shared/contract/seed_examples.json"
NEW = {"url": "https://receiver.example/hook", "events": ["query.failed"], "secret": SECRET}
FAILED = re.compile(rb"id: (?P<id>v1\.\S+)\nevent: query\.failed\ndata: (?P<data>\{.+\})\n\n")
NUMBERS = count()
ROUTES = (WebhooksController, DeliveriesController, EventsController, IncomingController)


@pytest.fixture
def world() -> WebhookWorld:
    return WebhookWorld()


def provided(world: WebhookWorld) -> dict[str, Provide]:
    parts = {
        "register_webhook": world.register, "change_webhook": world.change, "delete_webhook": world.delete,
        "rotate_secret": world.rotate, "test_webhook": world.test, "retry_delivery": world.retry,
        "browse_webhooks": BrowseWebhooks(world.store, world.queue), "accept_incoming": world.accept,
        "browse_deliveries": BrowseDeliveries(world.queue), "clock": world.clock,
        "read_events": ReadEvents(world.queue, world.signal, world.cipher),
    }  # fmt: skip
    return {name: Provide(giving(part), sync_to_thread=False) for name, part in parts.items()}


def giving(part: Any) -> Callable[[], Any]:
    return lambda: part


@pytest.fixture
def app(world: WebhookWorld) -> Litestar:
    options = HttpOptions(max_body_bytes=16 * 1024 * 1024)
    return build(options, ROUTES, dependencies=provided(world))


@pytest.fixture
async def http(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, token="admin") as each:
        yield each


async def register(http: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await http.post("/api/v1/webhooks", json={**NEW, **changes})
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_registering_answers_with_the_secret_once_in_two_spellings(http: httpx.AsyncClient) -> None:
    for path in ("/api/v1/webhooks", "/api/v1/webhooks/register"):
        answer = await http.post(path, json={k: v for k, v in NEW.items() if k != "secret"})
        made = answer.json()["data"]
        assert answer.headers["location"] == f"/api/v1/webhooks/{made['webhook_id']}"
        assert len(made["secret"]) == 43 and made["whsec"].startswith("whsec_") and made["secret_hash"]
        shown = (await http.get(f"/api/v1/webhooks/{made['webhook_id']}")).json()["data"]
        assert "secret" not in shown and made["secret"] not in json.dumps(shown)


async def test_every_offence_is_named(http: httpx.AsyncClient) -> None:
    bad = {"url": "http://127.0.0.1/x", "events": ["nonsense"], "headers": {"Host": "x"}, "ip_whitelist": ["x"]}
    answer = await http.post("/api/v1/webhooks", json=bad)
    fields = {problem["field"] for problem in answer.json()["errors"]}
    assert answer.status_code == 400 and fields == {"url", "events.0", "headers.Host", "ip_whitelist.0"}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"url": None, "events": ["*"]}, {**NEW, "retry_policy": {"max_retries": 11}}, {**NEW, "secret": "short"},
        {**NEW, "retry_policy": {"preset": "often"}}, {**NEW, "limits": {"in_flight": 0}}, {**NEW, "x": 1},
        {**NEW, "headers": {"A": "b\n"}}, {**NEW, "direction": "sideways"}, {**NEW, "events": []},
        {**NEW, "secret": "whsec_%%%%%%%%"}, {**NEW, "url": "https://u:p@example.com/"},
    ],
)  # fmt: skip
async def test_what_cannot_be_registered_is_a_400(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await http.post("/api/v1/webhooks", json=body)
    assert answer.status_code == 400, answer.text


async def test_writing_needs_admin_and_reading_does_not(app: Litestar) -> None:
    async with client(app, token="write") as writer, client(app, token="read") as reader:
        assert (await writer.post("/api/v1/webhooks", json=NEW)).status_code == 403
        assert (await writer.get("/api/v1/events")).status_code == 403
        assert (await reader.get("/api/v1/webhooks")).status_code == 200


async def test_another_tenants_webhook_does_not_exist(http: httpx.AsyncClient) -> None:
    made = await register(http)
    foreign = {"X-Tenant-ID": "other"}
    own = f"/api/v1/webhooks/{made['webhook_id']}"
    tried = (
        ("GET", ""), ("DELETE", ""), ("PUT", ""), ("PATCH", ""), ("POST", "/test"), ("POST", "/rotate-secret"),
        ("GET", "/deliveries"),
    )  # fmt: skip
    for method, rest in tried:
        body = {"active": False} if method.startswith("P") and not rest else None
        assert (await http.request(method, own + rest, headers=foreign, json=body)).status_code == 404


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ("query.failed", ["named", "prefix", "all"]), ("query.completed", ["prefix", "all"]), ("job.failed", ["all"]),
        ("query.*", ["prefix", "all"]),
    ],
)  # fmt: skip
async def test_the_list_tells_who_gets_an_event(http: httpx.AsyncClient, event: str, found: list[str]) -> None:
    for name, events in (("named", ["query.failed"]), ("prefix", ["query.*"]), ("all", ["*"])):
        await register(http, name=name, events=events)
    answer = await http.get("/api/v1/webhooks", params={"event": event, "sort": "created_at"})
    assert {hook["name"] for hook in answer.json()["data"]["webhooks"]} == set(found)


async def test_changing_names_only_what_changes(http: httpx.AsyncClient) -> None:
    made = await register(http, headers={"X-Key": "v"}, retry_policy={"preset": "extended"}, name="n")
    own = f"/api/v1/webhooks/{made['webhook_id']}"
    changed = (await http.patch(own, json={"retry_policy": {"max_retries": 9}, "name": None})).json()["data"]
    assert changed["retry_policy"] == {"preset": "extended", "max_retries": 9, "timeout_seconds": 30}
    assert changed["name"] is None and changed["headers"] == {"X-Key": "********"}
    assert (await http.put(own, json={"url": None})).status_code == 400


async def test_rotating_answers_with_the_new_secret(http: httpx.AsyncClient) -> None:
    made = await register(http)
    own = f"/api/v1/webhooks/{made['webhook_id']}/rotate-secret"
    first = (await http.post(own)).json()["data"]
    assert first["secret"] != made["secret"] and first["previous_valid_until"] == "2026-01-08T10:00:00Z"
    second = (await http.post(own, json={"overlap_hours": 0, "secret": SECRET})).json()["data"]
    assert second["secret"] == SECRET and second["previous_valid_until"] is None


async def fail_once(world: WebhookWorld, status: int = 400) -> None:
    world.sender.answer(status)
    await world.fail_questions()
    await world.run_due()


async def test_a_failure_is_listed_retried_and_gone_from_the_list(http: httpx.AsyncClient, world: WebhookWorld) -> None:
    made = await register(http)
    await fail_once(world)
    failures = (await http.get(f"/api/v1/webhooks/failures?webhook_id={made['webhook_id']}")).json()["data"]
    [failure] = failures["failures"]
    assert failure["last_error"] == "HTTP 400" and failure["action"] == "manual_retry_required"
    answer = await http.post(f"/api/v1/webhooks/deliveries/{failure['delivery_id']}/retry")
    again = answer.json()["data"]
    assert answer.status_code == 202 and answer.json()["status"] == "pending"
    assert again["original_delivery_id"] == failure["delivery_id"] and again["status"] == "queued"
    assert (await http.post(f"/api/v1/webhooks/deliveries/{failure['delivery_id']}/retry")).status_code == 409
    await world.run_due()
    detail = (await http.get(f"/api/v1/webhooks/deliveries/{again['delivery_id']}")).json()["data"]
    assert detail["status"] == "success" and len(detail["attempts"]) == 1
    assert detail["request"]["headers"]["X-Webhook-Signature"] and detail["event"]["data"]["query_id"] == "q_0"
    assert (await http.get("/api/v1/webhooks/failures")).json()["data"]["total"] == 0


async def test_all_failures_are_retried_by_one_call(http: httpx.AsyncClient, world: WebhookWorld) -> None:
    await register(http)
    await fail_once(world)
    await fail_once(world)
    answer = await http.post("/api/v1/webhooks/failures/retry", json={"since": "2026-01-07T00:00:00Z"})
    assert answer.status_code == 202 and answer.json()["data"]["retried"] == 2
    assert (await http.post("/api/v1/webhooks/failures/retry")).json()["data"]["retried"] == 0


@pytest.mark.parametrize(
    ("status", "count"),
    [("failed", 1), ("delivery_failed", 1), ("success", 1), ("pending", 1), ("queued", 0), ("cancelled", 0), (None, 3)],
)
async def test_deliveries_are_filtered_by_the_words_they_are_shown_with(
    http: httpx.AsyncClient, world: WebhookWorld, status: str | None, count: int
) -> None:
    await register(http)
    for answer in (400, 200, 503):
        await fail_once(world, answer)
    query = {"status": status} if status else {}
    answer_ = await http.get("/api/v1/webhooks/deliveries", params=query)
    data = answer_.json()["data"]
    assert data["total"] == len(data["deliveries"]) == count
    names = {"failed": "delivery_failed"}
    assert status is None or {d["status"] for d in data["deliveries"]} <= {names.get(status, status)}


async def test_deliveries_are_paged_by_cursor(http: httpx.AsyncClient, world: WebhookWorld) -> None:
    await register(http)
    await world.fail_questions(7)
    await world.run_due()
    seen: list[str] = []
    url: str | None = "/api/v1/webhooks/deliveries?limit=3"
    while url:
        answer = (await http.get(url)).json()
        seen += [delivery["delivery_id"] for delivery in answer["data"]["deliveries"]]
        url = answer["links"].get("next")
    assert len(seen) == len(set(seen)) == 7
    assert (await http.get("/api/v1/webhooks/deliveries?cursor=nonsense")).status_code == 400
    assert (await http.get("/api/v1/webhooks/deliveries?status=odd")).status_code == 400


async def test_the_list_filters_and_counts(http: httpx.AsyncClient, world: WebhookWorld) -> None:
    made = await register(http)
    await register(http, events=["*"], active=False)
    await fail_once(world)
    await fail_once(world, 200)
    listed = (await http.get("/api/v1/webhooks?active=true&event=query.failed")).json()["data"]
    [only] = listed["webhooks"]
    assert only["webhook_id"] == made["webhook_id"]
    assert only["stats"] == {"total_deliveries": 2, "successful": 1, "failed": 1, "success_rate": 0.5}
    assert only["last_delivery"]["status"] == "success"


async def test_the_catalogue_lists_every_type_with_its_schema(http: httpx.AsyncClient) -> None:
    data = (await http.get("/api/v1/webhooks/events")).json()["data"]
    names = {item["event_type"]: item for item in data["events"]}
    assert len(names) == data["total"] >= 36 and names["query.completed"]["schema"]["required"]
    assert not names["webhook.test"]["subscribable"]
    async_api = (await http.get("/schema/asyncapi.json")).json()
    assert async_api["asyncapi"] == "3.0.0" and set(async_api["components"]["messages"]) == set(names)


async def test_the_event_log_is_read_by_cursor(http: httpx.AsyncClient, world: WebhookWorld) -> None:
    await world.fail_questions(5)
    await world.run_due()
    first = (await http.get("/api/v1/events?limit=3")).json()["data"]
    second = (await http.get(f"/api/v1/events?limit=3&cursor={first['cursor']}")).json()["data"]
    ids = [event["data"]["query_id"] for event in first["events"] + second["events"]]
    assert ids == [f"q_{n}" for n in range(5)]
    await world.fail_questions(1)
    await world.run_due()
    later = (await http.get(f"/api/v1/events?cursor={second['cursor']}")).json()["data"]
    assert [event["event_type"] for event in later["events"]] == ["query.failed"]
    only = (await http.get("/api/v1/events?event_type=job.*")).json()["data"]
    assert only["events"] == [] and (await http.get("/api/v1/events?cursor=x")).status_code == 400
    assert (await http.get("/api/v1/events", headers={"X-Tenant-ID": "other"})).json()["data"]["events"] == []


async def test_the_event_log_is_a_feed_too(world: WebhookWorld) -> None:
    events = ReadEvents(world.queue, world.signal, world.cipher)
    lines = feed(events.feed(caller(), START))
    await world.fail_questions(1)
    await world.run_due()
    first = FAILED.match(await asyncio.wait_for(anext(lines), 2))
    assert first and json.loads(first["data"])["data"]["query_id"] == "q_0"
    assert (await asyncio.wait_for(anext(lines), 2)).startswith(b":")
    await lines.aclose()

    await world.fail_questions(1)
    await world.run_due()
    resumed = feed(events.feed(caller(), first["id"].decode()))
    next_ = FAILED.match(await asyncio.wait_for(anext(resumed), 2))
    assert next_ and next_["id"] != first["id"] and next_["data"] != first["data"]
    await resumed.aclose()


async def test_a_listener_gets_server_sent_events(app: Litestar, world: WebhookWorld) -> None:
    await world.fail_questions(1)
    await world.run_due()
    sent: list[Any] = []
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Any:
        for message_ in asked:
            return message_
        await asyncio.sleep(0.2)
        return {"type": "http.disconnect"}

    async def send(part: Any) -> None:
        sent.append(part)

    headers = [(b"accept", b"text/event-stream"), (b"authorization", b"Bearer admin"), (b"last-event-id", b"0")]
    scope: Any = {
        "type": "http", "method": "GET", "path": "/api/v1/events", "raw_path": b"/api/v1/events", "query_string": b"",
        "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http", "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 5)  # type: ignore[arg-type]
    answered = {name.lower(): value for name, value in sent[0]["headers"]}
    assert answered[b"content-type"].startswith(b"text/event-stream")
    assert FAILED.match(sent[1]["body"])


def message(**changes: Any) -> dict[str, Any]:
    return {
        "event_type": "deal.won", "timestamp": "2026-01-07T10:00:00Z", "source": "crm",
        "data": {"event_name": "deal", "user_id": "u1", "action": "won", "details": {"worth": 9}},
        "metadata": {"correlation_id": "c1"}, **changes,
    }  # fmt: skip


def signed(webhook_id: str, body: Any, stamp: int = 1_767_780_000, secret: str = SECRET) -> dict[str, Any]:
    raw = json.dumps(body).encode() if not isinstance(body, bytes) else body
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {
        "X-Webhook-ID": webhook_id, "X-Webhook-Timestamp": str(stamp), "X-Webhook-Signature": f"sha256={digest}",
        "Content-Type": "application/json", "Authorization": "",
    }  # fmt: skip
    return {"content": raw, "headers": headers}


@pytest.fixture
async def incoming(http: httpx.AsyncClient) -> str:
    webhook_id: str = (await register(http, direction="incoming", url=None, events=[]))["webhook_id"]
    return webhook_id


async def test_what_comes_in_signed_is_accepted_and_passed_on(
    http: httpx.AsyncClient, incoming: str, world: WebhookWorld
) -> None:
    await register(http, events=["external.event"])
    answer = await http.post("/api/v1/webhooks/incoming/event", **signed(incoming, message()))
    data = answer.json()["data"]
    assert answer.status_code == 202 and data["status"] == "accepted" and data["webhook_event_id"].startswith("evt_")
    await world.run_due()
    assert json.loads(world.sender.posted[0].body)["data"]["details"] == {"worth": 9}


async def test_a_repetition_answers_the_same_and_does_nothing(
    http: httpx.AsyncClient, incoming: str, world: WebhookWorld
) -> None:
    sent = signed(incoming, message(event_id="e1"))
    answers = await asyncio.gather(*(http.post("/api/v1/webhooks/incoming/event", **sent) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["data"]["webhook_event_id"] for answer in answers}) == 1
    again = signed(incoming, message(event_id="e1", source="other"), 1_767_780_001)
    later = await http.post("/api/v1/webhooks/incoming/event", **again)
    assert later.json()["data"] == answers[0].json()["data"]
    assert len(world.store.outbox) == 1


async def test_every_wrong_proof_is_refused_in_the_same_words(http: httpx.AsyncClient, incoming: str) -> None:
    outgoing = (await register(http))["webhook_id"]
    good = signed(incoming, message())
    wrong = [
        signed("whk_unknown", message()), signed(outgoing, message()),
        signed(incoming, message(), secret="another-one"),
        signed(incoming, message(), 1_767_780_000 - 301), signed(incoming, message(), 1_767_780_000 + 301),
        {**good, "content": good["content"] + b" "},
        {**good, "headers": {**good["headers"], "X-Webhook-Signature": ""}},
        {**good, "headers": {k: v for k, v in good["headers"].items() if k != "X-Webhook-ID"}},
        {**good, "content": b"{}"},
    ]  # fmt: skip
    answers = [await http.post("/api/v1/webhooks/incoming/event", **each) for each in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["errors"][0]["message"] for answer in answers}) == 1


async def test_the_older_form_is_fresh_by_its_signed_timestamp(http: httpx.AsyncClient) -> None:
    hook = await register(http, direction="incoming", url=None, events=[], incoming_signature_mode="compat")

    def compat(**changes: Any) -> dict[str, Any]:
        raw = json.dumps(message(**changes)).encode()
        digest = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"X-Webhook-ID": hook["webhook_id"], "X-Webhook-Signature": f"sha256={digest}"}
        return {"content": raw, "headers": headers}

    path = "/api/v1/webhooks/incoming/event"
    assert (await http.post(path, **compat())).status_code == 202
    assert (await http.post(path, **compat(timestamp="2026-01-07T09:54:00Z"))).status_code == 401
    assert (await http.post(path, **compat(timestamp=1_767_780_000))).status_code == 202


async def test_a_stranger_who_knows_the_secret_is_still_no_guest(http: httpx.AsyncClient) -> None:
    hook = await register(http, direction="incoming", url=None, events=[], ip_whitelist=["203.0.113.0/24"])
    answer = await http.post("/api/v1/webhooks/incoming/event", **signed(hook["webhook_id"], message()))
    assert answer.status_code == 403
    forged = signed(hook["webhook_id"], message(), secret="another-one")
    assert (await http.post("/api/v1/webhooks/incoming/event", **forged)).status_code == 401


async def reflected(http: httpx.AsyncClient, posting: Posting) -> set[int]:
    """What comes of posting a delivery of ours to us, on each route."""
    posts = [
        await http.post(f"/api/v1/webhooks/incoming/{channel}", content=posting.body, headers=dict(posting.headers))
        for channel in ("message", "document", "event")
    ]
    return {answer.status_code for answer in posts}


@pytest.mark.parametrize("mode", ["strict", "compat"])
async def test_our_own_delivery_cannot_be_reflected_at_us(
    http: httpx.AsyncClient, world: WebhookWorld, mode: str
) -> None:
    made = await register(http, direction="both", events=["*"], incoming_signature_mode=mode)
    await world.fail_questions()
    await world.run_due()
    await http.post(f"/api/v1/webhooks/{made['webhook_id']}/rotate-secret")
    await world.fail_questions()
    await world.run_due()
    before, during = world.sender.posted
    assert await reflected(http, before) == {401} and await reflected(http, during) == {401}
    assert len(world.store.outbox) == 2


async def comes_in(http: httpx.AsyncClient, webhook_id: str, secret: str) -> int:
    body = message(event_id=f"e{next(NUMBERS)}")
    answer = await http.post("/api/v1/webhooks/incoming/event", **signed(webhook_id, body, secret=secret))
    return answer.status_code


async def test_both_ways_means_two_secrets_shown_once_and_rotated_together(
    http: httpx.AsyncClient, world: WebhookWorld
) -> None:
    made = await register(http, direction="both")
    webhook_id, old = made["webhook_id"], made["incoming_secret"]
    assert made["secret"] == SECRET and len(old) == 43 and made["incoming_whsec"].startswith("whsec_")
    shown = await http.get(f"/api/v1/webhooks/{webhook_id}")
    assert old not in shown.text and old not in repr(await world.stored(webhook_id))
    assert (await comes_in(http, webhook_id, old), await comes_in(http, webhook_id, SECRET)) == (202, 401)
    rotated = (await http.post(f"/api/v1/webhooks/{webhook_id}/rotate-secret")).json()["data"]
    new = rotated["incoming_secret"]
    assert len({old, new, rotated["secret"], SECRET}) == 4
    assert [await comes_in(http, webhook_id, each) for each in (old, new, rotated["secret"])] == [202, 202, 401]
    await http.post(f"/api/v1/webhooks/{webhook_id}/rotate-secret", json={"overlap_hours": 0})
    assert await comes_in(http, webhook_id, new) == 401


async def test_what_goes_one_way_has_one_secret(http: httpx.AsyncClient) -> None:
    made = await register(http)
    assert made["incoming_secret"] is None and made["incoming_whsec"] is None
    rotated = (await http.post(f"/api/v1/webhooks/{made['webhook_id']}/rotate-secret")).json()["data"]
    assert rotated["incoming_secret"] is None


async def test_one_from_before_takes_its_only_secret_until_that_is_rotated(
    http: httpx.AsyncClient, world: WebhookWorld
) -> None:
    webhook_id = (await register(http, direction="both"))["webhook_id"]
    async with world.store.begin("acme") as uow:
        webhook = await uow[WEBHOOKS].get(webhook_id)
        webhook.incoming_secrets = ()
        await uow[WEBHOOKS].save(webhook)
        await uow.commit()
    assert await comes_in(http, webhook_id, SECRET) == 202
    rotated = (await http.post(f"/api/v1/webhooks/{webhook_id}/rotate-secret")).json()["data"]
    assert [await comes_in(http, webhook_id, each) for each in (SECRET, rotated["incoming_secret"])] == [202, 202]
    world.clock.advance(hours=24)
    late = signed(webhook_id, message(timestamp="2026-01-08T10:00:00Z"), 1_767_780_000 + 24 * 3600)
    assert (await http.post("/api/v1/webhooks/incoming/event", **late)).status_code == 401


async def test_a_direction_gained_later_is_proved_by_nothing_until_rotate_secret_shows_its_secret(
    http: httpx.AsyncClient, world: WebhookWorld
) -> None:
    webhook_id = (await register(http))["webhook_id"]
    own = f"/api/v1/webhooks/{webhook_id}"
    assert (await http.patch(own, json={"direction": "both"})).json()["data"]["direction"] == "both"
    assert await comes_in(http, webhook_id, SECRET) == 401
    rotated = (await http.post(f"{own}/rotate-secret")).json()["data"]
    assert await comes_in(http, webhook_id, rotated["incoming_secret"]) == 202


async def test_what_others_sign_with_is_not_taken_for_our_own_signatures(http: httpx.AsyncClient) -> None:
    made = await register(http, direction="both")
    own, given = f"/api/v1/webhooks/{made['webhook_id']}", {"secret": made["incoming_whsec"]}
    broken = {"secret": "whsec_%%%%%%%%"}
    for body in (given, broken):
        for answer in (await http.patch(own, json=body), await http.post(f"{own}/rotate-secret", json=body)):
            assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "secret"


@pytest.mark.parametrize(
    ("channel", "data", "field"),
    [
        ("message", {"user_id": "u"}, "data.message"), ("message", {"message": "m", "user_id": ""}, "data.user_id"),
        ("document", {"document_url": "https://x.example"}, "data.document_name"), ("event", {}, "data.event_name"),
    ],
)  # fmt: skip
async def test_a_proved_body_of_the_wrong_form_names_its_fields(
    http: httpx.AsyncClient, incoming: str, channel: str, data: dict[str, Any], field: str
) -> None:
    answer = await http.post(f"/api/v1/webhooks/incoming/{channel}", **signed(incoming, message(data=data)))
    assert answer.status_code == 400
    assert field in {problem["field"] for problem in answer.json()["errors"]}


async def test_a_body_over_one_mebibyte_is_not_looked_at(http: httpx.AsyncClient, incoming: str) -> None:
    answer = await http.post("/api/v1/webhooks/incoming/event", **signed(incoming, b"x" * (1024 * 1024 + 1)))
    assert answer.status_code == 413


async def test_a_flood_from_one_address_is_slowed(http: httpx.AsyncClient, incoming: str) -> None:
    answers = [
        await http.post("/api/v1/webhooks/incoming/event", content=b"{}", headers={"X-Webhook-ID": incoming})
        for _ in range(601)
    ]
    assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) >= 1


def missing(example: Any, real: Any, path: str = "") -> list[str]:
    """Key paths of the example that the real answer lacks or has with another type."""
    if isinstance(example, dict):
        if not isinstance(real, dict):
            return [path]
        return [p for key, value in example.items() for p in missing(value, real.get(key, ...), f"{path}.{key}")]
    if isinstance(example, list):
        if not isinstance(real, list) or (example and not real):
            return [path]
        return [p for item in real if example for p in missing(example[0], item, f"{path}[]")]
    numbers = isinstance(example, int | float) and isinstance(real, int | float)
    return [] if numbers or type(example) is type(real) else [path]


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the contract's examples are not here")
async def test_every_example_of_the_design_is_answered_key_for_key(
    http: httpx.AsyncClient, world: WebhookWorld
) -> None:
    examples = [e for e in json.loads(EXAMPLES.read_text()) if "/webhooks" in e["path"]]
    assert len(examples) == 7
    by_call = {(e["method"], e["path"]): e for e in examples}
    made = await http.post("/api/v1/webhooks", json=by_call["POST", "/api/v1/webhooks"]["request"])
    assert missing(by_call["POST", "/api/v1/webhooks"]["response"], made.json()) == []
    webhook_id = made.json()["data"]["webhook_id"]
    await http.put(f"/api/v1/webhooks/{webhook_id}", json={"events": ["query.failed"]})
    await fail_once(world, 400)
    await fail_once(world, 200)
    for (method, path), example in sorted(by_call.items(), key=lambda item: item[0][0] == "DELETE"):
        if (method, path) == ("POST", "/api/v1/webhooks"):
            continue
        url = path.replace("{webhook_id}", webhook_id)
        answer = await http.request(method, url, json=example.get("request"))
        assert answer.status_code == 200, answer.text
        assert missing(example["response"], answer.json()) == [], url
