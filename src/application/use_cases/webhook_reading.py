"""Webhooks, deliveries and the event log, for reading."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.cursors import SealedCursors
from application.ports.delivery import Cipher, DeliveryFilter, DeliveryLog, DeliveryQueue
from application.ports.queue import WorkSignal
from application.ports.storage import WEBHOOKS, Store
from application.use_cases.redelivery import failed_deliveries
from domain.access import Caller
from domain.catalogue import covering
from domain.delivery import Attempt, Delivery, PublicEvent
from domain.lanes import Lane
from domain.paging import Page, PageRequest, where
from domain.webhooks import Purpose, Webhook

FEED_POLL = 1.0
FEED_BATCH = 100


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook and what its deliveries came to; no lane as long as nothing was ever to be sent."""

    webhook: Webhook
    lane: Lane | None

    @property
    def paused_until(self) -> datetime | None:
        held = [self.webhook.paused_until, self.lane.held_until if self.lane else None]
        return max((until for until in held if until), default=None)


class BrowseWebhooks:
    def __init__(self, store: Store, queue: DeliveryQueue) -> None:
        self._store, self._queue = store, queue

    async def page(
        self, caller: Caller, request: PageRequest, active: bool | None = None, event: str | None = None
    ) -> Page[WebhookView]:
        """`event`: only those that get events of this type, by name, by a prefix or by `*`."""
        wanted = covering(event) if event is not None else None
        conditions = where(purpose=Purpose.STANDING, active=active, events__has_any=wanted)
        async with self._store.begin(caller.tenant_id) as uow:
            found = await uow[WEBHOOKS].page(conditions, request)
        lanes = await self._queue.lanes(caller.tenant_id, [webhook.id for webhook in found.items])
        return found.map(lambda webhook: WebhookView(webhook, lanes.get(webhook.id)))

    async def one(self, caller: Caller, webhook_id: str) -> WebhookView:
        async with self._store.begin(caller.tenant_id) as uow:
            webhook = await uow[WEBHOOKS].get(webhook_id)
        lanes = await self._queue.lanes(caller.tenant_id, [webhook_id])
        return WebhookView(webhook, lanes.get(webhook_id))


@dataclass(frozen=True, slots=True)
class DeliveryDetail:
    delivery: Delivery
    attempts: Sequence[Attempt]
    event: PublicEvent | None
    """`None` when its payload is no longer kept."""


class BrowseDeliveries:
    def __init__(self, deliveries: DeliveryLog) -> None:
        self._log = deliveries

    async def page(self, caller: Caller, chosen: DeliveryFilter, request: PageRequest) -> Page[Delivery]:
        return await self._log.page(caller.tenant_id, chosen, request)

    async def failures(self, caller: Caller, request: PageRequest, webhook_id: str | None) -> Page[Delivery]:
        return await self._log.page(caller.tenant_id, failed_deliveries(webhook_id), request)

    async def one(self, caller: Caller, delivery_id: str) -> DeliveryDetail:
        delivery = await self._log.get(caller.tenant_id, delivery_id)
        attempts = await self._log.attempts(caller.tenant_id, delivery_id)
        return DeliveryDetail(delivery, attempts, await self._event(caller, delivery))

    async def _event(self, caller: Caller, delivery: Delivery) -> PublicEvent | None:
        return await self._log.find_event(caller.tenant_id, delivery.event_id)


START = "0"
"""The cursor before the first event."""


class ReadEvents:
    """The event log: by cursor, or as a feed that goes on. An event comes with the cursor that is just behind it."""

    def __init__(self, deliveries: DeliveryLog, signal: WorkSignal, cipher: Cipher) -> None:
        self._log, self._signal = deliveries, signal
        self._cursors = SealedCursors(cipher, "events")

    async def page(
        self, caller: Caller, cursor: str | None, limit: int, types: Sequence[str] = ()
    ) -> Page[tuple[str, PublicEvent]]:
        """Raises `InvalidInput` for a cursor that is none."""
        found = await self._log.events(caller.tenant_id, self._position(caller, cursor), limit + 1, types)
        items, has_next = tuple(self._behind(caller, *each) for each in found[:limit]), len(found) > limit
        total = await self._log.count_events(caller.tenant_id, types)
        return Page(items, total, limit, 0, has_next, items[-1][0] if has_next else None)

    def feed(
        self, caller: Caller, cursor: str | None, types: Sequence[str] = ()
    ) -> AsyncIterator[tuple[str, PublicEvent] | None]:
        """Every event behind the cursor (by default: from now on), as it comes; a `None` now and then while
        nothing does, so that whoever listens can tell silence from death. Raises `InvalidInput` at once."""
        return self._follow(caller, self._position(caller, cursor), types)

    async def _follow(
        self, caller: Caller, position: int | None, types: Sequence[str]
    ) -> AsyncIterator[tuple[str, PublicEvent] | None]:
        last = await self._log.last_position(caller.tenant_id) if position is None else position
        while True:
            found = await self._log.events(caller.tenant_id, last, FEED_BATCH, types)
            for at, event in found:
                last = at
                yield self._behind(caller, at, event)
            if not found:
                yield None
                await self._signal.wait(FEED_POLL)

    def _position(self, caller: Caller, cursor: str | None) -> int | None:
        if cursor is None:
            return None
        return 0 if cursor == START else int(self._cursors.open(caller.tenant_id, cursor))

    def _behind(self, caller: Caller, position: int, event: PublicEvent) -> tuple[str, PublicEvent]:
        return self._cursors.seal(caller.tenant_id, str(position)), event
