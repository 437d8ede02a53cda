"""BM25 over Qdrant's sparse vectors.

Qdrant's own idf (`Modifier.IDF`) is the collection's: one tenant's words would move another's scores. So the
query carries the weights, computed from counts of the tenant's own rows, and the rows carry what does not
change with other rows. Lengths are stored relative to a fixed average; each candidate is therefore scored
anew by the formula, from the counts in its payload.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from qdrant_client import AsyncQdrantClient, models

from adapters.indexing.qdrant import Collection, QdrantBase, admitted, payload, point_id, reaching_qdrant
from adapters.lexical.bm25 import Scorer, Statistics, by_rank, saturation
from adapters.lexical.qdrant_statistics import TenantStatistics
from adapters.lexical.tokens import QueryTerms, RowTerms, counted, query_terms
from application.ports.lexical import LexicalHit, LexicalRow
from domain.retrieval import Filters

SPARSE = "terms"
USUAL_LENGTHS = {"question": 8.0, "pair": 60.0}
"""Terms in a usual question, and in it and its answer: only for choosing candidates."""
CANDIDATES = 4
"""Candidates fetched per hit wanted."""
AT_LEAST = 64


class QdrantLexicalIndex(QdrantBase):
    """A collection of its own: rows have one lexical entry, whatever spaces they are embedded in.

    The caller closes the client. Statistics may be `fresh_for` seconds old where another process writes.
    """

    def __init__(self, client: AsyncQdrantClient, prefix: str = "supportrag", fresh_for: float = 10.0) -> None:
        super().__init__(client)
        integer = models.PayloadSchemaType.INTEGER
        self._collection = Collection(
            client,
            f"{prefix}_lexical",
            {"analysis": 1},
            indexes={
                "terms": models.PayloadSchemaType.KEYWORD,
                "question_length": integer,
                "pair_length": integer,
            },
            vectors_config={},
            sparse_vectors_config={SPARSE: models.SparseVectorParams()},
        )
        self._statistics = TenantStatistics(client, self._collection, fresh_for)

    async def open(self) -> None:
        """Works later, too, when Qdrant is away now (`ServiceUnavailable`)."""
        self._ensure_open()
        await self._collection.name()

    async def prepare(self) -> bool:
        """As of the dense index: where texts are taken apart in another way."""
        self._ensure_open()
        return await self._collection.prepare()

    async def take_over(self) -> None:
        await self._collection.take_over()

    async def upsert(self, tenant_id: str, rows: Sequence[LexicalRow]) -> None:
        self._ensure_open()
        points = [_point(tenant_id, row) for row in {row.id: row for row in rows}.values()]
        with self._statistics.changing(tenant_id):
            await self._upsert(self._collection, points)

    async def delete(self, tenant_id: str, ids: Sequence[str]) -> None:
        self._ensure_open()
        points = [point_id(tenant_id, row_id) for row_id in ids]
        if points:
            with self._statistics.changing(tenant_id):
                await self._delete(self._collection, models.PointIdsList(points=list(points)))

    async def search(self, tenant_id: str, text: str, limit: int, filters: Filters) -> list[LexicalHit]:
        self._ensure_open()
        queries, statistics = await self._ask(tenant_id, text)
        wanted = _sparse_query(queries, statistics)
        if limit <= 0 or not wanted.indices:
            return []
        name = await self._collection.name()
        with reaching_qdrant():
            response = await self._client.query_points(
                name,
                query=wanted,
                using=SPARSE,
                query_filter=admitted(tenant_id, filters),
                limit=max(AT_LEAST, CANDIDATES * limit),
                with_payload=["id", "counts"],
            )
        return sorted(_rescored(response.points, queries, statistics), key=by_rank)[:limit]

    async def scores(self, tenant_id: str, text: str, ids: Sequence[str]) -> dict[str, LexicalHit]:
        self._ensure_open()
        if not ids:
            return {}
        queries, statistics = await self._ask(tenant_id, text)
        points = list(dict.fromkeys(point_id(tenant_id, row_id) for row_id in ids))
        name = await self._collection.name()
        with reaching_qdrant():
            records = await self._client.retrieve(name, points, with_payload=["id", "counts"])
        return {hit.id: hit for hit in _rescored(records, queries, statistics)}

    async def count(self, tenant_id: str) -> int:
        self._ensure_open()
        return await self._count(self._collection, admitted(tenant_id, Filters()))

    async def clear(self, tenant_id: str) -> None:
        self._ensure_open()
        with self._statistics.changing(tenant_id):
            await self._delete(self._collection, admitted(tenant_id, Filters()))

    async def _ask(self, tenant_id: str, text: str) -> tuple[dict[str, QueryTerms], Statistics]:
        languages = await self._statistics.languages(tenant_id)
        queries = {language: query_terms(text, language) for language in languages}
        terms = {term for query in queries.values() for term in (*query.question, *query.pair)}
        return queries, await self._statistics.of(tenant_id, terms)


def _point(tenant_id: str, row: LexicalRow) -> models.PointStruct:
    terms = counted(row)
    return models.PointStruct(
        id=point_id(tenant_id, row.id),
        vector={SPARSE: _sparse_row(terms)},
        payload={
            **payload(tenant_id, row.id, row.fields),
            "terms": list(terms.known),
            "question_length": terms.question_length,
            "pair_length": terms.pair_length,
            "counts": {"language": terms.language, "question": terms.question, "pair": terms.pair},
        },
    )


def _sparse_row(terms: RowTerms) -> models.SparseVector:
    values: dict[int, float] = defaultdict(float)
    for field, counts in (("question", terms.question), ("pair", terms.pair)):
        length, usual = float(sum(counts.values())), USUAL_LENGTHS[field]
        for term, times in counts.items():
            values[_place(field, terms.language, term)] += saturation(float(times), length, usual)
    return _sparse(values)


def _sparse_query(queries: Mapping[str, QueryTerms], statistics: Statistics) -> models.SparseVector:
    values: dict[int, float] = defaultdict(float)
    for language, query in queries.items():
        for field, terms in (("question", query.question), ("pair", query.pair)):
            for term, weight in statistics.weights(terms):
                values[_place(field, language, term)] += weight
    return _sparse(values)


def _sparse(values: Mapping[int, float]) -> models.SparseVector:
    return models.SparseVector(indices=list(values), values=list(values.values()))


def _place(field: str, language: str, term: str) -> int:
    """32 bits; two terms in one place only add a candidate."""
    named = f"{field}\0{language}\0{term}".encode()
    return int.from_bytes(blake2b(named, digest_size=4).digest())


def _rescored(
    points: Iterable[models.ScoredPoint | models.Record],
    queries: Mapping[str, QueryTerms],
    statistics: Statistics,
) -> Iterable[LexicalHit]:
    scorers = {language: Scorer(query, statistics) for language, query in queries.items()}
    for point in points:
        kept = point.payload or {}
        counts = kept["counts"]
        row = RowTerms(counts["language"], counts["question"], counts["pair"], ())
        if row.language in scorers:
            yield scorers[row.language](str(kept["id"]), row)
