"""The receivers that the documentation offers accept what we send, once, and nothing else."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.webhooks import SECRET

from adapters.delivery.http import HttpSender
from adapters.outbound.guard import AddressGuard
from adapters.system.fixed import CountingIds
from adapters.system.live import SystemClock
from application.ports.delivery import Answer, Posting
from application.use_cases.delivering import posting_of
from domain.delivery import PublicEvent
from domain.signing import key_bytes, standard_spelling
from domain.webhooks import Webhook

DOCS = Path(__file__).parents[2] / "docs/receivers"
RECEIVERS = {"python": [sys.executable, DOCS / "python/receiver.py"], "node": ["node", DOCS / "node/receiver.mjs"]}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


class Running:
    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process, self.url = process, f"http://127.0.0.1:{port}/hook"
        self.sender = HttpSender(AddressGuard(["127.0.0.1"]), "test")

    async def send(self, posting: Posting) -> Answer:
        for _ in range(100):
            answer = await self.sender.send(posting)
            if answer.outcome.status is not None:
                return answer
            await asyncio.sleep(0.05)
        raise AssertionError("the receiver never answered")


@pytest.fixture(params=RECEIVERS)
async def receiver(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    if shutil.which(str(RECEIVERS[request.param][0])) is None:
        pytest.skip(f"{request.param} is not installed")
    port = free_port()
    environment = {**os.environ, "SUPPORTRAG_WEBHOOK_SECRET": standard_spelling(SECRET)}
    process = await asyncio.create_subprocess_exec(
        *map(str, RECEIVERS[request.param]), str(port), env=environment, stdout=asyncio.subprocess.PIPE
    )
    running = Running(process, port)
    yield running
    await running.sender.close()
    process.kill()
    await process.communicate()


def posting(url: str, keys: list[bytes], event_id: str = "evt_1") -> Posting:
    now = SystemClock().now()
    data = {"answer": "Fünf 🎈", "confidence": 1.0, "tiny": 1e-7}
    event = PublicEvent(id=event_id, tenant_id="t", type="query.completed", data=data, occurred_at=now)
    webhook = Webhook(id=CountingIds().new("whk"), created_at=now, updated_at=now, url=url)
    return posting_of(webhook, event, 1, keys, {}, now)


async def test_what_we_send_is_accepted_and_taken_once(receiver: Running) -> None:
    good = posting(receiver.url, [key_bytes(SECRET)])
    assert (await receiver.send(good)).outcome.status == 200
    assert (await receiver.send(good)).outcome.status == 200
    rotating = posting(receiver.url, [b"an older key that is known", key_bytes(SECRET)], "evt_2")
    assert (await receiver.send(rotating)).outcome.status == 200
    forged = Posting(good.url, good.headers, good.body.replace(b"query", b"quary"), 5)
    assert (await receiver.send(forged)).outcome.status == 401
    stale = Posting(good.url, {**good.headers, "webhook-timestamp": "1"}, good.body, 5)
    assert (await receiver.send(stale)).outcome.status == 401
    assert receiver.process.stdout is not None
    for _ in range(2):
        line = (await asyncio.wait_for(receiver.process.stdout.readline(), 2)).decode()
        assert line.startswith("query.completed {") and "Fünf" in line
