"""The delivery queue in memory: as exact as any, and kept by nobody when the process ends."""

import asyncio
import copy
import heapq
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from adapters.delivery.memory_log import MemoryEventLog, page_of
from application.ports.delivery import Claimed, DeliveryFilter, FanOut, Retention, Room, Settled
from application.ports.storage import RecordedEvent
from domain.aggregates import Event
from domain.delivery import Attempt, Delivery, Kind, PublicEvent, State, reaped_lane, settled_lane
from domain.errors import Conflict, NotFound
from domain.footprints import Footprint
from domain.lanes import Lane, LaneLimits, counts_since, minute_of
from domain.paging import Page, PageRequest
from domain.retries import Reason

Publish = Callable[[str, Sequence[Event]], None]


class Track:
    """A lane with what waits in it, what is in flight, and what went out in which minute."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.waiting: list[tuple[datetime, str]] = []
        self.in_flight: set[str] = set()
        self.minutes: Counter[int] = Counter()

    def room(self, now: datetime, room: Room) -> int:
        if not self.lane.open_at(now):
            return 0
        first = counts_since(now)
        for minute in [m for m in self.minutes if m < first]:
            del self.minutes[minute]
        slots = self.lane.free_slots - len(self.in_flight)
        hourly = self.lane.limits.per_hour - self.minutes.total()
        held = room.per_lane - room.holds.get(self.lane.webhook_id, 0)
        return max(0, min(slots, hourly, held))


class MemoryDeliveries:
    """Queue, log and upkeep at once; single-threaded, so that nothing comes between two lines of it."""

    def __init__(self, outbox: list[RecordedEvent], publish: Publish) -> None:
        self._outbox, self._publish = outbox, publish
        self._relayed, self._relaying = 0, asyncio.Lock()
        self._tracks: dict[str, Track] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._open: dict[str, Delivery] = {}
        self._pairs: set[tuple[str, str]] = set()
        self._attempts: dict[str, list[Attempt]] = defaultdict(list)
        self._log = MemoryEventLog()

    async def relay(self, limit: int, fan_out: Callable[[Sequence[RecordedEvent]], Awaitable[FanOut]]) -> int:
        async with self._relaying:
            batch = self._outbox[self._relayed : self._relayed + limit]
            if batch:
                self._take_in(await fan_out(batch))
                self._relayed += len(batch)
        return len(batch)

    def _take_in(self, result: FanOut) -> None:
        for event in result.events:
            self._log.append(event)
        for delivery in result.deliveries:
            self._enqueue(delivery, result.limits[delivery.webhook_id])

    async def add(self, event: PublicEvent | None, delivery: Delivery, limits: LaneLimits) -> None:
        if event is not None:
            self._log.keep(event)
        if delivery.original_id is not None:
            self._mark_retried(self._deliveries[delivery.original_id], delivery)
        self._enqueue(delivery, limits)

    def _mark_retried(self, original: Delivery, retry: Delivery) -> None:
        if original.retried_as is not None:
            raise Conflict(f"The delivery was retried already, as {original.retried_as}.")
        original.retried_as = retry.id

    def _enqueue(self, delivery: Delivery, limits: LaneLimits) -> None:
        if delivery.kind is Kind.AUTOMATIC:
            if (delivery.event_id, delivery.webhook_id) in self._pairs:
                return
            self._pairs.add((delivery.event_id, delivery.webhook_id))
        track = self._track(delivery.tenant_id, delivery.webhook_id, limits, delivery.created_at)
        self._deliveries[delivery.id] = self._open[delivery.id] = copy.copy(delivery)
        if delivery.state is State.PENDING:
            heapq.heappush(track.waiting, (delivery.due_at, delivery.id))

    def _track(self, tenant_id: str, webhook_id: str, limits: LaneLimits, now: datetime) -> Track:
        if webhook_id not in self._tracks:
            lane = Lane(webhook_id=webhook_id, tenant_id=tenant_id, since=now).limited(limits)
            self._tracks[webhook_id] = Track(lane)
        return self._tracks[webhook_id]

    async def claim(self, now: datetime, claim_id: str, room: Room) -> list[Claimed]:
        due = heapq.merge(*(self._take(track, now, track.room(now, room)) for track in self._tracks.values()))
        claimed: list[Claimed] = []
        for due_at, delivery_id in due:
            if len(claimed) >= room.capacity:
                self._put_back(due_at, delivery_id)
                continue
            claimed.append(self._claimed(self._deliveries[delivery_id], claim_id, now))
        return claimed

    def _take(self, track: Track, now: datetime, room: int) -> list[tuple[datetime, str]]:
        """The oldest of a track that are due, off its heap; what is no longer pending drops out."""
        taken: list[tuple[datetime, str]] = []
        while len(taken) < room and track.waiting and track.waiting[0][0] <= now:
            due_at, delivery_id = heapq.heappop(track.waiting)
            delivery = self._deliveries.get(delivery_id)
            if delivery and delivery.state is State.PENDING and delivery.due_at == due_at and delivery.expires_at > now:
                taken.append((due_at, delivery_id))
        return taken

    def _put_back(self, due_at: datetime, delivery_id: str) -> None:
        track = self._tracks[self._deliveries[delivery_id].webhook_id]
        heapq.heappush(track.waiting, (due_at, delivery_id))

    def _claimed(self, delivery: Delivery, claim_id: str, now: datetime) -> Claimed:
        delivery.claim(claim_id, now)
        track = self._tracks[delivery.webhook_id]
        track.in_flight.add(delivery.id)
        track.minutes[minute_of(now)] += 1
        return Claimed(copy.copy(delivery), self._log.get(delivery.tenant_id, delivery.event_id))

    async def settle(self, settled: Settled) -> Lane | None:
        delivery = self._deliveries.get(settled.delivery.id)
        holds = delivery is not None and delivery.claim_id == settled.delivery.claim_id is not None
        if delivery is not None:  # what was erased meanwhile leaves nothing
            self._attempts[delivery.id].append(settled.attempt if holds else replace(settled.attempt, stale=True))
        if delivery is None or not holds:
            return None
        delivery.settle(settled.attempt, settled.decision, settled.now)
        track = self._tracks[delivery.webhook_id]
        track.lane = settled_lane(track.lane, delivery, settled.attempt.outcome, settled.decision, settled.now)
        self._released(delivery)
        self._publish(delivery.tenant_id, settled.announce)
        return track.lane

    def _released(self, delivery: Delivery) -> None:
        """No longer in flight; waiting again, when it is."""
        track = self._tracks[delivery.webhook_id]
        track.in_flight.discard(delivery.id)
        if delivery.state is State.PENDING:
            heapq.heappush(track.waiting, (delivery.due_at, delivery.id))

    async def hand_back(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        for held in deliveries:
            delivery = self._deliveries.get(held.id)
            if delivery is not None and delivery.claim_id == held.claim_id is not None:
                delivery.hand_back(now)
                self._tracks[delivery.webhook_id].minutes[minute_of(held.updated_at)] -= 1
                self._released(delivery)

    async def reap(self, now: datetime, announce: Callable[[Delivery], Sequence[Event]]) -> int:
        lost = [d for d in self._unfinished() if d.lease_until is not None and d.lease_until <= now]
        late = [d for d in self._unfinished() if d.state is State.PENDING and d.expires_at <= now]
        for delivery in lost:
            delivery.lose_lease(now)
            self._released(delivery)
        for delivery in late:
            delivery.give_up(Reason.EXPIRED, now)
        for delivery in (*lost, *late):
            if delivery.state is State.FAILED:
                track = self._tracks[delivery.webhook_id]
                track.lane = reaped_lane(track.lane, delivery, now)
                self._publish(delivery.tenant_id, announce(copy.copy(delivery)))
        return len(lost) + len(late)

    def _unfinished(self) -> list[Delivery]:
        for delivery in [d for d in self._open.values() if d.is_finished]:
            del self._open[delivery.id]
        return list(self._open.values())

    async def cancel(self, tenant_id: str, webhook_id: str, now: datetime) -> int:
        waiting = [d for d in self._unfinished() if d.webhook_id == webhook_id and d.state is State.PENDING]
        for delivery in waiting:
            delivery.cancel(now)
        return len(waiting)

    async def change_lane(self, tenant_id: str, webhook_id: str, now: datetime, change: Callable[[Lane], Lane]) -> None:
        track = self._track(tenant_id, webhook_id, LaneLimits(), now)
        track.lane = change(track.lane)

    async def lanes(self, tenant_id: str, webhook_ids: Sequence[str]) -> dict[str, Lane]:
        found = ((key, self._tracks[key].lane) for key in webhook_ids if key in self._tracks)
        return {key: lane for key, lane in found if lane.tenant_id == tenant_id}

    async def last_announced(self, tenant_id: str, event_type: str, subject: str) -> datetime | None:
        return self._log.last_announced(tenant_id, event_type, subject)

    async def next_due(self) -> datetime | None:
        heads = ((track, track.waiting[0][0]) for track in self._tracks.values() if track.waiting)
        return min((max(head, track.lane.held_until or head) for track, head in heads), default=None)

    async def page(self, tenant_id: str, chosen: DeliveryFilter, request: PageRequest) -> Page[Delivery]:
        mine = [d for d in self._deliveries.values() if d.tenant_id == tenant_id]
        return page_of(mine, chosen, request)

    async def get(self, tenant_id: str, delivery_id: str) -> Delivery:
        delivery = self._deliveries.get(delivery_id)
        if delivery is None or delivery.tenant_id != tenant_id:
            raise NotFound(f"There is no delivery {delivery_id!r}.")
        return copy.copy(delivery)

    async def attempts(self, tenant_id: str, delivery_id: str) -> list[Attempt]:
        await self.get(tenant_id, delivery_id)
        return list(self._attempts.get(delivery_id, ()))

    async def find_event(self, tenant_id: str, event_id: str) -> PublicEvent | None:
        return self._log.find(tenant_id, event_id)

    async def events(
        self, tenant_id: str, after: int | None, limit: int, types: Sequence[str] = ()
    ) -> list[tuple[int, PublicEvent]]:
        return self._log.after(tenant_id, after, limit, types)

    async def count_events(self, tenant_id: str, types: Sequence[str] = ()) -> int:
        return len(self._log.after(tenant_id, None, None, types))

    async def last_position(self, tenant_id: str) -> int:
        return self._log.last_position(tenant_id)

    async def tenant_of(self, webhook_id: str) -> str | None:
        track = self._tracks.get(webhook_id)
        return track.lane.tenant_id if track else None

    async def counts(self, now: datetime) -> Mapping[str, float]:
        states = Counter(delivery.state for delivery in self._deliveries.values())
        due = [d.due_at for d in self._unfinished() if d.state is State.PENDING and d.due_at <= now]
        oldest = (now - min(due)).total_seconds() if due else 0.0
        return {
            "queued": states[State.PENDING],
            "in_flight": states[State.IN_FLIGHT],
            "failed": states[State.FAILED],
            "oldest_due_seconds": oldest,
        }

    async def forget(self, older: Retention, limit: int) -> int:
        gone = [d for d in self._deliveries.values() if _is_old(d, older)][:limit]
        for delivery in gone:
            del self._deliveries[delivery.id]
            self._attempts.pop(delivery.id, None)
            self._pairs.discard((delivery.event_id, delivery.webhook_id))
        for attempts in list(self._attempts.values())[:limit]:
            attempts[:] = [attempt for attempt in attempts if attempt.started_at >= older.attempts]
        needed = {delivery.event_id for delivery in self._unfinished()}
        return len(gone) + self._log.forget(older.events, limit, needed) + self._drop_outbox(older.events, limit)

    async def erase(self, tenant_id: str, theirs: Footprint) -> int:
        async with self._relaying:
            told = self._told_of(tenant_id, theirs)
            self._relayed -= sum(recorded.id in told for recorded in self._outbox[: self._relayed])
            self._outbox[:] = [recorded for recorded in self._outbox if recorded.id not in told]
            gone = self._log.erase(tenant_id, theirs)
            for delivery in [d for d in self._deliveries.values() if d.tenant_id == tenant_id and d.event_id in gone]:
                self._drop(delivery)
        return len(told | gone)

    def _told_of(self, tenant_id: str, theirs: Footprint) -> set[str]:
        mine = (recorded for recorded in self._outbox if recorded.tenant_id == tenant_id)
        return {recorded.id for recorded in mine if theirs.is_in(_members(recorded.event))}

    def _drop(self, delivery: Delivery) -> None:
        del self._deliveries[delivery.id]
        self._open.pop(delivery.id, None)
        self._attempts.pop(delivery.id, None)
        self._tracks[delivery.webhook_id].in_flight.discard(delivery.id)

    def _drop_outbox(self, before: datetime, limit: int) -> int:
        head = self._outbox[: min(limit, self._relayed)]
        count = next((n for n, recorded in enumerate(head) if recorded.occurred_at >= before), len(head))
        del self._outbox[:count]
        self._relayed -= count
        return count


def _members(event: Event) -> Mapping[str, Any]:
    return {member.name: getattr(event, member.name) for member in fields(event)}


def _is_old(delivery: Delivery, older: Retention) -> bool:
    before = older.failures if delivery.state is State.FAILED else older.events
    return delivery.finished_at is not None and delivery.finished_at < before
