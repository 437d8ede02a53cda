"""What every dense index promises, on every one of them."""

import asyncio
import dataclasses
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import AsyncQdrantClient
from tests.support.indexed import ANY_FIELDS, ANY_FILTERS, IDS, ONE_OF_EACH_FILTER, day, fields, row, vector
from tests.support.qdrant_server import QdrantProcess, running_qdrant

from adapters.vectors.faiss import FaissVectorIndex
from adapters.vectors.memory import MemoryVectorIndex
from adapters.vectors.qdrant import QdrantVectorIndex
from application.ports.vectors import VectorHit, VectorIndex, VectorRow
from domain.errors import Conflict, ServiceUnavailable
from domain.retrieval import Filters
from domain.vectors import EmbeddingSpace, Vector

EN = EmbeddingSpace("en", "mini", 4, "d1", ("en",))
ANY = EmbeddingSpace("any", "multi", 3, "d2", None)
ALL = Filters()
TENANTS = itertools.count()


@dataclass(frozen=True)
class World:
    """One adapter, and what it can be asked for."""

    index: VectorIndex
    exact: bool = True
    """Every search compares with every row."""
    whole_batches: bool = True
    """A search sees all of an upsert or nothing."""
    again: Callable[[], VectorIndex] | None = None
    """Another index over the same rows, where they outlive the object."""
    unreachable: Callable[[], Awaitable[VectorIndex]] | None = None
    """The adapter with nothing behind it, where that can be."""


async def _closed() -> VectorIndex:
    index = FaissVectorIndex()
    await index.open([EN])
    await index.close()
    return index


async def _memory(request: pytest.FixtureRequest, path: Path) -> World:
    return World(MemoryVectorIndex())


async def _flat(request: pytest.FixtureRequest, path: Path) -> World:
    return World(FaissVectorIndex(), unreachable=_closed)


async def _trained(request: pytest.FixtureRequest, path: Path) -> World:
    return World(FaissVectorIndex(ivf_above=5), exact=False)


async def _kept(request: pytest.FixtureRequest, path: Path) -> World:
    return World(FaissVectorIndex(directory=path), again=lambda: FaissVectorIndex(directory=path))


async def _qdrant(request: pytest.FixtureRequest, path: Path) -> World:
    client = AsyncQdrantClient(":memory:")
    return World(
        QdrantVectorIndex(client),
        whole_batches=False,
        again=lambda: QdrantVectorIndex(client),
        unreachable=_out_of_reach,
    )


async def _qdrant_wire(request: pytest.FixtureRequest, path: Path) -> World:
    client = AsyncQdrantClient(request.getfixturevalue("qdrant").url, check_compatibility=False)
    return World(
        QdrantVectorIndex(client),
        again=lambda: QdrantVectorIndex(client),
        unreachable=_out_of_reach,
    )


async def _out_of_reach() -> VectorIndex:
    nobody = AsyncQdrantClient("http://127.0.0.1:9", check_compatibility=False, timeout=1)
    index = QdrantVectorIndex(nobody)
    with pytest.raises(ServiceUnavailable):
        await index.open([EN])
    return index


WORLDS = {
    "memory": _memory,
    "faiss": _flat,
    "faiss-trained": _trained,
    "faiss-on-disk": _kept,
    "qdrant-local": _qdrant,
    "qdrant-wire": _qdrant_wire,
}


@pytest.fixture(scope="module")
def qdrant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantProcess]:
    with running_qdrant(tmp_path_factory.mktemp("qdrant") / "data") as server:
        yield server


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    world = await WORLDS[request.param](request, tmp_path / "index")
    await world.index.open([EN, ANY])
    yield world
    await world.index.close()


@pytest.fixture
def index(world: World) -> VectorIndex:
    return world.index


@pytest.fixture
def tenant() -> str:
    return f"tenant {next(TENANTS)}"


def ids(hits: list[VectorHit]) -> list[str]:
    return [hit.id for hit in hits]


def product(first: Vector, second: Vector) -> float:
    return float(sum(a * b for a, b in zip(first, second, strict=True)))


