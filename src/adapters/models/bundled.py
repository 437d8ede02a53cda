"""The embedder that needs no download: an English and a multilingual model from installed packages."""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from adapters.models.encoders import ENGLISH, MULTILINGUAL, MiniLM, UniversalSentenceEncoder
from adapters.models.preparation import encodable
from adapters.models.recent import RecentVectors
from domain.vectors import EmbeddingSpace, Vector

Encode = Callable[[str], Vector]

_INTERACTIVE_TEXTS = 4
"""A call with more texts than this is ingestion and must not make a question wait."""
_SLICE = 8
"""Texts a thread embeds before it hands back: small, so that a cancelled call stops soon."""


class BundledEmbedder:
    """Embeds on `threads` one-thread workers; ingestion has as many of its own, so that a question that
    comes in the middle of it shares the cores instead of queueing behind thousands of texts."""

    spaces: tuple[EmbeddingSpace, ...] = (ENGLISH, MULTILINGUAL)

    def __init__(self, threads: int | None = None, cached_texts: int = 2048) -> None:
        workers = threads or available_cores()
        self._encoders: Mapping[str, _OnFirstUse] = {
            ENGLISH.name: _OnFirstUse(MiniLM),
            MULTILINGUAL.name: _OnFirstUse(UniversalSentenceEncoder),
        }
        self._questions = ThreadPoolExecutor(workers, "embed-question")
        self._ingestion = ThreadPoolExecutor(workers, "embed-ingestion")
        self._recent = RecentVectors(cached_texts)

    async def open(self) -> None:
        """Verifies and loads both models, so that the first question does not pay for it (about 1 s)."""
        await asyncio.gather(*(self._run(self._questions, name, [""]) for name in self._encoders))

    async def embed(self, space: str, texts: Sequence[str]) -> list[Vector]:
        if len(texts) <= _INTERACTIVE_TEXTS:
            return [await self._embed_question(space, encodable(text)) for text in texts]
        return await self._embed_many(space, [encodable(text) for text in texts])

    async def close(self) -> None:
        for pool in (self._questions, self._ingestion):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _embed_question(self, space: str, text: str) -> Vector:
        known = self._recent.get(space, text)
        if known is None:
            [known] = await self._run(self._questions, space, [text])
            self._recent.put(space, text, known)
        return known

    async def _embed_many(self, space: str, texts: Sequence[str]) -> list[Vector]:
        distinct = list(dict.fromkeys(texts))
        slices = [distinct[start : start + _SLICE] for start in range(0, len(distinct), _SLICE)]
        embedded = await asyncio.gather(*(self._run(self._ingestion, space, part) for part in slices))
        vectors = dict(zip(distinct, (vector for part in embedded for vector in part), strict=True))
        return [vectors[text][:] for text in texts]

    async def _run(self, pool: ThreadPoolExecutor, space: str, texts: Sequence[str]) -> list[Vector]:
        encode = self._encoders[space]
        return await asyncio.get_running_loop().run_in_executor(pool, lambda: [encode(text) for text in texts])


class _OnFirstUse:
    """An encoder that loads when it is first needed, once, whichever thread comes first."""

    def __init__(self, load: Callable[[], Encode]) -> None:
        self._load = load
        self._loading = threading.Lock()
        self._encode: Encode | None = None

    def __call__(self, text: str) -> Vector:
        if self._encode is None:
            with self._loading:
                self._encode = self._encode or self._load()
        return self._encode(text)


def available_cores() -> int:
    """Cores this process may run on, which in a container is not what the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
