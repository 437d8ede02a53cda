-- Who may do what: keys, which tenant a secret's digest belongs to, what signs tokens, kept answers, the audit log.
SELECT define_collection('api_keys');
SELECT define_collection('key_digests');
SELECT define_collection('tenants');
SELECT define_collection('signing_keys');
SELECT define_collection('replays', 'expires_at timestamptz');
SELECT define_collection('audit_entries', 'action text', 'key_id text');
