"""What other systems send in goes its whole way, and its outcome goes back to them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.receivers import Receiver, receiving
from tests.support.system import SystemUnderTest, running
from tests.support.webhooks import signed_now

QUESTION, ANSWER = "What is your return policy?", "You may return goods within 30 days."


class Outside:
    """The system with a webhook that gets everything, one that lets other systems in, and a place to fetch from."""

    def __init__(self, system: SystemUnderTest, files: Receiver) -> None:
        self.system, self.files = system, files
        self.hook: dict[str, Any] = {}

    async def begin(self) -> None:
        await self.system.call("POST", "/api/v1/webhooks", json={"url": "https://you.example/all", "events": ["*"]})
        self.hook = await self.system.data("POST", "/api/v1/webhooks", json={"direction": "incoming"})

    async def send(self, kind: str, *, again: int = 0, **data: Any) -> dict[str, Any]:
        body = {"event_type": f"{kind}.sent", "source": "crm", "data": data, "metadata": {"correlation_id": "c-1"}}
        body["event_id"] = f"{kind}-{again}"
        path = f"/api/v1/webhooks/incoming/{kind}"
        sent: dict[str, Any] = await self.system.data("POST", path, expect=202, **signed_now(self.hook, body))
        return sent

    async def told(self, event_type: str) -> list[dict[str, Any]]:
        await self.system.run_due()
        await self.system.container.webhooks.service().run_due()
        posted = [json.loads(each.body) for each in self.system.container.sender().posted]
        return [body for body in posted if body["event_type"] == event_type]

    async def send_document(self, name: str = "faq", again: int = 0) -> None:
        given = {"document_url": self.files.url, "document_name": name, "external_document_id": f"ext-{again}"}
        await self.send("document", again=again, **given)


def answering(content: bytes, content_type: str = "application/json", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


FILE = json.dumps([{"question": QUESTION, "answer": ANSWER}]).encode()


@pytest.fixture
async def outside(world_settings: dict[str, Any]) -> AsyncIterator[Outside]:
    async with receiving() as files, running(**world_settings, outbound_allow=("127.0.0.1",)) as system:
        files.says(answering(FILE))
        there = Outside(system, files)
        await there.begin()
        yield there


async def test_a_message_is_answered_with_where_it_came_from(outside: Outside) -> None:
    await outside.system.learn((QUESTION, ANSWER))
    given = {"user_id": "u1", "thread_id": "t1", "channel": "email", "external_message_id": "m1"}
    sent = await outside.send("message", message=QUESTION, **given)
    [answer] = await outside.told("chat.response.generated")
    assert answer["metadata"]["correlation_id"] == "c-1"
    assert answer["data"]["answer"] == ANSWER and answer["data"]["session_id"] == sent["session_id"]
    known = {"source": "crm", "thread_id": "t1", "channel": "email", "external_message_id": "m1"}
    assert answer["data"]["source_metadata"] == known


async def test_a_message_that_is_refused_says_so_with_where_it_came_from(outside: Outside) -> None:
    hostile = "'; DROP TABLE users; -- UNION SELECT password FROM users"
    await outside.send("message", user_id="u1", message=hostile, external_message_id="m1")
    [failed] = await outside.told("query.failed")
    assert failed["metadata"]["correlation_id"] == "c-1"
    assert (failed["data"]["error_code"], failed["data"]["source_metadata"]["external_message_id"]) == ("BLOCKED", "m1")


async def test_a_document_becomes_known_with_its_senders_name_for_it(outside: Outside) -> None:
    await outside.send_document()
    [indexed] = await outside.told("knowledge.document.indexed")
    assert (indexed["data"]["external_document_id"], indexed["metadata"]["correlation_id"]) == ("ext-0", "c-1")
    assert len(indexed["metadata"]["trace_id"]) == 32
    assert (await outside.system.ask(QUESTION))["answer"] == ANSWER


async def test_a_document_that_brings_nothing_new_says_so(outside: Outside) -> None:
    await outside.send_document()
    await outside.system.run_due()
    await outside.send_document(again=1)
    [failed] = await outside.told("knowledge.document.failed")
    assert (failed["data"]["error_code"], failed["data"]["external_document_id"]) == ("NOTHING_NEW", "ext-1")
    assert failed["metadata"]["correlation_id"] == "c-1"


@pytest.mark.parametrize(
    ("answer", "name", "code"),
    [
        (answering(b"<html>Log in, please.</html>", "text/html; charset=utf-8"), "faq.json", "INVALID_FORMAT"),
        (answering(FILE, "image/png"), "faq", "INVALID_FORMAT"),
        (answering(FILE, status="404 Not Found"), "faq", "FETCH_FAILED"),
        (answering(b"{broken", "application/octet-stream"), "faq.json", "DAMAGED_FILE"),
    ],
)
async def test_what_is_no_document_fails_once_and_by_its_name(
    outside: Outside, answer: bytes, name: str, code: str
) -> None:
    outside.files.says(answer)
    await outside.send_document(name)
    [failed] = await outside.told("knowledge.document.failed")
    assert (failed["data"]["error_code"], failed["data"]["external_document_id"]) == (code, "ext-0")
    [ended] = await outside.told("job.failed")
    assert ended["data"]["error_code"] == code


async def test_an_address_that_is_away_for_a_while_is_asked_again(outside: Outside) -> None:
    outside.files.says(answering(b"", status="503 Busy"))
    await outside.send_document()
    assert await outside.told("knowledge.document.failed") == []
    outside.files.says(answering(FILE))
    [job] = (await outside.system.data("GET", "/api/v1/jobs"))["jobs"]
    assert job["status"] == "pending"


async def test_an_event_stands_in_the_history_of_whom_it_is_about_and_in_no_conversation(outside: Outside) -> None:
    await outside.send("message", user_id="u1", message=QUESTION)
    for number in (1, 1, 2):
        await outside.send(
            "event", again=number, event_name="shipped", user_id="u1", action="ship", details={"no": number}
        )
    history = await outside.system.data("GET", "/api/v1/history", params={"user_id": "u1", "role": "system"})
    assert [said["content"] for said in history] == ['shipped: ship {"no":1}', 'shipped: ship {"no":2}']
    told = await outside.told("external.event")
    assert [(body["data"]["details"], body["metadata"]["correlation_id"]) for body in told] == [
        ({"no": 1}, "c-1"),
        ({"no": 2}, "c-1"),
    ]
    asked = await outside.system.data("GET", "/api/v1/history", params={"user_id": "u1", "role": "user"})
    assert {said["session_id"] for said in asked}.isdisjoint({said["session_id"] for said in history})


async def test_an_event_about_nobody_is_only_passed_on(outside: Outside) -> None:
    await outside.send("event", event_name="restarted")
    assert len(await outside.told("external.event")) == 1
    assert await outside.told("session.created") == []


async def test_an_endless_correlation_id_is_refused(outside: Outside) -> None:
    data = {"event_name": "x"}
    body = {"event_type": "e", "source": "crm", "data": data, "metadata": {"correlation_id": "c" * 257}}
    refused = await outside.system.call(
        "POST", "/api/v1/webhooks/incoming/event", expect=400, **signed_now(outside.hook, body)
    )
    assert refused["errors"][0]["field"] == "metadata.correlation_id"
