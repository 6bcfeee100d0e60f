-- A xorb: chunks behind one another. `size` are the bytes of the chunks with their headers, after
-- which its object has their hashes and places; `length` are the raw bytes. The same chunks may be
-- compressed in many ways, so `object_key` is never used twice. `used_at` is when a client was last
-- told, or last told us, that the xorb is here: it may rely on that for weeks.
CREATE TABLE xorb (
    hash TEXT PRIMARY KEY,
    object_key TEXT NOT NULL,
    size BIGINT NOT NULL,
    length BIGINT NOT NULL,
    chunk_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);

CREATE INDEX xorb_used ON xorb (used_at);

-- Who has sent all the bytes of a xorb, and may therefore make files of them.
CREATE TABLE xorb_sender (
    xorb_hash TEXT NOT NULL REFERENCES xorb (hash) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES account (id),
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (xorb_hash, user_id)
);

-- A file that is kept in chunks; `sha256` is that of its bytes once they were put together and hashed,
-- which somebody has taken on until `proving_until`.
CREATE TABLE xet_file (
    hash TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    sha256 TEXT,
    proving_until BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
);

CREATE INDEX xet_file_unproven ON xet_file (size) WHERE sha256 IS NULL;

-- The runs of a file: from byte `file_start` on, `length` bytes are the chunks `first_chunk` up to
-- `end_chunk` of a xorb, which are its bytes `first_byte` up to `end_byte`.
CREATE TABLE xet_term (
    file_hash TEXT NOT NULL REFERENCES xet_file (hash) ON DELETE CASCADE,
    file_start BIGINT NOT NULL,
    length BIGINT NOT NULL,
    xorb_hash TEXT NOT NULL REFERENCES xorb (hash),
    first_chunk BIGINT NOT NULL,
    end_chunk BIGINT NOT NULL,
    first_byte BIGINT NOT NULL,
    end_byte BIGINT NOT NULL,
    PRIMARY KEY (file_hash, file_start)
);

CREATE INDEX xet_term_xorb ON xet_term (xorb_hash);

-- The chunks that clients ask for, of files that are here; `place` counts from 0.
CREATE TABLE xet_chunk (
    hash TEXT NOT NULL,
    xorb_hash TEXT NOT NULL REFERENCES xorb (hash) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    PRIMARY KEY (hash, xorb_hash)
);

CREATE INDEX xet_chunk_xorb ON xet_chunk (xorb_hash);

-- A stored content, whole or as a file of chunks. Of the same sha256 there may be one that is whole and
-- several of chunks: the sha256 of a file of chunks is what its sender says until it was proven.
ALTER TABLE lfs_object RENAME TO old_lfs_object;

ALTER TABLE repo_lfs RENAME TO old_repo_lfs;

DROP INDEX repo_lfs_sha256;

DROP INDEX repo_lfs_abandoned;

CREATE TABLE lfs_object (
    id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    xet_hash TEXT REFERENCES xet_file (hash),
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX lfs_object_whole ON lfs_object (sha256) WHERE xet_hash IS NULL;

CREATE UNIQUE INDEX lfs_object_chunked ON lfs_object (xet_hash, sha256) WHERE xet_hash IS NOT NULL;

INSERT INTO lfs_object (id, sha256, size, xet_hash, created_at)
    SELECT substr(sha256, 1, 24), sha256, size, NULL, created_at FROM old_lfs_object;

CREATE TABLE repo_lfs (
    repo_id TEXT NOT NULL REFERENCES repo (id),
    sha256 TEXT NOT NULL,
    object_id TEXT NOT NULL REFERENCES lfs_object (id),
    pusher_id TEXT NOT NULL REFERENCES account (id),
    committed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repo_id, sha256)
);

INSERT INTO repo_lfs (repo_id, sha256, object_id, pusher_id, committed, created_at)
    SELECT repo_id, sha256, substr(sha256, 1, 24), pusher_id, committed, created_at FROM old_repo_lfs;

DROP TABLE old_repo_lfs;

DROP TABLE old_lfs_object;

CREATE INDEX repo_lfs_sha256 ON repo_lfs (sha256);

CREATE INDEX repo_lfs_object ON repo_lfs (object_id);

CREATE INDEX repo_lfs_abandoned ON repo_lfs (created_at) WHERE committed = FALSE;
