"""Deliveries a second, beside what aiohttp alone can post.

    python benchmarks/deliveries.py [--database postgresql://…] [--count 5000] [--webhooks 10]

The receiver is a process of its own that answers 200 to everything. Every figure is of one process: signing,
posting, recording the attempt, deciding. Without `--database` the queue in memory is measured alone.
"""

import argparse
import asyncio
import multiprocessing
import time
from typing import Any

import aiohttp

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
from application.use_cases.delivering import Deliver
from application.use_cases.delivery import DeliveryService
from application.use_cases.relaying import RelayEvents
from application.use_cases.webhooks import Bounds, RegisterWebhook, Vault
from domain.access import Caller, Principal, Scope
from domain.events import QuestionFailed

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TENANT = "bench"
BODY = b"x" * 1024


class Answering(asyncio.Protocol):
    """Answers 200 as soon as a request with `Content-Length` is complete."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            self._transport.write(OK)


def serve(ports: Any) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def bare(url: str, count: int, concurrency: int) -> float:
    """Posts a second of aiohttp with nothing around it."""
    left = iter(range(count))

    async def worker(session: aiohttp.ClientSession) -> None:
        for _ in left:
            async with session.post(url, data=BODY) as response:
                await response.read()

    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        await asyncio.gather(*(worker(session) for _ in range(concurrency)))
        return count / (time.perf_counter() - started)


def service(store: Any, queue: Any) -> tuple[DeliveryService, RegisterWebhook, HttpSender]:
    clock, ids, cipher = SystemClock(), RandomIds(), AesGcmCipher("benchmark")
    guard = AddressGuard(["127.0.0.1"])
    sender = HttpSender(guard, "SupportRAG/benchmark")
    register = RegisterWebhook(store, queue, Vault(cipher, ids), Bounds(guard), clock, ids)
    deliver, relay = Deliver(queue, sender, store, cipher, clock), RelayEvents(queue, store, ids)
    return DeliveryService(relay, deliver, queue, store, LocalSignal(), clock, ids), register, sender


async def measured(store: Any, queue: Any, url: str, count: int, webhooks: int) -> tuple[float, float]:
    """Events relayed and deliveries completed a second. One event goes to every webhook."""
    await store.open()
    working, register, sender = service(store, queue)
    caller = Caller(Principal(TENANT, frozenset({Scope.ADMIN})))
    for _ in range(webhooks):
        await register(caller, {"url": url, "events": ("query.failed",)}, {}, None)
    await announce(store, count // webhooks)
    started = time.perf_counter()
    while await working._relay():
        pass
    relayed = time.perf_counter() - started
    running = asyncio.create_task(working.run_forever())
    async with asyncio.timeout(120):
        while (await queue.counts(SystemClock().now()))["queued"]:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
    await working.settle_all()
    took = time.perf_counter() - started - relayed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await sender.close()
    await store.close()
    return count / relayed, count / took


async def announce(store: Any, count: int) -> None:
    for first in range(0, count, 500):
        async with store.begin(TENANT) as uow:
            for number in range(first, min(count, first + 500)):
                uow.announce(QuestionFailed(query_id=f"q_{number}", error_code="X", error_message="y" * 400))
            await uow.commit()


async def main(arguments: argparse.Namespace, port: int) -> None:
    url, count = f"http://127.0.0.1:{port}/hook", arguments.count
    for concurrency in (10, 50):
        print(f"bare aiohttp, {concurrency} at once: {await bare(url, count, concurrency):8.0f} posts/s")
    memory = MemoryStore(SystemClock(), RandomIds())
    relayed, sent = await measured(
        memory, MemoryDeliveries(memory.outbox, memory.publish), url, count, arguments.webhooks
    )
    print(f"queue in memory:   relayed {relayed:8.0f}/s, delivered {sent:8.0f}/s")
    if arguments.database:
        await migrate(arguments.database)
        store = PostgresStore(arguments.database, SystemClock(), RandomIds(), connections=10)
        queue = PostgresDeliveries(store.transaction, store.outbox.put, recorded_event)
        relayed, sent = await measured(store, queue, url, count, arguments.webhooks)
        print(f"queue in postgres: relayed {relayed:8.0f}/s, delivered {sent:8.0f}/s")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--webhooks", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    ports: Any = multiprocessing.Queue()
    receiver = multiprocessing.Process(target=serve, args=(ports,), daemon=True)
    receiver.start()
    try:
        asyncio.run(main(parsed(), ports.get()))
    finally:
        receiver.terminate()
