"""Models of the sentence-transformers library, from its hub or a local path. Needs the extra of that name."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, TypeVar

import numpy as np

from adapters.models.preparation import encodable, unit
from adapters.models.recent import RecentVectors
from application.ports.models import Candidate
from domain.errors import ServiceUnavailable
from domain.vectors import EmbeddingSpace, Vector

T = TypeVar("T")

_BATCH = 32
_SAMPLED_VALUES = 1024


class MissingExtra(ServiceUnavailable):
    """sentence-transformers is not installed: pip install "supportrag-server[sentence-transformers]"."""


class SentenceTransformersEmbedder:
    """One space, `default`, known after `open`. Torch uses the cores by itself, so one worker feeds it."""

    def __init__(self, model: str, device: str | None = None, cached_texts: int = 2048) -> None:
        self._name = model
        self._worker = _Worker("SentenceTransformer", model, device)
        self._recent = RecentVectors(cached_texts)
        self._space: EmbeddingSpace | None = None

    @property
    def spaces(self) -> tuple[EmbeddingSpace, ...]:
        if self._space is None:
            raise RuntimeError("The dimension of the model is known after open() only.")
        return (self._space,)

    async def open(self) -> None:
        """Loads the model and learns its dimension and the digest of its weights."""
        if self._space is None:
            [probe] = await self._worker.run(lambda model: _encode(model, ["dimension"]))
            digest = await self._worker.run(_digest)
            self._space = EmbeddingSpace("default", self._name, len(probe), digest, None)

    async def embed(self, space: str, texts: Sequence[str]) -> list[Vector]:
        """Batch by batch, so that a question waits for one batch of an ingestion and not for all of it."""
        if space != self.spaces[0].name:
            raise KeyError(space)
        wanted = [encodable(text) for text in texts]
        known = {text: self._recent.get(space, text) for text in wanted}
        missing = sorted((text for text, vector in known.items() if vector is None), key=len)
        for start in range(0, len(missing), _BATCH):
            await self._embed_batch(space, missing[start : start + _BATCH], known)
        return [vector[:] for text in wanted if (vector := known[text]) is not None]

    async def close(self) -> None:
        self._worker.close()

    async def _embed_batch(self, space: str, batch: list[str], known: dict[str, Vector | None]) -> None:
        vectors = await self._worker.run(lambda model: _encode(model, batch))
        for text, vector in zip(batch, vectors, strict=True):
            known[text] = vector
            self._recent.put(space, text, vector)


class CrossEncoderReranker:
    """Scores question against stored question and answer; the model's logit through a sigmoid."""

    def __init__(self, model: str, device: str | None = None) -> None:
        self.name = f"cross-encoder:{model}"
        self._worker = _Worker("CrossEncoder", model, device)

    async def open(self) -> None:
        await self._worker.run(lambda model: model)

    async def rerank(self, question: str, candidates: Sequence[Candidate]) -> list[float]:
        if not candidates:
            return []
        asked = encodable(question)
        pairs = [(asked, encodable(f"{found.question}\n{found.answer}")) for found in candidates]
        return await self._worker.run(lambda model: _relevance(model, pairs))

    async def close(self) -> None:
        self._worker.close()


class _Worker:
    """One thread that loads a model on first use and then runs everything on it."""

    def __init__(self, kind: str, model: str, device: str | None) -> None:
        self._kind = kind
        self._name = model
        self._device = device
        self._model: Any = None
        self._pool = ThreadPoolExecutor(1, kind)

    async def run(self, work: Callable[[Any], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._do, work)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _do(self, work: Callable[[Any], T]) -> T:
        if self._model is None:
            self._model = self._load()
        return work(self._model)

    def _load(self) -> Any:
        try:
            library = import_module("sentence_transformers")
        except ImportError as error:
            raise MissingExtra from error
        try:
            return getattr(library, self._kind)(self._name, device=self._device)
        except (OSError, ValueError) as error:
            raise ServiceUnavailable(f"The model {self._name} cannot be loaded: {error}") from error


def _encode(model: Any, texts: Sequence[str]) -> list[Vector]:
    rows = model.encode(list(texts), batch_size=_BATCH, convert_to_numpy=True, show_progress_bar=False)
    return [unit(row) for row in rows]


def _digest(model: Any) -> str:
    """SHA-256 prefix over the names and the first values of all weights: cheap on gigabytes, and the same
    for the same weights wherever they were loaded from."""
    summary = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        sample = tensor.detach().flatten()[:_SAMPLED_VALUES].cpu().float().numpy()
        summary.update(name.encode() + sample.tobytes())
    return summary.hexdigest()[:16]


def _relevance(model: Any, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Logits are asked for, because some published models come without their sigmoid."""
    logits = model.predict(pairs, batch_size=_BATCH, activation_fn=lambda raw: raw, show_progress_bar=False)
    scores = np.asarray(logits, dtype=np.float64)
    if scores.ndim != 1:
        raise ServiceUnavailable("A cross-encoder with one output is needed, this one has several.")
    return [float(score) for score in 1.0 / (1.0 + np.exp(-np.clip(scores, -50, 50)))]
