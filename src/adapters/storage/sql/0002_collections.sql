-- The kinds of aggregates and the fields that their lists filter and sort by.
SELECT define_collection('documents', 'status text', 'category text', 'language text', 'title text',
    'updated_at timestamptz');
SELECT define_collection('qa_pairs', 'document_id text', 'status text', 'metadata_category text',
    'metadata_intent text');
SELECT define_collection('document_versions', 'document_id text', 'number bigint');
SELECT define_collection('drafts', 'status text', 'job_id text', 'expires_at timestamptz');
SELECT define_collection('staged_pairs', 'draft_id text', 'file_id text', 'job_id text', 'position bigint',
    'review text');
SELECT define_collection('files');
ALTER TABLE files ADD COLUMN content bytea;
SELECT define_collection('jobs', 'status text', 'type text', 'updated_at timestamptz', 'lease_until timestamptz');
SELECT define_collection('job_items', 'job_id text', 'position bigint', 'status text');
SELECT define_collection('queries', 'user_id text', 'session_id text', 'action text', 'category text',
    'outcome text', 'language text');
SELECT define_collection('traces', 'trace_id text');
SELECT define_collection('sessions', 'user_id text', 'state text', 'expires_at timestamptz');
SELECT define_collection('messages', 'session_id text', 'user_id text', 'role text', 'position bigint');
SELECT define_collection('users');
SELECT define_collection('intents', 'name text', 'category text');
SELECT define_collection('categories', 'parent_category text', 'name text');
SELECT define_collection('escalations', 'status text', 'session_id text', 'user_id text', 'category text',
    'priority text', 'operator_id text');
SELECT define_collection('config_changes', 'number bigint');
SELECT define_collection('index_tasks');

-- What a worker may take up next, over all tenants.
CREATE INDEX jobs_to_claim ON jobs (created_at, id) WHERE status IN ('pending', 'processing');
