-- All downloads there have been; `downloads` are those of the last thirty days.
ALTER TABLE repo ADD COLUMN downloads_all_time BIGINT NOT NULL DEFAULT 0;

-- Those of the last thirty days by day (days since 1970, UTC). Older rows are removed.
CREATE TABLE repo_download (
    repo_id TEXT NOT NULL REFERENCES repo (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (repo_id, day)
);

CREATE INDEX repo_download_day ON repo_download (day, repo_id);

-- The day that trending_score was counted for: 0 when something has happened since, NULL when it is 0 and stays so.
ALTER TABLE repo ADD COLUMN trend_day BIGINT;

CREATE INDEX repo_trend_day ON repo (trend_day) WHERE trend_day IS NOT NULL;

UPDATE repo SET trend_day = 0 WHERE trending_score <> 0 OR id IN (SELECT repo_id FROM repo_like);

-- Repositories whose facts are not those of their head, and how often it was tried in vain to find them.
CREATE TABLE stale_facts (
    repo_id TEXT PRIMARY KEY REFERENCES repo (id) ON DELETE CASCADE,
    attempts BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX stale_facts_attempts ON stale_facts (attempts, repo_id);

CREATE INDEX repo_facts_version ON repo_facts (version);

INSERT INTO stale_facts (repo_id)
    SELECT git_ref.repo_id FROM git_ref LEFT JOIN repo_facts ON repo_facts.repo_id = git_ref.repo_id
    WHERE git_ref.name = 'refs/heads/main'
    AND (repo_facts.repo_id IS NULL OR repo_facts.commit_oid <> git_ref.oid);
