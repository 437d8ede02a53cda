"""What every aggregate has: an identity, a version, and the events that its next save will announce."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in the past tense. The catalogue of its public views is `domain.events`."""


@dataclass(slots=True, kw_only=True)
class Aggregate:
    """Identity and version. The tenant is not a field: the unit of work belongs to one."""

    id: str
    created_at: datetime
    updated_at: datetime
    version: int = 0
    """Counts the saves; a save of an older version than is stored is a conflict."""
    _events: list[Event] = field(default_factory=list, repr=False, compare=False)

    def record(self, event: Event) -> None:
        self._events.append(event)

    def take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events
