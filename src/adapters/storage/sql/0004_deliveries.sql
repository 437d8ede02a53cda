-- Deliveries: the queue and its state machine in one table, what may go out per webhook beside it.

-- What subscribers see of an outbox event, under each of its public names; the event log of a tenant is those
-- that are logged, by position. One relay writes at a time, so that positions appear in their order.
CREATE TABLE public_events (
    position bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    data json NOT NULL,
    occurred_at timestamptz NOT NULL,
    trace_id text COLLATE "C",
    correlation_id text,
    subject text COLLATE "C",
    logged boolean NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX public_events_log ON public_events (tenant_id, position) WHERE logged;
CREATE INDEX public_events_by_subject ON public_events (tenant_id, subject, type, occurred_at)
    WHERE subject IS NOT NULL;
CREATE INDEX public_events_by_age ON public_events (occurred_at);
SELECT protect_tenants('public_events');

-- One hot row a webhook. What claims ask for has columns, the rest is in the body.
CREATE TABLE webhook_lanes (
    tenant_id text COLLATE "C" NOT NULL,
    webhook_id text COLLATE "C" PRIMARY KEY,
    free_slots integer NOT NULL,
    per_hour integer NOT NULL,
    held_until timestamptz,
    body json NOT NULL
) WITH (fillfactor = 50);
SELECT protect_tenants('webhook_lanes');

-- How many attempts began in which minute: 61 of these make "so many in any sliding hour" exact.
CREATE TABLE webhook_minutes (
    tenant_id text COLLATE "C" NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    minute bigint NOT NULL,
    sent integer NOT NULL,
    PRIMARY KEY (webhook_id, minute)
) WITH (fillfactor = 70);
SELECT protect_tenants('webhook_minutes');

CREATE TABLE webhook_deliveries (
    tenant_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" PRIMARY KEY,
    webhook_id text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    original_id text COLLATE "C",
    retried_as text COLLATE "C",
    delays double precision[] NOT NULL,
    timeout_seconds double precision NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL,
    reason text COLLATE "C",
    attempts integer NOT NULL,
    lost_leases integer NOT NULL,
    claim_id text COLLATE "C",
    lease_until timestamptz,
    last_attempt_at timestamptz,
    last_status integer,
    last_duration_ms integer,
    last_error text,
    finished_at timestamptz,
    CHECK ((state = 'in_flight') = (claim_id IS NOT NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (webhook_id, event_id) WHERE kind = 'automatic';
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (created_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_in_flight ON webhook_deliveries (webhook_id) WHERE state = 'in_flight';
CREATE INDEX webhook_deliveries_leases ON webhook_deliveries (lease_until) WHERE state = 'in_flight';
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (tenant_id, created_at, id);
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (tenant_id, webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (tenant_id, created_at, id)
    WHERE state = 'failed' AND retried_as IS NULL AND kind <> 'test';
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (tenant_id, event_id);
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;
SELECT protect_tenants('webhook_deliveries');

CREATE TABLE webhook_attempts (
    tenant_id text COLLATE "C" NOT NULL,
    delivery_id text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    stale boolean NOT NULL,
    body json NOT NULL
);
CREATE INDEX webhook_attempts_of_delivery ON webhook_attempts (delivery_id, started_at);
CREATE INDEX webhook_attempts_by_age ON webhook_attempts USING brin (started_at);
SELECT protect_tenants('webhook_attempts');

-- Whoever knocks from outside names a webhook, not a tenant.
CREATE INDEX webhooks_by_id ON webhooks (id);
