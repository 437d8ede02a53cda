"""What every embedder promises, and what is special about each."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from adapters.models import weights
from adapters.models.bundled import BundledEmbedder
from adapters.models.weights import WeightsUnusable, verified
from application.ports.models import Embedder
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


@pytest.fixture
async def embedder() -> AsyncIterator[Embedder]:
    bundled = BundledEmbedder(threads=2)
    yield bundled
    await bundled.close()


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


async def test_closing_twice_is_harmless(embedder: Embedder) -> None:
    await embedder.close()
    await embedder.close()


# --- the bundled one


async def closest(embedder: Embedder, space: str, question: str, candidates: Sequence[str]) -> str:
    vectors = await embedder.embed(space, [question, *candidates])
    return max(candidates, key=lambda text: cosine(vectors[0], vectors[1 + candidates.index(text)]))


ARTICLES = ["How can I reset my password?", "Where is my parcel?", "How do I cancel my subscription?"]


async def test_english_paraphrases_are_close_in_the_english_space() -> None:
    embedder = BundledEmbedder(threads=1)
    assert await closest(embedder, "english", "I forgot my login secret", ARTICLES) == ARTICLES[0]
    await embedder.close()


@pytest.mark.parametrize(
    "question", ["Wo ist mein Paket?", "Où est mon colis ?", "¿Dónde está mi paquete?", "Где моя посылка?"]
)
async def test_translations_are_close_in_the_multilingual_space(question: str) -> None:
    embedder = BundledEmbedder(threads=1)
    assert await closest(embedder, "multilingual", question, ARTICLES) == ARTICLES[1]
    await embedder.close()


async def test_a_question_is_answered_while_thousands_of_texts_are_being_embedded() -> None:
    embedder = BundledEmbedder(threads=1)
    await embedder.open()
    bulk = asyncio.create_task(embedder.embed("english", [f"text {number}" for number in range(2000)]))
    await asyncio.sleep(0.05)
    await embedder.embed("english", ["a question in between"])
    assert not bulk.done()
    bulk.cancel()
    await asyncio.gather(bulk, return_exceptions=True)
    await embedder.close()


async def test_the_event_loop_stays_free_while_embedding() -> None:
    embedder = BundledEmbedder(threads=1)
    await embedder.open()
    work = asyncio.create_task(embedder.embed("english", [f"free {number}" for number in range(60)]))
    turns = 0
    while not work.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20
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
