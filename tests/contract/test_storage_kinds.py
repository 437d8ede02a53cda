"""Every kind of aggregate in the registry, in every store."""

from typing import Any

import pytest
from hypothesis import strategies as st
from tests.support.aggregates import aggregates, examples_of
from tests.support.storage import World

from adapters.storage.layout import indexed_fields
from adapters.storage.matching import matches, path_value
from application.ports.storage import TABLES, Table
from domain.errors import StaleVersion
from domain.paging import Condition, Op, PageRequest

every_kind = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@every_kind
async def test_every_kind_comes_back_as_it_was_saved(world: World, table: Table[Any]) -> None:
    for item in examples_of(aggregates(table), 20):
        tenant = world.new_tenant()
        await world.save(table, item, tenant=tenant)
        found = await world.find(table, item.id, tenant)
        assert found == item and type(found) is table.type
        await world.save(table, found, tenant=tenant)
        assert (await world.find(table, item.id, tenant)).version == 2


@every_kind
async def test_every_kind_is_found_by_each_of_its_indexed_fields(world: World, table: Table[Any]) -> None:
    for item, other in examples_of(st.tuples(aggregates(table), aggregates(table)), 8):
        other.id = item.id + "_other"
        tenant = world.new_tenant()
        await world.save(table, item, other, tenant=tenant)
        async with world.begin(tenant) as uow:
            for path in indexed_fields(table):
                condition = equal_to(item, table, path)
                expected = {one.id for one in (item, other) if matches(one, (condition,))}
                page = await uow[table].page((condition,), PageRequest(sort="id"))
                assert {found.id for found in page.items} == expected, condition


def equal_to(item: Any, table: Table[Any], path: str) -> Condition:
    value = path_value(item, path)
    if indexed_fields(table)[path].type is tuple:
        return Condition(path, Op.HAS, value[0] if value else "")
    return Condition(path, Op.EQ, value)


@every_kind
async def test_tenants_never_see_count_change_or_remove_each_others(world: World, table: Table[Any]) -> None:
    for item, twin in examples_of(st.tuples(aggregates(table), aggregates(table)), 8):
        twin.id = item.id
        mine, theirs = world.new_tenant(), world.new_tenant()
        await world.save(table, item, tenant=mine)
        await require_blind(world, theirs, table, item)
        await world.save(table, twin, tenant=theirs)
        assert await world.find(table, item.id, mine) == item
        assert await world.find(table, item.id, theirs) == twin


async def require_blind(world: World, stranger: str, table: Table[Any], item: Any) -> None:
    async with world.begin(stranger) as uow:
        assert await uow[table].find(item.id) is None
        assert await uow[table].get_many([item.id]) == []
        assert await uow[table].list(()) == []
        assert await uow[table].count() == 0
        assert (await uow[table].page((), PageRequest())).total == 0
        assert await uow[table].remove(item.id) is False
        assert await uow[table].remove_where(()) == 0
        with pytest.raises(StaleVersion):
            await uow[table].save(item)
            await uow.commit()
