"""Deliveries a second, and how late first attempts are, beside bare loops of the same HTTP client.

    python -m benchmarks.deliveries [--database postgresql://…] [--count 4000] [--seconds 8]

The receiver is a process of its own that answers 200 to everything and notes how old what it gets is: counted from
the commit of the event (or, in the bare loops, from when the post was due). One process delivers, to four webhooks
whose limits are raised: relaying, signing, posting, recording the attempt, deciding. Without `--database` a
PostgreSQL is started from its wheel. The client is aiohttp, the fastest one measured.
"""

import argparse
import asyncio
import json
import multiprocessing
import shutil
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
from benchmarks.webhook_lab import Server

from adapters.delivery.http import HttpSender
from adapters.delivery.memory import MemoryDeliveries
from adapters.delivery.postgres import PostgresDeliveries
from adapters.outbound.guard import AddressGuard
from adapters.queue.memory import LocalSignal
from adapters.secrets.aesgcm import AesGcmCipher
from adapters.storage.memory import MemoryStore
from adapters.storage.postgres import PostgresStore, migrate
from adapters.storage.postgres.outbox import recorded_event
from adapters.system.live import RandomIds, SystemClock
from application.hints import EventHint
from application.ports.delivery import Posting
from application.use_cases.delivering import Deliver
from application.use_cases.delivery import DeliveryService
from application.use_cases.relaying import RelayEvents
from application.use_cases.webhooks import Bounds, RegisterWebhook, Vault
from domain.access import Caller, Principal, Scope
from domain.events import QuestionFailed
from domain.lanes import LaneLimits

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TENANT, WEBHOOKS, AT_ONCE = "bench", 4, 128
MARK = b'"error_message":"'
RATES = (50, 200, None)
"""Posts a second; `None`: as fast as it goes."""
Post = Callable[[float], Awaitable[Any]]
"""Sends one thing that says when it was due."""


class Answering(asyncio.Protocol):
    waits: ClassVar[list[float]] = []

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            if head.startswith(b"get"):
                self._report(head)
                return
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self.waits.append(time.time() - float(body.split(MARK, 1)[1].split(b" ", 1)[0]))
            self._transport.write(OK)

    def _report(self, head: bytes) -> None:
        raw = json.dumps(self.waits if b"/waits" in head else len(self.waits)).encode()
        if b"/waits" in head:
            self.waits.clear()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(raw) + raw)
        self._transport.close()


def serve(ports: Any) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=1000)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Measured:
    def __init__(self, port: int, arguments: argparse.Namespace) -> None:
        self.url = f"http://127.0.0.1:{port}/hook"
        self._base, self._arguments = f"http://127.0.0.1:{port}", arguments

    def ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self._base}/{path}") as answer:
            return json.load(answer)

    async def row(self, name: str, at_rates: Callable[[float | None, int], Awaitable[None]]) -> None:
        cells = []
        for rate in RATES:
            wanted = int(rate * self._arguments.seconds) if rate else self._arguments.count
            count = wanted - wanted % (WEBHOOKS * 10)
            started, worked = time.perf_counter(), time.process_time()
            await at_rates(rate, count)
            while await asyncio.to_thread(self.ask, "count") < count:  # noqa: ASYNC110 - another process counts
                await asyncio.sleep(0.05)
            took, waits = time.perf_counter() - started, sorted(await asyncio.to_thread(self.ask, "waits"))
            late = f"{waits[len(waits) // 2] * 1000:.0f} / {waits[int(len(waits) * 0.95)] * 1000:.0f} ms"
            each = (time.process_time() - worked) * 1000 / count
            cells.append(late if rate else f"{count / took:.0f}/s, {late}; {each:.2f} ms of this process each")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


async def posting(post: Post, rate: float | None, count: int) -> None:
    """So many posts a second whatever becomes of them, or a constant number at once."""
    if rate is None:
        left = iter(range(count))

        async def worker() -> None:
            for _ in left:
                await post(time.time())

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return
    started, tasks = time.time(), []
    for number in range(count):
        due = started + number / rate
        await asyncio.sleep(max(0.0, due - time.time()))
        tasks.append(asyncio.create_task(_awaited(post(due))))
    await asyncio.gather(*tasks)


