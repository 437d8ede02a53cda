-- Log lines, searchable for a while; written in batches, off the way of those who log.
CREATE TABLE logs (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    level text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    message text NOT NULL,
    request_id text COLLATE "C",
    trace_id text COLLATE "C",
    fields jsonb NOT NULL,
    searched text NOT NULL
);
CREATE INDEX logs_of_tenant ON logs (tenant_id, seq);
CREATE INDEX logs_of_level ON logs (tenant_id, level, seq);
CREATE INDEX logs_of_request ON logs (tenant_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX logs_of_trace ON logs (tenant_id, trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX logs_by_age ON logs USING brin (at);
SELECT protect_tenants('logs');
