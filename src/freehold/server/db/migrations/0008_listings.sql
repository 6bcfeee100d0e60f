-- A number that is large for what people look at now: the likes of the last seven days.
ALTER TABLE repo ADD COLUMN trending_score BIGINT NOT NULL DEFAULT 0;

CREATE INDEX repo_by_trending ON repo (type, trending_score, id);

CREATE INDEX repo_by_likes ON repo (type, likes, id);

CREATE INDEX repo_by_downloads ON repo (type, downloads, id);

CREATE INDEX repo_by_change ON repo (type, updated_at, id);

CREATE INDEX repo_by_age ON repo (type, created_at, id);

CREATE INDEX repo_by_owner ON repo (owner_id, type, id);

-- What the files of a repository say, as of the head of its default branch. tags, card, config and siblings are
-- JSON; siblings is NULL where there are too many of them. `version` is that of the rules: what older ones made is
-- made anew.
CREATE TABLE repo_facts (
    repo_id TEXT PRIMARY KEY REFERENCES repo (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    commit_oid TEXT NOT NULL,
    pipeline_tag TEXT,
    library_name TEXT,
    tags TEXT NOT NULL,
    card TEXT NOT NULL,
    config TEXT NOT NULL,
    siblings TEXT,
    parameters BIGINT
);

-- The same tags, to be found by.
CREATE TABLE repo_tag (
    tag TEXT NOT NULL,
    repo_id TEXT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    PRIMARY KEY (tag, repo_id)
);

CREATE INDEX repo_tag_repo ON repo_tag (repo_id);

-- Names in lower case, to be searched for any part of them.
CREATE TABLE repo_name (
    number {counter},
    repo_id TEXT NOT NULL UNIQUE REFERENCES repo (id) ON DELETE CASCADE,
    full_name TEXT NOT NULL
);

-- SQLite finds a part of a text in a table of its own, which triggers keep.
{sqlite} CREATE VIRTUAL TABLE repo_name_index USING fts5 (
    full_name, repo_id UNINDEXED,
    content = 'repo_name', content_rowid = 'number', tokenize = 'trigram'
);

{sqlite} CREATE TRIGGER repo_name_added AFTER INSERT ON repo_name BEGIN
    INSERT INTO repo_name_index (rowid, full_name, repo_id)
    VALUES (new.number, new.full_name, new.repo_id); END;

{sqlite} CREATE TRIGGER repo_name_removed AFTER DELETE ON repo_name BEGIN
    INSERT INTO repo_name_index (repo_name_index, rowid, full_name, repo_id)
    VALUES ('delete', old.number, old.full_name, old.repo_id); END;

{sqlite} CREATE TRIGGER repo_name_changed AFTER UPDATE ON repo_name BEGIN
    INSERT INTO repo_name_index (repo_name_index, rowid, full_name, repo_id)
    VALUES ('delete', old.number, old.full_name, old.repo_id);
    INSERT INTO repo_name_index (rowid, full_name, repo_id)
    VALUES (new.number, new.full_name, new.repo_id); END;

{postgresql} CREATE EXTENSION IF NOT EXISTS pg_trgm;

{postgresql} CREATE INDEX repo_name_trigrams ON repo_name USING GIN (full_name gin_trgm_ops);

{postgresql} CREATE VIEW repo_name_index AS SELECT full_name, repo_id FROM repo_name;

INSERT INTO repo_name (repo_id, full_name)
    SELECT repo.id, LOWER(account.name || '/' || repo.name)
    FROM repo JOIN account ON account.id = repo.owner_id;
