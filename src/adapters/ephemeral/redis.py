"""The answer cache that all processes share: exact by key, near by vectors that each process reads once."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Sequence
from hashlib import blake2b
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray
from redis.asyncio import Redis

from adapters.ephemeral.reach import Reach
from application.ports.cache import CachedAnswer, CacheScope, CacheStatus
from domain.cache_guard import exact_form
from domain.errors import ServiceUnavailable
from domain.vectors import Vector

NEAREST = 5
CANDIDATES = 16
"""Near questions whose answers are fetched: some of them will have died."""
VECTORS_PER_SCOPE = 4_000
MIRRORED_SCOPES = 64
SCANNED = 500

_FIND = """
redis.call('HINCRBY', KEYS[2], 'asked', 1)
local found = redis.call('GET', KEYS[1])
if found then redis.call('HINCRBY', KEYS[2], 'hits', 1) end
return found
"""
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CachedAnswer)


class _Mirror:
    """The vectors of one scope and space that this process has read so far."""

    def __init__(self, dimension: int) -> None:
        self.last = "-"
        self.keys: list[bytes] = []
        self._matrix: NDArray[np.float32] = np.empty((64, dimension), dtype=np.float32)

    def add(self, key: bytes, vector: bytes) -> None:
        row = np.frombuffer(vector, dtype=np.float32)
        if row.shape[0] != self._matrix.shape[1]:
            return
        if len(self.keys) == len(self._matrix):
            self._matrix = np.concatenate([self._matrix, np.empty_like(self._matrix)])
        self._matrix[len(self.keys)] = row
        self.keys.append(key)

    def nearest(self, vector: Vector, at_least: float) -> list[bytes]:
        cosines = self._matrix[: len(self.keys)] @ np.asarray(vector, dtype=np.float32)
        best = np.argsort(-cosines, kind="stable")[:CANDIDATES]
        return list(dict.fromkeys(self.keys[i] for i in best if cosines[i] >= at_least))


class RedisAnswerCache:
    """Entries live as long as their TTL; room is made by Redis's own eviction policy.

    The vectors of a scope are a stream, so that a process fetches each once. An entry whose answer has died
    is found by nobody, whoever still remembers its vector.
    """

    def __init__(self, client: Redis, prefix: str = "supportrag:cache", reach: Reach | None = None) -> None:
        """The caller closes the client."""
        self._redis, self._prefix, self._reach = client, prefix, reach or Reach()
        self._find = client.register_script(_FIND)
        self._mirrors: OrderedDict[bytes, _Mirror] = OrderedDict()

    async def find(self, scope: CacheScope, question: str) -> CachedAnswer | None:
        keys: list[bytes | str] = [self._answer_key(scope, question), self._counts_key(scope.tenant_id)]
        return _opened(await self._reach.or_else(None, lambda: self._find(keys=keys)))

    async def near(self, scope: CacheScope, space: str, vector: Vector, at_least: float) -> list[CachedAnswer]:
        return await self._reach.or_else([], lambda: self._near(scope, space, vector, at_least))

    async def put(
        self, scope: CacheScope, entry: CachedAnswer, space: str, vector: Vector | None, ttl_seconds: int
    ) -> None:
        if ttl_seconds > 0:
            await self._reach.or_else(None, lambda: self._put(scope, entry, space, vector, ttl_seconds))

    async def used(self, tenant_id: str) -> None:
        counts = self._counts_key(tenant_id)
        await self._reach.or_else(0, lambda: cast(Awaitable[int], self._redis.hincrby(counts, "hits", 1)))

    async def clear(self, tenant_id: str) -> int:
        return await self._reach.required(lambda: self._clear(tenant_id))

    async def forget(self, tenant_id: str, questions: Sequence[str]) -> int:
        return await self._reach.required(lambda: self._forget(tenant_id, questions))

    async def status(self, tenant_id: str) -> CacheStatus:
        try:
            return await self._reach.required(lambda: self._status(tenant_id))
        except ServiceUnavailable:
            return CacheStatus(memory_usage_mb=0.0, total_keys=0, hit_rate=None, connected=False)

    async def ping(self) -> None:
        await self._reach.required(lambda: cast(Awaitable[Any], self._redis.ping()))

    async def close(self) -> None:
        self._mirrors.clear()

    async def _near(self, scope: CacheScope, space: str, vector: Vector, at_least: float) -> list[CachedAnswer]:
        mirror = await self._caught_up(self._vectors_key(scope, space), len(vector))
        keys = mirror.nearest(vector, at_least)
        if not keys:
            return []
        found = [answer for value in await self._redis.mget(keys) if (answer := _opened(value)) is not None]
        return found[:NEAREST]

    async def _caught_up(self, key: bytes, dimension: int) -> _Mirror:
        mirror = self._mirrors.setdefault(key, _Mirror(dimension))
        self._mirrors.move_to_end(key)
        while len(self._mirrors) > MIRRORED_SCOPES:
            self._mirrors.popitem(last=False)
        after = "-" if mirror.last == "-" else f"({mirror.last}"
        for entry_id, fields in await self._redis.xrange(key, min=after):
            name = entry_id.decode()
            if mirror.last == "-" or _position(name) > _position(mirror.last):  # else another question was faster
                mirror.add(fields[b"k"], fields[b"v"])
                mirror.last = name
        return mirror

    async def _put(
        self, scope: CacheScope, entry: CachedAnswer, space: str, vector: Vector | None, ttl_seconds: int
    ) -> None:
        key = self._answer_key(scope, exact_form(entry.question))
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.set(key, _encoder.encode(entry), ex=ttl_seconds)
            if vector is not None:
                vectors = self._vectors_key(scope, space)
                pipe.xadd(vectors, {b"k": key, b"v": vector.tobytes()}, maxlen=VECTORS_PER_SCOPE, approximate=True)
                pipe.expire(vectors, ttl_seconds)
            await pipe.execute()

    async def _clear(self, tenant_id: str) -> int:
        gone = 0
        async for batch in self._batches(tenant_id):
            removed = [key for key in batch if key.decode() != self._counts_key(tenant_id)]
            if removed:
                await self._redis.unlink(*removed)
            gone += sum(self._is_answer(tenant_id, key) for key in removed)
        return gone

    async def _forget(self, tenant_id: str, questions: Sequence[str]) -> int:
        endings = {_digest(exact_form(question)).encode() for question in questions}
        gone = 0
        async for batch in self._batches(tenant_id):
            mine = [k for k in batch if self._is_answer(tenant_id, k) and k.rpartition(b":")[2] in endings]
            gone += cast(int, await self._redis.unlink(*mine)) if mine else 0
        return gone

    async def _status(self, tenant_id: str) -> CacheStatus:
        count = size = 0
        async for batch in self._batches(tenant_id):
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in batch:
                    pipe.memory_usage(key)
                size += sum(found or 0 for found in await pipe.execute())
            count += sum(self._is_answer(tenant_id, key) for key in batch)
        asked, hits = await cast(Awaitable[Any], self._redis.hmget(self._counts_key(tenant_id), ["asked", "hits"]))
        rate = round(int(hits or 0) / int(asked), 4) if asked else None
        return CacheStatus(round(size / 1024 / 1024, 4), count, rate, connected=True)

    async def _batches(self, tenant_id: str) -> AsyncIterator[list[bytes]]:
        cursor = 0
        while True:
            cursor, keys = await self._redis.scan(cursor, match=self._of(tenant_id) + b"*", count=SCANNED)
            if keys:
                yield list(dict.fromkeys(keys))
            if cursor == 0:
                return

    def _of(self, tenant_id: str) -> bytes:
        return f"{self._prefix}:{_digest(tenant_id)}:".encode()

    def _is_answer(self, tenant_id: str, key: bytes) -> bool:
        return key.startswith(self._of(tenant_id) + b"a:")

    def _answer_key(self, scope: CacheScope, question: str) -> bytes:
        return self._of(scope.tenant_id) + f"a:{_scope(scope)}:{_digest(question)}".encode()

    def _vectors_key(self, scope: CacheScope, space: str) -> bytes:
        return self._of(scope.tenant_id) + f"v:{_scope(scope)}:{_digest(space)}".encode()

    def _counts_key(self, tenant_id: str) -> str:
        return self._of(tenant_id).decode() + "counts"


def _digest(*parts: str) -> str:
    """Names of any length and any characters as one word; lengths keep parts apart."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _scope(scope: CacheScope) -> str:
    return _digest(str(scope.knowledge_version), scope.language, scope.filters, scope.options)


def _position(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


def _opened(value: bytes | None) -> CachedAnswer | None:
    """What a program of another version wrote counts as absent."""
    if value is None:
        return None
    try:
        return _decoder.decode(value)
    except msgspec.DecodeError:
        return None
