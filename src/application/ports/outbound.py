"""Where the service may send to or fetch from: one rule for webhooks, callbacks and documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class BlockedTarget(OSError):
    """The address guard refuses to connect there."""


class Targets(Protocol):
    """What may be said of an address without asking anybody about it."""

    def refusal(self, url: str) -> str | None:
        """Why nothing would ever be sent to the URL, in words for its owner; `None` when it looks well.
        A hint: names are resolved and checked when the connection is made."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    content: bytes
    content_type: str
    """Without parameters, in lower case; empty when the answer named none."""
    headers: Mapping[str, str]


class Fetcher(Protocol):
    """Fetches a document by GET, through the address guard, without following redirects.

    Raises `InvalidInput` when the address is refused, the answer is not 200 or has more than `max_bytes`,
    `DeadlineExceeded` after `seconds` in all, `ServiceUnavailable` when there is no answer.
    """

    async def fetch(self, url: str, max_bytes: int, seconds: float) -> Fetched: ...

    async def close(self) -> None: ...
