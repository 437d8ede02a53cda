"""Searching the knowledge without an answer being written."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.ports.models import LanguageDetector
from application.ports.storage import DOCUMENTS, PAIRS, Store
from application.retrieval import Retrieved, Retriever
from application.tenants import TenantViews
from domain.access import Caller
from domain.documents import Document
from domain.duplicates import words
from domain.paging import where
from domain.qa_pairs import PairStatus, QAPair
from domain.ranking import Fusion, Ranked, shown
from domain.retrieval import Filters
from domain.rewriting import clauses
from domain.stopwords import stop_words
from domain.synonyms import synonyms

CANDIDATES = 200
"""What one search can page through."""

SORTS = ("relevance_score", "last_updated", "title")


@dataclass(frozen=True, slots=True)
class SearchHit:
    pair: QAPair
    title: str
    category: str | None
    relevance: float


@dataclass(frozen=True, slots=True)
class SearchPage:
    hits: tuple[SearchHit, ...]
    total: int
    degraded: tuple[str, ...] = ()


class SearchKnowledge:
    def __init__(self, store: Store, retriever: Retriever, views: TenantViews, languages: LanguageDetector) -> None:
        self._store, self._retriever, self._views, self._languages = store, retriever, views, languages

    async def __call__(
        self, caller: Caller, text: str, filters: Filters, limit: int, offset: int, sort: str = "-relevance_score"
    ) -> SearchPage:
        hits, degraded = await self.hits(caller, text, filters)
        return paged(hits, sort, limit, offset, degraded)

    async def hits(self, caller: Caller, text: str, filters: Filters) -> tuple[list[SearchHit], tuple[str, ...]]:
        """As ranked, best first."""
        settings = (await self._views.of(caller.tenant_id)).settings.retrieval
        fusion = Fusion(settings.vector_weight, settings.bm25_weight, settings.use_hybrid_search)
        language = self._languages.detect(text).language
        found = await self._retriever(caller.tenant_id, text, language, filters, fusion, CANDIDATES)
        relevant = [ranked for ranked in found.ranked if ranked.relevance > 0]
        return await self._named(caller, found, relevant), found.degraded

    async def _named(self, caller: Caller, found: Retrieved, ranked: Sequence[Ranked]) -> list[SearchHit]:
        async with self._store.begin(caller.tenant_id) as uow:
            ids = list({found.pairs[r.id].document_id for r in ranked})
            documents = {document.id: document for document in await uow[DOCUMENTS].get_many(ids)}
        return [_hit(score, found.pairs[r.id], documents) for r, score in zip(ranked, shown(ranked), strict=True)]


def _hit(relevance: float, pair: QAPair, documents: dict[str, Document]) -> SearchHit:
    document = documents.get(pair.document_id)
    return SearchHit(
        pair=pair,
        title=document.title if document else pair.question,
        category=pair.metadata.category or (document.category if document else None),
        relevance=relevance,
    )


def paged(hits: Sequence[SearchHit], sort: str, limit: int, offset: int, degraded: tuple[str, ...] = ()) -> SearchPage:
    """A page of hits that stand best first; equal ones stay so in every order."""
    ordered = _ordered(hits, sort.lstrip("-"), descending=sort.startswith("-"))
    return SearchPage(tuple(ordered[offset : offset + limit]), len(ordered), degraded)


def _ordered(hits: Sequence[SearchHit], field: str, *, descending: bool) -> list[SearchHit]:
    if field == "relevance_score":
        return list(hits) if descending else list(reversed(hits))
    return sorted(hits, key=_last_updated if field == "last_updated" else _title, reverse=descending)


def _last_updated(hit: SearchHit) -> datetime:
    return hit.pair.updated_at


def _title(hit: SearchHit) -> str:
    return hit.title.casefold()


@dataclass(frozen=True, slots=True)
class Hop:
    number: int
    subquery: str
    hits: tuple[SearchHit, ...]


@dataclass(frozen=True, slots=True)
class AdvancedSearch:
    page: SearchPage
    expanded_terms: tuple[str, ...]
    hops: tuple[Hop, ...]


class SearchFurther:
    """Search with synonyms and over several hops. Synonyms come from a shipped table and from the tenant's
    own questions of the same intent; the first hop is the question itself, further ones are its clauses and
    the questions that the first answers lead to."""

    def __init__(self, store: Store, search: SearchKnowledge, languages: LanguageDetector) -> None:
        self._store, self._search, self._languages = store, search, languages

    async def __call__(
        self,
        caller: Caller,
        text: str,
        filters: Filters,
        limit: int,
        offset: int,
        sort: str = "-relevance_score",
        *,
        expand_synonyms: bool,
        use_multihop: bool,
        max_hops: int,
    ) -> AdvancedSearch:
        hits, degraded = await self._search.hits(caller, text, filters)
        expanded = await self._expansions(caller, text, hits) if expand_synonyms else ()
        for term in expanded:
            more, _ = await self._search.hits(caller, term, filters)
            hits = _merged(hits, more)
        hops = await self._hops(caller, text, filters, hits, max_hops) if use_multihop else ()
        for hop in hops:
            hits = _merged(hits, hop.hits)
        return AdvancedSearch(paged(hits, sort, limit, offset, degraded), expanded, hops)

    async def _expansions(self, caller: Caller, text: str, hits: Sequence[SearchHit]) -> tuple[str, ...]:
        language = self._languages.detect(text).language
        own = await self._own_words(caller, text, hits, language)
        return tuple(dict.fromkeys((*synonyms(text, language), *own)))[:5]

    async def _own_words(self, caller: Caller, text: str, hits: Sequence[SearchHit], language: str) -> tuple[str, ...]:
        """How the tenant's questions of the best hit's intent put it, most common words first."""
        intent = hits[0].pair.metadata.intent if hits else None
        if intent is None:
            return ()
        async with self._store.begin(caller.tenant_id) as uow:
            same = await uow[PAIRS].list(where(metadata__intent=intent, status=PairStatus.ACTIVE), limit=200)
        ignored = words(text) | stop_words(language)
        counted = Counter(word for pair in same for word in words(pair.question) - ignored if len(word) > 2)
        return tuple(word for word, count in counted.most_common(3) if count > 1)

    async def _hops(
        self, caller: Caller, text: str, filters: Filters, hits: Sequence[SearchHit], max_hops: int
    ) -> tuple[Hop, ...]:
        hops = [Hop(1, text, tuple(hits[:5]))]
        asked = {text.casefold()}
        leads = [*clauses(text), *(hit.pair.question for hit in hits[:3]), *_follow_ups(hits[:3])]
        for subquery in leads:
            if len(hops) >= max_hops:
                break
            if subquery.casefold() in asked:
                continue
            asked.add(subquery.casefold())
            found, _ = await self._search.hits(caller, subquery, filters)
            hops.append(Hop(len(hops) + 1, subquery, tuple(found[:5])))
        return tuple(hops)


def _follow_ups(hits: Sequence[SearchHit]) -> list[str]:
    """First sentences of the answers: what they speak of is where they lead."""
    return [re.split(r"(?<=[.!?])\s", hit.pair.answer, maxsplit=1)[0][:200] for hit in hits]


def _merged(hits: Sequence[SearchHit], more: Sequence[SearchHit]) -> list[SearchHit]:
    """Each pair once; what only an expansion found ranks by nine tenths of its relevance there, and of equals
    after what the question itself found."""
    best = {hit.pair.id: hit for hit in hits}
    for hit in more:
        weakened = SearchHit(hit.pair, hit.title, hit.category, round(hit.relevance * 0.9, 4))
        best.setdefault(hit.pair.id, weakened)
    return sorted(best.values(), key=lambda hit: -hit.relevance)
