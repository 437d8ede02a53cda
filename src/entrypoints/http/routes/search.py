"""Searching without an answer being written; traces of what was."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import Meta, Struct

from application.use_cases.queries import BrowseQueries
from application.use_cases.searching import (
    AdvancedSearch,
    Hop,
    SearchFurther,
    SearchHit,
    SearchKnowledge,
    SearchPage,
)
from domain.errors import InvalidInput, NotFound, Problem, ServiceUnavailable
from domain.paging import Page
from domain.retrieval import Filters
from domain.tracing import Node, Trace
from entrypoints.http.app import rules
from entrypoints.http.envelope import Envelope, ok, page
from entrypoints.http.routes.wire import UNCATEGORIZED, UNKNOWN_INTENT, Id, Score, shown_as
from entrypoints.http.security import Caller

SearchText = Annotated[str, Meta(min_length=1, max_length=2000)]
Limit = Annotated[int, Meta(ge=1, le=100)]
Offset = Annotated[int, Meta(ge=0)]
FilterTexts = Annotated[list[Annotated[str, Meta(max_length=300)]], Meta(max_length=20)]
FILTERS = ("category", "intent", "language", "updated_after", "requires_handoff")
SORTS = tuple(f"{sign}{name}" for name in ("relevance_score", "last_updated", "title") for sign in ("", "-"))


class SearchResult(Struct, kw_only=True):
    qa_id: str
    document_id: str
    title: str
    question: str
    category: str
    intent: str
    language: str
    relevance_score: Score
    rank: int
    excerpt: str
    url: str | None
    requires_handoff: bool
    last_updated: datetime

    @staticmethod
    def of(hit: SearchHit, rank: int) -> "SearchResult":
        pair = hit.pair
        return SearchResult(
            qa_id=pair.id,
            document_id=pair.document_id,
            title=hit.title,
            question=pair.question,
            category=hit.category or UNCATEGORIZED,
            intent=pair.metadata.intent or UNKNOWN_INTENT,
            language=pair.language,
            relevance_score=hit.relevance,
            rank=rank,
            excerpt=pair.answer[:300],
            url=pair.metadata.url,
            requires_handoff=pair.metadata.requires_handoff,
            last_updated=pair.updated_at,
        )


class SearchOut(Struct, kw_only=True):
    query: str
    results: list[SearchResult]
    total_results: int
    search_time_ms: float
    degraded: list[str]


class Expansion(Struct, kw_only=True):
    original: str
    expanded_terms: list[str]
    applied_expansions: int


class HopOut(Struct, kw_only=True):
    hop: int
    subquery: str
    results: list[SearchResult]


class AdvancedSearchOut(Struct, kw_only=True):
    query: str
    results: list[SearchResult]
    total_results: int
    search_time_ms: float
    query_expansion: Expansion
    multihop_chains: list[HopOut]


class NodeOut(Struct, kw_only=True):
    node_name: str
    started_ms: float
    duration_ms: float
    status: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    @staticmethod
    def of(node: Node) -> "NodeOut":
        return NodeOut(
            node_name=node.node_name,
            started_ms=node.started_ms,
            duration_ms=node.duration_ms,
            status=node.status,
            inputs=node.inputs,
            outputs=node.outputs,
        )


class TraceOut(Struct, kw_only=True):
    trace_id: str
    query_id: str
    created_at: datetime
    total_duration_ms: float
    nodes: list[NodeOut]

    @staticmethod
    def of(trace: Trace) -> "TraceOut":
        return TraceOut(
            trace_id=trace.trace_id,
            query_id=trace.query_id,
            created_at=trace.created_at,
            total_duration_ms=trace.total_duration_ms,
            nodes=[NodeOut.of(node) for node in trace.nodes],
        )


class SearchController(Controller):
    path = "/api/v1/search"
    tags = ("search",)

    @get("/", operation_id="search", opt=rules(raises=(ServiceUnavailable,)))
    async def search(
        self,
        q: FromQuery[SearchText],
        caller: Caller,
        search: NamedDependency[SearchKnowledge],
        filter: FromQuery[FilterTexts | None] = None,  # noqa: A002 - the contract's name
        limit: FromQuery[Limit] = 20,
        offset: FromQuery[Offset] = 0,
        sort: FromQuery[Annotated[str, Meta(max_length=64)]] = "-relevance_score",
    ) -> Envelope[SearchOut]:
        """Search the knowledge; filters are `name:value`, several of one name mean any of them."""
        begun = time.perf_counter()
        found = await search(caller, searched(q), parse_filters(filter or []), limit, offset, _known_sort(sort))
        out = SearchOut(
            query=q,
            results=_results(found, offset),
            total_results=found.total,
            search_time_ms=_took(begun),
            degraded=list(found.degraded),
        )
        return page(out, _page(found, limit, offset))

    @get("/advanced", operation_id="searchAdvanced", opt=rules(raises=(ServiceUnavailable,)))
    async def advanced(
        self,
        q: FromQuery[SearchText],
        caller: Caller,
        search_further: NamedDependency[SearchFurther],
        filter: FromQuery[FilterTexts | None] = None,  # noqa: A002
        expand_synonyms: FromQuery[bool] = False,
        use_multihop: FromQuery[bool] = False,
        max_hops: FromQuery[Annotated[int, Meta(ge=1, le=5)]] = 3,
        limit: FromQuery[Limit] = 20,
        offset: FromQuery[Offset] = 0,
        sort: FromQuery[Annotated[str, Meta(max_length=64)]] = "-relevance_score",
    ) -> Envelope[AdvancedSearchOut]:
        """Search with synonyms, and over several hops."""
        begun = time.perf_counter()
        found = await search_further(
            caller,
            searched(q),
            parse_filters(filter or []),
            limit,
            offset,
            _known_sort(sort),
            expand_synonyms=expand_synonyms,
            use_multihop=use_multihop,
            max_hops=max_hops,
        )
        return page(_advanced(q, found, offset, _took(begun)), _page(found.page, limit, offset))


def _advanced(q: str, found: AdvancedSearch, offset: int, took: float) -> AdvancedSearchOut:
    terms = list(found.expanded_terms)
    return AdvancedSearchOut(
        query=q,
        results=_results(found.page, offset),
        total_results=found.page.total,
        search_time_ms=took,
        query_expansion=Expansion(original=q, expanded_terms=terms, applied_expansions=len(terms)),
        multihop_chains=[_hop(hop) for hop in found.hops],
    )


def _hop(hop: Hop) -> HopOut:
    results = [SearchResult.of(hit, n) for n, hit in enumerate(hop.hits, start=1)]
    return HopOut(hop=hop.number, subquery=hop.subquery, results=results)


def _results(found: SearchPage, offset: int) -> list[SearchResult]:
    return [SearchResult.of(hit, n) for n, hit in enumerate(found.hits, start=offset + 1)]


def _page(found: SearchPage, limit: int, offset: int) -> Page[SearchHit]:
    return Page(found.hits, found.total, limit, offset, offset + len(found.hits) < found.total)


def _took(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 2)


def searched(text: str) -> str:
    """Trimmed; raises `InvalidInput` when nothing is left."""
    trimmed = text.strip()
    if not trimmed:
        raise InvalidInput(
            "Must have at least 1 character.", field="q", details={"min_length": 1, "provided_length": 0}
        )
    return trimmed


def _known_sort(sort: str) -> str:
    if sort not in SORTS:
        details = {"allowed": list(SORTS), "provided_length": len(sort)}
        raise InvalidInput(f"Unknown sort; allowed are {', '.join(SORTS)}.", field="sort", details=details)
    return sort


def parse_filters(texts: list[str]) -> Filters:
    """`category:returns` and the like; raises `InvalidInput` naming every bad one."""
    found: dict[str, list[str]] = {}
    problems = []
    for n, text in enumerate(texts):
        name, colon, value = text.partition(":")
        if name not in FILTERS or not colon or not value:
            rule = f"A filter is name:value, and its name one of {', '.join(FILTERS)}."
            problems.append(Problem(rule, f"filter.{n}", details={"allowed": list(FILTERS)}))
        found.setdefault(name, []).append(value)
    if problems:
        raise InvalidInput(problems=problems)
    return Filters(
        categories=shown_as(found.get("category", ()), UNCATEGORIZED),
        intents=shown_as(found.get("intent", ()), UNKNOWN_INTENT),
        languages=frozenset(found.get("language", ())),
        updated_after=_latest(found.get("updated_after", [])),
        requires_handoff=_truth(found.get("requires_handoff", [])),
    )


def _latest(texts: list[str]) -> datetime | None:
    try:
        moments = [datetime.fromisoformat(text) for text in texts]
    except ValueError as error:
        raise InvalidInput("updated_after is a date such as 2025-12-01.", field="filter") from error
    return max((m if m.tzinfo else m.replace(tzinfo=UTC) for m in moments), default=None)


def _truth(texts: list[str]) -> bool | None:
    if any(text not in ("true", "false") for text in texts):
        raise InvalidInput("requires_handoff is true or false.", field="filter")
    return None if len(set(texts)) != 1 else texts[0] == "true"


class TracesController(Controller):
    path = "/api/v1/traces"
    tags = ("traces",)

    @get("/{trace_id:str}", operation_id="getTrace", opt=rules(raises=(NotFound,)))
    async def one(
        self, trace_id: FromPath[Id], caller: Caller, browse_queries: NamedDependency[BrowseQueries]
    ) -> Envelope[TraceOut]:
        """What the pipeline did for one question, step by step."""
        trace = await browse_queries.trace(caller, trace_id)
        links = {"self": f"/api/v1/traces/{trace_id}", "query": f"/api/v1/queries/{trace.query_id}"}
        return ok(TraceOut.of(trace), links=links)
