"""What recorded queries add up to: read fast, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.analytics import DocumentUse, GroupCount, Grouping, Timeline, Window
from domain.vectors import Vector


@dataclass(frozen=True, slots=True)
class AnsweredFrom:
    """A question that was answered from a pair, as its best source."""

    pair_id: str
    query_id: str
    asked_at: datetime


class Insights(Protocol):
    """Equal at every moment to a count over all committed queries of the tenant, none of another's."""

    async def timeline(self, tenant_id: str, window: Window) -> Timeline: ...

    async def groups(self, tenant_id: str, grouping: Grouping, since: datetime) -> list[GroupCount]: ...

    async def documents(self, tenant_id: str) -> list[DocumentUse]:
        """Every active document, also those that were never found."""
        ...

    async def noteworthy(self, tenant_id: str, since: datetime, reasons: Sequence[str], limit: int) -> list[str]:
        """Ids of queries, newest first, that were rated or handed over for one of these reasons."""
        ...

    async def answered_from(
        self, tenant_id: str, pair_ids: Sequence[str], since: datetime, limit: int
    ) -> list[AnsweredFrom]:
        """The newest completed ones."""
        ...


class Rollups(Protocol):
    """What makes counting fast, kept up behind the queries."""

    async def fold(self, limit: int) -> int:
        """Adds up to `limit` recorded changes to the sums; how many there were. One process at a time folds,
        the others get 0. Whether it ran changes no number that is read."""
        ...


class Grouper(Protocol):
    """Puts texts together that ask the same, by their unit-length vectors."""

    async def group(self, vectors: Sequence[Vector], threshold: float) -> list[list[int]]:
        """Every index in exactly one group, the most typical first in each, the largest group first. Each
        member's cosine with the first is at least `threshold`; the same vectors give the same groups."""
        ...
