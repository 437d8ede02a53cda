"""The answer cache in this process: exact by question, near by cosine, both within one scope."""

import sys
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from application.ports.cache import CachedAnswer, CacheScope, CacheStatus
from application.ports.system import Clock
from domain.cache_guard import exact_form
from domain.vectors import Vector

NEAREST = 5
BYTES_OF_AN_ENTRY = 600
"""Beside its texts and vector: the objects around them."""


@dataclass(slots=True)
class _Entry:
    answer: CachedAnswer
    dies_at: datetime
    space: str
    vector: Vector | None
    size: int


class MemoryAnswerCache:
    """Least recently used entries make room when `max_bytes` are exceeded."""

    def __init__(self, clock: Clock, max_bytes: int = 256 * 1024 * 1024) -> None:
        self._clock, self._max_bytes = clock, max_bytes
        self._entries: OrderedDict[tuple[CacheScope, str], _Entry] = OrderedDict()
        self._scopes: dict[CacheScope, set[str]] = defaultdict(set)
        self._size = 0
        self._asked: dict[str, int] = defaultdict(int)
        self._hits: dict[str, int] = defaultdict(int)

    async def find(self, scope: CacheScope, question: str) -> CachedAnswer | None:
        self._asked[scope.tenant_id] += 1
        entry = self._alive((scope, question))
        if entry is None:
            return None
        self._hits[scope.tenant_id] += 1
        self._entries.move_to_end((scope, question))
        return entry.answer

    async def near(self, scope: CacheScope, space: str, vector: Vector, at_least: float) -> list[CachedAnswer]:
        entries = [e for key in list(self._scopes[scope]) if (e := self._alive((scope, key))) and e.space == space]
        embedded = [(entry, entry.vector) for entry in entries if entry.vector is not None]
        if not embedded:
            return []
        cosines = np.array([v for _, v in embedded], dtype=np.float32) @ np.asarray(vector, dtype=np.float32)
        best = np.argsort(-cosines, kind="stable")[:NEAREST]
        return [embedded[i][0].answer for i in best if cosines[i] >= at_least]

    async def used(self, tenant_id: str) -> None:
        self._hits[tenant_id] += 1

    async def put(
        self, scope: CacheScope, entry: CachedAnswer, space: str, vector: Vector | None, ttl_seconds: int
    ) -> None:
        key = (scope, exact_form(entry.question))
        self._drop(key)
        size = _size(entry, vector)
        dies_at = self._clock.now() + timedelta(seconds=ttl_seconds)
        self._entries[key] = _Entry(entry, dies_at, space, vector, size)
        self._scopes[scope].add(key[1])
        self._size += size
        while self._size > self._max_bytes:
            self._drop(next(iter(self._entries)))

    async def clear(self, tenant_id: str) -> int:
        return self._drop_all([key for key in self._entries if key[0].tenant_id == tenant_id])

    async def forget(self, tenant_id: str, questions: Sequence[str]) -> int:
        wanted = {exact_form(question) for question in questions}
        return self._drop_all([key for key in self._entries if key[0].tenant_id == tenant_id and key[1] in wanted])

    def _drop_all(self, mine: Sequence[tuple[CacheScope, str]]) -> int:
        for key in mine:
            self._drop(key)
        return len(mine)

    async def status(self, tenant_id: str) -> CacheStatus:
        mine = [entry for key, entry in self._entries.items() if key[0].tenant_id == tenant_id]
        asked = self._asked[tenant_id]
        return CacheStatus(
            memory_usage_mb=round(sum(entry.size for entry in mine) / 1024 / 1024, 4),
            total_keys=len(mine),
            hit_rate=round(self._hits[tenant_id] / asked, 4) if asked else None,
            connected=True,
        )

    async def ping(self) -> None:
        """Memory is always there."""

    async def close(self) -> None:
        self._entries.clear()

    def _alive(self, key: tuple[CacheScope, str]) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is not None and entry.dies_at <= self._clock.now():
            self._drop(key)
            return None
        return entry

    def _drop(self, key: tuple[CacheScope, str]) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._size -= entry.size
        self._scopes[key[0]].discard(key[1])
        if not self._scopes[key[0]]:
            del self._scopes[key[0]]


def _size(entry: CachedAnswer, vector: Vector | None) -> int:
    texts = (entry.question, entry.answer.text or "", *(s.excerpt for s in entry.answer.sources))
    return BYTES_OF_AN_ENTRY + sum(sys.getsizeof(text) for text in texts) + (len(vector) * 4 if vector else 0)
