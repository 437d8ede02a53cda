"""Models: embedding, reranking, writing, telling languages apart."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.languages import Detection
from domain.vectors import EmbeddingSpace, Vector


class Embedder(Protocol):
    """Turns texts into unit-length vectors, off the event loop.

    `embed` keeps the order of `texts`, gives the same vector for the same text, truncates what is
    too long, and takes an empty list. A model that cannot be reached raises `ServiceUnavailable`.
    """

    @property
    def spaces(self) -> tuple[EmbeddingSpace, ...]:
        """Known once it is open."""
        ...

    async def open(self) -> None:
        """Loads or reaches the models; raises `ServiceUnavailable` when they cannot be had."""
        ...

    async def embed(self, space: str, texts: Sequence[str]) -> list[Vector]: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a reranker sees of a retrieved pair."""

    id: str
    question: str
    answer: str
    score: float


class Reranker(Protocol):
    """Rescores candidates: one relevance in 0..1 per candidate, in the order given.

    Raises `ServiceUnavailable` when it cannot; the caller then keeps the order it had.
    """

    name: str

    async def rerank(self, question: str, candidates: Sequence[Candidate]) -> list[float]: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: str
    """system, user or assistant."""
    content: str


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    temperature: float = 0.1
    max_tokens: int = 500
    timeout_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    model: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class LanguageModel(Protocol):
    """Writes text. Slow or failing, it raises `ServiceUnavailable` (`DeadlineExceeded` on time-out),
    and after repeated failures does so at once for a while, so that callers are spared the wait."""

    name: str

    async def complete(self, messages: Sequence[ChatMessage], options: GenerationOptions) -> Completion: ...

    def stream(self, messages: Sequence[ChatMessage], options: GenerationOptions) -> AsyncIterator[str]:
        """Yields pieces of text as they come. Closing the iterator frees the generation upstream;
        an upstream that ends without a finish reason raises `ServiceUnavailable`."""
        ...

    async def ping(self) -> None:
        """Raises `ServiceUnavailable` when the model cannot be reached."""
        ...

    async def close(self) -> None: ...


class LanguageDetector(Protocol):
    """Tells the language of short texts; fast enough to be called on the event loop."""

    def detect(self, text: str) -> Detection: ...
