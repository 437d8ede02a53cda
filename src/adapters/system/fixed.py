"""A clock wound by hand and identifiers that count, for tests."""

from datetime import UTC, datetime, timedelta

from domain.ids import render, uuid7_bits


class ManualClock:
    def __init__(self, start: datetime = datetime(2026, 1, 7, 10, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def advance(self, **span: float) -> datetime:
        """`advance(minutes=5)`: keyword arguments of `timedelta`."""
        self._now += timedelta(**span)
        return self._now


class CountingIds:
    def __init__(self) -> None:
        self._count = 0

    def new(self, prefix: str) -> str:
        self._count += 1
        return render(prefix, uuid7_bits(1_767_780_000_000 + self._count, self._count))

    def trace_id(self) -> str:
        self._count += 1
        return f"{self._count:032x}"
