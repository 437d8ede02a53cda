"""What the Qdrant indexes do when Qdrant is late, slow, gone or not theirs; and that processes share it."""

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from qdrant_client import AsyncQdrantClient, models
from tests.support.indexed import fields, row, vector
from tests.support.qdrant_server import Fault, QdrantProcess, running_qdrant

from adapters.lexical.qdrant import QdrantLexicalIndex
from adapters.vectors.qdrant import QdrantVectorIndex
from application.ports.lexical import LexicalRow
from domain.errors import Conflict, ServiceUnavailable
from domain.retrieval import Filters
from domain.vectors import EmbeddingSpace

EN = EmbeddingSpace("en", "mini", 4, "d1", ("en",))
QUERY = vector(1, 0, 0, 0)
ALL = Filters()


@pytest.fixture
def qdrant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantProcess]:
    with running_qdrant(tmp_path_factory.mktemp("qdrant") / "data") as server:
        yield server


@pytest.fixture
async def client(qdrant: QdrantProcess) -> AsyncIterator[AsyncQdrantClient]:
    client = AsyncQdrantClient(qdrant.url, check_compatibility=False, timeout=2)
    yield client
    await client.close()


async def opened(client: AsyncQdrantClient) -> QdrantVectorIndex:
    index = QdrantVectorIndex(client)
    await index.open([EN])
    return index


async def test_a_qdrant_that_comes_up_later_is_used_without_opening_again(
    qdrant: QdrantProcess, client: AsyncQdrantClient
) -> None:
    qdrant.kill()
    dense, lexical = QdrantVectorIndex(client), QdrantLexicalIndex(client)
    with pytest.raises(ServiceUnavailable):
        await dense.open([EN])
    with pytest.raises(ServiceUnavailable):
        await lexical.open()
    qdrant.start()
    await dense.upsert("t", "en", [row("a", (1, 0, 0, 0))])
    await lexical.upsert("t", [LexicalRow("a", "a parcel", "", fields())])
    assert [hit.id for hit in await dense.search("t", "en", QUERY, 1, ALL)] == ["a"]
    assert [hit.id for hit in await lexical.search("t", "parcels", 1, ALL)] == ["a"]


async def test_what_was_acknowledged_survives_kill_9_of_qdrant(
    qdrant: QdrantProcess, client: AsyncQdrantClient
) -> None:
    index = await opened(client)
    await index.upsert("t", "en", [row("a", (1, 0, 0, 0)), row("b", (2, 0, 0, 0))])
    await index.delete("t", ["a"])
    qdrant.kill()
    with pytest.raises(ServiceUnavailable):
        await index.search("t", "en", QUERY, 9, ALL)
    qdrant.start()
    assert [hit.id for hit in await index.search("t", "en", QUERY, 9, ALL)] == ["b"]


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_a_refusal_is_unavailability_and_passes(
    qdrant: QdrantProcess, client: AsyncQdrantClient, status: int
) -> None:
    index = await opened(client)
    qdrant.fail(Fault(1, status, "/points"))
    with pytest.raises(ServiceUnavailable):
        await index.upsert("t", "en", [row("a", (1, 0, 0, 0))])
    assert await index.count("t", "en") == 0
    qdrant.fail(Fault(1, status, "/query"))
    with pytest.raises(ServiceUnavailable):
        await index.search("t", "en", QUERY, 1, ALL)
    assert await index.search("t", "en", QUERY, 1, ALL) == []


async def test_a_silent_qdrant_is_given_up_in_time(qdrant: QdrantProcess, client: AsyncQdrantClient) -> None:
    index = await opened(client)
    qdrant.fail(Fault(1, 0, "/query", delay=4))
    async with asyncio.timeout(10):
        with pytest.raises(ServiceUnavailable):
            await index.search("t", "en", QUERY, 1, ALL)


async def test_a_collection_of_somebody_else_is_left_alone(client: AsyncQdrantClient) -> None:
    await client.create_collection(
        "supportrag_en",
        vectors_config={"dense": models.VectorParams(size=4, distance=models.Distance.DOT)},
    )
    with pytest.raises(Conflict):
        await opened(client)


