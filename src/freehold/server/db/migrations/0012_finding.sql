-- A short name for a repository where there are many rows about each.
ALTER TABLE repo ADD COLUMN number BIGINT;

UPDATE repo SET number = (SELECT number FROM repo_name WHERE repo_name.repo_id = repo.id);

CREATE UNIQUE INDEX repo_by_number ON repo (number);

-- How large a model is; 0 where that is not known.
ALTER TABLE repo ADD COLUMN parameters BIGINT NOT NULL DEFAULT 0;

UPDATE repo SET parameters = (SELECT parameters FROM repo_facts WHERE repo_facts.repo_id = repo.id)
    WHERE id IN (SELECT repo_id FROM repo_facts WHERE parameters IS NOT NULL);

DROP INDEX repo_facts_by_parameters;

ALTER TABLE repo_facts DROP COLUMN parameters;

-- Of those that are equal the newest comes first. What a viewer may see is in the index as well.
DROP INDEX repo_by_trending;

DROP INDEX repo_by_likes;

DROP INDEX repo_by_downloads;

DROP INDEX repo_by_change;

DROP INDEX repo_by_age;

CREATE INDEX repo_by_trending ON repo (type, trending_score, number, private, owner_id);

CREATE INDEX repo_by_likes ON repo (type, likes, number, private, owner_id);

CREATE INDEX repo_by_downloads ON repo (type, downloads, number, private, owner_id);

CREATE INDEX repo_by_change ON repo (type, updated_at, number, private, owner_id);

CREATE INDEX repo_by_age ON repo (type, created_at, number, private, owner_id);

CREATE INDEX repo_by_parameters ON repo (type, parameters, number, private, owner_id);

-- What SQLite calls rowid in its index of names.
{postgresql} CREATE OR REPLACE VIEW repo_name_index AS SELECT full_name, repo_id, number AS rowid FROM repo_name;

-- All that is needed to sort some, found by their numbers.
CREATE INDEX repo_in_lists ON repo
    (number, type, private, owner_id, downloads, likes, trending_score, updated_at, created_at);

DROP INDEX repo_by_owner;

CREATE INDEX repo_by_owner ON repo (owner_id, type, number);

-- Those that few repositories have, to begin a search with.
CREATE INDEX repo_by_gate ON repo (number) WHERE gated <> '';

-- Every tag that a repository has or had, in lower case.
CREATE TABLE tag (
    number {counter},
    name TEXT NOT NULL UNIQUE
);

INSERT INTO tag (name) SELECT DISTINCT tag FROM repo_tag ORDER BY tag;

DROP INDEX repo_tag_repo;

ALTER TABLE repo_tag RENAME TO repo_tag_by_text;

CREATE TABLE repo_tag (
    tag_number BIGINT NOT NULL REFERENCES tag (number),
    repo_number BIGINT NOT NULL REFERENCES repo (number) ON DELETE CASCADE,
    PRIMARY KEY (tag_number, repo_number)
) {clustered};

INSERT INTO repo_tag (tag_number, repo_number)
    SELECT tag.number, repo.number FROM repo_tag_by_text
    JOIN tag ON tag.name = repo_tag_by_text.tag
    JOIN repo ON repo.id = repo_tag_by_text.repo_id
    ORDER BY tag.number, repo.number;

CREATE INDEX repo_tag_repo ON repo_tag (repo_number, tag_number);

DROP TABLE repo_tag_by_text;

-- How many public repositories of a type have a tag: the total, and what was added and taken since it was made.
CREATE TABLE tag_total (
    repo_type TEXT NOT NULL,
    tag_number BIGINT NOT NULL REFERENCES tag (number),
    total BIGINT NOT NULL,
    PRIMARY KEY (repo_type, tag_number)
);

CREATE INDEX tag_total_order ON tag_total (repo_type, total);

CREATE TABLE tag_change (
    number {counter},
    repo_type TEXT NOT NULL,
    tag_number BIGINT NOT NULL REFERENCES tag (number),
    change BIGINT NOT NULL
);

CREATE INDEX tag_change_tag ON tag_change (tag_number, repo_type);

INSERT INTO tag_total (repo_type, tag_number, total)
    SELECT repo.type, repo_tag.tag_number, COUNT(*) FROM repo_tag
    JOIN repo ON repo.number = repo_tag.repo_number WHERE repo.private = FALSE
    GROUP BY repo.type, repo_tag.tag_number;
