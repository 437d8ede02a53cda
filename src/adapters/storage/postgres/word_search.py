"""PostgreSQL's full-text search over pairs: for the time in which the lexical index is away.

It looks at every pair of the tenant: a match is not leak-proof, so row security keeps it out of any index."""

from collections.abc import Sequence

from adapters.storage import codec
from adapters.storage.layout import is_storable
from adapters.storage.postgres.store import PostgresStore
from application.ports.lexical import LexicalRow, WordMatches
from domain.qa_pairs import QAPair
from domain.retrieval import Filters

_QUERY = """
SELECT string_agg(DISTINCT quote_literal(lexeme), ' | ')
FROM unnest(ARRAY['english', 'german', 'french', 'russian', 'spanish', 'simple']::regconfig[]) AS config,
    unnest(tsvector_to_array(to_tsvector(config, $1))) AS lexeme
"""
_MATCHES = """
SELECT body FROM qa_pairs
WHERE tenant_id = $1 AND status = 'active' AND words @@ $2::tsquery
    AND ($4::text[] IS NULL OR coalesce(metadata_category, '') = ANY($4))
    AND ($5::text[] IS NULL OR coalesce(metadata_intent, '') = ANY($5))
    AND ($6::text[] IS NULL OR document_id = ANY($6)) AND ($7::text[] IS NULL OR body ->> 'language' = ANY($7))
ORDER BY ts_rank(words, $2::tsquery, 1) DESC, id LIMIT $3
"""
_TOTAL = "SELECT count(*) FROM qa_pairs WHERE tenant_id = $1 AND status = 'active'"


class PostgresWordSearch:
    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    async def matches(self, tenant_id: str, text: str, limit: int, filters: Filters) -> WordMatches:
        if not is_storable(text):
            return WordMatches((), 0)
        chosen = (filters.categories, filters.intents, filters.document_ids, filters.languages)
        async with self._store.transaction(tenant_id) as transaction:
            query = await transaction.fetchval(_QUERY, (text,))
            total = int(await transaction.fetchval(_TOTAL, (tenant_id,)))
            if not query:
                return WordMatches((), total)
            asked = (tenant_id, query, limit, *(sorted(name or "" for name in names) or None for names in chosen))
            found = await transaction.fetch(_MATCHES, asked)
        return WordMatches(_rows([row["body"] for row in found], filters), total)


def _rows(bodies: Sequence[str], filters: Filters) -> tuple[LexicalRow, ...]:
    pairs = (codec.decode(QAPair, body, {}) for body in bodies)
    rows = (LexicalRow(pair.id, pair.question, pair.answer, pair.indexed_fields()) for pair in pairs)
    return tuple(row for row in rows if row.fields.satisfy(filters))
