"""Answers given before, so that the same question need not be worked out twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.queries import Answer
from domain.vectors import Vector


@dataclass(frozen=True, slots=True)
class CacheScope:
    """What two questions must share for one to get the other's answer. `knowledge_version` changes with
    every change of knowledge or configuration, so that entries of an older one are never found again."""

    tenant_id: str
    knowledge_version: int
    language: str
    filters: str
    options: str


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    question: str
    answer: Answer
    category: str | None
    intent: str | None
    logit: float | None = None
    candidate: str | None = None
    """How sure the pipeline was, and of which pair, when the answer was worked out."""


@dataclass(frozen=True, slots=True)
class CacheStatus:
    memory_usage_mb: float
    total_keys: int
    hit_rate: float | None
    connected: bool


class AnswerCache(Protocol):
    """Holds answers until their time is up. Loses anything at any moment, lies never: `find` gives only what
    was put under the same scope. A cache that cannot be reached behaves like an empty one."""

    async def find(self, scope: CacheScope, question: str) -> CachedAnswer | None: ...

    async def near(self, scope: CacheScope, space: str, vector: Vector, at_least: float) -> list[CachedAnswer]:
        """The nearest by cosine, best first, at most 5. None of them counts as a hit before `used` is called."""
        ...

    async def used(self, tenant_id: str) -> None:
        """One that was near was the answer: counts for the hit rate, as every `find` that finds does."""
        ...

    async def put(
        self, scope: CacheScope, entry: CachedAnswer, space: str, vector: Vector | None, ttl_seconds: int
    ) -> None: ...

    async def clear(self, tenant_id: str) -> int:
        """How many entries went."""
        ...

    async def forget(self, tenant_id: str, questions: Sequence[str]) -> int:
        """Drops the answers to these questions, under whatever scope; how many."""
        ...

    async def status(self, tenant_id: str) -> CacheStatus: ...

    async def ping(self) -> None: ...

    async def close(self) -> None: ...
