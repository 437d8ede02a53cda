"""Lexical search that outlives its index: the store's own search for words takes its place."""

import asyncio
from collections.abc import Sequence

from adapters.lexical.bm25 import Scorer, Statistics, by_rank
from adapters.lexical.tokens import RowTerms, counted, query_terms
from application.ports.lexical import LexicalHit, LexicalRow, ReplaceableLexicalIndex, WordMatches, WordSearch
from domain.errors import ServiceUnavailable
from domain.retrieval import Filters

LOOKED_AT = 200
"""Rows that the store offers, to be scored here."""


class FallbackLexicalIndex:
    """Scores are on the same scale, from statistics of what the store offered; so they are close to the
    index's, not equal to them."""

    def __init__(self, index: ReplaceableLexicalIndex, store: WordSearch) -> None:
        self._index, self._store = index, store

    async def open(self) -> None:
        await self._index.open()

    async def prepare(self) -> bool:
        return await self._index.prepare()

    async def take_over(self) -> None:
        await self._index.take_over()

    async def upsert(self, tenant_id: str, rows: Sequence[LexicalRow]) -> None:
        await self._index.upsert(tenant_id, rows)

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        await self._index.delete(tenant_id, ids)

    async def search(self, tenant_id: str, text: str, limit: int, filters: Filters) -> list[LexicalHit]:
        try:
            return await self._index.search(tenant_id, text, limit, filters)
        except ServiceUnavailable:
            found = await self._store.matches(tenant_id, text, max(limit, LOOKED_AT), filters)
        return await asyncio.to_thread(_ranked, text, found, limit)

    async def scores(self, tenant_id: str, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]:
        """Nothing while the index is away: what the store's search did not offer shares hardly a word."""
        try:
            return await self._index.scores(tenant_id, text, ids)
        except ServiceUnavailable:
            return {}

    async def count(self, tenant_id: str) -> int:
        return await self._index.count(tenant_id)

    async def clear(self, tenant_id: str) -> None:
        await self._index.clear(tenant_id)

    async def ping(self) -> None:
        await self._index.ping()

    async def close(self) -> None:
        await self._index.close()


def _ranked(text: str, found: WordMatches, limit: int) -> list[LexicalHit]:
    rows = {row.id: counted(row) for row in found.rows}
    statistics = _statistics(list(rows.values()), found.total)
    languages = {row.fields.language for row in found.rows}
    scorers = {language: Scorer(query_terms(text, language), statistics) for language in languages}
    hits = [scorers[row.fields.language](row.id, rows[row.id]) for row in found.rows]
    return sorted((hit for hit in hits if hit.pair or hit.question), key=by_rank)[:limit]


def _statistics(rows: Sequence[RowTerms], total: int) -> Statistics:
    questions = [row.question_length for row in rows if row.question_length]
    return Statistics(
        rows=max(total, len(rows)),
        frequency=lambda term: sum(term in row.pair for row in rows),
        question_average=sum(questions) / max(1, len(questions)),
        pair_average=sum(row.pair_length for row in rows) / max(1, len(rows)),
    )
