"""A rename that everything follows."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from application.committing import Committer
from application.indexing import Indexer
from application.ports.storage import (
    CATEGORIES,
    CONFIG_CHANGES,
    DOCUMENTS,
    EXAMPLE_VECTORS,
    INTENTS,
    PAIRS,
    STAGED_PAIRS,
    Store,
    UnitOfWork,
)
from application.ports.system import Clock
from application.transactions import committed
from application.use_cases.classification import save_live
from application.use_cases.configuration import newest_change
from domain.access import Caller
from domain.canonical import rfc3339
from domain.configuration import ConfigChange, change_id, renamed_category
from domain.errors import Conflict, InvalidInput, NotFound
from domain.events import ConfigUpdated
from domain.paging import where
from domain.qa_pairs import PairMetadata, QAPair
from domain.staging import StagedPair
from domain.taxonomy import Category, Intent, intent_id, vectors_id

Kind = Literal["category", "intent"]


@dataclass(frozen=True, slots=True)
class Renamed:
    kind: Kind
    pairs: int
    """Live and staged."""
    documents: int
    intents: int


class RenameLabel:
    """One transaction: whoever reads before it sees the old name everywhere, whoever reads after it the new one."""

    def __init__(self, store: Store, committer: Committer, indexer: Indexer, clock: Clock) -> None:
        self._store, self._committer, self._indexer, self._clock = store, committer, indexer, clock

    async def __call__(self, caller: Caller, old: str, new: str, kind: Kind | None = None) -> Renamed:
        """Raises `NotFound` for an unknown name, `Conflict` for a new one that is taken, `InvalidInput` where
        `kind` must be said."""

        async def rename(uow: UnitOfWork) -> Renamed:
            category = await _category_named(uow, old) if kind != "intent" else None
            intent = await _intent_named(uow, old) if kind != "category" else None
            chosen = _chosen(old, category, intent)
            work = _Renaming(uow, self._committer, self._indexer, self._clock, caller.principal.key_id)
            if isinstance(chosen, Category):
                return await work.category(chosen, new)
            return await work.intent(chosen, new)

        renamed = await committed(self._store, caller.tenant_id, rename)
        await self._indexer.catch_up(caller.tenant_id)
        return renamed


class _Renaming:
    """One rename in one transaction."""

    def __init__(self, uow: UnitOfWork, committer: Committer, indexer: Indexer, clock: Clock, by: str | None) -> None:
        self._uow, self._committer, self._indexer, self._clock = uow, committer, indexer, clock
        self._now: datetime = clock.now()
        self._by = by

    async def category(self, category: Category, new: str) -> Renamed:
        uow, old = self._uow, category.id
        if new != old and await uow[CATEGORIES].find(new) is not None:
            raise Conflict(f"There is a category {new!r} already.", field="new_name")
        await self._move_category(category, new)
        pairs = await self._relabel("category", old, new)
        documents = await uow[DOCUMENTS].list(where(category=old))
        for document in documents:
            document.category, document.updated_at = new, self._now
        await uow[DOCUMENTS].save_all(documents)
        intents = await self._move_intents(category, new)
        await self._rename_in_config(old, new)
        await uow.touch_knowledge()
        return Renamed("category", pairs, len(documents), intents)

    async def _move_category(self, category: Category, new: str) -> None:
        children = await self._uow[CATEGORIES].list(where(parent_category=category.id))
        for child in children:
            child.parent_category, child.updated_at = new, self._now
        await self._uow[CATEGORIES].save_all(children)
        moved = replace(category, id=new, name=new, updated_at=self._now)
        if new != category.id:
            await self._uow[CATEGORIES].remove(category.id)
            moved.version = 0
        await self._uow[CATEGORIES].save(moved)

    async def _move_intents(self, category: Category, new: str) -> int:
        """An intent's category is a free label, which may be the category's id or its name."""
        intents = [i for i in await self._uow[INTENTS].list(()) if i.category in (category.id, category.name)]
        for intent in intents:
            intent.category, intent.updated_at = new, self._now
        await self._uow[INTENTS].save_all(intents)
        return len(intents)

    async def _rename_in_config(self, old: str, new: str) -> None:
        """The table of teams goes by category."""
        last = await newest_change(self._uow)
        overrides, changed = renamed_category(last.overrides if last else {}, old, new)
        if last is None or not changed:
            return
        made = ConfigChange(
            id=change_id(last.number + 1),
            created_at=self._now,
            updated_at=self._now,
            number=last.number + 1,
            overrides=overrides,
            changed_fields=changed,
            changed_by=self._by,
            comment=f"The category {old} was renamed {new}",
        )
        made.record(ConfigUpdated(changed_fields=changed, applied_at=rfc3339(self._now)))
        await self._uow[CONFIG_CHANGES].save(made)

    async def intent(self, intent: Intent, new: str) -> Renamed:
        uow, old, key = self._uow, intent.label, intent_id(new)
        if key != intent.id and await uow[INTENTS].find(key) is not None:
            raise Conflict(f"There is an intent {new!r} already.", field="new_name")
        moved = replace(intent, id=key, name=new, updated_at=self._now)
        if key != intent.id:
            await uow[INTENTS].remove(intent.id)
            await self._move_vectors(intent.id, key)
            moved.version = 0
        await uow[INTENTS].save(moved)
        pairs = await self._relabel("intent", old, moved.label)
        await uow.touch_knowledge()
        return Renamed("intent", pairs, 0, 1)

    async def _move_vectors(self, old_id: str, new_id: str) -> None:
        """The examples are the same, so they need not be embedded again."""
        for kept in await self._uow[EXAMPLE_VECTORS].list(()):
            owner, _, space = kept.id.rpartition("/")
            if owner == old_id:
                await self._uow[EXAMPLE_VECTORS].remove(kept.id)
                await self._uow[EXAMPLE_VECTORS].save(replace(kept, id=vectors_id(new_id, space), version=0))

    async def _relabel(self, kind: Kind, old: str, new: str) -> int:
        """Pairs, archived ones included, and staged ones; how many."""
        if old == new:
            return 0
        live: list[QAPair] = await self._uow[PAIRS].list(where(**{f"metadata__{kind}": old}))
        staged = [pair for pair in await self._uow[STAGED_PAIRS].list(()) if getattr(pair.metadata, kind) == old]
        both: list[QAPair | StagedPair] = [*live, *staged]
        for pair in both:
            pair.metadata = _relabelled(pair.metadata, kind, new)
            pair.updated_at = self._now
        await save_live(self._uow, self._committer, self._indexer, self._clock, live, f"Renamed the {kind} of")
        await self._uow[STAGED_PAIRS].save_all(staged)
        return len(both)


def _relabelled(metadata: PairMetadata, kind: Kind, new: str) -> PairMetadata:
    """The same label under another name is as sure as it was."""
    return replace(metadata, category=new) if kind == "category" else replace(metadata, intent=new)


def _chosen(old: str, category: Category | None, intent: Intent | None) -> Category | Intent:
    if category is not None and intent is not None:
        details = {"rule": "ambiguous", "allowed": ["category", "intent"]}
        raise InvalidInput(
            f"Both a category and an intent are called {old!r}; say which.", field="kind", details=details
        )
    found = category or intent
    if found is None:
        raise NotFound(f"There is no category or intent {old!r}.", field="old_name")
    return found


async def _category_named(uow: UnitOfWork, name: str) -> Category | None:
    by_name = await uow[CATEGORIES].list(where(name=name), limit=1)
    return await uow[CATEGORIES].find(name) or (by_name[0] if by_name else None)


async def _intent_named(uow: UnitOfWork, name: str) -> Intent | None:
    by_name = await uow[INTENTS].list(where(name=name), limit=1)
    return await uow[INTENTS].find(intent_id(name)) or (by_name[0] if by_name else None)
