"""What was found out a moment ago, so that it need not be found out again."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

from application.ports.system import Clock

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values by name, each for the same span of time; so many at the most."""

    def __init__(self, clock: Clock, span: timedelta, most: int = 10_000) -> None:
        self._clock, self._span, self._most = clock, span, most
        self._values: dict[str, tuple[datetime, T]] = {}

    def recall(self, name: str) -> T | None:
        found = self._values.get(name)
        return found[1] if found is not None and self._clock.now() < found[0] else None

    def keep(self, name: str, value: T) -> T:
        if len(self._values) >= self._most:
            self._values.clear()
        self._values[name] = (self._clock.now() + self._span, value)
        return value

    def items(self) -> list[tuple[str, T]]:
        return [(name, value) for name, (_, value) in self._values.items()]

    def drop(self, name: str) -> None:
        self._values.pop(name, None)
