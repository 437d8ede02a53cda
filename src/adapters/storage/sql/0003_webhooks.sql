-- Webhooks, and the names by which what comes in from them is known when it comes again.
SELECT define_collection('webhooks', 'active boolean', 'purpose text', 'job_id text', 'events text[]');
SELECT define_collection('webhook_inbox');
