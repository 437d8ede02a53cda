"""Counting what keys use, shared by all processes or not."""

from typing import Protocol

from domain.limits import Policy, Standing, Verdict


class LimiterUnavailable(Exception):
    """The shared counters cannot be reached."""


class Limiter(Protocol):
    """Sliding windows, exact under any number of callers at once. `subject` is whose window it is, `now` unix
    seconds. What a `ticket` took can be given back.

    Raises `LimiterUnavailable` when it has lost its counters for the moment.
    """

    async def take(self, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Verdict: ...

    async def give_back(self, subject: str, policy: Policy, cost: int, ticket: str, now: float) -> Standing: ...

    async def look(self, subject: str, policy: Policy, now: float) -> Standing: ...

    async def close(self) -> None: ...
