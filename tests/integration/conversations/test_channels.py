"""Customers in messengers, from their first message to the operator's answer."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.system import SystemUnderTest, running

from adapters.channels.recording import RecordingChannel
from adapters.system.fixed import ManualClock
from application.use_cases.channels import Channels
from domain.errors import ServiceUnavailable

RETURNS = ("What is your return policy?", "You can return everything within 30 days of purchase.")
SECRET, SIGNING = "telegram-secret", "slack-signing-secret"


class Desk:
    """A service with both messengers, and people who write in them."""

    def __init__(self, system: SystemUnderTest, telegram: RecordingChannel, slack: RecordingChannel) -> None:
        self.system, self.telegram, self.slack = system, telegram, slack
        self._updates = 0

    async def writes(self, text: str | None, person: int = 77, update_id: int | None = None, **message: Any) -> Any:
        """A person's message in Telegram, and the work it makes."""
        self._updates += 1
        update = {
            "update_id": update_id or self._updates,
            "message": {
                "message_id": self._updates,
                "from": {"id": person, "is_bot": False},
                "chat": {"id": person, "type": "private"},
                "text": text,
                **message,
            },
        }
        answer = await self.update(update)
        await self.system.run_due()
        return answer

    async def update(self, update: Any, secret: str = SECRET, expect: int = 200) -> Any:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        path = "/api/v1/channels/telegram/updates"
        return await self.system.call("POST", path, json=update, headers=headers, expect=expect)

    async def slack_event(self, body: Any, age: int = 0, key: str = SIGNING) -> Any:
        assert self.system.clock is not None
        stamp, raw = str(int(self.system.clock.now().timestamp()) - age), json.dumps(body).encode()
        signature = "v0=" + hmac.new(key.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
        headers["Content-Type"] = "application/json"
        return await self.system.http.post("/api/v1/channels/slack/events", content=raw, headers=headers)


@pytest.fixture
async def desk(world_settings: dict[str, Any]) -> AsyncIterator[Desk]:
    telegram, slack = RecordingChannel("telegram"), RecordingChannel("slack")
    channels = Channels({"telegram": telegram, "slack": slack}, "platform")
    settings = {"telegram_webhook_secret": SECRET, "slack_signing_secret": SIGNING}
    async with running(clock=ManualClock(), overrides={"messengers": channels}, **settings, **world_settings) as system:
        await system.learn(RETURNS)
        yield Desk(system, telegram, slack)


async def test_a_question_in_telegram_is_answered_there(desk: Desk) -> None:
    await desk.writes("What's your return policy?")
    assert desk.telegram.texts == [RETURNS[1]]
    assert next(iter(desk.telegram.messages.values())).place.chat == "77"


async def test_a_conversation_in_a_messenger_goes_on_until_it_expires(desk: Desk) -> None:
    assert desk.system.clock is not None
    first = await desk.writes("What's your return policy?")
    again = await desk.writes("Within how many days may I return something?")
    desk.system.clock.advance(hours=25)
    later = await desk.writes("What's your return policy?")
    assert first["links"] == again["links"] != later["links"]


async def test_an_update_that_comes_again_is_answered_once(desk: Desk) -> None:
    for _ in range(2):
        await desk.writes("What's your return policy?", update_id=5)
    assert len(desk.telegram.texts) == 1


async def test_what_cannot_be_answered_is_handed_over_and_the_person_is_told_so(desk: Desk) -> None:
    await desk.writes("Which zoo has a blue elephant?")
    assert desk.telegram.texts == ["I am passing your question on to a colleague, who will answer you here."]


async def test_an_operators_words_reach_the_messenger_and_the_service_is_silent_meanwhile(desk: Desk) -> None:
    await desk.writes("Which zoo has a blue elephant?")
    [escalation] = (await desk.system.data("GET", "/api/v1/escalations"))["escalations"]
    own = f"/api/v1/escalations/{escalation['escalation_id']}"
    await desk.system.call("POST", f"{own}/assign", json={"operator_id": "eve"})
    await desk.system.call("POST", f"{own}/messages", json={"message": "Let me look."})
    await desk.writes("What's your return policy?")
    await desk.system.run_due()
    assert desk.telegram.texts[1:] == ["Let me look."]
    await desk.system.call("POST", f"{own}/resolve", json={"answer": "The one in Ulm."})
    await desk.system.run_due()
    await desk.writes("What's your return policy?")
    assert desk.telegram.texts[2:] == ["The one in Ulm.", RETURNS[1]]


async def test_a_messenger_that_is_away_gets_the_answer_when_it_is_back(desk: Desk) -> None:
    assert desk.system.clock is not None
    desk.telegram.refusals.extend([ServiceUnavailable("away"), ServiceUnavailable("slow down", retry_after=90.0)])
    await desk.writes("What's your return policy?")
    assert desk.telegram.texts == []
    desk.system.clock.advance(seconds=2)
    await desk.system.run_due()
    desk.system.clock.advance(seconds=60)
    await desk.system.run_due()
    assert desk.telegram.texts == [], "the messenger asked for 90 seconds of peace"
    desk.system.clock.advance(seconds=30)
    await desk.system.run_due()
    assert desk.telegram.texts == [RETURNS[1]]


async def test_what_is_no_question_is_answered_so(desk: Desk) -> None:
    await desk.writes("?")
    assert desk.telegram.texts == ["I could not read that. Please ask your question in a few words."]


@pytest.mark.parametrize(
    "message",
    [
        {"text": "/start"},
        {"text": None, "new_chat_title": "Us"},
        {"from": {"id": 1, "is_bot": True}},
        {"chat": {"id": -5, "type": "group"}},
    ],
    ids=["a command", "a notice", "a bot", "talk in a group"],
)
async def test_what_is_no_persons_message_is_passed_over(desk: Desk, message: dict[str, Any]) -> None:
    answer = await desk.writes(**{"text": "What is your return policy?", **message})
    assert answer["data"]["status"] == "ignored"
    assert desk.telegram.texts == []


async def test_a_caption_is_read_and_a_picture_without_one_is_answered_in_the_persons_language(desk: Desk) -> None:
    photo: dict[str, Any] = {"photo": [{"file_id": "f"}]}
    await desk.writes(None, **photo, caption="What is your return policy?")
    await desk.writes(None, **photo, **{"from": {"id": 77, "language_code": "de-AT"}})
    assert desk.telegram.texts[0] == RETURNS[1]
    assert desk.telegram.texts[1].startswith("Das konnte ich nicht lesen.")
    kept = await desk.system.data("GET", "/api/v1/history", params={"user_id": "77"})
    assert [m["content"] for m in kept if m["role"] == "user"] == ["What is your return policy?", "[photo]"]


async def test_in_a_group_what_is_said_to_the_bot_is_answered_there(desk: Desk) -> None:
    group = {"chat": {"id": -5, "type": "supergroup"}}
    await desk.writes("@SupportBot What is your return policy?", **group)
    answered = {"from": {"id": 9, "is_bot": True}, "message_id": 1}
    await desk.writes("Within how many days may I return something?", **group, reply_to_message=answered)
    assert [shown.place.chat for shown in desk.telegram.messages.values()] == ["-5", "-5"]


async def test_an_edit_of_an_earlier_message_is_no_new_question(desk: Desk) -> None:
    edited = {"message_id": 1, "from": {"id": 77}, "chat": {"id": 77}, "text": "What is your return policy?"}
    answer = await desk.update({"update_id": 3, "edited_message": edited})
    assert answer["data"]["status"] == "ignored"


async def test_an_update_without_the_secret_is_refused(desk: Desk) -> None:
    for wrong in ("", "another"):
        await desk.update({"update_id": 1}, secret=wrong, expect=401)


async def test_a_mention_in_slack_is_answered_in_its_thread(desk: Desk) -> None:
    event = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "17.5", "text": "<@UBOT> return policy?"}
    answer = await desk.slack_event({"type": "event_callback", "event_id": "Ev1", "event": event})
    assert answer.status_code == 200
    await desk.system.run_due()
    [shown] = desk.slack.messages.values()
    assert (shown.place.chat, shown.place.thread, shown.text) == ("C1", "17.5", RETURNS[1])


