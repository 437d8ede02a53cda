"""A language model that tells a tracer of every call, in the words that OpenTelemetry and Langfuse know."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from application import metrics
from application.ports.models import ChatMessage, Completion, GenerationOptions, LanguageModel
from application.ports.telemetry import Meters, Span, Tracer


class TracedModel:
    """Semantic conventions for generative AI: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/."""

    def __init__(self, model: LanguageModel, tracer: Tracer, meters: Meters, provider: str = "openai") -> None:
        self._model, self._tracer, self._meters, self._provider = model, tracer, meters, provider
        self.name = model.name

    async def complete(self, messages: Sequence[ChatMessage], options: GenerationOptions) -> Completion:
        with self._tracer.span(f"chat {self.name}", self._asked(messages, options)) as span:
            written = await self._model.complete(messages, options)
            self._tell(span, written)
        return written

    async def stream(self, messages: Sequence[ChatMessage], options: GenerationOptions) -> AsyncIterator[str]:
        """The span is nobody's parent: between two pieces other work runs in this context."""
        span = self._tracer.begin(f"chat {self.name}", self._asked(messages, options))
        pieces: list[str] = []
        inner: Any = self._model.stream(messages, options)
        try:
            async for piece in inner:
                pieces.append(piece)
                yield piece
        except Exception as error:
            span.fail(type(error).__qualname__)
            raise
        finally:
            span.say({"gen_ai.response.model": self.name, "output.value": "".join(pieces)})
            span.end()
            await inner.aclose()

    async def ping(self) -> None:
        await self._model.ping()

    async def close(self) -> None:
        await self._model.close()

    def _asked(self, messages: Sequence[ChatMessage], options: GenerationOptions) -> dict[str, object]:
        return {
            "span.kind": "client",
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self._provider,
            "gen_ai.system": self._provider,
            "gen_ai.request.model": self.name,
            "gen_ai.request.temperature": options.temperature,
            "gen_ai.request.max_tokens": options.max_tokens,
            "langfuse.observation.type": "generation",
            "input.value": "\n\n".join(f"{message.role}: {message.content}" for message in messages),
        }

    def _tell(self, span: Span, written: Completion) -> None:
        span.say(
            {
                "gen_ai.response.model": written.model,
                "gen_ai.usage.input_tokens": written.prompt_tokens,
                "gen_ai.usage.output_tokens": written.completion_tokens,
                "output.value": written.text,
            }
        )
        for direction, tokens in (("input", written.prompt_tokens), ("output", written.completion_tokens)):
            if tokens:
                self._meters.count(metrics.GENERATED_TOKENS, tokens, model=written.model, direction=direction)
