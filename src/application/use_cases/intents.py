"""The tenant's intents: what people may want, each with examples."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from application.examples import ExampleVectorStore
from application.ports.storage import INTENTS, PAIRS, QUERIES, Store, UnitOfWork
from application.ports.system import Clock
from application.transactions import committed
from domain.access import Caller
from domain.errors import Conflict, InvalidInput
from domain.paging import Page, PageRequest, where
from domain.taxonomy import Intent, checked_examples, intent_id, slug

MAX_ID = 128


@dataclass(frozen=True, slots=True)
class IntentSeen:
    intent: Intent
    usage_count: int
    """Questions that were found to be of it."""


class BrowseIntents:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, caller: Caller, request: PageRequest, categories: Set[str | None] | None = None
    ) -> Page[IntentSeen]:
        """Those of the categories, None among these meaning none; without any, all."""
        async with self._store.begin(caller.tenant_id) as uow:
            found = await uow[INTENTS].page(where(category__in=categories), request)
            used = {intent.id: await _usage(uow, intent) for intent in found.items}
        return found.map(lambda intent: IntentSeen(intent, used[intent.id]))

    async def one(self, caller: Caller, key: str) -> IntentSeen:
        """Raises `NotFound`."""
        async with self._store.begin(caller.tenant_id) as uow:
            intent = await uow[INTENTS].get(key)
            return IntentSeen(intent, await _usage(uow, intent))


async def _usage(uow: UnitOfWork, intent: Intent) -> int:
    """Counted from the questions themselves: a counter beside the intent would be a row that every question
    of a busy tenant waits for."""
    return await uow[QUERIES].count(where(intent=intent.label))


class EditIntents:
    """Examples are embedded before the transaction, and with it kept: what was changed counts at return."""

    def __init__(self, store: Store, vectors: ExampleVectorStore, clock: Clock) -> None:
        self._store, self._vectors, self._clock = store, vectors, clock

    async def add(self, caller: Caller, name: str, given: Mapping[str, Any]) -> Intent:
        """Raises `Conflict` when there is one of that name."""
        key = _new_id(name)
        values = _checked(given)
        embedded = await self._vectors.embedded(values.get("examples", ()))

        async def add(uow: UnitOfWork) -> Intent:
            if await uow[INTENTS].find(key) is not None:
                raise Conflict(f"There is an intent {key!r} already.", field="name")
            now = self._clock.now()
            intent = Intent(id=key, created_at=now, updated_at=now, name=name.strip(), **values)
            await self._vectors.keep(uow, intent, embedded)
            return await _saved(uow, intent)

        return await committed(self._store, caller.tenant_id, add)

    async def edit(self, caller: Caller, key: str, changes: Mapping[str, Any]) -> tuple[Intent, bool]:
        """The intent, and whether its examples were embedded anew. Raises `NotFound`."""
        values = _checked(changes)
        examples = values.get("examples")
        embedded = await self._vectors.embedded(examples) if examples is not None else None

        async def edit(uow: UnitOfWork) -> Intent:
            intent = await uow[INTENTS].get(key)
            intent.edit(self._clock.now(), values)
            if embedded is not None:
                await self._vectors.keep(uow, intent, embedded)
            return await _saved(uow, intent)

        return await committed(self._store, caller.tenant_id, edit), embedded is not None

    async def delete(self, caller: Caller, key: str) -> Intent:
        """Raises `NotFound`, and `Conflict` while active pairs are labelled with it."""

        async def delete(uow: UnitOfWork) -> Intent:
            intent = await uow[INTENTS].get(key)
            used = await uow[PAIRS].count(where(metadata__intent=intent.label))
            if used:
                raise Conflict(f"The intent is still in use by {used} pairs.", details={"qa_pairs": used})
            await uow[INTENTS].remove(key)
            await self._vectors.forget(uow, key)
            await uow.touch_knowledge()
            return intent

        return await committed(self._store, caller.tenant_id, delete)


async def _saved(uow: UnitOfWork, intent: Intent) -> Intent:
    await uow[INTENTS].save(intent)
    await uow.touch_knowledge()
    return intent


def _new_id(name: str) -> str:
    made = slug(name)
    if not made:
        raise InvalidInput("A name has at least one letter or digit.", field="name", details={"rule": "word"})
    return intent_id(made)[:MAX_ID]


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Examples trimmed and each once; a category that is only spaces is none."""
    values = dict(given)
    if "examples" in values:
        values["examples"] = checked_examples(values["examples"])
    if "name" in values:
        _new_id(values["name"])
        values["name"] = values["name"].strip()
    if "category" in values:
        values["category"] = (values["category"] or "").strip() or None
    return values
