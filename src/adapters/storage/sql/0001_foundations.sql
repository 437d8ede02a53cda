-- What every later migration builds on: tenancy, the one shape of tables, the outbox, the counters.
-- A new kind of aggregate needs one statement in a new file:
--     SELECT define_collection('webhooks', 'status text', 'expires_at timestamptz');
-- A new indexed field of a kind that exists, filled from the bodies that are there:
--     SELECT define_indexed('webhooks', 'owner', 'text', 'metadata.owner');

DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the database must be encoded in UTF8';
    END IF;
END $$;

-- Cases are folded by Unicode's rules, whatever locale the database was made with.
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN
        CREATE COLLATION folding (provider = builtin, locale = 'C.UTF-8');
    ELSE
        CREATE COLLATION folding (provider = icu, locale = 'und');
    END IF;
EXCEPTION WHEN feature_not_supported THEN
    EXECUTE format('CREATE COLLATION folding (provider = libc, locale = %L)',
        (SELECT datctype FROM pg_database WHERE datname = current_database()));
END $$;

-- Transactions run in this role, because row security does not bind superusers. Roles belong to the whole
-- cluster, so another database may have made it; who may not make roles is bound by FORCE ROW LEVEL SECURITY.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'supportrag_app') THEN
        CREATE ROLE supportrag_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
    IF NOT pg_has_role(current_user, 'supportrag_app', 'MEMBER') THEN
        EXECUTE format('GRANT supportrag_app TO %I', current_user);
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN RAISE NOTICE 'no role supportrag_app: % may not create roles', current_user;
END $$;

-- A tenant sees its own rows; what works for all tenants (claims, the relay) asks for that scope by name.
CREATE FUNCTION protect_tenants(relation text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', relation);
    EXECUTE format($policy$
        CREATE POLICY tenants ON %I USING (
            tenant_id = (SELECT current_setting('app.tenant', true))
            OR (SELECT current_setting('app.scope', true)) = 'all_tenants')
        $policy$, relation);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'supportrag_app') THEN
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO supportrag_app', relation);
    END IF;
END $$;

-- Texts sort by code point, as they do in the program; NULL sorts lowest. Lists have no b-tree to offer.
CREATE FUNCTION define_indexed(collection text, field text, type text, path text DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ADD COLUMN IF NOT EXISTS %I %s', collection, field,
        CASE WHEN type LIKE 'text%' THEN type || ' COLLATE "C"' ELSE type END);
    IF path IS NOT NULL THEN
        EXECUTE format('UPDATE %I SET %I = (body #>> %L)::%s', collection, field, string_to_array(path, '.'), type);
    END IF;
    IF type NOT LIKE '%[]' THEN
        EXECUTE format('CREATE INDEX %I ON %I (tenant_id, %I NULLS FIRST, created_at NULLS FIRST, id)',
            collection || '_by_' || field, collection, field);
    END IF;
END $$;

CREATE FUNCTION define_collection(collection text, VARIADIC fields text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    field text;
BEGIN
    EXECUTE format($table$
        CREATE TABLE %I (
            tenant_id text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            version bigint NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            body jsonb NOT NULL,
            PRIMARY KEY (tenant_id, id))
        $table$, collection);
    EXECUTE format('CREATE INDEX %I ON %I (tenant_id, created_at NULLS FIRST, id)',
        collection || '_by_created_at', collection);
    FOREACH field IN ARRAY fields LOOP
        PERFORM define_indexed(collection, split_part(field, ' ', 1), substr(field, strpos(field, ' ') + 1));
    END LOOP;
    PERFORM protect_tenants(collection);
END $$;

-- The outbox, and the event log: written in the transaction of the change it tells of.
CREATE TABLE events (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    trace_id text COLLATE "C",
    relayed_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX events_to_relay ON events (seq) WHERE relayed_at IS NULL;
CREATE INDEX events_log ON events (tenant_id, seq);
SELECT protect_tenants('events');

-- Counters of pairs, beside them so that counting never conflicts with editing.
CREATE TABLE pair_statistics (
    tenant_id text COLLATE "C" NOT NULL,
    pair_id text COLLATE "C" NOT NULL,
    times_retrieved bigint NOT NULL,
    relevance_sum double precision NOT NULL,
    rating_sum bigint NOT NULL,
    ratings bigint NOT NULL,
    helpful_count bigint NOT NULL,
    unhelpful_count bigint NOT NULL,
    PRIMARY KEY (tenant_id, pair_id)
) WITH (fillfactor = 70);
SELECT protect_tenants('pair_statistics');

CREATE TABLE knowledge_versions (
    tenant_id text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL
) WITH (fillfactor = 50);
SELECT protect_tenants('knowledge_versions');
