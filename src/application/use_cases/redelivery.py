"""Sending again, and sending to try: deliveries that a person asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.delivery import Claimed, DeliveryFilter, DeliveryLog, DeliveryQueue
from application.ports.queue import WorkSignal
from application.ports.storage import WEBHOOKS, Store
from application.ports.system import Clock, Ids
from application.use_cases.delivering import Deliver
from domain.access import Caller
from domain.catalogue import TEST
from domain.delivery import Attempt, Delivery, Kind, PublicEvent, State
from domain.errors import Conflict
from domain.ids import Prefix
from domain.paging import PageRequest, where
from domain.retries import RetryPolicy
from domain.webhooks import Purpose, Webhook

RETRY_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Tested:
    event_id: str
    delivery: Delivery
    attempt: Attempt | None


class TestWebhook:
    """Sends a `webhook.test` at once and waits for what comes of it; also to a webhook that is not active."""

    __test__ = False

    def __init__(
        self, store: Store, queue: DeliveryQueue, deliveries: DeliveryLog, deliver: Deliver, clock: Clock, ids: Ids
    ) -> None:
        self._store, self._queue, self._log, self._deliver = store, queue, deliveries, deliver
        self._clock, self._ids = clock, ids

    async def __call__(self, caller: Caller, webhook_id: str) -> Tested:
        async with self._store.begin(caller.tenant_id) as uow:
            webhook = await uow[WEBHOOKS].get(webhook_id)
        webhook.require_sending()
        event, delivery = self._event(caller, webhook), self._delivery(caller, webhook)
        delivery.event_id = event.id
        delivery.claim(self._ids.new("claim"), delivery.created_at)
        await self._queue.add(event, delivery, webhook.limits)
        await self._deliver(Claimed(delivery, event), webhook)
        ended = await self._log.get(caller.tenant_id, delivery.id)
        attempts = await self._log.attempts(caller.tenant_id, delivery.id)
        return Tested(event.id, ended, attempts[-1] if attempts else None)

    def _event(self, caller: Caller, webhook: Webhook) -> PublicEvent:
        data = {"message": "This is a test of your webhook.", "webhook_id": webhook.id}
        return PublicEvent(
            id=self._ids.new(Prefix.EVENT),
            tenant_id=caller.tenant_id,
            type=TEST.name,
            data=data,
            occurred_at=self._clock.now(),
            trace_id=caller.trace_id or None,
        )

    def _delivery(self, caller: Caller, webhook: Webhook) -> Delivery:
        now = self._clock.now()
        return Delivery(
            id=self._ids.new(Prefix.DELIVERY), tenant_id=caller.tenant_id, webhook_id=webhook.id, event_id="",
            event_type=TEST.name, policy=RetryPolicy((), webhook.retry_policy.policy.timeout_seconds),
            created_at=now, updated_at=now, due_at=now, kind=Kind.TEST,
        )  # fmt: skip


class RetryDelivery:
    """Makes a new delivery of a finished one, due now."""

    def __init__(
        self, store: Store, queue: DeliveryQueue, deliveries: DeliveryLog, signal: WorkSignal, clock: Clock, ids: Ids
    ) -> None:
        self._store, self._queue, self._log = store, queue, deliveries
        self._signal, self._clock, self._ids = signal, clock, ids

    async def __call__(self, caller: Caller, delivery_id: str) -> Delivery:
        original = await self._log.get(caller.tenant_id, delivery_id)
        again = await self._queued(caller, original)
        await self._signal.wake()
        return again

    async def failures(
        self, caller: Caller, webhook_id: str | None = None, since: datetime | None = None
    ) -> list[Delivery]:
        """Retries what stands on the failures list, of one webhook and since a time where asked; at most
        1000 at once. Those whose webhook is gone or inactive are passed over."""
        chosen = failed_deliveries(webhook_id, since)
        again: list[Delivery] = []
        request = PageRequest(limit=RETRY_BATCH, sort="created_at")
        for original in (await self._log.page(caller.tenant_id, chosen, request)).items:
            try:
                again.append(await self._queued(caller, original))
            except Conflict:
                continue
        await self._signal.wake()
        return again

    async def _queued(self, caller: Caller, original: Delivery) -> Delivery:
        webhook = await self._webhook(caller, original.webhook_id)
        again = original.again(self._ids.new(Prefix.DELIVERY), self._clock.now())
        again.policy = webhook.retry_policy.policy
        if await self._log.find_event(caller.tenant_id, original.event_id) is None:
            raise Conflict("The event of this delivery is no longer kept.")
        await self._queue.add(None, again, webhook.limits)
        return again

    async def _webhook(self, caller: Caller, webhook_id: str) -> Webhook:
        async with self._store.begin(caller.tenant_id) as uow:
            webhook = await uow[WEBHOOKS].find(webhook_id)
        if webhook is None or not webhook.active or not webhook.sends:
            raise Conflict("The webhook of this delivery was deleted or is not active.")
        return webhook


def failed_deliveries(webhook_id: str | None = None, since: datetime | None = None) -> DeliveryFilter:
    """What stands on the failures list: given up, and retried by nobody."""
    return DeliveryFilter(webhook_id=webhook_id, state=State.FAILED, since=since, unretried=True, with_tests=False)


class ForgetAll:
    """Several forgettings as one chore."""

    def __init__(self, *chores: Callable[[], Awaitable[int]]) -> None:
        self._chores = chores

    async def __call__(self) -> int:
        return sum([await chore() for chore in self._chores])


class ForgetCallbacks:
    """Removes the callbacks of jobs that ended long ago."""

    def __init__(self, store: Store, clock: Clock, kept: timedelta = timedelta(days=7)) -> None:
        self._store, self._clock, self._kept = store, clock, kept

    async def __call__(self) -> int:
        before, gone = self._clock.now() - self._kept, 0
        for tenant_id in await self._store.tenants():
            async with self._store.begin(tenant_id) as uow:
                gone += await uow[WEBHOOKS].remove_where(where(purpose=Purpose.CALLBACK, created_at__lt=before))
                await uow.commit()
        return gone
