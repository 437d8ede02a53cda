-- What recorded queries add up to. A trigger notes each change of a query; folding adds the notes to sums by hour
-- and by day, later and in one process at a time, so that no two queries ever wait for one row. Whoever reads adds
-- what is not yet folded: sums + notes is at every moment the count over all queries.

-- A query in the few bytes that counting needs. A group without a name is ''.
CREATE TABLE query_facts (
    tenant_id text COLLATE "C" NOT NULL,
    query_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    category text COLLATE "C" NOT NULL,
    intent text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    escalation_reason text COLLATE "C",
    pair_id text COLLATE "C",
    queries bigint NOT NULL,
    answered bigint NOT NULL,
    escalated bigint NOT NULL,
    failed bigint NOT NULL,
    unavailable bigint NOT NULL,
    cache_hits bigint NOT NULL,
    took_ms bigint NOT NULL,
    ratings bigint NOT NULL,
    rating_sum bigint NOT NULL,
    PRIMARY KEY (tenant_id, query_id)
);
CREATE INDEX query_facts_by_time ON query_facts (tenant_id, at);
CREATE INDEX query_facts_by_pair ON query_facts (tenant_id, pair_id, at) WHERE pair_id IS NOT NULL;
CREATE INDEX query_facts_noteworthy ON query_facts (tenant_id, at)
    WHERE ratings > 0 OR escalation_reason IS NOT NULL;
SELECT protect_tenants('query_facts');

-- Facts that came (+1) and went (-1) since the last folding.
CREATE TABLE query_notes (
    LIKE query_facts,
    sign integer NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
CREATE INDEX query_notes_by_time ON query_notes (tenant_id, at);
SELECT protect_tenants('query_notes');

CREATE TABLE query_hours (
    tenant_id text COLLATE "C" NOT NULL,
    bucket timestamptz NOT NULL,
    queries bigint NOT NULL,
    answered bigint NOT NULL,
    escalated bigint NOT NULL,
    failed bigint NOT NULL,
    unavailable bigint NOT NULL,
    cache_hits bigint NOT NULL,
    took_ms bigint NOT NULL,
    ratings bigint NOT NULL,
    rating_sum bigint NOT NULL,
    PRIMARY KEY (tenant_id, bucket)
) WITH (fillfactor = 70);
SELECT protect_tenants('query_hours');

CREATE TABLE query_days (
    tenant_id text COLLATE "C" NOT NULL,
    dimension text COLLATE "C" NOT NULL,
    bucket timestamptz NOT NULL,
    name text COLLATE "C" NOT NULL,
    intent text COLLATE "C" NOT NULL,
    queries bigint NOT NULL,
    answered bigint NOT NULL,
    escalated bigint NOT NULL,
    failed bigint NOT NULL,
    unavailable bigint NOT NULL,
    cache_hits bigint NOT NULL,
    took_ms bigint NOT NULL,
    ratings bigint NOT NULL,
    rating_sum bigint NOT NULL,
    PRIMARY KEY (tenant_id, dimension, bucket, name, intent)
) WITH (fillfactor = 70);
SELECT protect_tenants('query_days');

-- How many queries of an hour or a day took so many milliseconds: percentiles come out exact.
CREATE TABLE query_times (
    tenant_id text COLLATE "C" NOT NULL,
    grain text COLLATE "C" NOT NULL,
    bucket timestamptz NOT NULL,
    took_ms bigint NOT NULL,
    queries bigint NOT NULL,
    PRIMARY KEY (tenant_id, grain, bucket, took_ms)
) WITH (fillfactor = 70);
SELECT protect_tenants('query_times');

-- The same rules as domain.analytics.tally_of and group_of; one suite holds both to one count.
CREATE FUNCTION fact_of(query queries) RETURNS query_facts LANGUAGE sql STABLE AS $$
    SELECT (
        query.tenant_id,
        query.id,
        query.created_at,
        left(coalesce(query.body->>'category', ''), 64),
        left(coalesce(query.body->>'intent', ''), 64),
        left(coalesce(query.body->>'language', ''), 64),
        left(coalesce(query.body->>'source', ''), 64),
        left(coalesce(query.body->>'action', ''), 64),
        query.body->>'escalation_reason',
        query.body#>>'{sources,0,qa_id}',
        1,
        (query.body->>'outcome' = 'completed')::int,
        (query.body->>'outcome' = 'escalated')::int,
        (query.body->>'outcome' = 'failed')::int,
        (coalesce(query.body->>'error_code', '')
            IN ('SERVICE_UNAVAILABLE', 'GATEWAY_TIMEOUT', 'INTERNAL_ERROR'))::int,
        coalesce((query.body->>'cache_hit')::boolean, false)::int,
        -- Bounded, so that no sum of them can overflow.
        greatest(0, least(coalesce((query.body->>'processing_time_ms')::numeric, 0), 1000000000)),
        (query.body#>>'{feedback,rating}' IS NOT NULL)::int,
        greatest(0, least(coalesce((query.body#>>'{feedback,rating}')::numeric, 0), 5))
    )::query_facts
$$;

CREATE FUNCTION note_query() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone query_facts;
    come query_facts;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        gone := fact_of(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        come := fact_of(NEW);
    END IF;
    IF gone IS NOT DISTINCT FROM come THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM query_facts WHERE tenant_id = gone.tenant_id AND query_id = gone.query_id;
        INSERT INTO query_notes SELECT gone.*, -1;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO query_facts SELECT come.*;
        INSERT INTO query_notes SELECT come.*, 1;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER note_queries AFTER INSERT OR UPDATE OR DELETE ON queries FOR EACH ROW EXECUTE FUNCTION note_query();

INSERT INTO query_facts SELECT fact.* FROM queries, LATERAL (SELECT (fact_of(queries)).* OFFSET 0) AS fact;
INSERT INTO query_notes SELECT query_facts.*, 1 FROM query_facts;
