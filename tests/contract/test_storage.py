"""What every store promises of collections, transactions, events and counters."""

import asyncio

import pytest
from tests.support.aggregates import SPECIMENS, START, Specimen, specimen
from tests.support.storage import TRACE, World

from application.ports.storage import DOCUMENTS, FILES, PAIRS
from domain.errors import InvalidInput, NotFound, ServiceUnavailable, StaleVersion
from domain.events import ConfigUpdated, DocumentArchived
from domain.paging import Condition, Op, PageRequest, where
from domain.qa_pairs import PairStatistics
from domain.staging import StoredFile


async def test_what_was_committed_is_found_by_its_id(world: World) -> None:
    await world.save(SPECIMENS, specimen("a", word="hello"))
    found = await world.find(SPECIMENS, "a")
    assert (found.word, found.version) == ("hello", 1)


async def test_what_is_not_there_is_named_in_the_fields_own_words(world: World) -> None:
    async with world.begin() as uow:
        assert await uow[SPECIMENS].find("nothing") is None
        with pytest.raises(NotFound, match="no specimen 'nothing'"):
            await uow[SPECIMENS].get("nothing")


async def test_another_tenants_aggregate_is_missed_in_the_same_words_as_one_that_nobody_has(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"), tenant="other")
    async with world.begin("acme") as uow:
        with pytest.raises(NotFound, match="no specimen 'a'"):
            await uow[SPECIMENS].get("a")


async def test_an_id_that_no_text_can_be_is_simply_not_there(world: World) -> None:
    async with world.begin() as uow:
        for odd in ("a\0b", "\ud800", ""):
            assert await uow[SPECIMENS].find(odd) is None
            assert await uow[SPECIMENS].remove(odd) is False
        assert await uow[SPECIMENS].get_many(["a\0", "b"]) == []


async def test_many_come_in_the_order_asked_for_without_the_missing(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"), specimen("b"), specimen("c"))
    async with world.begin() as uow:
        found = await uow[SPECIMENS].get_many(["c", "nothing", "a", "c"])
    assert [item.id for item in found] == ["c", "a", "c"]


async def test_a_transaction_sees_its_own_changes_before_they_are_committed(world: World) -> None:
    await world.save(SPECIMENS, specimen("kept"), specimen("gone"))
    async with world.begin() as uow:
        await uow[SPECIMENS].save(specimen("new"))
        await uow[SPECIMENS].remove("gone")
        assert [item.id for item in await uow[SPECIMENS].list((), "id")] == ["kept", "new"]
        assert await uow[SPECIMENS].count() == 2
        assert (await uow[SPECIMENS].page((), PageRequest())).total == 2
        assert await world.ids(SPECIMENS) == ["gone", "kept"], "and nobody else does"


async def test_leaving_without_a_commit_undoes_everything(world: World) -> None:
    await world.save(SPECIMENS, specimen("a", word="before"), specimen("b"))
    async with world.begin() as uow:
        mine = await uow[SPECIMENS].get("a")
        mine.word = "after"
        mine.record(DocumentArchived(document_id="d", qa_archived=1))
        await uow[SPECIMENS].save_all([mine, specimen("c")])
        await uow[SPECIMENS].remove("b")
        await uow.statistics.add("p", PairStatistics(times_retrieved=1))
        await uow.touch_knowledge()
        uow.announce(ConfigUpdated(changed_fields=(), applied_at=""))
    assert await world.ids(SPECIMENS) == ["a", "b"]
    assert (await world.find(SPECIMENS, "a")).word == "before"
    assert await world.events() == []
    async with world.begin() as uow:
        assert await uow.statistics.of(["p"]) == {}
        assert await uow.knowledge_version() == 0


async def test_an_error_inside_a_transaction_undoes_everything(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        async with world.begin() as uow:
            await uow[SPECIMENS].save(specimen("a"))
            _ = 1 / 0
    assert await world.ids(SPECIMENS) == []


async def test_a_cancelled_transaction_undoes_everything_and_the_store_goes_on(world: World) -> None:
    saved = asyncio.Event()

    async def interrupted() -> None:
        async with world.begin() as uow:
            await uow[SPECIMENS].save(specimen("a"))
            saved.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(interrupted())
    await saved.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await world.save(SPECIMENS, specimen("a"))
    assert await world.ids(SPECIMENS) == ["a"]


async def test_a_unit_of_work_may_go_on_after_its_commit(world: World) -> None:
    async with world.begin() as uow:
        await uow[SPECIMENS].save(specimen("a"))
        await uow.commit()
        await uow[SPECIMENS].save(specimen("b"))
        await uow.commit()
        await uow[SPECIMENS].save(specimen("lost"))
    assert await world.ids(SPECIMENS) == ["a", "b"]


async def test_verbs_of_one_transaction_may_be_awaited_together(world: World) -> None:
    async with world.begin() as uow:
        await asyncio.gather(*(uow[SPECIMENS].save(specimen(f"s{n}")) for n in range(10)))
        await uow.commit()
    assert len(await world.ids(SPECIMENS)) == 10


async def test_beginning_touches_nothing_until_the_first_verb(world: World) -> None:
    opened = [world.begin() for _ in range(200)]
    for uow in opened:
        await uow.__aenter__()
    await world.save(SPECIMENS, specimen("a"))
    for uow in opened:
        await uow.__aexit__(None, None, None)


# Copies


async def test_what_was_read_is_a_copy_down_to_its_mappings(world: World) -> None:
    await world.save(SPECIMENS, specimen("a", anything={"list": [1]}))
    async with world.begin() as uow:
        for read in (await uow[SPECIMENS].get("a"), (await uow[SPECIMENS].list(()))[0]):
            read.word = "changed"
            read.anything["list"].append(2)
        assert (await uow[SPECIMENS].get("a")).word == ""
    assert (await world.find(SPECIMENS, "a")).anything == {"list": [1]}


async def test_what_was_saved_may_be_changed_without_effect_until_it_is_saved_again(world: World) -> None:
    mine = specimen("a", anything={"n": 1})
    async with world.begin() as uow:
        await uow[SPECIMENS].save(mine)
        mine.word, mine.anything["n"] = "changed", 2  # type: ignore[index]
        await uow.commit()
    found = await world.find(SPECIMENS, "a")
    assert (found.word, found.anything) == ("", {"n": 1})


async def test_a_mapping_of_anything_comes_back_as_json_holds_it(world: World) -> None:
    await world.save(SPECIMENS, specimen("a", anything={"pair": (1, 2), "when": START, "kind": Op.EQ}))
    found = await world.find(SPECIMENS, "a")
    assert found.anything == {"pair": [1, 2], "when": "2026-01-07T10:00:00Z", "kind": "eq"}


@pytest.mark.parametrize("text", ["a\0b", "\\\0", "half \ud83d of a face"])
async def test_text_that_is_none_is_refused_before_anything_is_written(world: World, text: str) -> None:
    async with world.begin() as uow:
        with pytest.raises(InvalidInput):
            await uow[SPECIMENS].save(specimen("a", word=text))
        await uow[SPECIMENS].save(specimen("b", word="a backslash before u0000: \\u0000"))
        await uow.commit()
    assert (await world.find(SPECIMENS, "b")).word.endswith(r": \u0000")


async def test_bytes_come_back_as_they_were(world: World) -> None:
    content = bytes(range(256)) * 4000
    file = StoredFile(id="f", created_at=START, updated_at=START, name="all.bin", content=content)
    await world.save(FILES, file)
    assert file.content == content
    assert (await world.find(FILES, "f")).content == content


# Versions


async def test_every_save_raises_the_version_by_one(world: World) -> None:
    mine = specimen("a")
    async with world.begin() as uow:
        await uow[SPECIMENS].save(mine)
        await uow[SPECIMENS].save(mine)
        await uow.commit()
    assert mine.version == (await world.find(SPECIMENS, "a")).version == 2


async def test_a_save_of_an_older_version_is_refused(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"))
    old = await world.find(SPECIMENS, "a")
    await world.save(SPECIMENS, await world.find(SPECIMENS, "a"))
    with pytest.raises(StaleVersion, match="specimen 'a'"):
        await world.save(SPECIMENS, old)


async def test_a_refused_save_leaves_the_aggregate_as_it_was(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"))
    twin = specimen("a")
    twin.record(DocumentArchived(document_id="d", qa_archived=1))
    with pytest.raises(StaleVersion):
        await world.save(SPECIMENS, twin)
    assert twin.version == 0 and len(twin.take_events()) == 1


@pytest.mark.parametrize("version", [0, 1, 7])
async def test_only_a_new_aggregate_may_be_inserted_and_only_once(world: World, version: int) -> None:
    if version == 0:
        await world.save(SPECIMENS, specimen("a"))
    with pytest.raises(StaleVersion):
        await world.save(SPECIMENS, specimen("a", version=version))


async def test_one_stale_aggregate_refuses_the_whole_batch(world: World) -> None:
    await world.save(SPECIMENS, specimen("b"))
    with pytest.raises(StaleVersion, match="'b'"):
        await world.save(SPECIMENS, specimen("a"), specimen("b"), specimen("c"))
    assert await world.ids(SPECIMENS) == ["b"]


async def test_a_batch_may_hold_new_and_known_aggregates(world: World) -> None:
    await world.save(SPECIMENS, specimen("b"))
    known = await world.find(SPECIMENS, "b")
    known.word = "again"
    await world.save(SPECIMENS, specimen("c"), known, specimen("a"))
    assert await world.ids(SPECIMENS) == ["a", "b", "c"]
    assert (await world.find(SPECIMENS, "b")).word == "again"


async def test_an_empty_batch_is_no_change(world: World) -> None:
    await world.save(SPECIMENS)
    assert await world.ids(SPECIMENS) == []


async def test_what_was_removed_may_be_put_there_anew(world: World) -> None:
    await world.save(SPECIMENS, specimen("a", word="first"))
    await world.save(SPECIMENS, await world.find(SPECIMENS, "a"))
    async with world.begin() as uow:
        assert await uow[SPECIMENS].remove("a") is True
        assert await uow[SPECIMENS].remove("a") is False
        await uow[SPECIMENS].save(specimen("a", word="second"))
        await uow.commit()
    found = await world.find(SPECIMENS, "a")
    assert (found.word, found.version) == ("second", 1)


async def test_removing_by_condition_says_how_many_went(world: World) -> None:
    await world.save(SPECIMENS, *(specimen(f"s{n}", number=n) for n in range(5)))
    async with world.begin() as uow:
        assert await uow[SPECIMENS].remove_where(where(number__ge=3)) == 2
        assert await uow[SPECIMENS].remove_where(where(number=77)) == 0
        await uow.commit()
    assert await world.ids(SPECIMENS) == ["s0", "s1", "s2"]


# Races


async def _contended(world: World, rounds: int) -> list[bool]:
    """Several count one number up, each from what it read before any of them wrote; whether each succeeded."""
    all_have_read = asyncio.Barrier(rounds)

    async def count_up() -> bool:
        async with world.begin() as uow:
            mine = await uow[SPECIMENS].get("a")
            await all_have_read.wait()
            mine.number += 1
            try:
                await uow[SPECIMENS].save(mine)
                await uow.commit()
            except StaleVersion:
                return False
            return True

    return list(await asyncio.gather(*(count_up() for _ in range(rounds))))


async def test_of_two_who_save_the_same_aggregate_one_is_told(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"))
    assert sorted(await _contended(world, 2)) == [False, True]
    assert (await world.find(SPECIMENS, "a")).number == 1


async def test_no_update_is_lost_however_many_save_at_once(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"))
    succeeded = sum(await _contended(world, 9))
    assert succeeded >= 1
    found = await world.find(SPECIMENS, "a")
    assert (found.number, found.version) == (succeeded, succeeded + 1)


async def test_of_two_who_insert_the_same_id_one_is_told(world: World) -> None:
    async def insert() -> bool:
        try:
            await world.save(SPECIMENS, specimen("a"))
        except StaleVersion:
            return False
        return True

    assert sorted(await asyncio.gather(insert(), insert())) == [False, True]


async def test_saving_what_another_removed_is_refused(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"))
    async with world.begin() as mine, world.begin() as theirs:
        item = await mine[SPECIMENS].get("a")
        await theirs[SPECIMENS].remove("a")
        await theirs.commit()
        with pytest.raises(StaleVersion):
            await mine[SPECIMENS].save(item)
            await mine.commit()


async def test_two_who_save_the_same_aggregates_in_opposite_order_never_both_succeed_nor_hang(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"), specimen("b"))

    async def change(first: str, second: str) -> bool:
        async with world.begin() as uow:
            items = await uow[SPECIMENS].get_many([first, second])
            try:
                for item in items:
                    await uow[SPECIMENS].save(item)
                    await asyncio.sleep(0.02)
                await uow.commit()
            except StaleVersion:
                return False
            return True

    outcomes = await asyncio.wait_for(asyncio.gather(change("a", "b"), change("b", "a")), 10)
    assert sorted(outcomes) == [False, True]


async def test_a_second_writer_waits_for_the_first_where_the_store_says_so(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"))
    async with world.begin() as first:
        await first[SPECIMENS].save(await first[SPECIMENS].get("a"))
        second = asyncio.create_task(_contended(world, 1))
        done, _ = await asyncio.wait([second], timeout=0.2)
        assert bool(done) is not world.waits_for_other_writers
        if world.waits_for_other_writers:
            await first.commit()
            assert await second == [False]
        else:
            assert await second == [True]
            with pytest.raises(StaleVersion):
                await first.commit()


# Events


async def test_events_are_recorded_with_the_change_in_order_and_traced(world: World) -> None:
    mine = specimen("a")
    for n in range(3):
        mine.record(DocumentArchived(document_id="d", qa_archived=n))
    async with world.begin() as uow:
        await uow[SPECIMENS].save(mine)
        uow.announce(ConfigUpdated(changed_fields=("retrieval.top_k",), applied_at="now"))
        await uow.commit()
    recorded = await world.store.recorded_events("acme")
    announced = ConfigUpdated(changed_fields=("retrieval.top_k",), applied_at="now")
    expected = [DocumentArchived(document_id="d", qa_archived=n) for n in range(3)]
    assert [r.event for r in recorded] == [*expected, announced]
    assert {(r.tenant_id, r.occurred_at, r.trace_id) for r in recorded} == {("acme", world.clock.now(), TRACE)}
    assert len({r.id for r in recorded}) == 4 and all(r.id.startswith("evt_") for r in recorded)


async def test_events_are_announced_once_however_often_the_aggregate_is_saved(world: World) -> None:
    mine = specimen("a")
    mine.record(DocumentArchived(document_id="d", qa_archived=1))
    await world.save(SPECIMENS, mine)
    await world.save(SPECIMENS, mine)
    assert len(await world.events()) == 1


async def test_a_conflict_announces_nothing(world: World) -> None:
    await world.save(SPECIMENS, specimen("a"))
    async with world.begin() as mine, world.begin() as theirs:
        item = await mine[SPECIMENS].get("a")
        item.record(DocumentArchived(document_id="mine", qa_archived=1))
        await theirs[SPECIMENS].save(await theirs[SPECIMENS].get("a"))
        await theirs.commit()
        with pytest.raises(StaleVersion):
            await mine[SPECIMENS].save(item)
            await mine.commit()
    assert await world.events() == []


async def test_a_tenant_has_its_own_events(world: World) -> None:
    async with world.begin("other") as uow:
        uow.announce(ConfigUpdated(changed_fields=(), applied_at=""))
        await uow.commit()
    assert await world.events("acme") == [] and len(await world.events("other")) == 1


# Counters, knowledge, tenants


async def test_counts_add_up_and_may_be_taken_back(world: World) -> None:
    for delta in (PairStatistics(2, 1.5, 5, 1, 1, 0), PairStatistics(1, 0.25, -5, -1, -1, 0)):
        async with world.begin() as uow:
            await uow.statistics.add("p", delta)
            await uow.commit()
    async with world.begin() as uow:
        assert await uow.statistics.of(["p", "unknown", "a\0"]) == {"p": PairStatistics(3, 1.75, 0, 0, 0, 0)}


async def test_a_transaction_sees_its_own_counts(world: World) -> None:
    async with world.begin() as uow:
        await uow.statistics.add("p", PairStatistics(times_retrieved=1))
        await uow.statistics.add("p", PairStatistics(times_retrieved=2))
        assert await uow.statistics.of(["p"]) == {"p": PairStatistics(times_retrieved=3)}


async def test_counting_the_same_pairs_at_once_loses_nothing_and_never_conflicts(world: World) -> None:
    async def count_all(pairs: list[str]) -> None:
        async with world.begin() as uow:
            for pair in pairs:
                await uow.statistics.add(pair, PairStatistics(times_retrieved=1))
            await uow.commit()

    names = ["p1", "p2", "p3"]
    await asyncio.gather(*(count_all(names if n % 2 else names[::-1]) for n in range(20)))
    async with world.begin() as uow:
        assert await uow.statistics.of(names) == {name: PairStatistics(times_retrieved=20) for name in names}


async def test_counts_are_the_tenants_own(world: World) -> None:
    async with world.begin("other") as uow:
        await uow.statistics.add("p", PairStatistics(times_retrieved=1))
        await uow.commit()
    async with world.begin("acme") as uow:
        assert await uow.statistics.of(["p"]) == {}


async def test_the_knowledge_version_rises_once_a_commit_for_all_who_touch_it_at_once(world: World) -> None:
    async def touch() -> None:
        async with world.begin() as uow:
            await uow.touch_knowledge()
            await uow.touch_knowledge()
            await uow.commit()

    await asyncio.gather(*(touch() for _ in range(8)))
    async with world.begin() as uow, world.begin("other") as other:
        assert (await uow.knowledge_version(), await other.knowledge_version()) == (8, 0)


async def test_tenants_are_those_that_own_anything(world: World) -> None:
    assert await world.store.tenants() == []
    file = StoredFile(id="f", created_at=START, updated_at=START, name="n", content=b"")
    await world.save(FILES, file, tenant="b")
    await world.save(FILES, StoredFile(id="f", created_at=START, updated_at=START, name="n", content=b""), tenant="a")
    assert await world.store.tenants() == ["a", "b"]
    async with world.begin("b") as uow:
        await uow[FILES].remove("f")
        await uow.commit()
    assert await world.store.tenants() == ["a"]


async def test_a_store_that_is_open_answers_a_ping(world: World) -> None:
    await world.store.ping()
    await world.store.close()
    if world.waits_for_other_writers:
        with pytest.raises(ServiceUnavailable):
            await world.store.ping()


@pytest.mark.parametrize("verb", ["list", "page", "count", "remove_where"])
async def test_a_condition_on_a_field_that_is_not_indexed_is_a_programming_error(world: World, verb: str) -> None:
    condition = (Condition("size_bytes", Op.EQ, 1),)
    async with world.begin() as uow:
        arguments = (condition, PageRequest()) if verb == "page" else (condition,)
        with pytest.raises(ValueError, match=r"documents cannot be filtered or sorted by 'size_bytes'"):
            await getattr(uow[DOCUMENTS], verb)(*arguments)


async def test_a_sort_by_a_field_that_is_not_indexed_is_a_programming_error(world: World) -> None:
    async with world.begin() as uow:
        with pytest.raises(ValueError, match="question"):
            await uow[PAIRS].page((), PageRequest(sort="question"))
        with pytest.raises(ValueError, match="question"):
            await uow[PAIRS].list((), "-question")


def test_specimens_are_aggregates_like_any_other() -> None:
    assert specimen("a") == Specimen(id="a", created_at=START, updated_at=START)
