"""The event log and the lists of deliveries in memory."""

import copy
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from operator import itemgetter

from application.ports.delivery import DeliveryFilter
from domain.catalogue import subscribes
from domain.delivery import Delivery, Kind, PublicEvent
from domain.errors import InvalidInput
from domain.footprints import Footprint
from domain.paging import Page, PageRequest


class MemoryEventLog:
    def __init__(self) -> None:
        self._position = 0
        self._entries: dict[str, list[tuple[int, PublicEvent]]] = defaultdict(list)
        self._events: dict[tuple[str, str], PublicEvent] = {}
        self._announced: dict[tuple[str, str, str], datetime] = {}

    def append(self, event: PublicEvent) -> None:
        self._position += 1
        self._entries[event.tenant_id].append((self._position, event))
        self.keep(event)
        if event.subject is not None:
            self._announced[event.tenant_id, event.type, event.subject] = event.occurred_at

    def keep(self, event: PublicEvent) -> None:
        """Only for deliveries of it: it stands in no log."""
        self._events[event.tenant_id, event.id] = event

    def get(self, tenant_id: str, event_id: str) -> PublicEvent:
        return self._events[tenant_id, event_id]

    def find(self, tenant_id: str, event_id: str) -> PublicEvent | None:
        return self._events.get((tenant_id, event_id))

    def last_announced(self, tenant_id: str, event_type: str, subject: str) -> datetime | None:
        return self._announced.get((tenant_id, event_type, subject))

    def after(
        self, tenant_id: str, position: int | None, limit: int | None, types: Sequence[str]
    ) -> list[tuple[int, PublicEvent]]:
        entries = self._entries[tenant_id]
        rest = entries[bisect_right(entries, position or 0, key=itemgetter(0)) :]
        return [entry for entry in rest if not types or subscribes(types, entry[1].type)][:limit]

    def last_position(self, tenant_id: str) -> int:
        entries = self._entries[tenant_id]
        return entries[-1][0] if entries else 0

    def erase(self, tenant_id: str, theirs: Footprint) -> set[str]:
        """The ids of the events that are gone."""
        gone = {key[1] for key, event in self._events.items() if key[0] == tenant_id and theirs.is_in(event.data)}
        for event_id in gone:
            del self._events[tenant_id, event_id]
        self._entries[tenant_id] = [entry for entry in self._entries[tenant_id] if entry[1].id not in gone]
        return gone

    def forget(self, before: datetime, limit: int, needed: AbstractSet[str]) -> int:
        old = [key for key, event in self._events.items() if event.occurred_at < before and event.id not in needed][
            :limit
        ]
        for key in old:
            del self._events[key]
        for tenant_id, entries in self._entries.items():
            self._entries[tenant_id] = [entry for entry in entries if (tenant_id, entry[1].id) in self._events]
        self._announced = {key: at for key, at in self._announced.items() if at >= before}
        return len(old)


def page_of(deliveries: Sequence[Delivery], chosen: DeliveryFilter, request: PageRequest) -> Page[Delivery]:
    """By creation, ties by id; the cursor is the last id seen, and the pages stay put under inserts."""
    wanted = [delivery for delivery in deliveries if is_chosen(delivery, chosen)]
    wanted.sort(key=lambda delivery: (delivery.created_at, delivery.id), reverse=request.descending)
    start = request.offset if request.cursor is None else _after(wanted, request.cursor)
    window = wanted[start : start + request.limit]
    has_next = start + request.limit < len(wanted)
    cursor = window[-1].id if has_next else None
    copies = tuple(copy.copy(delivery) for delivery in window)
    return Page(copies, len(wanted), request.limit, request.offset, has_next, cursor)


def _after(ordered: Sequence[Delivery], cursor: str) -> int:
    found = next((n for n, delivery in enumerate(ordered) if delivery.id == cursor), None)
    if found is None:
        raise InvalidInput("This cursor was not made by this list, or is no longer good.", field="cursor")
    return found + 1


def is_chosen(delivery: Delivery, chosen: DeliveryFilter) -> bool:
    equal = (
        (chosen.webhook_id, delivery.webhook_id),
        (chosen.state, delivery.state),
        (chosen.event_type, delivery.event_type),
        (chosen.event_id, delivery.event_id),
    )
    return (
        all(wanted is None or wanted == found for wanted, found in equal)
        and (chosen.due_by is None or delivery.due_at <= chosen.due_by)
        and (chosen.due_after is None or delivery.due_at > chosen.due_after)
        and (chosen.since is None or delivery.created_at >= chosen.since)
        and (chosen.until is None or delivery.created_at <= chosen.until)
        and not (chosen.unretried and delivery.retried_as)
        and (chosen.with_tests or delivery.kind is not Kind.TEST)
    )
