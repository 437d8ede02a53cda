"""The service that keeps deliveries going: inside `worker`, and inside `serve` in the embedded mode."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from application.ports.delivery import Claimed, DeliveryQueue, Retention, Room, Upkeep
from application.ports.queue import WorkSignal
from application.ports.storage import WEBHOOKS, Store
from application.ports.system import Clock, Ids
from application.use_cases.delivering import Deliver, announced_when_reaped
from application.use_cases.relaying import RelayEvents
from domain.errors import DomainError
from domain.webhooks import Webhook

log = logging.getLogger(__name__)

CAPACITY = 128
BUSY_POLL, IDLE_POLL = 0.05, 1.0
REAP_EVERY = timedelta(seconds=5)
STOP_SECONDS = 20.0
KEPT_EVENTS, KEPT_FAILURES = timedelta(days=30), timedelta(days=90)
FORGET_BATCH = 1000


class DeliveryService:
    """Relays, claims, sends, reaps. Everything due is found by looking; a wake-up only makes it sooner.

    No webhook holds more than a quarter of the worker's `capacity`, so that slow ones delay nobody else.
    """

    def __init__(
        self,
        relay: RelayEvents,
        deliver: Deliver,
        queue: DeliveryQueue,
        store: Store,
        signal: WorkSignal,
        clock: Clock,
        ids: Ids,
        capacity: int = CAPACITY,
    ) -> None:
        self._relay, self._deliver, self._queue, self._store = relay, deliver, queue, store
        self._signal, self._clock, self._ids, self._capacity = signal, clock, ids, capacity
        self._sending: dict[asyncio.Task[None], Claimed] = {}
        self._reaped_at: datetime | None = None
        self.stop_seconds = STOP_SECONDS
        """How long what is on its way may take to end, when the service is stopped."""

    async def run_forever(self) -> None:
        """Until it is cancelled: then it lets what is on its way end, and hands back what does not in time."""
        busy_at = self._clock.monotonic()
        try:
            while True:
                if await self._turn():
                    busy_at = self._clock.monotonic()
                else:
                    await self._rest(_pause(self._clock.monotonic() - busy_at))
        finally:
            await self._stop()

    async def _turn(self) -> bool:
        try:
            return await self.start_due() > 0
        except DomainError as error:
            log.warning("deliveries wait for the store: %s", error)
            return False

    async def start_due(self) -> int:
        """Relays, reaps when it is time to, and starts sending what is due; how much it found to do."""
        relayed = await self._relay()
        await self._reap()
        claimed = await self._claim()
        webhooks = await self._webhooks(claimed)
        for one in claimed:
            webhook = webhooks.get((one.delivery.tenant_id, one.delivery.webhook_id))
            task = asyncio.create_task(self._send(one, webhook))
            self._sending[task] = one
            task.add_done_callback(self._sending.pop)
        return relayed + len(claimed)

    async def run_due(self) -> int:
        """Sends everything that is due and what comes of it, and waits for it; how much that was."""
        done = 0
        while found := await self.start_due():
            done += found
            await self.settle_all()
        return done

    async def settle_all(self) -> None:
        while self._sending:
            await asyncio.wait(set(self._sending))

    async def _claim(self) -> list[Claimed]:
        free = self._capacity - len(self._sending)
        if free <= 0:
            return []
        holds = Counter(one.delivery.webhook_id for one in self._sending.values())
        room = Room(free, max(1, self._capacity // 4), holds)
        return await self._queue.claim(self._clock.now(), self._ids.new("claim"), room)

    async def _webhooks(self, claimed: Sequence[Claimed]) -> dict[tuple[str, str], Webhook]:
        found: dict[tuple[str, str], Webhook] = {}
        for tenant_id in {one.delivery.tenant_id for one in claimed}:
            wanted = {one.delivery.webhook_id for one in claimed if one.delivery.tenant_id == tenant_id}
            async with self._store.begin(tenant_id) as uow:
                webhooks = await uow[WEBHOOKS].get_many(sorted(wanted))
            found |= {(tenant_id, webhook.id): webhook for webhook in webhooks}
        return found

    async def _send(self, claimed: Claimed, webhook: Webhook | None) -> None:
        try:
            await self._deliver(claimed, webhook)
        except DomainError as error:
            log.warning("an attempt could not be recorded; its lease will run out: %s", error)
        except Exception:
            log.exception("a delivery failed on our side; its lease will run out")

    async def _reap(self) -> None:
        now = self._clock.now()
        if self._reaped_at is None or now - self._reaped_at >= REAP_EVERY:
            self._reaped_at = now
            await self._queue.reap(now, announced_when_reaped)

    async def _rest(self, seconds: float) -> None:
        """Until somebody wakes us, something that was sent ends (its slot is free), or the time is up."""
        waking = asyncio.create_task(self._signal.wait(seconds))
        await asyncio.wait({waking, *self._sending}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        waking.cancel()
        await asyncio.gather(waking, return_exceptions=True)

    async def _stop(self) -> None:
        if self._sending:
            await asyncio.wait(set(self._sending), timeout=self.stop_seconds)
        left = [one.delivery for one in self._sending.values()]
        for task in list(self._sending):
            task.cancel()
        if left:
            await self._queue.hand_back(left, self._clock.now())


def _pause(idle_seconds: float) -> float:
    """How long to rest: the longer there was nothing to do, the longer."""
    return min(IDLE_POLL, max(BUSY_POLL, idle_seconds / 4))


class ForgetDeliveries:
    """Event payloads and attempts live 30 days, failed deliveries 90; removed in batches."""

    def __init__(self, upkeep: Upkeep, clock: Clock) -> None:
        self._upkeep, self._clock = upkeep, clock

    async def __call__(self) -> int:
        now = self._clock.now()
        older = Retention(events=now - KEPT_EVENTS, attempts=now - KEPT_EVENTS, failures=now - KEPT_FAILURES)
        gone = 0
        while removed := await self._upkeep.forget(older, FORGET_BATCH):
            gone += removed
        return gone
