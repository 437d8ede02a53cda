"""Labelling texts by the examples of the tenant's intents and by the labelled pairs of its knowledge."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.classification import Label, Labels
from application.ports.models import Embedder
from application.ports.storage import CATEGORIES, INTENTS, PAIRS, Store
from domain.classification import Example, nearest_label
from domain.paging import where
from domain.qa_pairs import PairStatus
from domain.ranking import RankingProfile
from domain.vectors import Vector

MAX_EXAMPLES = 2000
"""Labelled pairs that serve as examples of their category; the newest."""


@dataclass(frozen=True, slots=True)
class _Examples:
    knowledge_version: int
    intents: tuple[Example, ...]
    categories: tuple[Example, ...]


class ExampleClassifier:
    """The nearest example decides, with a confidence that says how near and how alone it is."""

    def __init__(self, store: Store, embedder: Embedder, profile: RankingProfile) -> None:
        self._store, self._embedder, self._profile = store, embedder, profile
        self._known: dict[tuple[str, str], _Examples] = {}

    async def __call__(self, tenant_id: str, texts: Sequence[str], language: str) -> list[Labels]:
        space = next(s.name for s in self._profile.spaces if s.serves(language))
        examples = await self._examples(tenant_id, space)
        vectors = await self._embedder.embed(space, texts)
        return [self._labels(vector, examples) for vector in vectors]

    def _labels(self, vector: Vector, examples: _Examples) -> Labels:
        intent, sure_of_intent = nearest_label(vector, examples.intents)
        category, sure_of_category = nearest_label(vector, examples.categories)
        return Labels(Label(intent, sure_of_intent), Label(category, sure_of_category))

    async def _examples(self, tenant_id: str, space: str) -> _Examples:
        async with self._store.begin(tenant_id) as uow:
            version = await uow.knowledge_version()
            known = self._known.get((tenant_id, space))
            if known is not None and known.knowledge_version == version:
                return known
            intents = [(i.label, text) for i in await uow[INTENTS].list(()) for text in (i.name, *i.examples)]
            named = [(c.id, c.name) for c in await uow[CATEGORIES].list(())]
            pairs = await uow[PAIRS].list(where(status=PairStatus.ACTIVE), sort="-created_at", limit=MAX_EXAMPLES)
        labelled = [(p.metadata.category, p.question) for p in pairs if p.metadata.category]
        found = _Examples(version, await self._embedded(space, intents), await self._embedded(space, named + labelled))
        self._known[tenant_id, space] = found
        return found

    async def _embedded(self, space: str, labelled: Sequence[tuple[str, str]]) -> tuple[Example, ...]:
        vectors = await self._embedder.embed(space, [text for _, text in labelled])
        return tuple(Example(label, vector) for (label, _), vector in zip(labelled, vectors, strict=True))
