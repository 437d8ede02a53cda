"""Time, identity and chance, as arguments."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time in UTC, to the microsecond."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that only goes forward, for measuring."""
        ...


class Ids(Protocol):
    def new(self, prefix: str) -> str:
        """A fresh identifier, `prefix_…`, that sorts after all earlier ones of this process."""
        ...

    def trace_id(self) -> str:
        """32 hexadecimal digits (W3C Trace Context)."""
        ...
