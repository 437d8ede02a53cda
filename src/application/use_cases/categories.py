"""The tenant's categories: a tree that pairs and documents refer to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from application.ports.storage import CATEGORIES, DOCUMENTS, PAIRS, Store, UnitOfWork
from application.ports.system import Clock
from application.transactions import committed
from domain.access import Caller
from domain.documents import DocumentStatus
from domain.errors import Conflict, InvalidInput
from domain.paging import Page, PageRequest, where
from domain.qa_pairs import PairStatus
from domain.taxonomy import Category, Tree, slug

MAX_ID = 128


@dataclass(frozen=True, slots=True)
class CategorySeen:
    category: Category
    document_count: int
    qa_pair_count: int
    """Active ones that carry its label themselves; those of subcategories are counted there."""
    subcategories: tuple[str, ...]


class BrowseCategories:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, caller: Caller, request: PageRequest, parent_category: str | None = None
    ) -> Page[CategorySeen]:
        async with self._store.begin(caller.tenant_id) as uow:
            found = await uow[CATEGORIES].page(where(parent_category=parent_category), request)
            tree = Tree(await uow[CATEGORIES].list(()))
            seen = {category.id: await _seen(uow, category, tree) for category in found.items}
        return found.map(lambda category: seen[category.id])

    async def one(self, caller: Caller, category_id: str) -> CategorySeen:
        """Raises `NotFound`."""
        async with self._store.begin(caller.tenant_id) as uow:
            category = await uow[CATEGORIES].get(category_id)
            return await _seen(uow, category, Tree(await uow[CATEGORIES].list(())))


async def _seen(uow: UnitOfWork, category: Category, tree: Tree) -> CategorySeen:
    documents = await uow[DOCUMENTS].count(where(category=category.id, status=DocumentStatus.ACTIVE))
    pairs = await uow[PAIRS].count(where(metadata__category=category.id, status=PairStatus.ACTIVE))
    return CategorySeen(category, documents, pairs, tuple(c.id for c in tree.children(category.id)))


class EditCategories:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def add(
        self, caller: Caller, name: str, given: Mapping[str, Any], category_id: str | None = None
    ) -> Category:
        """Raises `Conflict` when there is one of that id, `InvalidInput` for a parent that cannot be."""
        key = category_id or _new_id(name)

        async def add(uow: UnitOfWork) -> Category:
            if await uow[CATEGORIES].find(key) is not None:
                raise Conflict(f"There is a category {key!r} already.", field="name")
            now = self._clock.now()
            category = Category(id=key, created_at=now, updated_at=now, name=name.strip(), **given)
            return await _hung(uow, category)

        return await committed(self._store, caller.tenant_id, add)

    async def edit(self, caller: Caller, category_id: str, changes: Mapping[str, Any]) -> Category:
        """Raises `NotFound`, `InvalidInput` for a parent that cannot be."""

        async def edit(uow: UnitOfWork) -> Category:
            category = await uow[CATEGORIES].get(category_id)
            category.edit(self._clock.now(), changes)
            return await _hung(uow, category)

        return await committed(self._store, caller.tenant_id, edit)

    async def delete(self, caller: Caller, category_id: str) -> Category:
        """Raises `NotFound`, and `Conflict` while something refers to it."""

        async def delete(uow: UnitOfWork) -> Category:
            category = await uow[CATEGORIES].get(category_id)
            used = await _uses(uow, category_id)
            if used:
                words = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in used.items())
                raise Conflict(f"The category is still in use by {words}.", details=used)
            await uow[CATEGORIES].remove(category_id)
            await uow.touch_knowledge()
            return category

        return await committed(self._store, caller.tenant_id, delete)


async def _hung(uow: UnitOfWork, category: Category) -> Category:
    """Saves the category under its parent. Its ancestors are saved too: of two moves that together would make
    a ring, the second then finds one of them changed, and is tried again on what there is."""
    tree = Tree(await uow[CATEGORIES].list(()))
    above = tree.require_parent(category.id, category.parent_category)
    await uow[CATEGORIES].save(category)
    await uow[CATEGORIES].save_all(above)
    await uow.touch_knowledge()
    return category


async def _uses(uow: UnitOfWork, category_id: str) -> dict[str, int]:
    """By what, archived or not: what is restored must find its category."""
    counted = {
        "documents": await uow[DOCUMENTS].count(where(category=category_id)),
        "qa_pairs": await uow[PAIRS].count(where(metadata__category=category_id)),
        "subcategories": await uow[CATEGORIES].count(where(parent_category=category_id)),
    }
    return {what: count for what, count in counted.items() if count}


def _new_id(name: str) -> str:
    made = slug(name)[:MAX_ID]
    if not made:
        raise InvalidInput("A name has at least one letter or digit.", field="name", details={"rule": "word"})
    return made
