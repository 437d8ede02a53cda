"""What the indexes still have to be told: recorded with the change, done until it holds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.aggregates import Aggregate

CLAIM = timedelta(seconds=8)
CLAIM_PER_PAIR = timedelta(seconds=0.2)


class IndexAction(StrEnum):
    PUT = "put"
    DROP = "drop"


@dataclass(slots=True, kw_only=True)
class IndexTask(Aggregate):
    """One task for many pairs. A `put` reads the pairs as they are when it is done, so that tasks may be
    repeated or done late without bringing an older state back."""

    action: IndexAction
    pair_ids: tuple[str, ...]
    attempts: int = 0
    last_error: str | None = None
    claimed_until: datetime | None = None
    """Until when a process is at it, so that others do something else meanwhile. Only a courtesy: done twice,
    or by two at once, a task has the same effect."""

    def is_free(self, now: datetime) -> bool:
        return self.claimed_until is None or self.claimed_until <= now

    def claim(self, now: datetime) -> None:
        self.claimed_until, self.updated_at = now + CLAIM + CLAIM_PER_PAIR * len(self.pair_ids), now

    def put_off(self, now: datetime, why: str) -> None:
        self.claimed_until, self.updated_at = None, now
        self.attempts, self.last_error = self.attempts + 1, why
