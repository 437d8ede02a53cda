"""What the indexes still have to be told: recorded with the change, done until it holds."""

from dataclasses import dataclass
from enum import StrEnum

from domain.aggregates import Aggregate


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
