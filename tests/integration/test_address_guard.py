"""No hostile URL and no hostile name server brings about a connection."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.hostile_urls import FORBIDDEN_ANSWERS, HOSTILE
from tests.support.receivers import Receiver, receiving

from adapters.delivery.http import HttpSender
from adapters.outbound.fetching import GuardedFetcher
from adapters.outbound.guard import AddressGuard, BlockedTarget
from application.ports.delivery import Posting
from domain.errors import DomainError, InvalidInput
from domain.retries import Failure

PUBLIC = "93.184.216.34"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that anything in this process tries to connect to."""
    seen: list[Any] = []
    real = socket.socket.connect_ex

    def connect(self: socket.socket, address: Any) -> None:
        seen.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, address: seen.append(address) or real)
    return seen


def posting(url: str, seconds: float = 2) -> Posting:
    return Posting(url, {}, b"{}", seconds)


async def to_public(host: str, port: int) -> list[str]:
    return [PUBLIC]


async def test_no_hostile_url_is_connected_to(connections: list[Any]) -> None:
    sender = HttpSender(AddressGuard(resolve=to_public), "test")
    for url in HOSTILE:
        answer = await sender.send(posting(url))
        assert answer.outcome.failure is Failure.BLOCKED, (url, answer)
        assert answer.error == "blocked_target"
    await sender.close()
    assert connections == []


@pytest.mark.parametrize("mixed", [False, True])
async def test_no_forbidden_answer_of_a_name_server_is_connected_to(connections: list[Any], mixed: bool) -> None:
    for answer in FORBIDDEN_ANSWERS:

        async def resolve(host: str, port: int, answer: str = answer) -> list[str]:
            return [PUBLIC, answer] if mixed else [answer]

        sender = HttpSender(AddressGuard(resolve=resolve), "test")
        sent = await sender.send(posting("https://innocent.example/x"))
        await sender.close()
        assert sent.outcome.failure is Failure.BLOCKED, answer
    assert connections == []


async def test_a_name_that_changes_its_mind_is_asked_once_and_held_to_its_word(connections: list[Any]) -> None:
    answers = [PUBLIC, "127.0.0.1", "169.254.169.254"]
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return [answers[min(len(asked), len(answers)) - 1]]

    sender = HttpSender(AddressGuard(resolve=rebinding), "test")
    failures = [(await sender.send(posting("https://rebind.example/x"))).outcome.failure for _ in range(3)]
    await sender.close()
    assert failures == [Failure.CONNECTION, Failure.BLOCKED, Failure.BLOCKED]
    assert asked == ["rebind.example"] * 3
    assert [address[0] for address in connections] == [PUBLIC]


async def test_the_connector_reaches_nothing_that_was_not_admitted(connections: list[Any]) -> None:
    import aiohttp

    guard = AddressGuard(["127.0.0.1"])
    async with aiohttp.ClientSession(connector=guard.connector()) as session:
        for url in ("http://127.0.0.1:9/x", "http://8.8.8.8/x", "https://other.example/"):
            with pytest.raises(aiohttp.ClientError):
                await session.get(url)
        with guard.admitted("http://127.0.0.1:9/x"), pytest.raises(aiohttp.ClientError):
            await session.get("http://127.0.0.2:9/x")
    assert connections == []


async def test_fetching_goes_through_the_same_guard(connections: list[Any]) -> None:
    fetcher = GuardedFetcher(AddressGuard(resolve=to_public), "test")
    for url in HOSTILE:
        with pytest.raises(InvalidInput, match="blocked_target"):
            await fetcher.fetch(url, 100, 2)
    assert connections == []


def test_admitting_is_undone() -> None:
    guard = AddressGuard()
    with guard.admitted("https://public.example/x"):
        pass
    from adapters.outbound.guard import current_target

    with pytest.raises(BlockedTarget):
        current_target()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as server:
        yield server


async def test_a_document_is_fetched_up_to_its_limit(receiver: Receiver) -> None:
    fetcher = GuardedFetcher(AddressGuard(["127.0.0.1"]), "test")
    receiver.says(b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello")
    found = await fetcher.fetch(receiver.url, 5, 2)
    assert (found.content, found.content_type) == (b"hello", "text/html")
    with pytest.raises(InvalidInput, match="too large"):
        await fetcher.fetch(receiver.url, 4, 2)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "answered 302"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", "compressed"),
        (b"", "could not be fetched"),
        (None, "did not arrive"),
    ],
)
async def test_what_is_not_a_document_says_why(receiver: Receiver, answer: bytes | None, words: str) -> None:
    fetcher = GuardedFetcher(AddressGuard(["127.0.0.1"]), "test")
    receiver.says(answer)
    with pytest.raises(DomainError, match=words):
        await fetcher.fetch(receiver.url, 100, 0.3)
