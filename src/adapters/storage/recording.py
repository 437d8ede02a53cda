"""Events on their way into an outbox: named, timed and traced."""

from collections.abc import Awaitable, Callable, Sequence

from application.ports.storage import RecordedEvent
from application.ports.system import Clock, Ids
from domain.aggregates import Event
from domain.ids import Prefix

Told = Callable[[], Awaitable[None]]
"""Called when events were committed."""


async def unheard() -> None:
    """Nobody is told."""


class EventRecorder:
    def __init__(self, clock: Clock, ids: Ids, current_trace: Callable[[], str | None]) -> None:
        self._clock, self._ids, self._current_trace = clock, ids, current_trace

    def record(self, tenant_id: str, events: Sequence[Event]) -> list[RecordedEvent]:
        now, trace = self._clock.now(), self._current_trace()
        return [RecordedEvent(self._ids.new(Prefix.EVENT), tenant_id, event, now, trace) for event in events]
