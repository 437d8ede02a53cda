"""The address guard at all four doors of the running program: nothing hostile is ever connected to.

The doors: a webhook's URL, its test, a batch's `callback_url`, an incoming document's `document_url`. A URL that
a look is enough for is refused at once where that is possible; names are answered by a name server of the test's,
which lies as hostile ones do."""

import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from tests.support.hostile_urls import FORBIDDEN_ANSWERS, HOSTILE
from tests.support.receivers import receiving
from tests.support.system import SystemUnderTest, running
from tests.support.webhooks import signed_now

from adapters.delivery.http import HttpSender
from adapters.system.fixed import ManualClock
from application.ports.storage import WEBHOOKS
from domain.errors import InvalidInput

PUBLIC = "93.184.216.34"
ENTRY = "https://receiver.example/hook"


class NameServer:
    """Answers for `.attack.example`: by a list of answers for each name, the last one for ever after."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.asked: Counter[str] = Counter()

    def resolve(self, host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        answers = self.answers.get(str(host), [[PUBLIC]])
        self.asked[str(host)] += 1
        found = answers[min(self.asked[str(host)], len(answers)) - 1]
        return [_info(address, int(port or 0)) for address in found]

    def lie(self, kind: str) -> list[str]:
        """Names whose answers are forbidden: alone, among good ones, or only when asked again."""
        told: dict[str, Callable[[str], list[list[str]]]] = {
            "alone": lambda bad: [[bad]],
            "mixed": lambda bad: [[PUBLIC, bad]],
            "rebinding": lambda bad: [[PUBLIC], [bad]],
        }
        names = [f"{kind}-{number}.attack.example" for number in range(len(FORBIDDEN_ANSWERS))]
        self.answers |= {name: told[kind](bad) for name, bad in zip(names, FORBIDDEN_ANSWERS, strict=True)}
        return [f"https://{name}/x" for name in names]


def _info(address: str, port: int) -> Any:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    place = (address, port, 0, 0) if ":" in address else (address, port)
    return (family, socket.SOCK_STREAM, 6, "", place)


class Doors:
    """Knocks at each door with a URL, and lets the program do all that follows."""

    def __init__(self, system: SystemUnderTest) -> None:
        self.system = system
        self.hook: dict[str, Any] = {}
        self.sent = 0

    async def open(self) -> None:
        self.hook = await self.system.data("POST", "/api/v1/webhooks", json={"direction": "incoming"})

    @property
    def _now(self) -> datetime | None:
        return self.system.clock.now() if self.system.clock else None

    async def webhook_url(self, url: str) -> None:
        body = {"url": url, "events": ["session.created"]}
        answer = await self.system.http.post("/api/v1/webhooks", json=body)
        assert answer.status_code in (201, 400), answer.text

    async def test(self, url: str) -> None:
        """Of a webhook that was registered before the URL became a bad one."""
        made = await self.system.data("POST", "/api/v1/webhooks", json={"url": ENTRY, "events": ["job.failed"]})
        try:
            await self._turn_bad(made["webhook_id"], url)
        except InvalidInput:
            return  # no text that a store keeps
        tested = await self.system.data("POST", f"/api/v1/webhooks/{made['webhook_id']}/test")
        assert tested["delivery"]["status"] == "failed"
        assert tested["delivery"]["error"] in ("blocked_target", "The connection was refused or broke off")
        await self.system.call("DELETE", f"/api/v1/webhooks/{made['webhook_id']}")

    async def _turn_bad(self, webhook_id: str, url: str) -> None:
        async with self.system.container.store().begin("platform") as uow:
            webhook = await uow[WEBHOOKS].get(webhook_id)
            webhook.url = url
            await uow[WEBHOOKS].save(webhook)
            await uow.commit()

    async def callback_url(self, url: str) -> None:
        body = {"queries": [{"id": "one", "question": "How long?"}], "callback_url": url}
        answer = await self.system.http.post("/api/v1/queries/batch", json=body)
        assert answer.status_code in (202, 400), answer.text

    async def document_url(self, url: str) -> None:
        self.sent += 1
        data = {"document_url": url, "document_name": "faq.json"}
        body = {"event_type": "d", "source": "s", "data": data, "event_id": str(self.sent)}
        path = "/api/v1/webhooks/incoming/document"
        answer = await self.system.http.post(path, **signed_now(self.hook, body, self._now))
        assert answer.status_code in (202, 400), answer.text
        if answer.status_code == 202:
            job = answer.json()["data"]["job_id"]
            await self.system.run_due()
            ended = await self.system.data("GET", f"/api/v1/jobs/{job}")
            assert ended["status"] in ("failed", "pending"), ended


DOORS = ("webhook_url", "test", "callback_url", "document_url")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> NameServer:
    server = NameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server.resolve)
    return server


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that anything in this process tries to connect to; none is reached."""
    seen: list[str] = []

    def connect(self: socket.socket, address: Any) -> None:
        seen.append(str(address[0]))
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return seen


