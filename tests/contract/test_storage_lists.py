"""What every store promises of conditions, order, pages and cursors."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.aggregates import IDS, SPECIMENS, START, Colour, Inner, Specimen, specimen, values_of
from tests.support.storage import World

from domain.errors import InvalidInput
from domain.paging import Condition, Op, PageRequest, where

on_one_world = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

RED, GREEN = Colour.RED, Colour.GREEN
LATER = START + timedelta(microseconds=1)

ZOO = (
    specimen("a", word="Ärger 50%", number=1, ratio=-0.5, flag=True, moment=START, labels=("x", "y")),
    specimen("b", word="ärger_50", number=2, rank=10, ratio=0.5, colour=GREEN, note="note", labels=("y",)),
    specimen("c", word="", number=-3, rank=-1, ratio=1e300, moment=LATER, inner=Inner("deep", {"key": "K"})),
    specimen("d", word="ПРИВЕТ\\", number=2**62, flag=True, note="", inner=Inner("deep")),
    specimen("e", word="привет мир", number=0, rank=0, moment=START - timedelta(days=1), created_at=LATER),
)

CASES: list[tuple[str, Op, Any, str]] = [
    ("word", Op.EQ, "ärger_50", "b"),
    ("word", Op.EQ, "nobody's", ""),
    ("word", Op.LIKE, "ÄRGER", "ab"),
    ("word", Op.LIKE, "привет", "de"),
    ("word", Op.LIKE, "%", "a"),
    ("word", Op.LIKE, "_", "b"),
    ("word", Op.LIKE, "r_5", "b"),
    ("word", Op.LIKE, "\\", "d"),
    ("word", Op.LIKE, "", "abcde"),
    ("word", Op.GE, "ä", "bde"),
    ("word", Op.LT, "Ä", "c"),
    ("word", Op.IN, ("", "ärger_50", "x"), "bc"),
    ("note", Op.EQ, None, "ace"),
    ("note", Op.EQ, "", "d"),
    ("note", Op.IN, ("note", None), "abce"),
    ("note", Op.IN, ("note",), "b"),
    ("note", Op.IN, frozenset({None}), "ace"),
    ("note", Op.IN, (), ""),
    ("note", Op.LIKE, "O", "b"),
    ("note", Op.GT, "", "b"),
    ("number", Op.EQ, 2, "b"),
    ("number", Op.GE, 2, "bd"),
    ("number", Op.GT, 2, "d"),
    ("number", Op.LE, 0, "ce"),
    ("number", Op.LT, 0, "c"),
    ("number", Op.IN, [1, 2, 3], "ab"),
    ("rank", Op.EQ, None, "ad"),
    ("rank", Op.LT, 10, "ce"),
    ("rank", Op.GE, -1, "bce"),
    ("ratio", Op.GT, 0.25, "bc"),
    ("ratio", Op.EQ, -0.5, "a"),
    ("flag", Op.EQ, True, "ad"),
    ("flag", Op.EQ, False, "bce"),
    ("moment", Op.EQ, START, "a"),
    ("moment", Op.GE, START, "ac"),
    ("moment", Op.GT, START, "c"),
    ("moment", Op.LT, START, "e"),
    ("moment", Op.EQ, None, "bd"),
    ("colour", Op.EQ, GREEN, "b"),
    ("colour", Op.IN, frozenset({RED, GREEN}), "abcde"),
    ("labels", Op.HAS, "y", "ab"),
    ("labels", Op.HAS, "X", ""),
    ("labels", Op.HAS_ANY, ("x", "y"), "ab"),
    ("labels", Op.HAS_ANY, ("X",), ""),
    ("labels", Op.HAS_ANY, (), ""),
    ("inner.word", Op.EQ, "deep", "cd"),
    ("inner.word", Op.EQ, None, "abe"),
    ("inner.extra.key", Op.EQ, "K", "c"),
    ("id", Op.IN, ("a", "e", "z"), "ae"),
    ("id", Op.GT, "c", "de"),
    ("created_at", Op.GE, LATER, "e"),
    ("updated_at", Op.LE, START, "abcde"),
]


@pytest.mark.parametrize(("field", "op", "value", "expected"), CASES)
async def test_a_condition_lets_through_what_it_says(
    world: World, field: str, op: Op, value: Any, expected: str
) -> None:
    await world.save(SPECIMENS, *map(fresh, ZOO))
    condition = (Condition(field, op, value),)
    async with world.begin() as uow:
        assert "".join(item.id for item in await uow[SPECIMENS].list(condition, "id")) == expected
        assert await uow[SPECIMENS].count(condition) == len(expected)
        assert (await uow[SPECIMENS].page(condition, PageRequest())).total == len(expected)
        assert await uow[SPECIMENS].remove_where(condition) == len(expected)
        assert "".join(item.id for item in await uow[SPECIMENS].list((), "id")) == "".join(
            sorted(set("abcde") - set(expected))
        )


def fresh(item: Specimen) -> Specimen:
    return Specimen(**{name: getattr(item, name) for name in Specimen.__dataclass_fields__ if name[0] != "_"})


async def test_all_conditions_hold_together(world: World) -> None:
    await world.save(SPECIMENS, *map(fresh, ZOO))
    async with world.begin() as uow:
        found = await uow[SPECIMENS].list(where(flag=True, number__ge=2, inner__word="deep"))
    assert [item.id for item in found] == ["d"]


async def test_a_condition_with_text_that_is_none_is_refused(world: World) -> None:
    async with world.begin() as uow:
        for odd in ("a\0", "\ud800"):
            with pytest.raises(InvalidInput, match="characters"):
                await uow[SPECIMENS].list(where(word=odd))
            with pytest.raises(InvalidInput, match="characters"):
                await uow[SPECIMENS].page(where(word__in=("fine", odd)), PageRequest())


FIELDS = ("id", "created_at", "updated_at", "word", "note", "number", "rank", "ratio", "flag", "moment", "colour",
          "inner.word")  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
async def test_lists_sort_by_value_then_id_and_nothing_sorts_lowest(world: World, field: str) -> None:
    await world.save(SPECIMENS, *map(fresh, ZOO))
    async with world.begin() as uow:
        up = [item.id for item in await uow[SPECIMENS].list((), field)]
        down = [item.id for item in await uow[SPECIMENS].list((), f"-{field}")]
        first = await uow[SPECIMENS].page((), PageRequest(limit=3, sort=field))
        assert up == [item.id for item in sorted(ZOO, key=lambda item: sort_value(item, field))]
        assert down == up[::-1]
        assert [item.id for item in first.items] == up[:3]
        assert [item.id for item in await uow[SPECIMENS].list((), field, limit=2)] == up[:2]


def sort_value(item: Specimen, field: str) -> tuple[bool, Any, str]:
    value: Any = item
    for part in field.split("."):
        value = getattr(value, part)
    return value is not None, 0 if value is None else value, item.id


async def test_a_page_says_what_there_is_and_whether_more_follow(world: World) -> None:
    await world.save(SPECIMENS, *(specimen(f"s{n}", number=n) for n in range(5)))
    async with world.begin() as uow:
        page = await uow[SPECIMENS].page(where(number__ge=1), PageRequest(limit=2, offset=1, sort="id"))
        assert [item.id for item in page.items] == ["s2", "s3"]
        assert (page.total, page.limit, page.offset, page.has_next) == (4, 2, 1, True)
        last = await uow[SPECIMENS].page(where(number__ge=1), PageRequest(limit=2, offset=2, sort="id"))
        assert (last.total, last.has_next, last.next_cursor) == (4, False, None)
        beyond = await uow[SPECIMENS].page((), PageRequest(offset=99))
        assert (beyond.items, beyond.total, beyond.has_next) == ((), 5, False)


@pytest.mark.parametrize("sort", [sign + field for field in FIELDS for sign in ("", "-")])
async def test_cursors_walk_the_whole_list_once_whatever_the_sort(world: World, sort: str) -> None:
    await world.save(SPECIMENS, *map(fresh, ZOO))
    walked, cursor = [], None
    async with world.begin() as uow:
        whole = [item.id for item in await uow[SPECIMENS].list((), sort)]
        for _ in range(len(ZOO)):
            page = await uow[SPECIMENS].page((), PageRequest(limit=2, cursor=cursor, sort=sort))
            walked += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert walked == whole


async def test_a_cursor_of_another_sort_or_of_nobody_is_refused(world: World) -> None:
    await world.save(SPECIMENS, *map(fresh, ZOO))
    async with world.begin() as uow:
        page = await uow[SPECIMENS].page((), PageRequest(limit=1, sort="number"))
        forged = ("", "x", "!!!", "bnVsbA", page.next_cursor[:-2], page.next_cursor + "AAAA", "ä")
        for cursor, sort in ((page.next_cursor, "-number"), *((word, "number") for word in forged)):
            with pytest.raises(InvalidInput, match="cursor") as refused:
                await uow[SPECIMENS].page((), PageRequest(cursor=cursor, sort=sort))
            assert refused.value.problems[0].field == "cursor"


steps = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), IDS, st.none() | st.integers(0, 4)),
        st.tuples(st.just("remove"), st.integers(0, 30), st.none()),
        st.tuples(st.just("read"), st.integers(1, 4), st.none()),
    ),
    max_size=25,
)


@given(steps=steps, descending=st.booleans(), start=st.lists(st.tuples(IDS, st.none() | st.integers(0, 4)), max_size=9))
@on_one_world
async def test_a_walk_by_cursor_never_repeats_and_misses_nothing_that_was_there_all_along(
    world: World, steps: list[Any], descending: bool, start: list[tuple[str, int | None]]
) -> None:
    """Items come and go between the pages; those present from first page to last are each seen once, in order."""
    tenant, sort = world.new_tenant(), "-rank" if descending else "rank"
    model: dict[str, int | None] = dict(start)
    await world.save(SPECIMENS, *(specimen(key, rank=rank) for key, rank in model.items()), tenant=tenant)
    steady, seen, cursor = set(model), list[str](), None
    for verb, first, second in [*steps, ("read", 4, None), *[("read", 100, None)]]:
        async with world.begin(tenant) as uow:
            if verb == "insert" and first not in model:
                model[first] = second
                await uow[SPECIMENS].save(specimen(first, rank=second))
            elif verb == "remove" and model:
                gone = sorted(model)[first % len(model)]
                del model[gone]
                steady.discard(gone)
                assert await uow[SPECIMENS].remove(gone)
            elif verb == "read":
                page = await uow[SPECIMENS].page((), PageRequest(limit=first, cursor=cursor, sort=sort))
                assert page.total == len(model)
                assert all(model[item.id] == item.rank for item in page.items)
                seen += [item.id for item in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
            await uow.commit()
    assert len(seen) == len(set(seen))
    assert cursor is not None or steady <= set(seen)


SIGNS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.GE: lambda a, b: a >= b,
    Op.GT: lambda a, b: a > b,
    Op.LE: lambda a, b: a <= b,
    Op.LT: lambda a, b: a < b,
}

MEMBERS = {
    name: values_of(Specimen.__dataclass_fields__[name].type)
    for name in ("word", "number", "rank", "ratio", "flag", "moment")
}


@st.composite
def rows_and_conditions(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[Condition]]:
    """Conditions on values that some rows have, so that equality is not a rarity."""
    rows = draw(st.lists(st.fixed_dictionaries(MEMBERS), min_size=1, max_size=6))
    asked = []
    for name in draw(st.lists(st.sampled_from(sorted(MEMBERS)), max_size=2)):
        value = st.sampled_from([row[name] for row in rows]) | MEMBERS[name]
        asked.append(Condition(name, draw(st.sampled_from((Op.EQ, *SIGNS))), draw(value)))
    return rows, asked


@given(drawn=rows_and_conditions())
@on_one_world
async def test_conditions_mean_what_python_means_by_them(
    world: World, drawn: tuple[list[dict[str, Any]], list[Condition]]
) -> None:
    rows, asked = drawn
    items = [specimen(f"s{n}", **row) for n, row in enumerate(rows)]
    tenant = world.new_tenant()
    await world.save(SPECIMENS, *items, tenant=tenant)
    async with world.begin(tenant) as uow:
        found = await uow[SPECIMENS].list(tuple(asked), "id")
    assert [item.id for item in found] == [i.id for i in items if all(holds(getattr(i, c.field), c) for c in asked)]


def holds(value: Any, condition: Condition) -> bool:
    if condition.op is Op.EQ:
        return bool(value == condition.value)
    return value is not None and condition.value is not None and SIGNS[condition.op](value, condition.value)
