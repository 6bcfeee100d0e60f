-- What a user has asked of the authors of a gated repository, or was granted without asking: then there
-- are no `fields`. `reviewed_at` and `reviewed_by` tell who has decided last; an open gate tells nobody.
CREATE TABLE access_request (
    id TEXT PRIMARY KEY,
    repo_id TEXT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected')),
    fields TEXT,
    rejection_reason TEXT,
    requested_at BIGINT NOT NULL,
    reviewed_at BIGINT,
    reviewed_by TEXT REFERENCES account (id) ON DELETE SET NULL,
    UNIQUE (repo_id, user_id)
);

CREATE INDEX access_request_status ON access_request (repo_id, status, requested_at, id);

CREATE INDEX access_request_age ON access_request (repo_id, requested_at, id);

CREATE INDEX access_request_user ON access_request (user_id);
