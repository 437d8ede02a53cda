"""Whatever a receiver does, an attempt ends in time, small, and said in plain words."""

import asyncio
import datetime
import gzip
import resource
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.misdeeds import MISDEEDS, certificate, misbehaving
from tests.support.receivers import OK, Receiver, receiving

from adapters.delivery.http import HttpSender, retry_after
from adapters.outbound.guard import AddressGuard
from application.ports.delivery import Answer, Posting
from domain.retries import Failure

BODY = b'{"event_id":"evt_1"}'


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as server:
        yield server


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    made = HttpSender(AddressGuard(["127.0.0.1", "localhost"]), "SupportRAG/1.0.0")
    yield made
    await made.close()


async def send(sender: HttpSender, url: str, seconds: float = 0.5) -> Answer:
    started = time.monotonic()
    answer = await sender.send(Posting(url, {"X-Signature": "sha256=x", "X-Own": "v"}, BODY, seconds))
    assert time.monotonic() - started < seconds + 0.4
    return answer


async def test_the_bytes_arrive_as_they_were_signed(sender: HttpSender, receiver: Receiver) -> None:
    answer = await send(sender, receiver.url)
    assert (answer.outcome.status, answer.body, answer.error) == (200, "ok", None)
    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    assert body == BODY
    assert lines[b"User-Agent"] == b"SupportRAG/1.0.0" and lines[b"Content-Type"] == b"application/json"
    assert lines[b"Accept-Encoding"] == b"identity" and lines[b"X-Own"] == b"v"
    assert b"Cookie" not in lines and b"Transfer-Encoding" not in lines


async def test_connections_are_used_again_and_cookies_are_not_kept(sender: HttpSender, receiver: Receiver) -> None:
    receiver.says(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n")
    for _ in range(3):
        answer = await send(sender, receiver.url)
    assert not any(b"Cookie" in request for request in receiver.requests)
    assert "Set-Cookie" not in answer.headers


async def test_a_redirect_is_an_answer_and_not_followed(sender: HttpSender, receiver: Receiver) -> None:
    receiver.says(f"HTTP/1.1 307 Go\r\nLocation: {receiver.url}\r\nContent-Length: 0\r\n\r\n".encode())
    answer = await send(sender, receiver.url)
    assert (answer.outcome.status, answer.error, len(receiver.requests)) == (307, "HTTP 307", 1)


async def test_silence_ends_at_the_deadline(sender: HttpSender, receiver: Receiver) -> None:
    receiver.says(None)
    assert (await send(sender, receiver.url)).outcome.failure is Failure.TIMEOUT


async def test_headers_that_trickle_end_at_the_deadline(sender: HttpSender, receiver: Receiver) -> None:
    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1000):
            writer.write(b"X-%d: y\r\n" % number)
            await writer.drain()
            await asyncio.sleep(0.05)

    receiver.does(trickle)
    assert (await send(sender, receiver.url)).outcome.failure is Failure.TIMEOUT


async def test_a_body_that_trickles_ends_at_the_deadline(sender: HttpSender, receiver: Receiver) -> None:
    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        for _number in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    receiver.does(trickle)
    assert (await send(sender, receiver.url)).outcome.failure is Failure.TIMEOUT


async def test_an_endless_body_is_left_after_sixteen_kibibytes(sender: HttpSender, receiver: Receiver) -> None:
    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            receiver.sent += 65536
            await writer.drain()

    receiver.does(pour)
    answer = await send(sender, receiver.url, 3)
    assert answer.outcome.status == 200 and answer.body is not None and len(answer.body) == 4096
    await asyncio.sleep(0.05)
    assert receiver.sent < 8 * 1024 * 1024


async def test_a_compressed_bomb_is_not_unpacked(sender: HttpSender, receiver: Receiver) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 1)
    receiver.says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = await send(sender, receiver.url, 3)
    assert answer.outcome.status == 200 and len(answer.body or "") <= 4096
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"", Failure.CONNECTION),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Failure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", Failure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", Failure.PROTOCOL),
        (b"HTTP/1.1 abc OK\r\n\r\n", Failure.PROTOCOL),
    ],
)
async def test_nonsense_is_a_failure_and_no_crash(
    sender: HttpSender, receiver: Receiver, answer: bytes, failure: Failure
) -> None:
    receiver.says(answer)
    sent = await send(sender, receiver.url)
    assert sent.outcome.failure is failure and sent.error
    assert len(receiver.requests) == 1


async def test_nobody_there(sender: HttpSender) -> None:
    answer = await send(sender, "http://127.0.0.1:9/x")
    assert answer.outcome.failure is Failure.CONNECTION and "127.0.0.1" not in (answer.error or "")


async def test_a_name_nobody_knows() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        import socket

        raise socket.gaierror(-2, "Name or service not known")

    sender = HttpSender(AddressGuard(resolve=unknown), "x")
    assert (await send(sender, "https://nobody.example/x")).outcome.failure is Failure.DNS
    await sender.close()


async def test_retry_after_is_read_from_the_answer(sender: HttpSender, receiver: Receiver) -> None:
    receiver.says(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")
    assert (await send(sender, receiver.url)).outcome.retry_after == 7


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("120", 120.0), ("Wed, 07 Jan 2026 10:02:00 GMT", 120.0), ("Wed, 07 Jan 2026 09:00:00 GMT", 0.0),
        ("soon", None), ("-1", None), ("١", None), ("9" * 400, 999999999999.0), ("", None),
    ],
)  # fmt: skip
def test_retry_after_has_two_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, datetime.datetime(2026, 1, 7, 10, tzinfo=datetime.UTC)) == seconds


@pytest.mark.parametrize("name", MISDEEDS)
async def test_a_hostile_receiver_is_left_in_time_and_with_little_memory(sender: HttpSender, name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with misbehaving(name) as url:
        started = time.monotonic()
        answer = await sender.send(Posting(url, {}, b"{}" * 100_000, 0.5))
        assert time.monotonic() - started < 0.5 + 1
    assert answer.outcome.failure is not None or answer.outcome.status in (200, 307)
    assert len(answer.body or "") <= 4096
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


async def test_the_certificate_is_checked_by_name_though_the_address_was_pinned(tmp_path: Path) -> None:
    server, trusting = certificate("right.example", tmp_path / "pem"), ssl.create_default_context()
    trusting.load_verify_locations(tmp_path / "pem")

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    guard = AddressGuard(["127.0.0.1"], resolve)

    class Trusting:
        admitted = staticmethod(guard.admitted)

        def connector(self, limit: int = 100) -> object:
            return guard.connector(limit, trusting)

    async with receiving(server) as receiver:
        sender = HttpSender(Trusting(), "x")  # type: ignore[arg-type]
        right, wrong = (receiver.url.replace("127.0.0.1", name) for name in ("right.example", "wrong.example"))
        assert (await send(sender, right, 2)).outcome.status == 200
        assert (await send(sender, wrong, 2)).outcome.failure is Failure.TLS
        await sender.close()


async def test_an_environment_proxy_is_not_used(
    sender: HttpSender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert (await send(sender, receiver.url)).outcome.status == 200


async def test_one_slow_receiver_delays_nobody_else(sender: HttpSender, receiver: Receiver) -> None:
    receiver.says(None)
    async with receiving() as quick:
        quick.says(OK)
        slow = [asyncio.create_task(send(sender, receiver.url, 1)) for _ in range(10)]
        await asyncio.sleep(0.05)
        assert (await send(sender, quick.url, 1)).duration_ms < 200
        await asyncio.gather(*slow)
