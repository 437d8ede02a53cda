"""What every reranker promises, and what is special about each."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fake_sentence_transformers import module as fake_module

from adapters.models.rerankers import FeatureReranker
from adapters.models.sentence_transformers import CrossEncoderReranker
from application.ports.models import Candidate, Reranker
from domain.errors import ServiceUnavailable


def candidate(question: str, score: float = 0.5, answer: str = "See the settings.") -> Candidate:
    return Candidate(question, question, answer, score)


@asynccontextmanager
async def built_in() -> AsyncIterator[Reranker]:
    yield FeatureReranker()


@asynccontextmanager
async def cross_encoder_of_a_fake_library() -> AsyncIterator[Reranker]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sentence_transformers", fake_module())
        reranker = CrossEncoderReranker("any/model")
        await reranker.open()
        yield reranker
        await reranker.close()


@pytest.fixture(params=[built_in, cross_encoder_of_a_fake_library])
async def reranker(request: pytest.FixtureRequest) -> AsyncIterator[Reranker]:
    async with request.param() as ready:
        yield ready


QUESTIONS = ["How do I reset my password?", "Where is my parcel?", "", "😀\0\ud800", "x" * 50_000]


async def test_every_candidate_gets_one_relevance_between_0_and_1(reranker: Reranker) -> None:
    scores = [-3.0, 0.0, 0.4, 1.2, 40.0]
    candidates = [candidate(text, score) for text, score in zip(QUESTIONS, scores, strict=True)]
    for question in QUESTIONS:
        relevances = await reranker.rerank(question, candidates)
        assert len(relevances) == len(candidates)
        assert all(0.0 <= relevance <= 1.0 for relevance in relevances)


async def test_relevances_belong_to_the_candidates_in_the_order_given(reranker: Reranker) -> None:
    known = [candidate("Where is my parcel?", 0.2), candidate("How to pay by card", 0.9)]
    there = await reranker.rerank("pay by card", known)
    back = await reranker.rerank("pay by card", known[::-1])
    assert there == back[::-1]
    assert there[1] > there[0]


async def test_without_candidates_there_is_nothing_to_score(reranker: Reranker) -> None:
    assert await reranker.rerank("anything", []) == []


async def test_a_reranker_has_a_name_and_can_be_closed_twice(reranker: Reranker) -> None:
    assert reranker.name
    await reranker.close()
    await reranker.close()


# --- the built-in one


async def order(question: str, candidates: Sequence[Candidate]) -> list[str]:
    relevances = await FeatureReranker().rerank(question, candidates)
    return [c.id for _, c in sorted(zip(relevances, candidates, strict=True), key=lambda pair: -pair[0])]


@given(
    st.lists(st.floats(-2, 2).map(lambda score: round(score, 1)), max_size=12),
    st.text(alphabet="abc 7", max_size=40),
)
async def test_the_fused_order_is_kept(scores: list[float], question: str) -> None:
    candidates = [candidate(f"{question} {n}", score) for n, score in enumerate(scores)]
    relevances = await FeatureReranker().rerank(question, candidates)
    for one, first in zip(candidates, relevances, strict=True):
        for other, second in zip(candidates, relevances, strict=True):
            assert one.score <= other.score or first > second


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        ("turn the alerts on", "How do I turn on alerts?", "How do I turn off alerts?"),
        ("disable two-factor login", "Disable two-factor login", "Enable two-factor login"),
        ("What is error 404?", "Meaning of error 404", "Meaning of error 500"),
        ("Как отключить уведомления?", "Отключить уведомления", "Включить уведомления"),
    ],
)
async def test_between_equals_the_opposite_or_another_number_comes_last(question: str, right: str, wrong: str) -> None:
    assert await order(question, [candidate(wrong), candidate(right)]) == [right, wrong]


async def test_a_clear_lead_is_not_overturned() -> None:
    ahead, behind = candidate("How do I turn off alerts?", 0.7), candidate("How do I turn on alerts?", 0.6)
    assert await order("turn on alerts", [behind, ahead]) == [ahead.id, behind.id]


# --- the cross-encoder


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the library is installed")
async def test_without_the_extra_the_cross_encoder_says_how_to_install_it() -> None:
    reranker = CrossEncoderReranker("any/model")
    with pytest.raises(ServiceUnavailable, match=r"pip install .*sentence-transformers"):
        await reranker.rerank("question", [candidate("known")])
    await reranker.close()


async def test_with_a_fake_library_logits_become_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake_module())
    reranker = CrossEncoderReranker("any/model")
    [alike, unlike] = await reranker.rerank("pay card", [candidate("card"), candidate("parcel")])
    assert alike > 0.99
    assert unlike < 0.01
    await reranker.close()


async def test_with_a_fake_library_a_classifier_is_refused_as_reranker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake_module())
    reranker = CrossEncoderReranker("classifier")
    with pytest.raises(ServiceUnavailable, match="one output"):
        await reranker.rerank("question", [candidate("known")])
    await reranker.close()
