"""SQL over facts, notes and sums (`0008_insights.sql`). `$1` is the tenant throughout."""
# ruff: noqa: S608 - made of constants and of the names of Tally's members

from adapters.advisory_locks import AdvisoryLock
from domain.analytics import COUNTED, RANKS, Grouping
from domain.gaps import BADLY_RATED

_TALLY = ", ".join(COUNTED)
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in COUNTED)
_NOTED = ", ".join(f"sign * {name} AS {name}" for name in COUNTED)
_SIGNED_SUMS = ", ".join(f"sum(sign * {name})" for name in COUNTED)
_ADDED = ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in COUNTED)
_BUCKET = "date_bin($4, at, timestamptz '1970-01-01 00:00Z')"
_RANKED = ", ".join(
    f"min(took_ms) FILTER (WHERE 100 * upto >= {round(100 * rank)} * whole)::bigint AS p{round(100 * rank)}"
    for rank in RANKS
)

# $2: where the window begins; $3: from where sums by the hour count, facts before; $4: the resolution.
TALLIES = f"""
SELECT {_BUCKET} AS bucket, {_SUMS} FROM (
    SELECT at, {_TALLY} FROM query_facts WHERE tenant_id = $1 AND at >= $2 AND at < $3
    UNION ALL SELECT at, {_NOTED} FROM query_notes WHERE tenant_id = $1 AND at >= $3
    UNION ALL SELECT bucket, {_TALLY} FROM query_hours WHERE tenant_id = $1 AND bucket >= $3
) AS parts GROUP BY 1 HAVING sum(queries) > 0 ORDER BY 1
"""

# $5: from where sums by the day count.
_TIMES = """
    SELECT at, took_ms, 1::bigint AS queries FROM query_facts WHERE tenant_id = $1 AND at >= $2 AND at < $3
    UNION ALL SELECT at, took_ms, sign FROM query_notes WHERE tenant_id = $1 AND at >= $3
    UNION ALL SELECT bucket, took_ms, queries FROM query_times
        WHERE tenant_id = $1 AND grain = 'hour' AND bucket >= $3 AND bucket < $5
    UNION ALL SELECT bucket, took_ms, queries FROM query_times
        WHERE tenant_id = $1 AND grain = 'day' AND bucket >= $5
"""


def _percentiles(bucket: str) -> str:
    return f"""
SELECT bucket, {_RANKED} FROM (
    SELECT bucket, took_ms,
        sum(queries) OVER (PARTITION BY bucket ORDER BY took_ms) AS upto,
        sum(queries) OVER (PARTITION BY bucket) AS whole
    FROM (SELECT {bucket} AS bucket, took_ms, sum(queries) AS queries FROM ({_TIMES}) AS parts
        GROUP BY 1, 2 HAVING sum(queries) > 0) AS counted
) AS ranked GROUP BY bucket
"""


PERCENTILES = _percentiles(_BUCKET)
WHOLE_PERCENTILES = _percentiles("CASE WHEN $4::interval IS NULL THEN at END")
"""Of the whole window: with a resolution, no bucket has a name."""


def groups(grouping: Grouping) -> str:
    """$2: where the period begins; $3: from where sums by the day count, facts before."""
    by_day = grouping is Grouping.DAY
    named = "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD')" if by_day else str(grouping)
    dimension = Grouping.ACTION if by_day else Grouping.CATEGORY if grouping is Grouping.INTENT else grouping
    kept = {
        Grouping.DAY: "to_char(bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
        Grouping.INTENT: "intent",
    }.get(grouping, "name")
    return f"""
SELECT nullif(name, '') AS name, nullif(intent, '') AS intent, {_SUMS} FROM (
    SELECT {named} AS name, intent, {_TALLY} FROM query_facts WHERE tenant_id = $1 AND at >= $2 AND at < $3
    UNION ALL SELECT {named}, intent, {_NOTED} FROM query_notes WHERE tenant_id = $1 AND at >= $3
    UNION ALL SELECT {kept}, intent, {_TALLY} FROM query_days
        WHERE tenant_id = $1 AND dimension = '{dimension}' AND bucket >= $3
) AS parts GROUP BY 1, 2 HAVING sum(queries) > 0
"""