async def test_a_collection_made_half_way_is_completed(client: AsyncQdrantClient) -> None:
    await opened(client)
    name = await in_use(client)
    made_for = (await client.get_collection(name)).config.metadata
    await client.delete_collection(name)
    dense = {"dense": models.VectorParams(size=4, distance=models.Distance.DOT)}
    await client.create_collection(name, vectors_config=dense, metadata=made_for)
    await opened(client)
    assert await in_use(client) == name
    assert "tenant" in (await client.get_collection(name)).payload_schema


async def in_use(client: AsyncQdrantClient) -> str:
    return next(
        one.collection_name for one in (await client.get_aliases()).aliases if one.alias_name == "supportrag_en"
    )


async def test_an_index_for_another_model_is_built_beside_the_one_that_is_in_use(client: AsyncQdrantClient) -> None:
    old = await opened(client)
    await old.upsert("t", "en", [row("a", (1, 0, 0, 0))])
    newer = dataclasses.replace(EN, digest="d2")
    with pytest.raises(Conflict, match="supportrag reindex"):
        await QdrantVectorIndex(client).open([newer])
    new = QdrantVectorIndex(client)
    assert await new.prepare([newer]) is True
    await new.upsert("t", "en", [row("a", (0, 1, 0, 0)), row("b", (1, 0, 0, 0))])
    assert [hit.id for hit in await old.search("t", "en", QUERY, 9, ALL)] == ["a"]
    await new.take_over()
    assert [hit.id for hit in await old.search("t", "en", QUERY, 9, ALL)] == ["a"]
    again = QdrantVectorIndex(client)
    await again.open([newer])
    assert [hit.id for hit in await again.search("t", "en", QUERY, 9, ALL)] == ["b", "a"]
    assert await again.prepare([newer]) is False
    with pytest.raises(Conflict):
        await opened(client)


async def test_words_that_are_taken_apart_in_the_usual_way_have_the_index_that_is_in_use(
    client: AsyncQdrantClient,
) -> None:
    index = QdrantLexicalIndex(client)
    await index.open()
    assert await QdrantLexicalIndex(client).prepare() is False


async def test_many_may_open_at_once(qdrant: QdrantProcess) -> None:
    clients = [AsyncQdrantClient(qdrant.url, check_compatibility=False) for _ in range(4)]
    indexes = await asyncio.gather(*(opened(client) for client in clients))
    for number, index in enumerate(indexes):
        await index.upsert("t", "en", [row(f"{number}", (1, 0, 0, 0))])
    assert {await index.count("t", "en") for index in indexes} == {4}
    for client in clients:
        await client.close()


ANOTHER = """
import asyncio, sys
from qdrant_client import AsyncQdrantClient
from adapters.lexical.qdrant import QdrantLexicalIndex
from application.ports.lexical import LexicalRow
from tests.support.indexed import fields

async def main():
    client = AsyncQdrantClient(sys.argv[1], check_compatibility=False)
    index = QdrantLexicalIndex(client)
    await index.open()
    await index.upsert("t", [LexicalRow("b", "parcel and letter", "", fields())])
    await client.close()

asyncio.run(main())
"""


async def test_what_another_process_wrote_is_found_and_counted(
    qdrant: QdrantProcess, client: AsyncQdrantClient
) -> None:
    index, patient = QdrantLexicalIndex(client, fresh_for=0), QdrantLexicalIndex(client, fresh_for=60)
    await index.open()
    await index.upsert("t", [LexicalRow("a", "parcel", "", fields())])
    alone = (await index.scores("t", "parcel letter", ["a"]))["a"].question
    assert [hit.id for hit in await patient.search("t", "parcel letter", 9, ALL)] == ["a"]
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", ANOTHER, qdrant.url], check=True, cwd=".")
    together = (await index.scores("t", "parcel letter", ["a"]))["a"].question
    assert [hit.id for hit in await index.search("t", "parcel letter", 9, ALL)] == ["b", "a"]
    assert [hit.id for hit in await patient.search("t", "parcel", 9, ALL)] == ["a", "b"]
    assert together != alone
