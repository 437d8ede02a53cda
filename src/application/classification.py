"""Labelling texts by the examples of the tenant's intents and by the labelled pairs of its knowledge."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from application.examples import ExampleVectorStore
from application.ports.classification import Features, Label, LabelModel, Labels, Trainer
from application.ports.models import Embedder
from application.ports.storage import CATEGORIES, INTENTS, PAIRS, Store, UnitOfWork
from domain.paging import where
from domain.qa_pairs import PairStatus, QAPair
from domain.ranking import RankingProfile
from domain.vectors import Vector

MAX_PAIRS = 2000
"""Labelled pairs that serve as examples; the newest."""
CERTAIN = 1.0
"""Only labels that a person gave are learnt from: guesses would confirm themselves."""
KEPT_TEXTS = 8000
"""Vectors of pairs' questions and of names that stay at hand, in each space."""
KEPT_TENANTS = 32

NOTHING = Label(None, 0.0, 1.0)
"""Where there is nothing to learn from."""
Spaces = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelledText:
    label: str
    text: str
    vectors: tuple[Vector, ...] | None = None
    """Where they are known already; else they are looked up or made."""


@dataclass(frozen=True, slots=True)
class Learnt:
    knowledge_version: int
    digests: tuple[str, str]
    """Of the examples of intents, and of categories: the same ones need not be learnt again."""
    intents: LabelModel | None
    categories: LabelModel | None


class ExampleClassifier:
    """Learns anew when examples have changed, once for however many callers wait."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        profile: RankingProfile,
        examples: ExampleVectorStore,
        trainer: Trainer,
    ) -> None:
        self._store, self._embedder, self._profile = store, embedder, profile
        self._examples, self._trainer = examples, trainer
        self._known: OrderedDict[tuple[str, Spaces], Learnt] = OrderedDict()
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._vectors: OrderedDict[tuple[str, str], Vector] = OrderedDict()

    async def __call__(self, tenant_id: str, texts: Sequence[str], language: str) -> list[Labels]:
        if not texts:
            return []
        learnt = await self.learnt(tenant_id, language)
        features = await self._embedded(self._spaces(language), texts)
        intents = await _classified(learnt.intents, features)
        categories = await _classified(learnt.categories, features)
        return [Labels(intent, category) for intent, category in zip(intents, categories, strict=True)]

    async def learnt(self, tenant_id: str, language: str) -> Learnt:
        """The models for texts in that language, as the examples are now."""
        spaces = self._spaces(language)
        async with self._turns[tenant_id]:
            known = self._known.get((tenant_id, spaces))
            async with self._store.begin(tenant_id) as uow:
                version = await uow.knowledge_version()
                if known is not None and known.knowledge_version == version:
                    return known
                intents, categories = await self._read(uow, spaces)
            found = await self._learn(version, known, spaces, intents, categories)
            self._remember((tenant_id, spaces), found)
        return found

    def _spaces(self, language: str) -> Spaces:
        return tuple(space.name for space in self._profile.spaces if space.serves(language))

    def _remember(self, key: tuple[str, Spaces], learnt: Learnt) -> None:
        self._known[key] = learnt
        self._known.move_to_end(key)
        while len(self._known) > KEPT_TENANTS:
            self._known.popitem(last=False)

    async def _learn(
        self,
        version: int,
        known: Learnt | None,
        spaces: Spaces,
        intents: Sequence[LabelledText],
        categories: Sequence[LabelledText],
    ) -> Learnt:
        digests = (_digest(intents), _digest(categories))
        models = []
        for number, examples in enumerate((intents, categories)):
            if known is not None and known.digests[number] == digests[number]:
                models.append((known.intents, known.categories)[number])
            else:
                models.append(await self._fitted(spaces, examples))
        return Learnt(version, digests, models[0], models[1])

    async def _fitted(self, spaces: Spaces, examples: Sequence[LabelledText]) -> LabelModel | None:
        if not examples:
            return None
        missing = list(dict.fromkeys(example.text for example in examples if example.vectors is None))
        made = dict(zip(missing, await self._remembered(spaces, missing), strict=True))
        features = [example.vectors or made[example.text] for example in examples]
        return await self._trainer.fit([example.label for example in examples], features)

    async def _read(self, uow: UnitOfWork, spaces: Spaces) -> tuple[list[LabelledText], list[LabelledText]]:
        pairs = await uow[PAIRS].list(where(status=PairStatus.ACTIVE), sort="-created_at", limit=MAX_PAIRS)
        return await self._of_intents(uow, spaces, pairs), await _of_categories(uow, pairs)

    async def _of_intents(self, uow: UnitOfWork, spaces: Spaces, pairs: Sequence[QAPair]) -> list[LabelledText]:
        intents = await uow[INTENTS].list((), sort="id")
        kept = [await self._examples.of(uow, intents, space) for space in spaces]
        found = [LabelledText(p.metadata.intent, p.question) for p in pairs if p.metadata.intent and _is_sure(p)[1]]
        named = {example.label for example in found}
        for intent in intents:
            embedded = [vectors[intent.id] for vectors in kept if intent.id in vectors]
            known = list(zip(*embedded, strict=True)) if len(embedded) == len(spaces) else None
            for n, text in enumerate(intent.examples):
                found.append(LabelledText(intent.label, text, known[n] if known else None))
            if not intent.examples and intent.label not in named:
                found.append(LabelledText(intent.label, _described(intent.name, intent.description)))
        return found

    async def _remembered(self, spaces: Spaces, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        """As `_embedded`, for texts that will be asked for again."""
        for space in spaces:
            missing = [text for text in texts if (space, text) not in self._vectors]
            for text, vector in zip(missing, await self._embedder.embed(space, missing), strict=True):
                self._vectors[space, text] = vector
        features = [tuple(self._vectors[space, text] for space in spaces) for text in texts]
        while len(self._vectors) > KEPT_TEXTS * len(spaces):
            self._vectors.popitem(last=False)
        return features

    async def _embedded(self, spaces: Spaces, texts: Sequence[str]) -> list[Features]:
        by_space = [await self._embedder.embed(space, texts) for space in spaces]
        return [tuple(vectors) for vectors in zip(*by_space, strict=True)]


async def _of_categories(uow: UnitOfWork, pairs: Sequence[QAPair]) -> list[LabelledText]:
    found = [LabelledText(p.metadata.category, p.question) for p in pairs if p.metadata.category and _is_sure(p)[0]]
    named = await uow[CATEGORIES].list((), sort="id")
    return [*found, *(LabelledText(c.id, _described(c.name, c.description)) for c in named)]


def _is_sure(pair: QAPair) -> tuple[bool, bool]:
    """Of its category, of its intent."""
    confidence = pair.metadata.confidence
    return confidence.category == CERTAIN, confidence.intent == CERTAIN


def _described(name: str, description: str) -> str:
    words = name.replace("_", " ")
    return f"{words}: {description}" if description else words


async def _classified(model: LabelModel | None, features: Sequence[Features]) -> list[Label]:
    return await model.classify(features) if model else [NOTHING] * len(features)


def _digest(examples: Iterable[LabelledText]) -> str:
    digest = sha256()
    for example in examples:
        digest.update(sha256(f"{example.label}\0{example.text}".encode()).digest())
    return digest.hexdigest()
