"""What the files of repositories say, kept so that repositories can be found by it."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction

COLUMNS = """repo_facts.commit_oid, repo_facts.pipeline_tag, repo_facts.library_name,
    repo_facts.tags, repo_facts.card, repo_facts.config, repo_facts.siblings,
    repo_facts.parameters, repo_facts.details"""


class StoredFacts(NamedTuple):
    """The facts of one commit; `tags`, `card`, `config`, `siblings` and `details` are JSON.

    `siblings` are the paths of its files, `None` where there are too many to be kept; `details`
    has what is told when it is asked for.
    """

    commit_oid: str
    pipeline_tag: str | None
    library_name: str | None
    tags: str
    card: str
    config: str
    siblings: str | None
    parameters: int | None
    details: str


def put_facts(
    tx: Transaction, repo_id: str, facts: StoredFacts, tags: list[str], version: int
) -> None:
    """Replaces the facts of a repository, and the tags that it is found by."""
    tx.run(
        "INSERT INTO repo_facts (repo_id, version, commit_oid, pipeline_tag, library_name, tags,"
        " card, config, siblings, parameters, details) VALUES (:repo_id, :version, :commit_oid,"
        " :pipeline_tag, :library_name, :tags, :card, :config, :siblings, :parameters, :details)"
        " ON CONFLICT (repo_id) DO UPDATE SET version = excluded.version,"
        " commit_oid = excluded.commit_oid, pipeline_tag = excluded.pipeline_tag,"
        " library_name = excluded.library_name, tags = excluded.tags, card = excluded.card,"
        " config = excluded.config, siblings = excluded.siblings,"
        " parameters = excluded.parameters, details = excluded.details",
        repo_id=repo_id,
        version=version,
        **facts._asdict(),
    )
    rows = tx.all("SELECT tag FROM repo_tag WHERE repo_id = :repo_id", repo_id=repo_id)
    old, new = {row.tag for row in rows}, set(tags)
    for tag in sorted(old - new):
        tx.run(
            "DELETE FROM repo_tag WHERE tag = :tag AND repo_id = :repo_id", tag=tag, repo_id=repo_id
        )
    tx.run_many(
        "INSERT INTO repo_tag (tag, repo_id) VALUES (:tag, :repo_id) ON CONFLICT DO NOTHING",
        [{"tag": tag, "repo_id": repo_id} for tag in sorted(new - old)],
    )


def list_stale_repos(tx: Transaction, version: int, limit: int) -> list[str]:
    """The ids of repositories whose facts are not those of their head, or of other rules."""
    rows = tx.all(
        "SELECT repo.id FROM repo JOIN git_ref ON git_ref.repo_id = repo.id"
        " AND git_ref.name = 'refs/heads/main'"
        " LEFT JOIN repo_facts ON repo_facts.repo_id = repo.id"
        " WHERE repo_facts.repo_id IS NULL OR repo_facts.commit_oid <> git_ref.oid"
        " OR repo_facts.version <> :version LIMIT :limit",
        version=version,
        limit=limit,
    )
    return [row.id for row in rows]
