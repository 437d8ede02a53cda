"""The judge by a language model: the `ragas` library's own metrics, asked through the service's own model.

The library is an extra (`supportrag-server[evaluation]`) and is imported when the first sample is judged. It is
given no client of its own: every prompt goes through the configured model with its time limits, breaker and
traces, every embedding through the service's embedder. It reports its use to its makers unless it is told
before it is imported that it must not, so it is told.
"""

import asyncio
import importlib
import math
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from application.ports.judges import CannotJudge, JudgeMissing
from application.ports.models import Embedder, LanguageModel
from domain.errors import DomainError
from domain.evaluation import Metric, Sample, Scores
from domain.ranking_profiles import RankingProfile

SILENT = {"RAGAS_DO_NOT_TRACK": "true"}
EXTRA = "pip install 'supportrag-server[evaluation]'"


class RagasJudge:
    name = "ragas"

    def __init__(self, model: LanguageModel, embedder: Embedder, profile: RankingProfile) -> None:
        self._model, self._embedder, self._profile = model, embedder, profile
        self._bridge: Any = None

    async def open(self) -> None:
        if self._bridge is None:
            self._bridge = await asyncio.to_thread(_bridge)

    async def judge(self, sample: Sample, metrics: Sequence[str]) -> Scores:
        await self.open()
        language = sample.language or ""
        space = next((s for s in self._profile.spaces if s.serves(language)), self._profile.spaces[-1])
        measures = self._bridge.measures(self._model, self._embedder, space.name)
        return {metric: await _score(measures, metric, sample) for metric in metrics}


def _bridge() -> Any:
    """The module that imports the library. Raises `JudgeMissing`."""
    if find_spec("ragas") is None:
        raise JudgeMissing(f"the ragas library is not installed ({EXTRA}).")
    os.environ.update(SILENT)
    try:
        return importlib.import_module("adapters.judges.ragas_bridge")
    except Exception as error:
        raise JudgeMissing(f"the ragas library does not load here ({type(error).__name__}: {error}).") from error


async def _score(measures: Mapping[str, Any], metric: str, sample: Sample) -> float | None:
    contexts = [context.whole for context in sample.contexts]
    given = {"user_input": sample.question, "retrieved_contexts": contexts}
    call = _calls(measures, sample, given)[Metric(metric)]
    if call is None:
        return None
    try:
        value = float((await call()).value)
    except DomainError:
        raise
    except Exception as error:
        raise CannotJudge(f"ragas failed on {metric} ({type(error).__name__}).") from error
    return None if math.isnan(value) else round(min(1.0, max(0.0, value)), 4)


Call = Callable[[], Awaitable[Any]]


def _calls(measures: Mapping[str, Any], sample: Sample, given: Mapping[str, Any]) -> dict[Metric, Call | None]:
    """How each metric is asked for; None where the sample lacks what it needs."""
    answer, reference, has_contexts = sample.answer, sample.reference, bool(sample.contexts)
    expected = reference or sample.approved

    def asked(name: str, **more: Any) -> Call:
        return lambda: measures[name].ascore(**more)

    precision = (
        asked("precision_by_reference", **given, reference=reference)
        if reference
        else asked("precision_by_answer", **given, response=answer)
    )
    return {
        Metric.CONTEXT_PRECISION: precision if has_contexts and (reference or answer) else None,
        Metric.CONTEXT_RECALL: asked("recall", **given, reference=expected) if has_contexts and expected else None,
        Metric.FAITHFULNESS: asked("faithfulness", **given, response=answer) if has_contexts and answer else None,
        Metric.ANSWER_RELEVANCY: (asked("relevancy", user_input=sample.question, response=answer) if answer else None),
    }
