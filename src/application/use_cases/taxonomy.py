"""The labels as a whole: the tree, and catching up with what documents mention."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from application.committing import ensure_labels
from application.ports.storage import CATEGORIES, DOCUMENTS, INTENTS, PAIRS, Store, UnitOfWork
from application.ports.system import Clock
from application.transactions import committed
from application.use_cases.renaming import Kind
from domain.access import Caller
from domain.qa_pairs import PairMetadata
from domain.taxonomy import Category, Intent, Tree, slug


@dataclass(frozen=True, slots=True)
class Branch:
    category: Category
    intents: tuple[str, ...]
    subcategories: tuple["Branch", ...]


@dataclass(frozen=True, slots=True)
class WholeTree:
    branches: tuple[Branch, ...]
    without_category: tuple[str, ...]
    """Labels of the intents that no category of the tree is given for."""


@dataclass(frozen=True, slots=True)
class Labelled:
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Synced:
    added: tuple[Labelled, ...]
    orphans: tuple[Labelled, ...]
    """What nothing refers to: no pair, no document, no subcategory, and for intents no example."""


class BrowseTaxonomy:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, caller: Caller) -> WholeTree:
        async with self._store.begin(caller.tenant_id) as uow:
            tree = Tree(await uow[CATEGORIES].list(()))
            intents = await uow[INTENTS].list((), sort="name")
        placed = {intent.id: _category_of(intent, tree) for intent in intents}
        branches = tuple(self._branch(category, tree, intents, placed) for category in tree.children(None))
        return WholeTree(branches, tuple(intent.label for intent in intents if placed[intent.id] is None))

    def _branch(
        self, category: Category, tree: Tree, intents: Sequence[Intent], placed: Mapping[str, str | None]
    ) -> Branch:
        mine = tuple(intent.label for intent in intents if placed[intent.id] == category.id)
        below = tuple(self._branch(child, tree, intents, placed) for child in tree.children(category.id))
        return Branch(category, mine, below)


def _category_of(intent: Intent, tree: Tree) -> str | None:
    """The category that the intent's free label means: by id, else by name."""
    label = intent.category
    if label is None or label in tree.by_id:
        return label
    wanted = slug(label)
    return next((c.id for c in tree.by_id.values() if wanted in (slug(c.id), slug(c.name))), None)


class SyncTaxonomy:
    """Adds the labels that pairs and documents mention and nobody made, and says which ones nothing mentions."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, caller: Caller) -> Synced:
        async def sync(uow: UnitOfWork) -> Synced:
            used = await _used(uow)
            added = await self._add(uow, used)
            return Synced(added, await _orphans(uow, used))

        return await committed(self._store, caller.tenant_id, sync)

    async def _add(self, uow: UnitOfWork, used: "_Used") -> tuple[Labelled, ...]:
        categories = {category.id for category in await uow[CATEGORIES].list(())}
        intents = {intent.label for intent in await uow[INTENTS].list(())}
        missing = PairLabelSets(set(used.categories) - categories, set(used.intents) - intents)
        mentioned = [PairMetadata(category=name) for name in missing.categories]
        mentioned += [PairMetadata(intent=name) for name in missing.intents]
        await ensure_labels(uow, mentioned, self._clock.now())
        if mentioned:
            await uow.touch_knowledge()
        return missing.listed()


@dataclass(frozen=True, slots=True)
class PairLabelSets:
    categories: set[str]
    intents: set[str]

    def listed(self) -> tuple[Labelled, ...]:
        return (
            *(Labelled("category", name) for name in sorted(self.categories)),
            *(Labelled("intent", name) for name in sorted(self.intents)),
        )


@dataclass(frozen=True, slots=True)
class _Used:
    categories: Counter[str]
    intents: Counter[str]


async def _used(uow: UnitOfWork) -> _Used:
    pairs = await uow[PAIRS].list(())
    documents = await uow[DOCUMENTS].list(())
    categories = _counted([*(pair.metadata.category for pair in pairs), *(each.category for each in documents)])
    return _Used(categories, _counted(pair.metadata.intent for pair in pairs))


def _counted(names: Iterable[str | None]) -> Counter[str]:
    return Counter(name for name in names if name)


async def _orphans(uow: UnitOfWork, used: _Used) -> tuple[Labelled, ...]:
    tree = Tree(await uow[CATEGORIES].list(()))
    categories = {key for key in tree.by_id if key not in used.categories and not tree.children(key)}
    intents = {i.label for i in await uow[INTENTS].list(()) if i.label not in used.intents and not i.examples}
    return PairLabelSets(categories, intents).listed()