async def found(index: VectorIndex, tenant: str, filters: Filters = ALL, limit: int = 10) -> list[str]:
    return ids(await index.search(tenant, "en", vector(1, 1, 1, 1), limit, filters))


async def test_hits_come_by_descending_inner_product(index: VectorIndex, tenant: str) -> None:
    rows = [row("a", (1, 0, 0, 0)), row("b", (3, 4, 0, 0)), row("c", (-1, 0, 0, 0)), row("d", (0, 9, 0, 0))]
    await index.upsert(tenant, "en", rows)
    hits = await index.search(tenant, "en", vector(2, 0.5, 0, 0), 3, ALL)
    assert [(hit.id, hit.score) for hit in hits] == [("b", 8.0), ("d", 4.5), ("a", 2.0)]


async def test_equal_scores_come_by_id_even_across_the_limit(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row(f"{n:03}", (1, 0, 0, 0)) for n in reversed(range(100))])
    assert await found(index, tenant, limit=3) == ["000", "001", "002"]


async def test_a_limit_beyond_the_rows_gives_all_rows_and_no_padding(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0)), row("b", (0, 0, 0, 0)), row("c", (-5, 0, 0, 0))])
    assert await found(index, tenant, limit=1_000) == ["a", "b", "c"]
    assert await found(index, tenant, limit=0) == []


async def test_an_unknown_tenant_has_nothing(index: VectorIndex, tenant: str) -> None:
    assert await found(index, tenant) == []
    assert await index.scores(tenant, "en", vector(1, 0, 0, 0), ["a"]) == {}
    assert await index.count(tenant, "en") == 0
    await index.delete(tenant, ["a"])
    await index.clear(tenant)


async def test_an_upsert_of_a_known_id_replaces_vector_and_fields(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0), category="billing", metadata={"entity": "X"})])
    await index.upsert(tenant, "en", [row("a", (0, 2, 0, 0), category="delivery", metadata={"entity": "Y"})])
    assert await index.scores(tenant, "en", vector(1, 1, 0, 0), ["a"]) == {"a": 2.0}
    assert await found(index, tenant, Filters(categories=frozenset({"billing"}))) == []
    assert await found(index, tenant, Filters(metadata={"entity": "X"})) == []
    assert await found(index, tenant, Filters(categories=frozenset({"delivery"}))) == ["a"]
    assert await index.count(tenant, "en") == 1


async def test_where_a_batch_names_an_id_twice_the_last_row_holds(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0)), row("a", (7, 0, 0, 0))])
    assert await index.scores(tenant, "en", vector(1, 0, 0, 0), ["a"]) == {"a": 7.0}
    assert await index.count(tenant, "en") == 1


async def test_a_deleted_row_is_gone_from_every_space(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0)), row("b", (1, 0, 0, 0))])
    await index.upsert(tenant, "any", [row("a", (1, 0, 0))])
    await index.delete(tenant, ["a", "never there"])
    assert await found(index, tenant) == ["b"]
    assert await index.count(tenant, "any") == 0
    assert await index.scores(tenant, "any", vector(1, 0, 0), ["a"]) == {}


async def test_a_deleted_row_can_come_back(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0)), row("b", (2, 0, 0, 0))])
    await index.delete(tenant, ["a"])
    await index.upsert(tenant, "en", [row("c", (3, 0, 0, 0)), row("a", (4, 0, 0, 0))])
    assert await found(index, tenant) == ["a", "c", "b"]


async def test_scores_leave_out_what_is_not_in_the_space(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row("a", (1, 2, 0, 0))])
    await index.upsert(tenant, "any", [row("b", (1, 0, 0))])
    assert await index.scores(tenant, "en", vector(1, 1, 0, 0), ["a", "b", "c", "a"]) == {"a": 3.0}
    assert await index.scores(tenant, "en", vector(1, 1, 0, 0), []) == {}


