"""From a question nobody can answer to an answer the service gives by itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.system import SystemUnderTest, running

from adapters.channels.recording import RecordingChannel
from adapters.delivery.recording import RecordingSender
from application.use_cases.channels import Channels

RETURNS = ("What is your return policy?", "You can return everything within 30 days of purchase.")
UNKNOWN = "Which zoo has a blue elephant?"
SECRET = "telegram-secret"


@pytest.fixture
async def desk(world_settings: dict[str, Any]) -> AsyncIterator[SystemUnderTest]:
    async with running(**world_settings) as system:
        await system.learn(RETURNS)
        yield system


async def escalate(desk: SystemUnderTest, session_id: str = "s1", question: str = UNKNOWN) -> str:
    """The path of the escalation that the question leads to."""
    asked = await desk.data("POST", "/api/v1/chat/completions", json={"question": question, "session_id": session_id})
    assert asked["action"] == "escalate", asked
    return f"/api/v1/escalations/{asked['escalation_id']}"


async def take(desk: SystemUnderTest, path: str, operator: str = "eve") -> Any:
    return await desk.data("POST", f"{path}/assign", json={"operator_id": operator, "operator_name": operator.title()})


async def test_an_escalation_tells_the_operator_what_happened(desk: SystemUnderTest) -> None:
    await desk.ask("What's your return policy?", session_id="s1", user_id="ann")
    seen = await desk.data("GET", await escalate(desk))
    assert [line["role"] for line in seen["transcript"]] == ["user", "assistant", "user"]
    assert seen["summary"] == (
        f"Customer: “What's your return policy?” Answer: “{RETURNS[1]}”\nThen: “{UNKNOWN}” No answer yet."
    )
    assert (seen["status"], seen["question"], seen["user_id"]) == ("open", UNKNOWN, "ann")


async def test_somebody_may_ask_for_a_person_and_gets_the_same_one_escalation(desk: SystemUnderTest) -> None:
    await desk.ask("What's your return policy?", session_id="s1")
    body = {"reason": "I want somebody who decides.", "priority": "urgent"}
    first = await desk.call("POST", "/api/v1/chat/sessions/s1/escalate", json=body, expect=201)
    again = await desk.data("POST", "/api/v1/chat/escalate", json={"session_id": "s1", "reason": "Now!"})
    assert first["data"]["escalation_id"] == again["escalation_id"]
    assert (again["reason"], again["priority"], again["status"]) == (body["reason"], "urgent", "open")
    for path in ("/api/v1/chat/sessions/nowhere/escalate",):
        await desk.call("POST", path, json=body, expect=404)


async def test_the_queue_can_be_narrowed(desk: SystemUnderTest) -> None:
    first, _ = await escalate(desk, "s1"), await escalate(desk, "s2")
    await take(desk, first)
    for params, count in (
        ({"status": "open"}, 1),
        ({"operator_id": "eve"}, 1),
        ({"session_id": "s2"}, 1),
        ({"suggested_team": "general_support"}, 2),
        ({"suggested_team": "billing"}, 0),
        ({"reason_code": "complaint"}, 0),
        ({"created_after": "2020-01-01T00:00:00Z"}, 2),
        ({"created_before": "2020-01-01T00:00:00Z"}, 0),
        ({}, 2),
    ):
        found = await desk.data("GET", "/api/v1/escalations", params=params)
        assert found["pagination"]["total"] == count, params
    await desk.call("GET", "/api/v1/escalations", params={"reason_code": "boredom"}, expect=400)


async def test_the_most_urgent_come_first_and_of_these_who_has_waited_longest(desk: SystemUnderTest) -> None:
    for number, priority in enumerate(("normal", "urgent", "low", "urgent", "high")):
        await desk.call("POST", "/api/v1/sessions", json={"session_id": f"s{number}"}, expect=201)
        body = {"session_id": f"s{number}", "reason": "Please look.", "priority": priority}
        await desk.call("POST", "/api/v1/chat/escalate", json=body, expect=201)
    seen, cursor = [], None
    while cursor or not seen:
        params = {"sort": "-priority", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await desk.data("GET", "/api/v1/escalations", params=params)
        seen += [each["session_id"] for each in page["escalations"]]
        cursor = page["pagination"]["next_cursor"]
    assert seen == ["s1", "s3", "s4", "s0", "s2"]


async def test_an_operator_sees_what_was_said_since_and_when_somebody_first_responded(desk: SystemUnderTest) -> None:
    path = await escalate(desk)
    taken = await take(desk, path)
    assert "first_response_at" not in taken
    await desk.call("POST", f"{path}/messages", json={"message": "Let me look."}, expect=201)
    await desk.ask("It is blue all over.", session_id="s1")
    await desk.call("POST", f"{path}/messages", json={"message": "Found it."}, expect=201)
    seen = await desk.data("GET", path)
    assert [line["role"] for line in seen["transcript"]] == ["user", "operator", "user", "operator"]
    assert seen["first_response_at"] == seen["transcript"][1]["timestamp"]
    assert seen["created_at"] <= seen["assigned_at"] <= seen["first_response_at"]


async def test_what_was_deleted_is_not_shown_to_operators_either(desk: SystemUnderTest) -> None:
    await desk.ask("What's your return policy?", session_id="s1", user_id="ann")
    path = await escalate(desk)
    await desk.call("DELETE", "/api/v1/history", json={"user_id": "ann", "method": "soft"})
    assert (await desk.data("GET", path))["transcript"] == []


@pytest.mark.parametrize(
    ("question", "summary"),
    [
        ("Welcher Zoo hat einen blauen Elefanten?", "Kunde: „Welcher Zoo hat einen blauen Elefanten?“"),
        ("В каком зоопарке живёт синий слон?", "Клиент: «В каком зоопарке живёт синий слон?»"),
    ],
)
async def test_a_summary_is_in_the_customers_language(desk: SystemUnderTest, question: str, summary: str) -> None:
    seen = await desk.data("GET", await escalate(desk, question=question))
    assert seen["summary"].startswith(summary)


async def test_of_somebody_who_asked_for_a_person_their_question_is_learnt_and_not_that(desk: SystemUnderTest) -> None:
    path = await escalate(desk, question="I want to talk to a human")
    await take(desk, path)
    await desk.ask("Do you deliver to Heligoland?", session_id="s1")
    await desk.ask("are you a real person?", session_id="s1")
    resolved = await desk.data("POST", f"{path}/resolve", json={"answer": "Yes, by ship.", "add_to_knowledge": True})
    [pending] = (await desk.data("GET", "/api/v1/documents/pending-review"))["qa_pairs"]
    assert (pending["qa_id"], pending["question"]) == (resolved["qa_id"], "Do you deliver to Heligoland?")


async def test_after_a_person_has_taken_over_the_service_never_speaks(desk: SystemUnderTest) -> None:
    path = await escalate(desk)
    await take(desk, path)
    for route in ("/api/v1/queries", "/api/v1/chat/completions"):
        body = {"question": "What's your return policy?", "session_id": "s1"}
        answer = await desk.data("POST", route, json=body)
        assert (answer["answer"], answer["action"]) == (None, "with_operator")
        assert path.endswith(answer["escalation_id"])
    spoken = (await desk.data("GET", "/api/v1/sessions/s1"))["messages"]
    assert {message["role"] for message in spoken} == {"user"}


async def test_a_conversation_is_one_persons_at_a_time(desk: SystemUnderTest) -> None:
    first, second = await escalate(desk), await escalate(desk, question="Which zoo has a green tiger?")
    await take(desk, first, "eve")
    await desk.call("POST", f"{second}/assign", json={"operator_id": "bob"}, expect=409)
    await take(desk, second, "eve")
    await desk.call("POST", f"{first}/messages", json={"message": "Hello.", "operator_id": "bob"}, expect=409)


async def test_a_conversation_goes_back_when_the_last_of_its_escalations_is_resolved(desk: SystemUnderTest) -> None:
    paths = [await escalate(desk), await escalate(desk, question="Which zoo has a green tiger?")]
    for path in paths:
        await take(desk, path)
    await desk.call("POST", f"{paths[1]}/resolve", json={"answer": "The one in Ulm."})
    assert (await desk.data("GET", "/api/v1/sessions/s1"))["state"] == "with_operator"
    await desk.call("POST", f"{paths[0]}/resolve", json={"answer": "The one in Rome."})
    assert (await desk.data("GET", "/api/v1/sessions/s1"))["state"] == "active"
    asked = await desk.ask("What's your return policy?", session_id="s1")
    assert asked["answer"] == RETURNS[1]


async def test_only_the_steps_that_make_sense_are_let_pass(desk: SystemUnderTest) -> None:
    path = await escalate(desk)
    await desk.call("POST", f"{path}/messages", json={"message": "Hello."}, expect=409)
    await desk.call("POST", f"{path}/resolve", json={"add_to_knowledge": True}, expect=400)
    assert (await desk.data("GET", path))["status"] == "open"
    await desk.call("POST", f"{path}/resolve", json={"answer": "In Ulm."})
    for step, body in (("assign", {"operator_id": "eve"}), ("resolve", {}), ("messages", {"message": "Hello."})):
        await desk.call("POST", f"{path}/{step}", json=body, expect=409)


async def test_a_closed_conversation_keeps_its_peace_and_the_answer_is_still_learnt(desk: SystemUnderTest) -> None:
    path = await escalate(desk)
    await desk.call("DELETE", "/api/v1/sessions/s1")
    resolved = await desk.data("POST", f"{path}/resolve", json={"answer": "In Ulm.", "add_to_knowledge": True})
    assert resolved["draft_id"].startswith("draft_")
    assert len((await desk.data("GET", "/api/v1/sessions/s1"))["messages"]) == 1


async def test_an_answer_waits_for_a_review_whatever_is_let_in_unseen(desk: SystemUnderTest) -> None:
    await desk.call("PUT", "/api/v1/config", json={"ingestion": {"review": "never"}})
    body = {"answer": "The one in Ulm.", "add_to_knowledge": True, "question": "Where do blue elephants live?"}
    resolved = await desk.data("POST", f"{await escalate(desk)}/resolve", json={**body, "category": "animals"})
    [pending] = (await desk.data("GET", "/api/v1/documents/pending-review"))["qa_pairs"]
    assert (pending["qa_id"], pending["question"]) == (resolved["qa_id"], body["question"])
    assert (await desk.ask(body["question"]))["action"] == "escalate"


async def test_a_thousand_interleaved_writes_have_one_order_and_the_service_keeps_silent(
    desk: SystemUnderTest,
) -> None:
    path = await escalate(desk)
    question = {"question": "What's your return policy?", "session_id": "s1"}
    taken = asyncio.Event()

    async def operator(number: int) -> None:
        await taken.wait()
        await desk.call("POST", f"{path}/messages", json={"message": f"operator {number}"}, expect=201)

    async def customer(number: int) -> None:
        body = {**question, "question": f"What is your return policy, number {number}?"}
        await desk.call("POST", "/api/v1/chat/completions", json=body)
        if number == 50:
            await take(desk, path)
            taken.set()

    gate = asyncio.Semaphore(20)

    async def bounded(work: Any) -> None:
        async with gate:
            await work

    customers = [bounded(customer(number)) for number in range(500)]
    operators = [bounded(operator(number)) for number in range(500)]
    first, later = customers[:60], [w for pair in zip(customers[60:], operators[60:], strict=True) for w in pair]
    await asyncio.gather(*first)
    await asyncio.gather(*later, *operators[:60])
    history = await _everything(desk, "s1")
    positions = [message.position for message in history]
    assert positions == list(range(1, len(history) + 1))
    roles = [message.role for message in history]
    assert roles.count("user") == 501 and roles.count("operator") == 500
    assert "assistant" not in roles[roles.index("operator") :]
    readers = await asyncio.gather(*(desk.data("GET", "/api/v1/sessions/s1") for _ in range(3)))
    newest = [message.id for message in history[-100:]]
    assert all([message["message_id"] for message in reader["messages"]] == newest for reader in readers)


async def _everything(desk: SystemUnderTest, session_id: str) -> list[Any]:
    from application.ports.storage import MESSAGES
    from domain.paging import where

    async with desk.container.store().begin("platform") as uow:
        return await uow[MESSAGES].list(where(session_id=session_id), sort="position")


async def test_what_people_answer_once_the_service_answers_next_time() -> None:
    """The whole story: an unanswerable question in a messenger, an escalation, a webhook, an operator's answer
    to the customer, a staged pair, a review, and the same question in other words."""
    telegram, sender = RecordingChannel("telegram"), RecordingSender()
    overrides = {"messengers": Channels({"telegram": telegram}, "platform"), "sender": sender}
    async with running(overrides=overrides, telegram_webhook_secret=SECRET) as desk:
        await desk.learn(RETURNS)
        hook = {"url": "https://desk.example/hook", "events": ["chat.escalated", "escalation.resolved"]}
        await desk.call("POST", "/api/v1/webhooks", json=hook, expect=201)

        await _writes(desk, "Do you deliver parcels to the island of Heligoland?")
        [escalation] = (await desk.data("GET", "/api/v1/escalations"))["escalations"]
        told = await _posted(desk, sender, "chat.escalated")
        assert told["data"]["escalation_id"] == escalation["escalation_id"]
        assert told["data"]["source_metadata"]["source"] == "telegram"

        path = f"/api/v1/escalations/{escalation['escalation_id']}"
        await take(desk, path)
        answer = "Yes, we deliver to Heligoland by ship, every Tuesday."
        resolved = await desk.data("POST", f"{path}/resolve", json={"answer": answer, "add_to_knowledge": True})
        await desk.run_due()
        assert telegram.texts[-1] == answer
        assert (await _posted(desk, sender, "escalation.resolved"))["data"]["answer"] == answer

        [pending] = (await desk.data("GET", "/api/v1/documents/pending-review"))["qa_pairs"]
        assert pending["qa_id"] == resolved["qa_id"]
        update = {"updates": [{"qa_id": pending["qa_id"], "approved": True}], "action": "approve_and_ingest"}
        await desk.data("POST", "/api/v1/documents/qa-pairs/batch-update", json=update)
        await desk.run_due()

        await _writes(desk, "Can I have a parcel delivered to Heligoland?", person=78)
        assert telegram.texts[-1] == answer
        assert next(reversed(telegram.messages.values())).place.chat == "78"


async def _writes(desk: SystemUnderTest, text: str, person: int = 77) -> None:
    chat = {"from": {"id": person}, "chat": {"id": person}, "text": text, "message_id": person}
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    update = {"update_id": person, "message": chat}
    await desk.call("POST", "/api/v1/channels/telegram/updates", json=update, headers=headers)
    await desk.run_due()


async def _posted(desk: SystemUnderTest, sender: RecordingSender, event_type: str) -> Any:
    await desk.container.webhooks.service().run_due()
    bodies = [json.loads(posting.body) for posting in sender.posted]
    return next(body for body in bodies if body["event_type"] == event_type)