async def test_a_thread_that_we_are_in_goes_on_without_further_mentions(desk: Desk) -> None:
    mention = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "17.5", "text": "<@UBOT> return policy?"}
    reply = {"type": "message", "channel_type": "channel", "user": "U1", "channel": "C1", "thread_ts": "17.5"}
    reply |= {"ts": "17.9", "text": "Within how many days may I return something?"}
    statuses = []
    for event in (
        reply,
        mention,
        reply,
        {**reply, "user": "U2", "ts": "18.0"},
        {**reply, "thread_ts": "3.0", "ts": "19.0"},
    ):
        answer = await desk.slack_event({"type": "event_callback", "event": event})
        statuses.append(answer.json()["data"]["status"])
        await desk.system.run_due()
    assert statuses == ["ignored", "accepted", "accepted", "ignored", "ignored"]
    assert [shown.place.thread for shown in desk.slack.messages.values()] == ["17.5", "17.5"]


async def test_slacks_challenge_is_answered_as_it_asks(desk: Desk) -> None:
    answer = await desk.slack_event({"type": "url_verification", "challenge": "3eZbrw1a"})
    assert (answer.status_code, answer.text) == (200, "3eZbrw1a")


async def test_an_event_with_an_old_or_a_wrong_signature_is_refused(desk: Desk) -> None:
    body = {"type": "url_verification", "challenge": "x"}
    assert (await desk.slack_event(body, age=301)).status_code == 401
    assert (await desk.slack_event(body, key="another")).status_code == 401


