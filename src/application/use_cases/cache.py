"""Looking after the answer cache."""

from application.ports.cache import AnswerCache, CacheStatus
from application.ports.storage import QUERIES, Store
from domain.access import Caller
from domain.paging import where

EVERYBODY = "all"
RECENT = 1000
"""Questions of one person that are looked for in the cache; older answers have died long since."""


class TendCache:
    def __init__(self, cache: AnswerCache, store: Store) -> None:
        self._cache, self._store = cache, store

    async def clear(self, caller: Caller, user_id: str) -> int:
        """Drops the answers that were given to this person's questions, or with "all" every one; how many.
        Raises `ServiceUnavailable` where the cache cannot be reached."""
        if user_id == EVERYBODY:
            return await self._cache.clear(caller.tenant_id)
        async with self._store.begin(caller.tenant_id) as uow:
            asked = await uow[QUERIES].list(where(user_id=user_id), sort="-created_at", limit=RECENT)
        questions = dict.fromkeys(record.standalone_question for record in asked)
        return await self._cache.forget(caller.tenant_id, list(questions)) if questions else 0

    async def status(self, caller: Caller) -> CacheStatus:
        return await self._cache.status(caller.tenant_id)