@pytest.mark.parametrize("filters", ONE_OF_EACH_FILTER, ids=lambda _: "filters")
async def test_filters_apply_inside_the_search(index: VectorIndex, tenant: str, filters: Filters) -> None:
    """The rows that satisfy the filter are the worst of many, and still the limit is filled."""
    wanted = {
        "category": "billing",
        "intent": "ask",
        "language": "ru",
        "updated_at": day(2),
        "requires_handoff": True,
        "document_id": "doc_2",
        "metadata": {"entity": "X", "other": "1"},
    }
    better = [row(f"better {n:03}", (9, n, 0, 0), updated_at=day(1)) for n in range(60)]
    worse = [row(f"worse {n}", (-n, 0, 0, 0), **wanted) for n in range(5)]
    await index.upsert(tenant, "en", better + worse)
    assert await found(index, tenant, filters, limit=3) == ["worse 0", "worse 1", "worse 2"]


@pytest.mark.parametrize("label", ["category", "intent"])
async def test_what_has_no_label_is_found_when_none_is_among_those_wanted(
    index: VectorIndex, tenant: str, label: str
) -> None:
    plural = {"category": "categories", "intent": "intents"}[label]
    rows = [row("a", (4, 0, 0, 0)), *(row(name, (3, 0, 0, 0), **{label: name}) for name in ("b", "c"))]
    await index.upsert(tenant, "en", rows)
    for wanted, there in (({None}, ["a"]), ({None, "b"}, ["a", "b"]), ({"b"}, ["b"])):
        assert await found(index, tenant, Filters(**{plural: frozenset(wanted)})) == there  # type: ignore[arg-type]


def test_every_filter_there_is_has_been_tried() -> None:
    tried = {
        field.name
        for filters in ONE_OF_EACH_FILTER
        for field in dataclasses.fields(Filters)
        if getattr(filters, field.name) != getattr(ALL, field.name)
    }
    assert tried == {field.name for field in dataclasses.fields(Filters)}


async def test_tenants_and_spaces_do_not_see_each_other(index: VectorIndex, tenant: str) -> None:
    other = tenant + "'"
    await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0)), row("same", (2, 0, 0, 0))])
    await index.upsert(other, "en", [row("b", (1, 0, 0, 0)), row("same", (3, 0, 0, 0))])
    await index.delete(other, ["a"])
    assert await found(index, tenant) == ["same", "a"]
    assert await index.scores(tenant, "en", vector(1, 0, 0, 0), ["a", "b", "same"]) == {"a": 1, "same": 2}
    await index.clear(tenant)
    assert (await index.count(tenant, "en"), await index.count(other, "en")) == (0, 2)
    assert await index.search(other, "any", vector(1, 0, 0), 9, ALL) == []


async def test_a_cleared_tenant_starts_anew(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0)), row("b", (2, 0, 0, 0))])
    await index.clear(tenant)
    await index.upsert(tenant, "en", [row("c", (1, 0, 0, 0))])
    assert await found(index, tenant) == ["c"]


async def test_a_vector_of_another_dimension_is_refused_whole(index: VectorIndex, tenant: str) -> None:
    with pytest.raises(Conflict):
        await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0)), row("b", (1, 0, 0))])
    assert await index.count(tenant, "en") == 0
    with pytest.raises(Conflict):
        await index.search(tenant, "en", vector(1, 0, 0), 1, ALL)


async def test_a_space_that_was_not_opened_is_refused(index: VectorIndex, tenant: str) -> None:
    with pytest.raises(Conflict):
        await index.upsert(tenant, "other", [row("a", (1, 0, 0, 0))])
    with pytest.raises(Conflict):
        await index.search(tenant, "other", vector(1, 0, 0, 0), 1, ALL)


async def test_other_weights_are_refused(world: World, tenant: str) -> None:
    other = dataclasses.replace(EN, digest="d9")
    await world.index.upsert(tenant, "en", [row("a", (1, 0, 0, 0))])
    with pytest.raises(Conflict):
        await world.index.open([other])
    assert await found(world.index, tenant) == ["a"]
    if world.again:
        await world.index.close()
        with pytest.raises(Conflict):
            await world.again().open([ANY, other])


