-- Examples of intents as vectors; how often an intent is asked for is counted from the questions.
SELECT define_collection('example_vectors');
ALTER TABLE example_vectors ADD COLUMN vectors bytea;
ALTER TABLE example_vectors ALTER COLUMN vectors SET STORAGE EXTERNAL;
SELECT define_indexed('queries', 'intent', 'text', 'intent');
