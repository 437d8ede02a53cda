-- Judgements of answers, fits of the confidence, and how the service was found last.
SELECT define_collection('evaluations', 'status text', 'dataset_id text');
SELECT define_collection('datasets');
SELECT define_collection('calibrations');
SELECT define_collection('health_states');