DOCUMENTS = """
SELECT documents.id, documents.title, documents.updated_at,
    coalesce(sum(times_retrieved), 0)::bigint AS retrieval_count,
    coalesce(sum(relevance_sum), 0)::float8 AS relevance_sum,
    coalesce(sum(ratings), 0)::bigint AS ratings, coalesce(sum(rating_sum), 0)::bigint AS rating_sum
FROM documents
LEFT JOIN qa_pairs ON qa_pairs.tenant_id = documents.tenant_id AND qa_pairs.document_id = documents.id
LEFT JOIN pair_statistics
    ON pair_statistics.tenant_id = qa_pairs.tenant_id AND pair_statistics.pair_id = qa_pairs.id
WHERE documents.tenant_id = $1 AND documents.status = 'active'
GROUP BY documents.id, documents.title, documents.updated_at
"""

NOTEWORTHY = """
SELECT query_id FROM query_facts
WHERE tenant_id = $1 AND at >= $2 AND (ratings > 0 OR escalation_reason IS NOT NULL)
    AND (ratings > 0 OR escalation_reason = ANY($3))
ORDER BY at DESC, query_id DESC LIMIT $4
"""

# The first condition is that of an index (`0012_gaps.sql`).
UNANSWERED = f"""
SELECT query_id FROM query_facts
WHERE tenant_id = $1 AND at >= $2
    AND (escalation_reason IS NOT NULL OR (ratings > 0 AND rating_sum <= {BADLY_RATED}))
    AND (escalation_reason = ANY($3) OR (ratings > 0 AND rating_sum <= {BADLY_RATED}))
ORDER BY at DESC, query_id DESC LIMIT $4
"""

ANSWERED_FROM = """
SELECT pair_id, query_id, at FROM query_facts
WHERE tenant_id = $1 AND pair_id = ANY($2) AND at >= $3 AND answered = 1
ORDER BY at DESC, query_id DESC LIMIT $4
"""

FOLDING_TURN = f"SELECT pg_try_advisory_xact_lock({AdvisoryLock.FOLDING:d})"
FOLD = f"""
WITH taken AS (
    DELETE FROM query_notes WHERE seq IN (SELECT seq FROM query_notes ORDER BY seq LIMIT $1) RETURNING *
), hours AS (
    INSERT INTO query_hours AS kept (tenant_id, bucket, {_TALLY})
    SELECT tenant_id, date_trunc('hour', at, 'UTC'), {_SIGNED_SUMS} FROM taken GROUP BY 1, 2
    ON CONFLICT (tenant_id, bucket) DO UPDATE SET {_ADDED}
), days AS (
    INSERT INTO query_days AS kept (tenant_id, dimension, bucket, name, intent, {_TALLY})
    SELECT tenant_id, of.dimension, date_trunc('day', at, 'UTC'), of.name, intent, {_SIGNED_SUMS} FROM taken
    CROSS JOIN LATERAL (VALUES ('category', category), ('language', language), ('source', source),
        ('action', action)) AS of (dimension, name)
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (tenant_id, dimension, bucket, name, intent) DO UPDATE SET {_ADDED}
), times AS (
    INSERT INTO query_times AS kept (tenant_id, grain, bucket, took_ms, queries)
    SELECT tenant_id, by.grain, date_trunc(by.grain, at, 'UTC'), took_ms, sum(sign) FROM taken
    CROSS JOIN (VALUES ('hour'), ('day')) AS by (grain)
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, grain, bucket, took_ms) DO UPDATE SET queries = kept.queries + excluded.queries
)
SELECT count(*) FROM taken
"""