async def _awaited(sent: Awaitable[Any]) -> None:
    await sent


def body(due: float) -> bytes:
    """As long as a delivery of these events is."""
    return b'{"data":{' + MARK + f"{due} ".encode() + b"y" * 400 + b'"},"metadata":"' + b"z" * 400 + b'"}'


async def bare(measured: Measured) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200)) as session:

        async def post(due: float) -> None:
            async with session.post(measured.url, data=body(due)) as response:
                await response.read()

        await measured.row("aiohttp, a bare loop", lambda rate, count: posting(post, rate, count))


async def guarded(measured: Measured) -> None:
    sender = HttpSender(AddressGuard(["127.0.0.1"]), "SupportRAG/benchmark")

    async def post(due: float) -> None:
        await sender.send(Posting(measured.url, {}, body(due), 10.0))

    await measured.row("the same client behind the guard, a bare loop", lambda rate, count: posting(post, rate, count))
    await sender.close()


async def served(measured: Measured, name: str, store: Any, queue: Any, signal: LocalSignal) -> None:
    await store.open()
    clock, ids, cipher = SystemClock(), RandomIds(), AesGcmCipher("benchmark")
    guard = AddressGuard(["127.0.0.1"])
    sender = HttpSender(guard, "SupportRAG/benchmark")
    bounds = Bounds(guard, LaneLimits(AT_ONCE, 10**8))
    register = RegisterWebhook(store, queue, Vault(cipher, ids), bounds, clock, ids)
    deliver, relay = Deliver(queue, sender, store, cipher, clock), RelayEvents(queue, store, ids)
    caller = Caller(Principal(TENANT, frozenset({Scope.ADMIN})))
    given = {"url": measured.url, "events": ("query.failed",), "limits": LaneLimits(AT_ONCE // 4, 10**7)}
    for _ in range(WEBHOOKS):
        await register(caller, given, {}, None)
    service = DeliveryService(relay, deliver, queue, store, signal, clock, ids, AT_ONCE)
    running = asyncio.create_task(service.run_forever())

    async def commit(count: int) -> None:
        async with store.begin(TENANT) as uow:
            for _ in range(count):
                event = QuestionFailed(query_id="q", error_code="X", error_message=f"{time.time()} " + "y" * 400)
                uow.announce(event)
            await uow.commit()

    async def emit(rate: float | None, count: int) -> None:
        if rate is None:
            for _ in range(0, count // WEBHOOKS, 10):
                await commit(10)
        else:
            await posting(lambda due: commit(1), rate / WEBHOOKS, count // WEBHOOKS)

    await measured.row(name, emit)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await sender.close()
    await store.close()


async def main(arguments: argparse.Namespace, port: int, database: str) -> None:
    measured = Measured(port, arguments)
    print("| | 50/s: p50 / p95 | 200/s: p50 / p95 | flat out |\n| --- | --- | --- | --- |")
    await bare(measured)
    await guarded(measured)
    clock, signal = SystemClock(), LocalSignal()
    memory = MemoryStore(clock, RandomIds(), told=EventHint(signal, clock))
    await served(measured, "deliveries, in memory", memory, MemoryDeliveries(memory.outbox, memory.publish), signal)
    await migrate(database)
    signal = LocalSignal()
    store = PostgresStore(database, clock, RandomIds(), told=EventHint(signal, clock))
    queue = PostgresDeliveries(store.transaction, store.outbox.put, recorded_event)
    await served(measured, "deliveries, PostgreSQL", store, queue, signal)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database")
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=8.0)
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> None:
    ports: Any = multiprocessing.Queue()
    receiver = multiprocessing.Process(target=serve, args=(ports,), daemon=True)
    receiver.start()
    folder = Path(tempfile.mkdtemp(prefix="supportrag-deliveries-"))
    server = None if arguments.database else Server(folder)
    try:
        asyncio.run(main(arguments, ports.get(), server.url if server else arguments.database))
    finally:
        receiver.terminate()
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run(parsed())
