"""What `ragas` (0.4) asks a language model and an embedder, answered by the service's own.

Importing this imports the library: `adapters.judges.ragas` does it when it is needed.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from ragas.embeddings.base import BaseRagasEmbedding
from ragas.llms.base import InstructorBaseRagasLLM
from ragas.metrics.collections import (
    AnswerRelevancy,
    ContextPrecisionWithoutReference,
    ContextPrecisionWithReference,
    ContextRecall,
    Faithfulness,
)

from application.ports.judges import CannotJudge
from application.ports.models import ChatMessage, Embedder, GenerationOptions, LanguageModel

T = TypeVar("T", bound=BaseModel)

TRIES = 2
"""For a verdict that can be read: a model that failed twice at temperature 0 fails again."""
OPTIONS = GenerationOptions(temperature=0.0, max_tokens=1024, timeout_seconds=60.0)
_STRICTLY = "Answer with the JSON object alone: no prose, no code fence."


class ModelBridge(InstructorBaseRagasLLM):  # type: ignore[misc]  # the library has no types for it
    """Puts the library's prompts, which hold the schema of the verdict, to the service's model."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    async def agenerate(self, prompt: str, response_model: type[T]) -> T:
        """Raises `CannotJudge` when what the model says is no verdict of that form."""
        messages = [ChatMessage("system", _STRICTLY), ChatMessage("user", prompt)]
        for _ in range(TRIES):
            said = await self._model.complete(messages, OPTIONS)
            verdict = _read(said.text, response_model)
            if verdict is not None:
                return verdict
            messages = [*messages, ChatMessage("assistant", said.text), ChatMessage("user", _STRICTLY)]
        raise CannotJudge("The language model's verdict could not be read.")

    def generate(self, prompt: str, response_model: type[T]) -> NoReturn:
        raise NotImplementedError("The service asks its model on the event loop only.")


def _read(text: str, form: type[T]) -> T | None:
    """The first JSON object in the text that has the form."""
    decoder = json.JSONDecoder()
    for start, letter in enumerate(text):
        if letter == "{":
            try:
                return form.model_validate(decoder.raw_decode(text, start)[0])
            except (ValueError, ValidationError):
                continue
    return None


class EmbedderBridge(BaseRagasEmbedding):  # type: ignore[misc]  # the library has no types for it
    def __init__(self, embedder: Embedder, space: str) -> None:
        super().__init__()
        self._embedder, self._space = embedder, space

    async def aembed_text(self, text: str, **_: Any) -> list[float]:
        return list((await self._embedder.embed(self._space, [text]))[0])

    async def aembed_texts(self, texts: list[str], **_: Any) -> list[list[float]]:
        return [list(vector) for vector in await self._embedder.embed(self._space, texts)]

    def embed_text(self, text: str, **_: Any) -> NoReturn:
        raise NotImplementedError("The service embeds on the event loop only.")


def measures(model: LanguageModel, embedder: Embedder, space: str) -> Mapping[str, Any]:
    """The library's metrics by our names."""
    llm = ModelBridge(model)
    return {
        "precision_by_reference": ContextPrecisionWithReference(llm=llm),
        "precision_by_answer": ContextPrecisionWithoutReference(llm=llm),
        "recall": ContextRecall(llm=llm),
        "faithfulness": Faithfulness(llm=llm),
        "relevancy": AnswerRelevancy(llm=llm, embeddings=EmbedderBridge(embedder, space)),
    }
