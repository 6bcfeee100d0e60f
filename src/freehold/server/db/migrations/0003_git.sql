-- A path that a user has locked on all branches of a repository. PostgreSQL indexes no text as long as a
-- path may be, so it is a hash of the path that is unique.
CREATE TABLE lfs_lock (
    id TEXT PRIMARY KEY,
    repo_id TEXT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    path_sha256 TEXT NOT NULL,
    owner_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    UNIQUE (repo_id, path_sha256)
);

CREATE INDEX lfs_lock_age ON lfs_lock (repo_id, created_at, id);

CREATE INDEX lfs_lock_owner ON lfs_lock (owner_id);