async def test_the_bots_own_messages_are_not_heard(desk: Desk) -> None:
    event = {"type": "message", "channel_type": "im", "bot_id": "B1", "user": "U1", "channel": "D1", "ts": "1.0"}
    answer = await desk.slack_event({"event": {**event, "text": "What's your return policy?"}})
    assert answer.json()["data"]["status"] == "ignored"


async def test_a_message_is_written_changed_and_taken_back(desk: Desk) -> None:
    body = {"channel": "telegram", "user_id": "77", "message": "Your parcel is here."}
    sent = await desk.system.data("POST", "/api/v1/channels/messages", json=body)
    assert (sent["status"], desk.telegram.texts) == ("sent", ["Your parcel is here."])
    own = f"/api/v1/channels/messages/{sent['message_id']}"
    await desk.system.call("PATCH", own, json={"message": "Your parcel is there."})
    assert desk.telegram.texts == ["Your parcel is there."]
    [kept] = await desk.system.data("GET", "/api/v1/history", params={"user_id": "77"})
    assert (kept["role"], kept["content"]) == ("assistant", "Your parcel is there.")
    await desk.system.call("DELETE", own)
    assert desk.telegram.texts == []
    assert await desk.system.data("GET", "/api/v1/history", params={"user_id": "77"}) == []


async def test_the_service_does_not_write_where_a_person_has_the_conversation(desk: Desk) -> None:
    await desk.writes("Which zoo has a blue elephant?")
    [escalation] = (await desk.system.data("GET", "/api/v1/escalations"))["escalations"]
    path = f"/api/v1/escalations/{escalation['escalation_id']}/assign"
    await desk.system.call("POST", path, json={"operator_id": "eve"})
    body = {"channel": "telegram", "user_id": "77", "message": "Buy more!"}
    await desk.system.call("POST", "/api/v1/channels/messages", json=body, expect=409)


async def test_an_unknown_channel_one_not_configured_and_one_away_are_told_apart() -> None:
    telegram = RecordingChannel("telegram")
    telegram.refusals.append(ServiceUnavailable("Telegram: Bad Gateway (HTTP 502)"))
    async with running(overrides={"messengers": Channels({"telegram": telegram}, "platform")}) as system:
        for channel, status in (("fax", 400), ("slack", 409), ("telegram", 503)):
            body = {"channel": channel, "user_id": "77", "message": "Hello there."}
            refusal = await system.call("POST", "/api/v1/channels/messages", json=body, expect=status)
        assert refusal["error"]["message"] == "Telegram: Bad Gateway (HTTP 502)"