@pytest.fixture
async def doors(names: NameServer, connections: list[str]) -> AsyncIterator[Doors]:
    async with running(clock=ManualClock()) as system:
        sender = HttpSender(system.container.guard(), "test")
        system.container.webhooks.deliver()._sender = sender
        opened = Doors(system)
        await opened.open()
        yield opened
        await sender.close()


async def everything_due(system: SystemUnderTest) -> None:
    """Jobs and deliveries, and the retries of both, so that names are asked again."""
    for _ in range(3):
        await system.run_due()
        await system.container.webhooks.service().run_due()
        assert system.clock is not None
        system.clock.advance(seconds=40)


def knocking(doors: Doors, door: str) -> Callable[[str], Awaitable[None]]:
    knock: Callable[[str], Awaitable[None]] = getattr(doors, door)
    return knock


@pytest.mark.parametrize("door", DOORS)
async def test_no_hostile_url_is_connected_to(doors: Doors, connections: list[str], door: str) -> None:
    assert len(HOSTILE) >= 150
    for url in HOSTILE:
        await knocking(doors, door)(url)
    await everything_due(doors.system)
    assert connections == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ["alone", "mixed", "rebinding"])
async def test_no_lie_of_a_name_server_is_connected_to(
    doors: Doors, connections: list[str], names: NameServer, door: str, kind: str
) -> None:
    urls = names.lie(kind)
    for url in urls:
        await knocking(doors, door)(url)
        if door == "test":
            await knocking(doors, door)(url)
    await doors.system.call("POST", "/api/v1/sessions", json={"user_id": "u"})
    await everything_due(doors.system)
    assert set(connections) <= ({PUBLIC} if kind == "rebinding" else set())
    again = 2 if kind == "rebinding" else 1
    assert [name for name in names.answers if names.asked[name] < again] == []


@pytest.mark.parametrize("door", DOORS)
async def test_no_redirect_is_followed(door: str) -> None:
    async with receiving() as canary, receiving() as entry, running(outbound_allow=("127.0.0.1",)) as system:
        entry.says(f"HTTP/1.1 307 X\r\nLocation: {canary.url}\r\nContent-Length: 0\r\n\r\n".encode())
        sender = HttpSender(system.container.guard(), "test")
        system.container.webhooks.deliver()._sender = sender
        doors = Doors(system)
        await doors.open()
        if door == "test":
            made = await system.data("POST", "/api/v1/webhooks", json={"url": entry.url, "events": ["job.failed"]})
            tested = await system.data("POST", f"/api/v1/webhooks/{made['webhook_id']}/test")
            assert (tested["delivery"]["status"], tested["delivery"]["response_code"]) == ("failed", 307)
        elif door == "callback_url":
            body = {"queries": [{"id": "one", "question": "How long?"}], "callback_url": entry.url}
            await system.call("POST", "/api/v1/queries/batch", json=body)
        else:
            await knocking(doors, door)(entry.url)
        await system.call("POST", "/api/v1/sessions", json={"user_id": "u"})
        await system.run_due()
        await system.container.webhooks.service().run_due()
        await sender.close()
        assert entry.requests and canary.requests == []
