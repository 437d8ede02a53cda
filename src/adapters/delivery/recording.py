"""A sender that only remembers, for tests: answers as told, and keeps what was posted."""

from collections import deque

from application.ports.delivery import Answer, Posting
from domain.retries import Failure, Outcome


class RecordingSender:
    def __init__(self) -> None:
        self.posted: list[Posting] = []
        self._answers: deque[Answer] = deque()
        self.default = Answer(Outcome(200), 1)

    def answer(self, *statuses: int | Failure, retry_after: float | None = None) -> None:
        """What the next posts get, one each: a status or a failure."""
        for status in statuses:
            self._answers.append(_answer(status, retry_after))

    async def send(self, posting: Posting) -> Answer:
        self.posted.append(posting)
        return self._answers.popleft() if self._answers else self.default

    async def close(self) -> None:
        """Nothing is open."""


def _answer(status: int | Failure, retry_after: float | None) -> Answer:
    if isinstance(status, Failure):
        return Answer(Outcome(failure=status), 1, error=str(status))
    outcome = Outcome(status, retry_after=retry_after)
    return Answer(outcome, 1, error=None if outcome.succeeded else f"HTTP {status}")
