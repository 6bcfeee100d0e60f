-- The pinned ones stand above the list of a repository's discussions, of which there may be many.
CREATE INDEX discussion_pinned ON discussion (repo_id, num) WHERE pinned = TRUE;
