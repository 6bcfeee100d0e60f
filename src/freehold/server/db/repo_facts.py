"""What the files of repositories say, kept so that repositories can be found by it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from freehold.server.db.database import Transaction
from freehold.server.db.tags import put_tags

# These may be long, and are read only where they are asked for.
LARGE = frozenset({"card", "config", "siblings", "details"})

# A detail of facts that lack what a large file says which was not here.
INCOMPLETE = "isIncomplete"


class StoredFacts(NamedTuple):
    """The facts of one commit; `tags`, `card`, `config`, `siblings` and `details` are JSON.

    `siblings` are the paths of its files, `None` where there are too many to be kept; `details`
    has what is told when it is asked for. What was not asked for is `None`.
    """

    commit_oid: str
    pipeline_tag: str | None
    library_name: str | None
    tags: str
    card: str | None
    config: str | None
    siblings: str | None
    details: str | None


def select_facts(large: Collection[str]) -> str:
    """The columns of `StoredFacts`; of those in `LARGE`, what is not named is `None`."""
    return ", ".join(
        "NULL" if name in LARGE and name not in large else f"repo_facts.{name}"
        for name in StoredFacts._fields
    )


def find_facts(
    tx: Transaction, repo_ids: list[str], large: Collection[str]
) -> dict[str, StoredFacts]:
    """What is known of these repositories, by id; of the columns in `LARGE`, those named."""
    facts = select_facts(large)
    rows = tx.all(
        f"SELECT repo_id, {facts} FROM repo_facts WHERE repo_id IN :repo_ids",
        repo_ids=repo_ids,
    )
    return {row[0]: StoredFacts(*row[1:]) for row in rows}


def put_facts(
    tx: Transaction,
    repo_id: str,
    facts: StoredFacts,
    tags: list[str],
    parameters: int,
    version: int,
) -> None:
    """Replaces the facts of a repository, and the tags and the size that it is found by."""
    tx.run(
        "INSERT INTO repo_facts (repo_id, version, commit_oid, pipeline_tag, library_name, tags,"
        " card, config, siblings, details) VALUES (:repo_id, :version, :commit_oid,"
        " :pipeline_tag, :library_name, :tags, :card, :config, :siblings, :details)"
        " ON CONFLICT (repo_id) DO UPDATE SET version = excluded.version,"
        " commit_oid = excluded.commit_oid, pipeline_tag = excluded.pipeline_tag,"
        " library_name = excluded.library_name, tags = excluded.tags, card = excluded.card,"
        " config = excluded.config, siblings = excluded.siblings,"
        " details = excluded.details",
        repo_id=repo_id,
        version=version,
        **facts._asdict(),
    )
    put_tags(tx, repo_id, tags)
    _put_parameters(tx, repo_id, parameters)


def _put_parameters(tx: Transaction, repo_id: str, parameters: int) -> None:
    tx.run(
        "UPDATE repo SET parameters = :parameters"
        " WHERE id = :repo_id AND parameters <> :parameters",
        repo_id=repo_id,
        parameters=parameters,
    )


def note_stale(tx: Transaction, repo_id: str) -> None:
    """Lets a job look at the repository, unless its facts are those of its head."""
    tx.run(
        "INSERT INTO stale_facts (repo_id) SELECT git_ref.repo_id FROM git_ref"
        " LEFT JOIN repo_facts ON repo_facts.repo_id = git_ref.repo_id"
        " WHERE git_ref.repo_id = :repo_id AND git_ref.name = 'refs/heads/main'"
        " AND (repo_facts.repo_id IS NULL OR repo_facts.commit_oid <> git_ref.oid)"
        " ON CONFLICT (repo_id) DO NOTHING",
        repo_id=repo_id,
    )


def note_failed(tx: Transaction, repo_id: str, version: int) -> None:
    """Puts the repository behind the others that are stale: it was looked at in vain."""
    tx.run(
        "INSERT INTO stale_facts (repo_id, attempts) SELECT id, 1 FROM repo WHERE id = :repo_id"
        " ON CONFLICT (repo_id) DO UPDATE SET attempts = stale_facts.attempts + 1",
        repo_id=repo_id,
    )
    # Now it is on that list, and no more one of the many that may have an older version.
    tx.run(
        "UPDATE repo_facts SET version = :version WHERE repo_id = :repo_id AND version < :version",
        repo_id=repo_id,
        version=version,
    )


def note_arrived(tx: Transaction, repo_id: str) -> None:
    """Lets a job look at the repository, if its facts lack what a large file says."""
    tx.run(
        "UPDATE repo_facts SET version = 0 WHERE repo_id = :repo_id AND details LIKE :incomplete",
        repo_id=repo_id,
        incomplete=f'%"{INCOMPLETE}"%',
    )


def delete_facts(tx: Transaction, repo_id: str) -> None:
    """Forgets what was known of a repository that has no head."""
    put_tags(tx, repo_id, [])
    _put_parameters(tx, repo_id, 0)
    for table in ("repo_facts", "stale_facts"):
        tx.run(f"DELETE FROM {table} WHERE repo_id = :repo_id", repo_id=repo_id)


def forget_stale(tx: Transaction, repo_id: str) -> None:
    """Takes the repository from the list of those that are stale."""
    tx.run("DELETE FROM stale_facts WHERE repo_id = :repo_id", repo_id=repo_id)


def list_stale_repos(tx: Transaction, version: int, limit: int) -> list[str]:
    """The ids of repositories whose facts are not those of their head, or of older rules.

    Those that were looked at in vain come last.
    """
    rows = tx.all(
        "SELECT repo_id, attempts FROM stale_facts ORDER BY attempts, repo_id LIMIT :limit",
        limit=limit,
    )
    rows += tx.all(
        "SELECT repo_id, 0 AS attempts FROM repo_facts WHERE version < :version"
        " ORDER BY version LIMIT :limit",
        version=version,
        limit=limit,
    )
    rows.sort(key=lambda row: row.attempts)
    return list(dict.fromkeys(row.repo_id for row in rows))[:limit]
