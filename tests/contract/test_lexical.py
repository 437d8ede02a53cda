"""What every lexical index promises, on every one of them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import AsyncQdrantClient
from tests.support.bm25_oracle import expected
from tests.support.indexed import ANY_FIELDS, ANY_FILTERS, IDS, ONE_OF_EACH_FILTER, day, fields
from tests.support.qdrant_server import QdrantProcess, running_qdrant

from adapters.lexical.memory import MemoryLexicalIndex
from adapters.lexical.qdrant import QdrantLexicalIndex
from adapters.lexical.tantivy import TantivyLexicalIndex
from application.ports.lexical import LexicalHit, LexicalIndex, LexicalRow
from domain.errors import ServiceUnavailable
from domain.retrieval import Filters

ALL = Filters()
TENANTS = itertools.count()


@dataclass(frozen=True)
class World:
    """One adapter, and what it can be asked for."""

    index: LexicalIndex
    unreachable: Callable[[], Awaitable[LexicalIndex]]
    """The adapter with nothing behind it."""
    whole_batches: bool = True
    """A search sees all of an upsert or nothing."""


async def _closed(index: LexicalIndex) -> LexicalIndex:
    await index.close()
    return index


async def _memory(request: pytest.FixtureRequest) -> World:
    return World(MemoryLexicalIndex(), lambda: _closed(MemoryLexicalIndex()))


async def _tantivy(request: pytest.FixtureRequest) -> World:
    return World(TantivyLexicalIndex(), lambda: _closed(TantivyLexicalIndex()))


async def _qdrant(request: pytest.FixtureRequest) -> World:
    index = QdrantLexicalIndex(AsyncQdrantClient(":memory:"))
    return World(index, _out_of_reach, whole_batches=False)


async def _qdrant_wire(request: pytest.FixtureRequest) -> World:
    client = AsyncQdrantClient(request.getfixturevalue("qdrant").url, check_compatibility=False)
    return World(QdrantLexicalIndex(client), _out_of_reach, whole_batches=False)


async def _out_of_reach() -> LexicalIndex:
    nobody = AsyncQdrantClient("http://127.0.0.1:9", check_compatibility=False, timeout=1)
    index = QdrantLexicalIndex(nobody)
    with pytest.raises(ServiceUnavailable):
        await index.open()
    return index


WORLDS = {"memory": _memory, "tantivy": _tantivy, "qdrant-local": _qdrant, "qdrant-wire": _qdrant_wire}


@pytest.fixture(scope="module")
def qdrant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantProcess]:
    with running_qdrant(tmp_path_factory.mktemp("qdrant") / "data") as server:
        yield server


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    world = await WORLDS[request.param](request)
    await world.index.open()
    yield world
    await world.index.close()


@pytest.fixture
def index(world: World) -> LexicalIndex:
    return world.index


@pytest.fixture
def tenant() -> str:
    return f"tenant {next(TENANTS)}"


def row(row_id: str, question: str, answer: str = "", **changes: object) -> LexicalRow:
    return LexicalRow(row_id, question, answer, fields(**changes))


def ids(hits: list[LexicalHit]) -> list[str]:
    return [hit.id for hit in hits]


async def found(index: LexicalIndex, tenant: str, text: str, filters: Filters = ALL, limit: int = 10) -> list[str]:
    return ids(await index.search(tenant, text, limit, filters))


FAQ = [
    row("reset", "How do I reset my password?", "Open settings and choose a new password."),
    row("delivery", "When will my parcel arrive?", "Parcels arrive within three days."),
    row("refund", "How do I get a refund?", "Send the parcel back; we refund within a week."),
    row("manual", "", "The password of the router is printed on its label."),
]


async def test_the_row_with_the_rarer_words_comes_first(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(tenant, FAQ)
    assert (await found(index, tenant, "reset the password"))[:2] == ["reset", "manual"]
    assert (await found(index, tenant, "refunds"))[0] == "refund"


async def test_words_meet_in_any_of_their_forms(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(
        tenant,
        [
            row("ru", "Как вернуть посылку?", "Посылки возвращают на почте.", language="ru"),
            row("de", "Wie kann ich meine Bestellungen stornieren?", language="de"),
            row("fr", "Comment annuler mes commandes ?", language="fr"),
            row("es", "¿Cómo cancelar mis pedidos?", language="es"),
            row("xx", "kuinka peruutan tilaukseni", language="xx"),
        ],
    )
    for text, wanted in {
        "посылка": "ru",
        "Bestellung": "de",
        "commande": "fr",
        "pedido": "es",
        "TILAUKSENI": "xx",
    }.items():
        assert await found(index, tenant, text) == [wanted]
    assert await found(index, tenant, "tilaus") == []


async def test_a_row_is_found_on_return_and_not_after_its_deletion(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(tenant, FAQ)
    assert await index.count(tenant) == 4
    await index.delete(tenant, ["reset", "never there"])
    assert await found(index, tenant, "password") == ["manual"]
    assert await index.count(tenant) == 3
    await index.upsert(tenant, [FAQ[0]])
    assert "reset" in await found(index, tenant, "password")


async def test_an_upsert_of_a_known_id_replaces_it(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(tenant, [row("a", "old words"), row("a", "newer words"), row("b", "others")])
    await index.upsert(tenant, [row("a", "newest sentence", category="billing")])
    assert await found(index, tenant, "old newer words") == []
    assert await found(index, tenant, "sentence", Filters(categories=frozenset({"billing"}))) == ["a"]
    assert await index.count(tenant) == 2


async def test_a_word_that_no_row_has_lowers_every_score(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(tenant, FAQ)
    known = (await index.search(tenant, "password reset", 1, ALL))[0]
    with_unknown = (await index.search(tenant, "password reset zanzibar", 1, ALL))[0]
    assert 0 < with_unknown.question < known.question < 2.2
    assert 0 < with_unknown.pair < known.pair < 2.2


async def test_question_words_decide_in_the_question_and_not_in_the_pair(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(tenant, [row("how", "How much?", "Ten."), row("when", "When?", "Soon, and how.")])
    scores = await index.scores(tenant, "how", ["how", "when"])
    assert scores["how"].question > 0 and scores["when"].question == 0
    assert scores["how"].pair == scores["when"].pair == 0


async def test_a_passage_without_question_scores_by_its_text(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(tenant, FAQ)
    [hit] = (await index.scores(tenant, "router label", ["manual"])).values()
    assert hit.question == 0 and hit.pair > 0.5


async def test_scores_of_rows_that_do_not_match_are_zero_and_of_unknown_rows_absent(
    index: LexicalIndex, tenant: str
) -> None:
    await index.upsert(tenant, FAQ)
    scores = await index.scores(tenant, "password", ["delivery", "reset", "gone", "reset"])
    assert scores["delivery"] == LexicalHit("delivery", 0.0, 0.0)
    assert scores.keys() == {"delivery", "reset"} and scores["reset"].pair > 0
    assert await index.scores(tenant, "password", []) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "the of and",
        "?!…",
        'password AND (reset OR "',
        "id:* -reset +",
        "a\0b",
        "pass\ud800word",
        "и" * 9_000,
    ],
)
async def test_any_text_is_a_query(index: LexicalIndex, tenant: str, text: str) -> None:
    await index.upsert(tenant, FAQ)
    assert isinstance(await index.search(tenant, text, 5, ALL), list)
    await index.upsert(tenant, [row("any", text, text)])
    await index.scores(tenant, text, ["any"])
    await index.delete(tenant, ["any"])
    assert await index.count(tenant) == 4


async def test_query_syntax_is_words(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(tenant, [row("a", "reset"), row("b", "something not reset")])
    assert set(await found(index, tenant, "-reset")) == {"a", "b"}


async def test_equal_scores_come_by_id_even_across_the_limit(index: LexicalIndex, tenant: str) -> None:
    await index.upsert(tenant, [row(f"{n:02}", "the very same words") for n in reversed(range(40))])
    assert await found(index, tenant, "same words", limit=3) == ["00", "01", "02"]
    assert await found(index, tenant, "same words", limit=0) == []


@pytest.mark.parametrize("filters", ONE_OF_EACH_FILTER, ids=lambda _: "filters")
async def test_filters_apply_inside_the_search(index: LexicalIndex, tenant: str, filters: Filters) -> None:
    wanted = {
        "category": "billing",
        "intent": "ask",
        "language": "ru",
        "updated_at": day(2),
        "requires_handoff": True,
        "document_id": "doc_2",
        "metadata": {"entity": "X", "other": "1"},
    }
    better = [row(f"better {n:03}", "2024 2025", updated_at=day(1)) for n in range(300)]
    worse = [row(f"worse {n}", "2024 и ещё несколько других слов" + " слово" * n, **wanted) for n in range(5)]
    await index.upsert(tenant, better + worse)
    assert await found(index, tenant, "2024 2025", filters, limit=3) == ["worse 0", "worse 1", "worse 2"]


@pytest.mark.parametrize("label", ["category", "intent"])
async def test_what_has_no_label_is_found_when_none_is_among_those_wanted(
    index: LexicalIndex, tenant: str, label: str
) -> None:
    plural = {"category": "categories", "intent": "intents"}[label]
    rows = [row("a", "parcel"), row("b", "parcel", **{label: "b"}), row("c", "parcel", **{label: "c"})]
    await index.upsert(tenant, rows)
    for wanted, there in (({None}, ["a"]), ({None, "b"}, ["a", "b"]), ({"b"}, ["b"])):
        assert await found(index, tenant, "parcel", Filters(**{plural: frozenset(wanted)})) == there  # type: ignore[arg-type]


async def test_word_statistics_are_the_tenants_own(index: LexicalIndex, tenant: str) -> None:
    """Nothing that another tenant holds, however much, changes a score."""
    await index.upsert(tenant, FAQ)
    before = await index.search(tenant, "password parcel refund", 9, ALL)
    await index.upsert(tenant + "'", [row(f"{n}", "password password", "refund " * n) for n in range(50)])
    assert await index.search(tenant, "password parcel refund", 9, ALL) == before
    await index.delete(tenant + "'", ["reset"])
    await index.clear(tenant + "'")
    assert await index.search(tenant, "password parcel refund", 9, ALL) == before
    assert await index.count(tenant + "'") == 0


async def test_statistics_follow_every_write(index: LexicalIndex, tenant: str) -> None:
    text, held = "password parcel refund", [FAQ[0]]
    await index.upsert(tenant, held)
    for write in ("upsert", "delete", "upsert", "clear", "upsert"):
        before = await index.scores(tenant, text, ["reset"])
        if write == "upsert":
            await index.upsert(tenant, FAQ)
            held = FAQ
        elif write == "delete":
            await index.delete(tenant, ["refund"])
            held = [row for row in held if row.id != "refund"]
        else:
            await index.clear(tenant)
            held = []
        formula = expected(held, text)
        after = await index.scores(tenant, text, ["reset"])
        assert after != before
        assert {row_id: (hit.question, hit.pair) for row_id, hit in after.items()} == {
            row_id: pytest.approx(formula[row_id]) for row_id in formula if row_id == "reset"
        }


async def test_an_unknown_tenant_has_nothing(index: LexicalIndex, tenant: str) -> None:
    assert await found(index, tenant, "password") == []
    assert await index.scores(tenant, "password", ["reset"]) == {}
    assert await index.count(tenant) == 0
    await index.delete(tenant, ["reset"])
    await index.clear(tenant)


async def test_an_index_that_cannot_be_reached_says_so(world: World) -> None:
    gone = await world.unreachable()
    for verb in (
        lambda: gone.upsert("t", FAQ),
        lambda: gone.search("t", "password", 1, ALL),
        lambda: gone.scores("t", "password", ["reset"]),
        lambda: gone.delete("t", ["reset"]),
        lambda: gone.count("t"),
        lambda: gone.clear("t"),
        gone.ping,
    ):
        with pytest.raises(ServiceUnavailable):
            await verb()


async def test_searches_see_whole_upserts_while_others_write(world: World, tenant: str) -> None:
    """Each upsert moves five rows to another word together: a search finds five or none."""
    index = world.index
    rounds = ["alpha", "beta", "gamma", "delta"]

    async def write() -> None:
        for word in rounds:
            await index.upsert(tenant, [row(f"{n}", f"{word} once") for n in range(5)])

    async def read() -> None:
        for _ in range(10):
            for word in rounds:
                seen = len(await found(index, tenant, word))
                assert seen in (0, 5) or not world.whole_batches

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        tasks.create_task(read())
        tasks.create_task(read())
    assert len(await found(index, tenant, "delta")) == 5
    assert await found(index, tenant, "alpha beta gamma") == []


async def test_concurrent_writers_lose_nothing(index: LexicalIndex, tenant: str) -> None:
    async def come_and_go(lane: int) -> None:
        for turn in range(4):
            await index.upsert(tenant, [row(f"{lane} {turn} {n}", f"lane{lane} turn{turn}") for n in range(3)])
            await index.delete(tenant, [f"{lane} {turn} 0"])

    async with asyncio.TaskGroup() as tasks:
        for lane in range(3):
            tasks.create_task(come_and_go(lane))
    assert await index.count(tenant) == 24
    assert len(await found(index, tenant, "lane1", limit=99)) == 8


TEXTS = {
    "en": "what is the delivery price of parcels price when how 2024",
    "ru": "как доставка цена цены посылки когда это и 2024",
    "xx": "tilaus hinta hinta the when 2024",
}


@st.composite
def rows(draw: st.DrawFn) -> LexicalRow:
    some_fields = draw(ANY_FIELDS)
    words = st.lists(st.sampled_from(TEXTS[some_fields.language].split()), max_size=9).map(" ".join)
    return LexicalRow(draw(IDS), draw(words), draw(words), some_fields)


QUERIES = st.lists(st.sampled_from([*" ".join(TEXTS.values()).split(), "unseen"]), max_size=6).map(" ".join)
TENANT = st.sampled_from(["one", "two"])
STEPS = st.lists(
    st.tuples(st.just("upsert"), TENANT, st.lists(rows(), max_size=8))
    | st.tuples(st.just("delete"), TENANT, st.lists(IDS, max_size=4)),
    max_size=5,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, filters=ANY_FILTERS, limit=st.integers(1, 9), text=QUERIES)
async def test_every_score_is_the_formulas_over_the_tenants_own_rows_after_any_history(
    world: World, steps: list[tuple[str, str, list]], filters: Filters, limit: int, text: str
) -> None:
    names = {"one": f"tenant {next(TENANTS)}", "two": f"tenant {next(TENANTS)}"}
    held: dict[str, dict[str, LexicalRow]] = {"one": {}, "two": {}}
    for verb, who, what in steps:
        if verb == "upsert":
            await world.index.upsert(names[who], what)
            held[who].update({row.id: row for row in what})
        else:
            await world.index.delete(names[who], what)
            for row_id in what:
                held[who].pop(row_id, None)
    for who, mine in held.items():
        await _agrees(world.index, names[who], mine, text, limit, filters)
        await world.index.clear(names[who])


async def _agrees(
    index: LexicalIndex, tenant: str, mine: dict[str, LexicalRow], text: str, limit: int, filters: Filters
) -> None:
    formula = expected(list(mine.values()), text)
    admitted = [row.id for row in mine.values() if row.fields.satisfy(filters) and sum(formula[row.id]) > 0]
    hits = await index.search(tenant, text, limit, filters)
    assert len(hits) == min(limit, len(admitted)) and set(ids(hits)) <= set(admitted)
    for hit in hits:
        assert (hit.question, hit.pair) == pytest.approx(formula[hit.id], abs=1e-6)
    sums = [hit.question + hit.pair for hit in hits]
    best = sorted((sum(formula[row_id]) for row_id in admitted), reverse=True)[:limit]
    assert sums == pytest.approx(best, abs=1e-6)
    scores = await index.scores(tenant, text, list(mine))
    assert {row_id: (hit.question, hit.pair) for row_id, hit in scores.items()} == {
        row_id: pytest.approx(both, abs=1e-6) for row_id, both in formula.items()
    }
    assert await index.count(tenant) == len(mine)
