"""Keeping the indexes what the store says: every change is a recorded task, done until it holds."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from application.ports.lexical import LexicalIndex, LexicalRow
from application.ports.models import Embedder
from application.ports.storage import INDEX_TASKS, PAIRS, Store, UnitOfWork
from application.ports.system import Clock, Ids
from application.ports.vectors import VectorIndex, VectorRow
from domain.errors import ServiceUnavailable
from domain.ids import Prefix
from domain.index_tasks import IndexAction, IndexTask
from domain.paging import where
from domain.qa_pairs import PairStatus, QAPair
from domain.ranking import RankingProfile, SpaceProfile, index_texts, subject, with_subject
from domain.vectors import Vector, weighted_sum

PAIRS_PER_TASK = 256


class Indexer:
    """Embeds pairs and tells the indexes. Work of one tenant is done one at a time, so that an older
    state of a pair never overtakes a newer one."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        vectors: VectorIndex,
        lexical: LexicalIndex,
        profile: RankingProfile,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store, self._embedder, self._vectors, self._lexical = store, embedder, vectors, lexical
        self._profile, self._clock, self._ids = profile, clock, ids
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def record(self, uow: UnitOfWork, pairs: Sequence[QAPair]) -> None:
        """In the transaction of the change: what the indexes will have to be told of these pairs."""
        now = self._clock.now()
        for start in range(0, len(pairs), PAIRS_PER_TASK):
            chunk = tuple(pair.id for pair in pairs[start : start + PAIRS_PER_TASK])
            task = IndexTask(
                id=self._ids.new(Prefix.INDEX_TASK),
                created_at=now,
                updated_at=now,
                action=IndexAction.PUT,
                pair_ids=chunk,
            )
            await uow[INDEX_TASKS].save(task)
        await uow.touch_knowledge()

    async def catch_up(self, tenant_id: str) -> bool:
        """Does every waiting task; False when an index refused, and the rest waits for the next time."""
        async with self._turns[tenant_id]:
            while tasks := await self._waiting(tenant_id):
                for task in tasks:
                    if not await self._do(tenant_id, task):
                        return False
        return True

    async def lag(self, tenant_id: str) -> int:
        """How many tasks wait."""
        async with self._store.begin(tenant_id) as uow:
            return await uow[INDEX_TASKS].count()

    async def rebuild(self, tenant_id: str) -> int:
        """Records a task for every active pair; how many pairs that are."""
        async with self._store.begin(tenant_id) as uow:
            pairs = await uow[PAIRS].list(where(status=PairStatus.ACTIVE))
            await self.record(uow, pairs)
            await uow.commit()
        return len(pairs)

    async def _waiting(self, tenant_id: str) -> list[IndexTask]:
        async with self._store.begin(tenant_id) as uow:
            return await uow[INDEX_TASKS].list((), limit=20)

    async def _do(self, tenant_id: str, task: IndexTask) -> bool:
        async with self._store.begin(tenant_id) as uow:
            pairs = await uow[PAIRS].get_many(task.pair_ids)
        try:
            await self._tell(tenant_id, task.pair_ids, pairs)
        except ServiceUnavailable as refusal:
            await self._put_off(tenant_id, task, refusal.message)
            return False
        async with self._store.begin(tenant_id) as uow:
            await uow[INDEX_TASKS].remove(task.id)
            await uow.commit()
        return True

    async def _tell(self, tenant_id: str, ids: Sequence[str], pairs: Sequence[QAPair]) -> None:
        active = [pair for pair in pairs if pair.status is PairStatus.ACTIVE]
        gone = sorted(set(ids) - {pair.id for pair in active})
        if gone:
            await self._vectors.delete(tenant_id, gone)
            await self._lexical.delete(tenant_id, gone)
        if active:
            await self._put(tenant_id, active)

    async def _put(self, tenant_id: str, pairs: Sequence[QAPair]) -> None:
        for space in self._profile.spaces:
            served = [pair for pair in pairs if space.serves(pair.language)]
            if served:
                await self._vectors.upsert(tenant_id, space.name, await self._rows(space, served))
        rows = [LexicalRow(p.id, titled(p), p.answer, p.indexed_fields()) for p in pairs]
        await self._lexical.upsert(tenant_id, rows)

    async def _rows(self, space: SpaceProfile, pairs: Sequence[QAPair]) -> list[VectorRow]:
        recipes = [recipe_of(space, pair) for pair in pairs]
        texts = list(dict.fromkeys(text for recipe in recipes for text, _ in recipe))
        vectors = dict(zip(texts, await self._embedder.embed(space.name, texts), strict=True))
        return [
            VectorRow(pair.id, _mixed(recipe, vectors), pair.indexed_fields())
            for pair, recipe in zip(pairs, recipes, strict=True)
        ]

    async def _put_off(self, tenant_id: str, task: IndexTask, why: str) -> None:
        task.attempts, task.last_error, task.updated_at = task.attempts + 1, why, self._clock.now()
        async with self._store.begin(tenant_id) as uow:
            await uow[INDEX_TASKS].save(task)
            await uow.commit()


def titled(pair: QAPair) -> str:
    """The question as the indexes know it: with what it is about, where the pair's metadata says that."""
    return with_subject(pair.question, subject(pair.metadata.extra))


def recipe_of(space: SpaceProfile, pair: QAPair) -> tuple[tuple[str, float], ...]:
    """The texts and weights that make up the pair's vector in the space."""
    return index_texts(space, titled(pair), pair.answer, has_question=not pair.auto_generated)


def _mixed(recipe: Sequence[tuple[str, float]], vectors: dict[str, Vector]) -> Vector:
    return weighted_sum([(vectors[text], weight) for text, weight in recipe])
