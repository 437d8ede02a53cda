"""A circuit breaker for upstream models: after repeated failures callers are refused at once for a while."""

import time
from collections.abc import Callable

from domain.errors import ServiceUnavailable


class CircuitBreaker:
    """Opens after `threshold` failures in a row; from then on one caller every `ttl` seconds may try again.

    Its own, because purgatory (3.0) counts a generation that its reader gave up as a success or a
    failure, where it is neither, and lets every waiting caller through at once when the time is up.
    """

    def __init__(self, threshold: int = 5, ttl: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._threshold = threshold
        self._ttl = ttl
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._threshold

    def admit(self, name: str) -> None:
        """Raises `ServiceUnavailable` while open. Who is let through to try pushes the next try back, so
        that a try that never reports (its caller went away) blocks nobody for longer than `ttl`."""
        if not self.is_open:
            return
        wait = self._retry_at - self._clock()
        if wait > 0:
            raise ServiceUnavailable(
                f"{name} failed {self._failures} times in a row and is left alone for a while.",
                retry_after=wait,
            )
        self._retry_at = self._clock() + self._ttl

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        self._retry_at = self._clock() + self._ttl
