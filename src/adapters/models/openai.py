"""Models behind any server that speaks OpenAI's protocol: OpenAI, Ollama, vLLM, llama.cpp and many more."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from itertools import chain
from typing import Any

from openai import AsyncStream, BadRequestError
from openai.types.chat import ChatCompletion

from adapters.models.breaker import CircuitBreaker
from adapters.models.preparation import encodable, unit, utf8
from adapters.models.recent import RecentVectors
from adapters.models.upstream import Upstream, deadline_in
from application.ports.models import ChatMessage, Completion, GenerationOptions
from domain.vectors import EmbeddingSpace, Vector

_OPTIONAL_PARAMETERS = frozenset({"max_tokens", "temperature"})
_SLICE = 64
"""Texts per embedding request."""
_REQUESTS_AT_ONCE = 4


class OpenAILanguageModel:
    """`timeout_seconds` bounds the whole generation, a streamed one too."""

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self.name = model
        self._upstream = Upstream(model, base_url, api_key, breaker)
        self._refused_parameters: set[str] = set()

    async def complete(self, messages: Sequence[ChatMessage], options: GenerationOptions) -> Completion:
        self._upstream.admit()
        request = self._create(messages, options, stream=False)
        response: ChatCompletion = await self._upstream.within(deadline_in(options.timeout_seconds), request)
        completion = _completion(response, self.name)
        if completion is None:
            raise self._upstream.broken("answered without a text.")
        self._upstream.breaker.succeeded()
        return completion

    async def stream(self, messages: Sequence[ChatMessage], options: GenerationOptions) -> AsyncIterator[str]:
        self._upstream.admit()
        deadline = deadline_in(options.timeout_seconds)
        request = self._create(messages, options, stream=True)
        chunks: AsyncStream[object] = await self._upstream.within(deadline, request)
        try:
            finished = False
            while (chunk := await self._upstream.within(deadline, anext(chunks, None))) is not None:
                piece, last = _piece(chunk)
                finished = finished or last
                if piece:
                    yield piece
            if not finished:
                raise self._upstream.broken("broke off in the middle of its answer.")
            self._upstream.breaker.succeeded()
        finally:
            await chunks.close()

    async def ping(self) -> None:
        await self._upstream.ping()

    async def close(self) -> None:
        await self._upstream.close()

    async def _create(self, messages: Sequence[ChatMessage], options: GenerationOptions, *, stream: bool) -> Any:
        """Sends the request, again without a parameter that the model refuses by name."""
        conversation: Any = [{"role": message.role, "content": utf8(message.content)} for message in messages]
        while True:
            try:
                return await self._send({"messages": conversation, **self._parameters(options)}, stream=stream)
            except BadRequestError as error:
                if error.param in self._refused_parameters or error.param not in _OPTIONAL_PARAMETERS:
                    raise
                self._refused_parameters.add(error.param)

    async def _send(self, body: dict[str, Any], *, stream: bool) -> Any:
        client = self._upstream.client
        if not stream:
            return await client.chat.completions.create(model=self.name, **body)
        # Chunks as they are: making the SDK's models of them costs more than all else that is done with a token.
        asked = {"model": self.name, "stream": True, **body}
        return await client.post(
            "/chat/completions", cast_to=object, body=asked, stream=True, stream_cls=AsyncStream[object]
        )

    def _parameters(self, options: GenerationOptions) -> dict[str, Any]:
        """OpenAI's reasoning models take neither; every other server knows `max_tokens` alone."""
        refused = self._refused_parameters
        limit = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        temperature = {} if "temperature" in refused else {"temperature": options.temperature}
        return {limit: options.max_tokens, **temperature}


def _completion(response: object, model: str) -> Completion | None:
    """What the response says, or None if it is no answer at all; the SDK validates nothing."""
    choices = getattr(response, "choices", None) or [None]
    text = getattr(getattr(choices[0], "message", None), "content", None)
    if not isinstance(text, str) or not text.strip():
        return None
    usage = getattr(response, "usage", None)
    return Completion(
        text=text,
        model=getattr(response, "model", None) or model,
        prompt_tokens=getattr(usage, "prompt_tokens", None),
        completion_tokens=getattr(usage, "completion_tokens", None),
    )


def _piece(chunk: object) -> tuple[str, bool]:
    """The text of a chunk, and whether it says that the answer is finished."""
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict):
        return "", False
    delta = first.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else None
    return (text if isinstance(text, str) else ""), bool(first.get("finish_reason"))


class OpenAIEmbedder:
    """One space, `default`. Its dimension is asked of the server by `open` unless it is given."""

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        dimension: int | None = None,
        breaker: CircuitBreaker | None = None,
        timeout_seconds: float = 30.0,
        cached_texts: int = 2048,
    ) -> None:
        self._model = model
        self._upstream = Upstream(model, base_url, api_key, breaker)
        self._timeout = timeout_seconds
        self._recent = RecentVectors(cached_texts)
        self._requests = asyncio.Semaphore(_REQUESTS_AT_ONCE)
        self._space = self._describe(dimension) if dimension else None

    @property
    def spaces(self) -> tuple[EmbeddingSpace, ...]:
        if self._space is None:
            raise RuntimeError("The dimension of the model is known after open() only.")
        return (self._space,)

    async def open(self) -> None:
        """Learns the dimension."""
        if self._space is None:
            [vector] = await self._request(["dimension"])
            self._space = self._describe(len(vector))

    async def embed(self, space: str, texts: Sequence[str]) -> list[Vector]:
        if space != self.spaces[0].name:
            raise KeyError(space)
        wanted = [encodable(text) for text in texts]
        known = {text: self._recent.get(space, text) for text in wanted}
        missing = [text for text, vector in known.items() if vector is None]
        slices = [missing[start : start + _SLICE] for start in range(0, len(missing), _SLICE)]
        answers = await asyncio.gather(*(self._request(part) for part in slices))
        for text, new in zip(missing, chain.from_iterable(answers), strict=True):
            known[text] = new
            self._recent.put(space, text, new)
        return [vector[:] for text in wanted if (vector := known[text]) is not None]

    async def close(self) -> None:
        await self._upstream.close()

    def _describe(self, dimension: int) -> EmbeddingSpace:
        address = f"{self._upstream.client.base_url} {self._model} {dimension}"
        digest = hashlib.sha256(address.encode()).hexdigest()[:16]
        return EmbeddingSpace("default", self._model, dimension, digest, None)

    async def _request(self, texts: Sequence[str]) -> list[Vector]:
        # Providers refuse an empty input.
        payload = [text if text.strip() else "." for text in texts]
        async with self._requests:
            self._upstream.admit()
            request = self._upstream.client.embeddings.create(model=self._model, input=payload, encoding_format="float")
            response = await self._upstream.within(deadline_in(self._timeout), request)
        return self._vectors(response, len(texts))

    def _vectors(self, response: object, count: int) -> list[Vector]:
        try:
            rows = sorted(response.data, key=lambda row: row.index)  # type: ignore[attr-defined]
            vectors = [unit(row.embedding) for row in rows]
        except (AttributeError, TypeError, ValueError):
            raise self._upstream.broken("sent what are not embeddings.") from None
        dimension = self._space.dimension if self._space else len(vectors[0]) if vectors else 0
        if len(vectors) != count or any(len(vector) != dimension for vector in vectors):
            raise self._upstream.broken(f"did not send {count} vectors of {dimension} numbers.")
        self._upstream.breaker.succeeded()
        return vectors
