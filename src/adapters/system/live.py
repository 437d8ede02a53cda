"""The machine's own clock and chance."""

import secrets
import time
from datetime import UTC, datetime

from domain.ids import render, uuid7_bits


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.perf_counter()


class RandomIds:
    """UUIDv7s whose 12 bits after the milliseconds count up within one, so that ids sort as they were made."""

    def __init__(self) -> None:
        self._last = (0, 0)

    def new(self, prefix: str) -> str:
        millis, sequence = time.time_ns() // 1_000_000, secrets.randbits(11)
        if millis <= self._last[0]:
            millis, sequence = self._last[0], self._last[1] + 1
            if sequence >= 1 << 12:
                millis, sequence = millis + 1, 0
        self._last = (millis, sequence)
        return render(prefix, uuid7_bits(millis, sequence << 62 | secrets.randbits(62)))

    def trace_id(self) -> str:
        return secrets.token_hex(16)