async def test_opening_twice_changes_nothing(index: VectorIndex, tenant: str) -> None:
    await index.upsert(tenant, "en", [row("a", (1, 0, 0, 0))])
    await index.open([EN, ANY])
    assert await found(index, tenant) == ["a"]
    await index.ping()


async def test_an_index_that_cannot_be_reached_says_so(world: World) -> None:
    if world.unreachable is None:
        await world.index.ping()
        return
    gone = await world.unreachable()
    for verb in (
        lambda: gone.upsert("t", "en", [row("a", (1, 0, 0, 0))]),
        lambda: gone.search("t", "en", vector(1, 0, 0, 0), 1, ALL),
        lambda: gone.scores("t", "en", vector(1, 0, 0, 0), ["a"]),
        lambda: gone.delete("t", ["a"]),
        lambda: gone.count("t", "en"),
        lambda: gone.clear("t"),
        gone.ping,
    ):
        with pytest.raises(ServiceUnavailable):
            await verb()


async def test_searches_see_whole_upserts_while_others_write(world: World, tenant: str) -> None:
    """Each upsert moves a block of ten rows to one new score: no search finds two scores in a block."""
    index, blocks, rounds = world.index, 3, 8

    async def write(block: int) -> None:
        for score in range(1, rounds):
            await index.upsert(tenant, "en", [row(f"{block} {n}", (score, 0, 0, 0)) for n in range(10)])

    async def read() -> None:
        for _ in range(3 * rounds):
            hits = await index.search(tenant, "en", vector(1, 0, 0, 0), 100, ALL)
            for block in range(blocks):
                seen = {hit.score for hit in hits if hit.id.startswith(f"{block} ")}
                assert len(seen) <= 1 or not world.whole_batches

    async with asyncio.TaskGroup() as tasks:
        for block in range(blocks):
            tasks.create_task(write(block))
            tasks.create_task(read())
    assert await index.count(tenant, "en") == 10 * blocks
    hits = await index.search(tenant, "en", vector(1, 0, 0, 0), 100, ALL)
    assert {hit.score for hit in hits} == {rounds - 1.0} and len(hits) == 10 * blocks


async def test_concurrent_deletes_and_upserts_lose_nothing(index: VectorIndex, tenant: str) -> None:
    async def come_and_go(lane: int) -> None:
        for turn in range(10):
            rows = [row(f"{lane} {turn} {n}", (1, lane, turn, n)) for n in range(5)]
            await index.upsert(tenant, "en", rows)
            assert await index.scores(tenant, "en", vector(1, 0, 0, 0), [rows[0].id]) == {rows[0].id: 1.0}
            await index.delete(tenant, [row.id for row in rows[1:]])
            assert await index.scores(tenant, "en", vector(1, 0, 0, 0), [rows[1].id]) == {}

    async with asyncio.TaskGroup() as tasks:
        for lane in range(5):
            tasks.create_task(come_and_go(lane))
    assert await index.count(tenant, "en") == 50
    assert len(await found(index, tenant, limit=200)) == 50


SMALL = st.integers(-3, 3)
ROWS = st.builds(VectorRow, id=IDS, vector=st.builds(vector, SMALL, SMALL, SMALL, SMALL), fields=ANY_FIELDS)
TENANT = st.sampled_from(["one", "two"])
STEPS = st.lists(
    st.tuples(st.just("upsert"), TENANT, st.lists(ROWS, max_size=12))
    | st.tuples(st.just("delete"), TENANT, st.lists(IDS, max_size=5))
    | st.tuples(st.just("clear"), TENANT, st.none()),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, filters=ANY_FILTERS, limit=st.integers(1, 9), query=st.tuples(SMALL, SMALL, SMALL, SMALL))
