-- Discussions and pull requests are numbered together in each repository, and no number is given twice.
ALTER TABLE repo ADD COLUMN last_discussion BIGINT NOT NULL DEFAULT 0;

-- A pull request has a base (a full ref name), and its commits are at refs/pr/NUM. A status of draft or open
-- is is_closed = FALSE. title_key is the title as searches compare it, and text_size that of all versions of
-- all comments, in bytes.
CREATE TABLE discussion (
    id TEXT PRIMARY KEY,
    repo_id TEXT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    num BIGINT NOT NULL,
    author_id TEXT REFERENCES account (id) ON DELETE SET NULL,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'open', 'closed', 'merged')),
    is_closed BOOLEAN NOT NULL,
    is_pull_request BOOLEAN NOT NULL,
    pinned BOOLEAN NOT NULL DEFAULT FALSE,
    locked BOOLEAN NOT NULL DEFAULT FALSE,
    base TEXT,
    merge_commit TEXT,
    event_count BIGINT NOT NULL DEFAULT 0,
    comment_count BIGINT NOT NULL DEFAULT 0,
    text_size BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    UNIQUE (repo_id, num)
);

CREATE INDEX discussion_kind ON discussion (repo_id, is_pull_request, num);

CREATE INDEX discussion_closed ON discussion (repo_id, is_closed, num);

CREATE INDEX discussion_kind_closed ON discussion (repo_id, is_pull_request, is_closed, num);

CREATE INDEX discussion_author ON discussion (author_id, repo_id, num);

-- How many there are of each kind: a page of a list says so, and must not count a hundred thousand rows.
CREATE TABLE discussion_count (
    repo_id TEXT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    is_pull_request BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (repo_id, is_pull_request, status)
);

-- What has happened in a discussion, in order. data is JSON; a comment has its text in versions instead.
CREATE TABLE discussion_event (
    id TEXT PRIMARY KEY,
    discussion_id TEXT NOT NULL REFERENCES discussion (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    author_id TEXT REFERENCES account (id) ON DELETE SET NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    hidden_by TEXT REFERENCES account (id) ON DELETE SET NULL,
    hidden_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (discussion_id, place)
);

CREATE TABLE comment_version (
    event_id TEXT NOT NULL REFERENCES discussion_event (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    content TEXT NOT NULL,
    author_id TEXT REFERENCES account (id) ON DELETE SET NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (event_id, place)
);
