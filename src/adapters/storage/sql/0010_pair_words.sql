-- The words of each pair, stemmed for its language, so that pairs are found while the lexical index is away.
-- Texts are cut where no question or answer is as long, because what PostgreSQL can hold of one is bounded.
CREATE FUNCTION pair_words(body jsonb) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector(config, left(body ->> 'question', 20000)), 'A')
        || setweight(to_tsvector(config, left(body ->> 'answer', 50000)), 'B')
    FROM (SELECT CASE body ->> 'language'
        WHEN 'en' THEN 'pg_catalog.english'::regconfig
        WHEN 'de' THEN 'pg_catalog.german'::regconfig
        WHEN 'fr' THEN 'pg_catalog.french'::regconfig
        WHEN 'ru' THEN 'pg_catalog.russian'::regconfig
        WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
        ELSE 'pg_catalog.simple'::regconfig
    END AS config) AS chosen
$$;
ALTER TABLE qa_pairs ADD COLUMN words tsvector GENERATED ALWAYS AS (pair_words(body)) STORED;
