"""A small world of webhooks: the real use-cases, a clock wound by hand, and a sender that remembers."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from adapters.delivery.memory import MemoryDeliveries
from adapters.delivery.postgres import PostgresDeliveries
from adapters.delivery.recording import RecordingSender
from adapters.outbound.guard import AddressGuard
from adapters.queue.memory import LocalSignal
from adapters.secrets.aesgcm import AesGcmCipher
from adapters.storage.memory import MemoryStore
from adapters.storage.postgres import PostgresStore
from adapters.storage.postgres.outbox import recorded_event
from adapters.system.fixed import CountingIds, ManualClock
from application.ports.delivery import DeliveryFilter, Posting, Sender
from application.ports.storage import WEBHOOKS, Store
from application.use_cases.delivering import Deliver, Keyring
from application.use_cases.delivery import DeliveryService
from application.use_cases.incoming import AcceptIncoming, SlidingThrottle, pass_on
from application.use_cases.redelivery import RetryDelivery, TestWebhook
from application.use_cases.relaying import RelayEvents
from application.use_cases.webhooks import (
    Bounds,
    ChangeWebhook,
    DeleteWebhook,
    Disclosed,
    RegisterWebhook,
    RotateSecret,
    Vault,
)
from domain.access import Caller, Principal, Scope
from domain.aggregates import Event
from domain.delivery import Delivery
from domain.events import QuestionFailed
from domain.incoming import Channel
from domain.paging import PageRequest
from domain.signing import key_bytes, timed_signature
from domain.webhooks import Webhook

TENANT = "acme"
URL = "https://receiver.example/hook"
SECRET = "k7Qm2v9XcT4bZ8nR1sW6yH3fJ5dL0pGaEuKiOxVqMzA"


MakeWorld = Callable[..., "WebhookWorld"]


def caller(tenant_id: str = TENANT) -> Caller:
    return Caller(Principal(tenant_id, frozenset({Scope.ADMIN}), key_id="key_1"), "req_1", "0" * 32)


@dataclass
class Backend:
    """What the world is built on: a store and a queue that share an outbox."""

    store: Store
    queue: Any


def memory_backend(clock: ManualClock, ids: CountingIds) -> Backend:
    store = MemoryStore(clock, ids)
    return Backend(store, MemoryDeliveries(store.outbox, store.publish))


class WebhookWorld:
    """`world.announce(event)`, `await world.run_due()`, `world.sender.posted`."""

    def __init__(
        self,
        backend: Callable[[ManualClock, CountingIds], Backend] = memory_backend,
        sender: Sender | None = None,
        capacity: int = 64,
        chance: Callable[[], float] = lambda: 0.0,
        clock: ManualClock | None = None,
        ids: CountingIds | None = None,
    ) -> None:
        self.clock, self.ids = clock or ManualClock(), ids or CountingIds()
        built = backend(self.clock, self.ids)
        self.store, self.queue = built.store, built.queue
        self.sender = RecordingSender()
        self.cipher = AesGcmCipher("a master key for tests")
        self.signal = LocalSignal()
        self.vault = Vault(self.cipher, self.ids)
        self.guard = AddressGuard(allow=())
        self.bounds = Bounds(self.guard)
        self.deliver = Deliver(self.queue, sender or self.sender, self.store, self.cipher, self.clock, chance)
        self.relay = RelayEvents(self.queue, self.store, self.ids)
        self.service = self.another_worker(capacity)
        parts = (self.store, self.queue, self.vault)
        self.register = RegisterWebhook(*parts, self.bounds, self.clock, self.ids)
        self.change = ChangeWebhook(*parts, Keyring(self.cipher), self.bounds, self.clock)
        self.delete = DeleteWebhook(self.store, self.queue, self.clock)
        self.rotate = RotateSecret(self.store, self.vault, self.clock)
        self.test = TestWebhook(self.store, self.queue, self.queue, self.deliver, self.clock, self.ids)
        self.retry = RetryDelivery(self.store, self.queue, self.queue, self.signal, self.clock, self.ids)
        self.accept = AcceptIncoming(
            self.store, self.queue, self.cipher, dict.fromkeys(Channel, pass_on),
            self.signal, SlidingThrottle(self.clock), self.clock, self.ids,
        )  # fmt: skip

    def another_worker(self, capacity: int = 64) -> DeliveryService:
        return DeliveryService(
            self.relay, self.deliver, self.queue, self.store, self.signal, self.clock, self.ids, capacity
        )

    async def webhook(self, *events: str, tenant: str = TENANT, **given: Any) -> Disclosed:
        properties: dict[str, Any] = {"url": URL, "events": events or ("query.failed",), **given}
        headers: Mapping[str, str] = properties.pop("headers", {})
        return await self.register(caller(tenant), properties, headers, properties.pop("secret", SECRET))

    async def announce(self, *events: Event, tenant: str = TENANT) -> None:
        async with self.store.begin(tenant) as uow:
            for event in events:
                uow.announce(event)
            await uow.commit()

    async def fail_questions(self, count: int = 1, tenant: str = TENANT) -> None:
        await self.announce(*(a_failure(f"q_{number}") for number in range(count)), tenant=tenant)

    async def run_due(self) -> int:
        return await self.service.run_due()

    async def run_until_quiet(self) -> list[datetime]:
        """Winds the clock from one due delivery to the next; when each thing was sent."""
        times = []
        before = len(self.sender.posted)
        while True:
            await self.run_due()
            times += [self.clock.now()] * (len(self.sender.posted) - before)
            before = len(self.sender.posted)
            due = await self.queue.next_due()
            if due is None:
                return times
            self.clock.advance(seconds=max(0.0, (due - self.clock.now()).total_seconds()))

    async def deliveries(self, tenant: str = TENANT, **chosen: Any) -> list[Delivery]:
        request = PageRequest(limit=1000, sort="created_at")
        return list((await self.queue.page(tenant, DeliveryFilter(**chosen), request)).items)

    async def stored(self, webhook_id: str, tenant: str = TENANT) -> Webhook:
        async with self.store.begin(tenant) as uow:
            return await uow[WEBHOOKS].get(webhook_id)

    def types(self) -> list[str]:
        return [type_of(posting) for posting in self.sender.posted]


def a_failure(query_id: str = "q_1") -> QuestionFailed:
    return QuestionFailed(query_id=query_id, error_code="X", error_message="It went wrong.")


def signed_now(hook: Mapping[str, Any], body: Mapping[str, Any], now: datetime | None = None) -> dict[str, Any]:
    """What httpx sends of an incoming body, signed by the webhook's secret at this moment."""
    moment = now or datetime.now(UTC)
    raw = json.dumps({"timestamp": moment.isoformat(), **body}).encode()
    stamp = str(int(moment.timestamp()))
    headers = {
        "X-Webhook-ID": hook["webhook_id"],
        "X-Webhook-Timestamp": stamp,
        "X-Webhook-Signature": timed_signature(key_bytes(hook["secret"]), stamp, raw),
        "Content-Type": "application/json",
    }
    return {"content": raw, "headers": headers}


def type_of(posting: Posting) -> str:
    return posting.headers["X-Event-Type"]


@pytest.fixture(params=["memory", "postgres"])
def webhook_database(request: pytest.FixtureRequest) -> str | None:
    """The URL of a migrated database; `None` for memory."""
    return request.getfixturevalue("database_url") if request.param == "postgres" else None


@pytest.fixture
async def make_webhook_world(webhook_database: str | None) -> AsyncIterator[MakeWorld]:
    """Makes worlds on each backend: `make_webhook_world(capacity=8)`."""
    if webhook_database is None:
        yield WebhookWorld
        return
    clock, ids = ManualClock(), CountingIds()
    store = PostgresStore(webhook_database, clock, ids)
    await store.open()
    yield partial(WebhookWorld, lambda *_: Backend(store, postgres_queue(store)), clock=clock, ids=ids)
    await store.close()


def postgres_queue(store: PostgresStore) -> PostgresDeliveries:
    return PostgresDeliveries(store.transaction, store.outbox.put, recorded_event)