async def test_two_tenants_each_find_exactly_their_own_rows_after_any_history(
    world: World, steps: list[tuple[str, str, list]], filters: Filters, limit: int, query: tuple[int, ...]
) -> None:
    names = {"one": f"tenant {next(TENANTS)}", "two": f"tenant {next(TENANTS)}"}
    held: dict[str, dict[str, VectorRow]] = {"one": {}, "two": {}}
    for verb, who, what in steps:
        await _take(world.index, held[who], verb, names[who], what)
    for who, rows in held.items():
        await _agrees(world, names[who], rows, vector(*query), limit, filters)
        await world.index.clear(names[who])


async def _take(index: VectorIndex, held: dict[str, VectorRow], verb: str, tenant: str, what: list) -> None:
    if verb == "upsert":
        await index.upsert(tenant, "en", what)
        held.update({row.id: row for row in what})
    elif verb == "delete":
        await index.delete(tenant, what)
        for row_id in what:
            held.pop(row_id, None)
    else:
        await index.clear(tenant)
        held.clear()


async def _agrees(
    world: World, tenant: str, rows: dict[str, VectorRow], query: Vector, limit: int, filters: Filters
) -> None:
    admitted = {row.id: product(row.vector, query) for row in rows.values() if row.fields.satisfy(filters)}
    expected = sorted(admitted.items(), key=lambda item: (-item[1], item[0]))[:limit]
    hits = [(hit.id, hit.score) for hit in await world.index.search(tenant, "en", query, limit, filters)]
    assert await world.index.count(tenant, "en") == len(rows)
    if world.exact:
        assert hits == expected
    assert len(hits) == len(expected) and all(admitted[row_id] == score for row_id, score in hits)
    assert hits == sorted(hits, key=lambda item: (-item[1], item[0]))


async def test_a_trained_index_finds_nearly_all_that_an_exact_one_finds() -> None:
    chance = np.random.default_rng(7)
    centres = chance.normal(size=(40, 32))
    points = centres[chance.integers(0, 40, 4_000)] + 0.4 * chance.normal(size=(4_000, 32))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    rows = [row(f"{n:05}", point, category=f"c{n % 20}") for n, point in enumerate(points.astype("f4"))]
    space = dataclasses.replace(EN, dimension=32)
    exact, trained = FaissVectorIndex(), FaissVectorIndex(ivf_above=1_000)
    for index in (exact, trained):
        await index.open([space])
        await index.upsert("t", "en", rows)
        await index.settled()
        await index.upsert("t", "en", [row("late", points[0].astype("f4"))])
    shared = 0
    for point in points[:100].astype("f4"):
        best, near = [set(ids(await i.search("t", "en", vector(*point), 10, ALL))) for i in (exact, trained)]
        shared += len(best & near)
        few = Filters(categories=frozenset({"c3"}))
        both = [await i.search("t", "en", vector(*point), 5, few) for i in (exact, trained)]
        assert ids(both[0]) == ids(both[1]) and len(both[0]) == 5
    assert shared / 1_000 > 0.95
    assert "late" in ids(await trained.search("t", "en", vector(*points[0].astype("f4")), 5, ALL))
    for index in (exact, trained):
        await index.close()


async def test_training_stops_neither_searches_nor_writes() -> None:
    chance = np.random.default_rng(3)
    points = chance.normal(size=(30_000, 64)).astype("f4")
    index = FaissVectorIndex(ivf_above=20_000, threads=1)
    await index.open([dataclasses.replace(EN, dimension=64)])
    await index.upsert("t", "en", [VectorRow(f"{n}", vector(*point), fields()) for n, point in enumerate(points)])
    training, turns = asyncio.create_task(index.settled()), 0
    while not training.done():
        await index.upsert("t", "en", [row(f"new {turns}", 100 * points[turns])])
        await index.delete("t", [f"{turns}"])
        hits = await index.search("t", "en", vector(*points[turns]), 1, ALL)
        assert ids(hits) == [f"new {turns}"]
        turns += 1
    await training
    assert turns > 3
    for turn in range(turns):
        assert ids(await index.search("t", "en", vector(*points[turn]), 1, ALL)) == [f"new {turn}"]
    assert await index.scores("t", "en", vector(*points[0]), ["0", f"{turns - 1}"]) == {}
    assert await index.count("t", "en") == 30_000
    await index.close()
