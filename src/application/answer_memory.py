"""Answers given before: exact first, then near in meaning, and identical questions in flight only once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.ports.cache import AnswerCache, CachedAnswer, CacheScope
from application.ports.models import Embedder
from domain.cache_guard import exact_form, may_share_answer
from domain.ranking import RankingProfile
from domain.settings import Cache
from domain.vectors import Vector


@dataclass(frozen=True, slots=True)
class Lookup:
    found: CachedAnswer | None
    how: str
    """exact, semantic or miss."""


class AnswerMemory:
    def __init__(self, cache: AnswerCache, embedder: Embedder, profile: RankingProfile) -> None:
        self._cache, self._embedder, self._profile = cache, embedder, profile
        self._in_flight: dict[tuple[CacheScope, str], asyncio.Future[None]] = {}

    async def look_up(self, scope: CacheScope, question: str, settings: Cache) -> Lookup:
        exact = await self._cache.find(scope, exact_form(question))
        if exact is not None:
            return Lookup(exact, "exact")
        if settings.semantic:
            space, vector = await self._embedded(scope.language, question)
            for near in await self._cache.near(scope, space, vector, settings.similarity_threshold):
                if may_share_answer(question, near.question, scope.language):
                    await self._cache.used(scope.tenant_id)
                    return Lookup(near, "semantic")
        return Lookup(None, "miss")

    async def keep(self, scope: CacheScope, question: str, entry: CachedAnswer, settings: Cache) -> None:
        space, vector = await self._embedded(scope.language, question) if settings.semantic else ("", None)
        await self._cache.put(scope, entry, space, vector, settings.ttl_seconds)

    async def once(self, scope: CacheScope, question: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Does the work unless the same question is being worked on: then waits for that, and says False."""
        key = (scope, exact_form(question))
        running = self._in_flight.get(key)
        if running is not None:
            await asyncio.wait([running])
            return False
        self._in_flight[key] = mine = asyncio.get_running_loop().create_future()
        try:
            await work()
        finally:
            del self._in_flight[key]
            mine.set_result(None)
        return True

    async def _embedded(self, language: str, question: str) -> tuple[str, Vector]:
        space = next(s for s in self._profile.spaces if s.serves(language))
        return space.name, (await self._embedder.embed(space.name, [question]))[0]
