-- A fit of the confidence is a part of the configuration; its labels are the rated questions, which are few.
DROP TABLE calibrations;
SELECT define_indexed('queries', 'feedback_rating', 'bigint', 'feedback.rating');
