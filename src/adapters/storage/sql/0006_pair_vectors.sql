-- Vectors of pairs by embedding space, so that an index can be rebuilt without embedding anything again.
-- They don't compress, so they are stored as they are; they go with their pair.
CREATE TABLE pair_vectors (
    tenant_id text COLLATE "C" NOT NULL,
    space text COLLATE "C" NOT NULL,
    pair_id text COLLATE "C" NOT NULL,
    recipe text COLLATE "C" NOT NULL,
    vector bytea NOT NULL,
    PRIMARY KEY (tenant_id, space, pair_id),
    FOREIGN KEY (tenant_id, pair_id) REFERENCES qa_pairs (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE pair_vectors ALTER COLUMN vector SET STORAGE EXTERNAL;
CREATE INDEX pair_vectors_of_pair ON pair_vectors (tenant_id, pair_id);
SELECT protect_tenants('pair_vectors');
