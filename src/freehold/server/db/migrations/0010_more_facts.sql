-- What the header of a large file says, as JSON: null where it is none. It goes with the content.
CREATE TABLE file_header (
    object_id TEXT NOT NULL REFERENCES lfs_object (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    header TEXT NOT NULL,
    PRIMARY KEY (object_id, kind)
);

-- The rest of what the files of a repository say, as JSON, by the names that answers have for it.
ALTER TABLE repo_facts ADD COLUMN details TEXT NOT NULL DEFAULT '{}';

CREATE INDEX repo_facts_by_parameters ON repo_facts (parameters) WHERE parameters IS NOT NULL;
