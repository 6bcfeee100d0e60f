-- Times are milliseconds since 1970 (UTC). Ids are 24 hexadecimal digits.
-- A *_key column is the lower-case form of a name: names are unique whatever their case.

CREATE TABLE hub_setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE account (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'org')),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    fullname TEXT NOT NULL,
    email TEXT,
    password_hash TEXT,
    is_admin BOOLEAN NOT NULL DEFAULT FALSE,
    created_at BIGINT NOT NULL
);

CREATE TABLE org_member (
    org_id TEXT NOT NULL REFERENCES account (id),
    user_id TEXT NOT NULL REFERENCES account (id),
    role TEXT NOT NULL CHECK (role IN ('admin', 'write', 'contributor', 'read')),
    PRIMARY KEY (org_id, user_id)
);

CREATE INDEX org_member_user ON org_member (user_id);

-- Only a hash of a token is kept: the token itself is shown once, when it is made.
CREATE TABLE access_token (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('read', 'write')),
    secret_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    UNIQUE (user_id, name)
);

CREATE TABLE repo (
    id TEXT PRIMARY KEY,
    type TEXT NOT NULL CHECK (type IN ('model', 'dataset', 'space', 'kernel')),
    owner_id TEXT NOT NULL REFERENCES account (id),
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    creator_id TEXT NOT NULL REFERENCES account (id),
    private BOOLEAN NOT NULL,
    gated TEXT NOT NULL DEFAULT '' CHECK (gated IN ('', 'auto', 'manual')),
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    discussions_disabled BOOLEAN NOT NULL DEFAULT FALSE,
    sdk TEXT,
    downloads BIGINT NOT NULL DEFAULT 0,
    likes BIGINT NOT NULL DEFAULT 0,
    used_storage BIGINT NOT NULL DEFAULT 0,
    generation BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (type, owner_id, name_key)
);

-- The former names of moved repositories.
CREATE TABLE repo_redirect (
    type TEXT NOT NULL,
    owner_key TEXT NOT NULL,
    name_key TEXT NOT NULL,
    repo_id TEXT NOT NULL REFERENCES repo (id),
    PRIMARY KEY (type, owner_key, name_key)
);

CREATE TABLE git_ref (
    repo_id TEXT NOT NULL REFERENCES repo (id),
    name TEXT NOT NULL,
    oid TEXT NOT NULL,
    PRIMARY KEY (repo_id, name)
);

-- A small pack and its index sit in the row; of a larger one the object store holds both, under
-- object_key with .pack and .idx.
CREATE TABLE git_pack (
    repo_id TEXT NOT NULL REFERENCES repo (id),
    seq BIGINT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    object_count BIGINT NOT NULL,
    object_key TEXT,
    data {blob},
    idx {blob},
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repo_id, seq)
);

CREATE TABLE lfs_object (
    sha256 TEXT PRIMARY KEY,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A repository may serve an object only if it holds a row here. Until a commit has named the object,
-- the row stands for an upload that may have been abandoned.
CREATE TABLE repo_lfs (
    repo_id TEXT NOT NULL REFERENCES repo (id),
    sha256 TEXT NOT NULL REFERENCES lfs_object (sha256),
    pusher_id TEXT NOT NULL REFERENCES account (id),
    committed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repo_id, sha256)
);

CREATE INDEX repo_lfs_sha256 ON repo_lfs (sha256);

CREATE INDEX repo_lfs_abandoned ON repo_lfs (created_at) WHERE committed = FALSE;

-- A multipart upload in progress: which parts the hub already holds.
CREATE TABLE lfs_upload (
    id TEXT PRIMARY KEY,
    repo_id TEXT NOT NULL REFERENCES repo (id),
    user_id TEXT NOT NULL REFERENCES account (id),
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    part_size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (repo_id, user_id, sha256)
);

CREATE TABLE lfs_part (
    upload_id TEXT NOT NULL REFERENCES lfs_upload (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    size BIGINT NOT NULL,
    etag TEXT NOT NULL,
    PRIMARY KEY (upload_id, number)
);

-- Objects that nothing names any more, until the grace period is over.
CREATE TABLE object_trash (
    object_key TEXT PRIMARY KEY,
    trashed_at BIGINT NOT NULL
);

CREATE INDEX object_trash_time ON object_trash (trashed_at);

-- What a commit with an idempotency key has led to: who sends it again gets this answer.
CREATE TABLE commit_key (
    repo_id TEXT NOT NULL REFERENCES repo (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    idempotency_key TEXT NOT NULL,
    ref TEXT NOT NULL,
    oid TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repo_id, account_id, idempotency_key)
);

CREATE INDEX commit_key_time ON commit_key (created_at);
