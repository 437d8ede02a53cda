-- A fit of the confidence is a part of the configuration; its labels are the rated questions, which are few.
DROP TABLE calibrations;
ALTER TABLE queries ADD COLUMN feedback_rating bigint;
UPDATE queries SET feedback_rating = (body #>> '{feedback,rating}')::bigint
    WHERE body #>> '{feedback,rating}' IS NOT NULL;
CREATE INDEX queries_by_feedback_rating ON queries (tenant_id, created_at, id) WHERE feedback_rating IS NOT NULL;
