"""The promise of `Channel`, held against every messenger: Telegram and Slack over the wire, and the recording one."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.messengers import TOKENS, FakeMessengers, Trouble

from adapters.channels import upstream
from adapters.channels.recording import RecordingChannel
from adapters.channels.slack import Slack
from adapters.channels.telegram import Telegram
from application.ports.channels import Channel
from domain.channels import Place
from domain.errors import InvalidInput, ServiceUnavailable


@dataclass
class World:
    channel: Channel
    texts: Callable[[], list[str]]
    api: FakeMessengers


def _over_the_wire(name: str, api: FakeMessengers, token: str | None = None) -> Channel:
    token = token or TOKENS[name]
    return Telegram(token, api.base) if name == "telegram" else Slack(token, f"{api.base}/api")


@pytest.fixture
async def api() -> AsyncIterator[FakeMessengers]:
    async with FakeMessengers() as started:
        yield started


@pytest.fixture(params=["telegram", "slack", "recording"])
async def world(request: pytest.FixtureRequest, api: FakeMessengers) -> AsyncIterator[World]:
    if request.param == "recording":
        recording = RecordingChannel("telegram")
        yield World(recording, lambda: recording.texts, api)
        return
    channel = _over_the_wire(request.param, api)
    yield World(channel, api.texts, api)
    await channel.close()


@pytest.fixture(params=["telegram", "slack"])
async def remote(request: pytest.FixtureRequest, api: FakeMessengers) -> AsyncIterator[World]:
    channel = _over_the_wire(request.param, api)
    yield World(channel, api.texts, api)
    await channel.close()


async def test_a_message_is_sent_changed_and_taken_back(world: World) -> None:
    sent = await world.channel.send(Place("77"), "Hello.")
    assert world.texts() == ["Hello."]
    sent = await world.channel.edit(sent, "Goodbye.")
    assert world.texts() == ["Goodbye."]
    await world.channel.delete(sent)
    assert world.texts() == []


async def test_taking_back_what_is_gone_and_changing_nothing_are_no_errors(world: World) -> None:
    sent = await world.channel.send(Place("77"), "Hello.")
    await world.channel.edit(sent, "Hello.")
    await world.channel.delete(sent)
    await world.channel.delete(sent)


async def test_a_long_text_becomes_several_messages_and_stays_one_of_ours(remote: World) -> None:
    text = " ".join(f"word{number}" for number in range(1500))
    sent = await remote.channel.send(Place("77"), text)
    assert len(sent.ids) > 2 and " ".join(remote.texts()) == text
    sent = await remote.channel.edit(sent, "Short.")
    assert (len(sent.ids), remote.texts()) == (1, ["Short."])
    sent = await remote.channel.edit(sent, text)
    assert " ".join(remote.texts()) == text
    await remote.channel.delete(sent)
    assert remote.texts() == []


async def test_a_reply_goes_into_its_thread(api: FakeMessengers) -> None:
    telegram, slack = _over_the_wire("telegram", api), _over_the_wire("slack", api)
    await telegram.send(Place("-100", "42"), "Hello.")
    await slack.send(Place("C1", "17.5"), "Hello.")
    threads = [(m.get("message_thread_id"), m.get("thread_ts")) for m in api.messages.values()]
    assert threads == [(42, None), (None, "17.5")]
    await telegram.close()
    await slack.close()


async def test_slacks_markup_stays_text_and_a_person_is_written_to_where_slack_says(api: FakeMessengers) -> None:
    slack = _over_the_wire("slack", api)
    sent = await slack.send(Place("U7"), "a < b && <!channel>")
    assert api.texts() == ["a &lt; b &amp;&amp; &lt;!channel&gt;"]
    assert sent.chat == "D7"
    await slack.edit(sent, "done")
    await slack.close()


async def test_a_refusal_is_told_in_the_messengers_words(remote: World) -> None:
    with pytest.raises(InvalidInput, match=r"not.found"):
        await remote.channel.send(Place("nobody"), "Hello.")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_what_passes_is_waited_out(remote: World, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "PAUSE_SECONDS", 0.01)
    remote.api.trouble.append(Trouble(status))
    await remote.channel.send(Place("77"), "Hello.")
    assert (remote.texts(), len(remote.api.calls)) == (["Hello."], 2)


async def test_what_does_not_pass_is_told(remote: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "PAUSE_SECONDS", 0.01)
    remote.api.trouble.extend([Trouble(502)] * upstream.TRIES)
    with pytest.raises(ServiceUnavailable, match="502"):
        await remote.channel.send(Place("77"), "Hello.")
    assert len(remote.api.calls) == upstream.TRIES


LONG_WAITS: list[dict[str, Any]] = [
    {"headers": {"Retry-After": "60"}, "body": {"ok": False, "error": "ratelimited"}},
    {"body": {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 60}}},
]


@pytest.mark.parametrize("said", LONG_WAITS, ids=["by the header", "by the body"])
async def test_a_messenger_that_wants_its_peace_is_left_alone(remote: World, said: dict[str, Any]) -> None:
    remote.api.trouble.append(Trouble(429, **said))
    with pytest.raises(ServiceUnavailable) as caught:
        await remote.channel.send(Place("77"), "Hello.")
    assert (caught.value.retry_after, len(remote.api.calls)) == (60.0, 1)


async def test_what_may_have_arrived_is_not_sent_again(remote: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import aiohttp

    monkeypatch.setattr(upstream, "TIMEOUT", aiohttp.ClientTimeout(total=0.1))
    remote.api.trouble.append(Trouble(hang=True))
    with pytest.raises(ServiceUnavailable, match="in time"):
        await remote.channel.send(Place("77"), "Hello.")
    assert len(remote.api.calls) == 1


@pytest.mark.parametrize("name", ["telegram", "slack"])
async def test_nobody_there_is_told_without_a_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "PAUSE_SECONDS", 0.01)
    async with FakeMessengers() as gone:
        channel = _over_the_wire(name, gone)
    with pytest.raises(ServiceUnavailable, match="could not be reached") as caught:
        await channel.send(Place("77"), "Hello.")
    assert TOKENS[name] not in repr(caught.value) + str(caught.value.__cause__)
    await channel.close()


@pytest.mark.parametrize("name", ["telegram", "slack"])
async def test_a_wrong_token_is_our_own_trouble(name: str, api: FakeMessengers) -> None:
    channel = _over_the_wire(name, api, token="1:wrong")
    with pytest.raises(ServiceUnavailable):
        await channel.send(Place("77"), "Hello.")
    await channel.close()
