-- Vectors of questions that went unanswered, so that topics can be made of them without embedding them again.
-- They go with their question: by retention and by erasure.
CREATE TABLE query_vectors (
    tenant_id text COLLATE "C" NOT NULL,
    space text COLLATE "C" NOT NULL,
    query_id text COLLATE "C" NOT NULL,
    recipe text COLLATE "C" NOT NULL,
    vector bytea NOT NULL,
    PRIMARY KEY (tenant_id, space, query_id),
    FOREIGN KEY (tenant_id, query_id) REFERENCES queries (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE query_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;
CREATE INDEX query_vectors_of_query ON query_vectors (tenant_id, query_id);
SELECT protect_tenants('query_vectors');

-- The newest questions without an answer, however many others were rated well or handed over on request.
CREATE INDEX query_facts_unanswered ON query_facts (tenant_id, at, query_id)
    WHERE escalation_reason IS NOT NULL OR (ratings > 0 AND rating_sum <= 2);
