"""Finding pairs in the course of a conversation: first among those about what is spoken of."""

from collections.abc import Mapping
from dataclasses import replace

from application.ports.lexical import LexicalIndex
from application.ports.storage import PAIRS, Store
from application.retrieval import Retrieved, Retriever
from application.run import Run
from domain.errors import ServiceUnavailable
from domain.retrieval import Filters
from domain.subjects import do_as_well, is_name, subject_of

SPOKEN_OF = 6
"""So many messages back a name is still what is spoken of."""
LOOKED_AT = 100
"""Pairs that share most words with a message: whose names these are is looked for in it."""


class Finder:
    def __init__(self, store: Store, retriever: Retriever, lexical: LexicalIndex) -> None:
        self._store, self._retriever, self._lexical = store, retriever, lexical

    async def subject(self, run: Run) -> Mapping[str, str]:
        """The pair metadata named last, by the question itself or by the conversation before it; empty without
        a history, where the caller filters already, and where pairs carry no names."""
        if not run.history or run.filters.metadata:
            return {}
        for text in (run.text, *(turn.content for turn in reversed(run.history[-SPOKEN_OF:]))):
            carried = await self._carried(run.tenant.tenant_id, text)
            if carried and not any(is_name(value) for each in carried for value in each.values()):
                return {}
            if subject := subject_of(text, carried):
                return subject
        return {}

    async def __call__(self, run: Run) -> Retrieved:
        """Among all pairs, or among those about the run's subject where these do as well."""
        everywhere = await self._search(run, run.standalone, run.filters)
        if not run.subject:
            return everywhere
        about = await self._search(run, run.bare, replace(run.filters, metadata=run.subject))
        similar = [[ranked.similarity for ranked in found.ranked] for found in (about, everywhere)]
        return about if do_as_well(*similar, leaning=run.leaning) else everywhere

    async def _search(self, run: Run, text: str, filters: Filters) -> Retrieved:
        return await self._retriever(run.tenant.tenant_id, text, run.language, filters, run.fusion)

    async def _carried(self, tenant_id: str, text: str) -> list[Mapping[str, str]]:
        try:
            hits = await self._lexical.search(tenant_id, text, LOOKED_AT, Filters())
        except ServiceUnavailable:
            return []
        async with self._store.begin(tenant_id) as uow:
            return [pair.metadata.extra for pair in await uow[PAIRS].get_many([hit.id for hit in hits])]
