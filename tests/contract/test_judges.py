"""What every judge promises, and what is special to each."""

import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from tests.support.fake_ragas import modules
from tests.support.llm import Reply, ScriptedLLM
from tests.support.system import embedder

from adapters.judges import ragas
from adapters.judges.built_in import BuiltInJudge
from adapters.judges.ragas import RagasJudge
from adapters.models.language import FastLanguageDetector
from adapters.models.openai import OpenAILanguageModel
from application.ports.judges import CannotJudge, Judge, JudgeMissing, Judges
from domain.errors import ServiceUnavailable
from domain.evaluation import ALL_METRICS, Context, Metric, Sample
from domain.ranking_profiles import BUILT_IN

YES = json.dumps({"reason": "it is so", "verdict": 1})
QUESTION, ANSWER = "How long is my warranty?", "Your warranty lasts for two years."


def sample(**changes: Any) -> Sample:
    given = {"reference": ANSWER, "language": "en", "answer": ANSWER, "contexts": (Context(ANSWER, QUESTION),)}
    return Sample("x", QUESTION, **{**given, **changes})


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library's stand-in, whether or not the real one is installed."""
    for name, module in modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(ragas, "find_spec", lambda _: True)
    monkeypatch.delenv("RAGAS_DO_NOT_TRACK", raising=False)
    sys.modules.pop("adapters.judges.ragas_bridge", None)
    yield
    sys.modules.pop("adapters.judges.ragas_bridge", None)


@pytest.fixture
async def llm() -> AsyncIterator[ScriptedLLM]:
    async with ScriptedLLM() as server:
        server.reply = Reply(YES)
        yield server


@pytest.fixture
async def by_model(library: None, llm: ScriptedLLM) -> AsyncIterator[RagasJudge]:
    model = OpenAILanguageModel("small", llm.base_url, None)
    yield RagasJudge(model, embedder(), BUILT_IN)
    await model.close()


@pytest.fixture(params=["built-in", "ragas"])
def judge(request: pytest.FixtureRequest, by_model: RagasJudge) -> Judge:
    return by_model if request.param == "ragas" else BuiltInJudge(embedder(), BUILT_IN, FastLanguageDetector())


async def test_a_whole_sample_has_every_score_that_is_asked_for_and_no_other(judge: Judge) -> None:
    await judge.open()
    scores = await judge.judge(sample(), ALL_METRICS)
    assert list(scores) == list(ALL_METRICS)
    assert all(score is not None and 0.0 <= score <= 1.0 for score in scores.values())
    assert list(await judge.judge(sample(), [Metric.FAITHFULNESS])) == [Metric.FAITHFULNESS]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"answer": None}, {"faithfulness", "answer_relevancy"}),
        ({"reference": None}, {"context_recall"}),
        ({"contexts": ()}, {"context_precision", "context_recall", "faithfulness"}),
        ({"answer": None, "reference": None, "contexts": ()}, set(ALL_METRICS)),
    ],
)
async def test_what_a_sample_lacks_takes_the_scores_that_need_it(
    judge: Judge, changes: dict[str, Any], missing: set[str]
) -> None:
    scores = await judge.judge(sample(**changes), ALL_METRICS)
    assert {metric for metric, score in scores.items() if score is None} == missing


async def test_the_approved_answer_stands_in_for_a_reference_where_recall_is_asked_for(judge: Judge) -> None:
    scores = await judge.judge(sample(reference=None, approved=ANSWER), ALL_METRICS)
    assert scores["context_recall"] is not None


async def test_verdicts_are_found_among_the_words_of_a_model(by_model: RagasJudge, llm: ScriptedLLM) -> None:
    llm.reply = Reply(f"Sure! {{not json}} Here you are:\n```json\n{YES}\n```")
    assert (await by_model.judge(sample(), [Metric.CONTEXT_RECALL]))["context_recall"] == 1.0


async def test_a_model_that_gives_no_verdict_is_asked_once_more_and_then_given_up(
    by_model: RagasJudge, llm: ScriptedLLM
) -> None:
    llm.reply = Reply("I would say it is fine.")
    with pytest.raises(CannotJudge, match="could not be read"):
        await by_model.judge(sample(), [Metric.FAITHFULNESS])
    assert llm.calls == 2


async def test_nothing_to_judge_is_no_score(by_model: RagasJudge, llm: ScriptedLLM) -> None:
    llm.reply = Reply(json.dumps({"reason": "nothing to judge", "verdict": 0}))
    assert (await by_model.judge(sample(), [Metric.FAITHFULNESS]))["faithfulness"] is None


async def test_a_model_that_is_away_is_no_fault_of_the_sample(by_model: RagasJudge, llm: ScriptedLLM) -> None:
    llm.reply = Reply(status=503)
    with pytest.raises(ServiceUnavailable):
        await by_model.judge(sample(), [Metric.FAITHFULNESS])


async def test_the_library_is_told_not_to_report_before_it_is_imported(by_model: RagasJudge) -> None:
    await by_model.open()
    assert os.environ["RAGAS_DO_NOT_TRACK"] == "true"


async def test_without_the_library_the_built_in_judge_is_used_and_says_so(
    by_model: RagasJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = BuiltInJudge(embedder(), BUILT_IN, FastLanguageDetector())
    judges = Judges(built_in, by_model)
    monkeypatch.setattr(ragas, "find_spec", lambda _: None)
    chosen, note = await judges.chosen(None)
    assert chosen is built_in
    assert "not installed" in (note or "")
    with pytest.raises(JudgeMissing):
        await judges.chosen("ragas")
    assert await judges.chosen("built-in") == (built_in, None)


async def test_a_library_that_does_not_load_is_as_good_as_missing(
    by_model: RagasJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ragas.llms.base", None)
    with pytest.raises(JudgeMissing, match="does not load"):
        await by_model.open()


@pytest.mark.parametrize(
    ("language", "question", "right", "wrong"),
    [
        ("de", "Wie lange gilt die Garantie?", "Die Garantie gilt zwei Jahre.", "Die Garantie gilt fünf Jahre."),
        ("ru", "Сколько длится гарантия?", "Гарантия длится два года.", "Гарантия длится пять лет."),
        ("fr", "Combien de temps dure la garantie ?", "La garantie dure deux ans.", "La garantie dure cinq ans."),
        ("es", "¿Cuánto dura la garantía?", "La garantía dura dos años.", "La garantía dura cinco años."),
    ],
)
async def test_the_built_in_judge_tells_right_from_wrong_in_every_language(
    language: str, question: str, right: str, wrong: str
) -> None:
    judge = BuiltInJudge(embedder(), BUILT_IN, FastLanguageDetector())
    context = (Context(right, question),)
    scores = [
        (await judge.judge(Sample("x", question, answer, context, None, None, language), ALL_METRICS))["faithfulness"]
        for answer in (right, wrong)
    ]
    assert scores == [1.0, 0.0]
