"""Indexes behind a breaker: once out of reach, they are left alone for a while, and nobody waits for them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from application.ports.lexical import LexicalHit, LexicalRow, ReplaceableLexicalIndex
from application.ports.vectors import ReplaceableVectorIndex, VectorHit, VectorRow
from domain.errors import ServiceUnavailable
from domain.retrieval import Filters
from domain.vectors import EmbeddingSpace, Vector

T = TypeVar("T")

SEARCH_SECONDS = 1.5
"""A search that takes longer is given up: without the index there is an answer sooner."""
PAUSE = 2.0


class Breaker:
    """Shared by all that depend on the same server. One caller every `pause` seconds tries whether it is back."""

    def __init__(self, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause, self._clock = pause, clock
        self._again_at = 0.0

    async def run(self, work: Callable[[], Awaitable[T]], seconds: float | None = None) -> T:
        """Raises `ServiceUnavailable` at once while the breaker is open."""
        wait = self._again_at - self._clock()
        if wait > 0:
            raise ServiceUnavailable("The index was out of reach a moment ago.", retry_after=wait)
        if self._again_at:
            self._again_at = self._clock() + self._pause  # the others go on without while this one tries
        try:
            async with asyncio.timeout(seconds):
                done = await work()
        except (ServiceUnavailable, TimeoutError) as error:
            self._again_at = self._clock() + self._pause
            raise ServiceUnavailable("The index cannot be reached.", retry_after=self._pause) from error
        self._again_at = 0.0
        return done


class GuardedVectorIndex:
    def __init__(self, index: ReplaceableVectorIndex, breaker: Breaker) -> None:
        self._index, self._breaker = index, breaker

    async def open(self, spaces: Sequence[EmbeddingSpace]) -> None:
        await self._index.open(spaces)

    async def prepare(self, spaces: Sequence[EmbeddingSpace]) -> bool:
        return await self._index.prepare(spaces)

    async def take_over(self) -> None:
        await self._index.take_over()

    async def upsert(self, tenant_id: str, space: str, rows: Sequence[VectorRow]) -> None:
        await self._breaker.run(lambda: self._index.upsert(tenant_id, space, rows))

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        await self._breaker.run(lambda: self._index.delete(tenant_id, ids))

    async def search(self, tenant_id: str, space: str, vector: Vector, limit: int, filters: Filters) -> list[VectorHit]:
        return await self._breaker.run(
            lambda: self._index.search(tenant_id, space, vector, limit, filters), SEARCH_SECONDS
        )

    async def scores(self, tenant_id: str, space: str, vector: Vector, ids: Sequence[str]) -> dict[str, float]:
        return await self._breaker.run(lambda: self._index.scores(tenant_id, space, vector, ids), SEARCH_SECONDS)

    async def count(self, tenant_id: str, space: str) -> int:
        return await self._breaker.run(lambda: self._index.count(tenant_id, space), SEARCH_SECONDS)

    async def clear(self, tenant_id: str) -> None:
        await self._breaker.run(lambda: self._index.clear(tenant_id))

    async def ping(self) -> None:
        await self._index.ping()

    async def close(self) -> None:
        await self._index.close()


class GuardedLexicalIndex:
    def __init__(self, index: ReplaceableLexicalIndex, breaker: Breaker) -> None:
        self._index, self._breaker = index, breaker

    async def open(self) -> None:
        await self._index.open()

    async def prepare(self) -> bool:
        return await self._index.prepare()

    async def take_over(self) -> None:
        await self._index.take_over()

    async def upsert(self, tenant_id: str, rows: Sequence[LexicalRow]) -> None:
        await self._breaker.run(lambda: self._index.upsert(tenant_id, rows))

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        await self._breaker.run(lambda: self._index.delete(tenant_id, ids))

    async def search(self, tenant_id: str, text: str, limit: int, filters: Filters) -> list[LexicalHit]:
        return await self._breaker.run(lambda: self._index.search(tenant_id, text, limit, filters), SEARCH_SECONDS)

    async def scores(self, tenant_id: str, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]:
        return await self._breaker.run(lambda: self._index.scores(tenant_id, text, ids), SEARCH_SECONDS)

    async def count(self, tenant_id: str) -> int:
        return await self._breaker.run(lambda: self._index.count(tenant_id), SEARCH_SECONDS)

    async def clear(self, tenant_id: str) -> None:
        await self._breaker.run(lambda: self._index.clear(tenant_id))

    async def ping(self) -> None:
        await self._index.ping()

    async def close(self) -> None:
        await self._index.close()
