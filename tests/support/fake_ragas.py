"""A stand-in for the ragas library (0.4) where it is not installed: the members that the bridge uses, with the real
ones' names, signatures and ways of asking; each metric puts one prompt that names the verdict it wants."""

import math
from types import ModuleType
from typing import Any

from pydantic import BaseModel


class InstructorBaseRagasLLM:
    """Asked by `agenerate(prompt, response_model)`."""


class BaseRagasEmbedding:
    def __init__(self, cache: Any = None) -> None:
        self.cache = cache


class Verdict(BaseModel):
    reason: str
    verdict: int


class Result:
    def __init__(self, value: float) -> None:
        self.value = value


class _Metric:
    def __init__(self, llm: Any, embeddings: Any = None) -> None:
        self.llm, self.embeddings = llm, embeddings

    async def ascore(self, **given: Any) -> Result:
        if not all(given.values()):
            raise ValueError("a part of the sample is missing")
        verdict = await self.llm.agenerate(f"{type(self).__name__}: {sorted(given)}", Verdict)
        if verdict.reason == "nothing to judge":
            return Result(math.nan)
        if self.embeddings is not None:
            (one,) = await self.embeddings.aembed_texts([given["user_input"]])
            assert len(one) == len(await self.embeddings.aembed_text(given["response"]))
        return Result(float(verdict.verdict))


NAMES = (
    "AnswerRelevancy",
    "ContextPrecisionWithoutReference",
    "ContextPrecisionWithReference",
    "ContextRecall",
    "Faithfulness",
)


def modules() -> dict[str, ModuleType]:
    """By their names, for `sys.modules`."""
    made = {
        name: ModuleType(name)
        for name in ("ragas", "ragas.llms", "ragas.llms.base", "ragas.embeddings", "ragas.embeddings.base")
    }
    made["ragas.metrics"], made["ragas.metrics.collections"] = (
        ModuleType("ragas.metrics"),
        ModuleType("ragas.metrics.collections"),
    )
    vars(made["ragas.llms.base"])["InstructorBaseRagasLLM"] = InstructorBaseRagasLLM
    vars(made["ragas.embeddings.base"])["BaseRagasEmbedding"] = BaseRagasEmbedding
    for name in NAMES:
        vars(made["ragas.metrics.collections"])[name] = type(name, (_Metric,), {})
    return made
