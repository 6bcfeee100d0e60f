-- A browser's session is a token whose secret is in a cookie. `client` is what the browser says it
-- is, `address` where it signed in from, `begun_with` the id of the token that it was begun with,
-- where it was no password: it ends with that token.
ALTER TABLE access_token ADD COLUMN is_session BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE access_token ADD COLUMN client TEXT NOT NULL DEFAULT '';

ALTER TABLE access_token ADD COLUMN address TEXT NOT NULL DEFAULT '';

ALTER TABLE access_token ADD COLUMN begun_with TEXT;

CREATE INDEX access_token_session ON access_token (expires_at) WHERE is_session = TRUE;

-- Failed attempts to sign in, so that nobody can try passwords for long. `subject` says by what they
-- are counted, such as "user NAME" or "address ADDRESS"; `failures` those since `since`.
CREATE TABLE sign_in_failure (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    since BIGINT NOT NULL
);

-- Whoever has the secret of an invitation may make one account. Those that were made on the command
-- line have no inviter.
CREATE TABLE invitation (
    id TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    inviter_id TEXT REFERENCES account (id),
    note TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_by TEXT REFERENCES account (id),
    used_at BIGINT
);
