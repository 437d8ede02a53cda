"""What recorded queries add up to: read fast, however many there are."""

from collections.abc import Mapping, Sequence
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

    async def unanswered(self, tenant_id: str, since: datetime, reasons: Sequence[str], limit: int) -> list[str]:
        """Ids of queries, newest first, that were handed over for one of these reasons or rated badly."""
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


Views = Mapping[str, Vector]
"""One text: its unit-length vectors by the name of the space."""


class Grouper(Protocol):
    """Puts texts together that ask for the same.

    `nearness` gives, by space, the mean cosine from which texts belong together, in order of preference: two
    texts are compared in the first of its spaces that both have a vector in, and never belong together without.
    """

    async def group(self, texts: Sequence[Views], nearness: Mapping[str, float]) -> list[list[int]]:
        """Every index in exactly one group, the largest group first, the most typical text first in each. No
        two groups are left that would belong together. The same texts give the same groups."""
        ...

    async def place(
        self, texts: Sequence[Views], groups: Sequence[Sequence[Views]], nearness: Mapping[str, float]
    ) -> list[int | None]:
        """For each text the group that it belongs to, the nearest of several; None for none."""
        ...
