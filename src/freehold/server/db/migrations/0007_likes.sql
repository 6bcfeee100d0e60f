-- Who likes which repository. `repo.likes` is the number of these rows, so they end with their
-- repository alone: whoever removes an account has to correct the counters first.
CREATE TABLE repo_like (
    repo_id TEXT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (repo_id, user_id)
);

CREATE INDEX repo_like_repo ON repo_like (repo_id, created_at, user_id);

CREATE INDEX repo_like_user ON repo_like (user_id, created_at, repo_id);

-- Which user follows which user or organisation.
CREATE TABLE follow (
    follower_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    followed_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (follower_id, followed_id)
);

CREATE INDEX follow_follower ON follow (follower_id, created_at, followed_id);

CREATE INDEX follow_followed ON follow (followed_id, created_at, follower_id);

-- The picture of an account that has its own; all others are drawn from their ids.
CREATE TABLE avatar (
    account_id TEXT PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    media_type TEXT NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/webp')),
    sha256 TEXT NOT NULL,
    data {blob} NOT NULL
);
