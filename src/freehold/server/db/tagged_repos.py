"""Repositories that have a tag, as far as a viewer may see them."""

from __future__ import annotations

from freehold.server.db.database import Transaction
from freehold.server.db.visibility import VISIBLE


def count_tagged(
    tx: Transaction, type: str, tags: list[str], viewer_id: str | None, sees_all: bool
) -> dict[str, int]:
    """How many repositories of a type have each of the tags; without those that none has."""
    rows = tx.all(
        "SELECT repo_tag.tag, COUNT(*) AS total FROM repo_tag"
        " JOIN repo ON repo.id = repo_tag.repo_id"
        f" WHERE repo_tag.tag IN :tags AND repo.type = :type AND {VISIBLE} GROUP BY repo_tag.tag",
        tags=tags,
        type=type,
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return {row.tag: row.total for row in rows}


def list_tagged(
    tx: Transaction, type: str, tag: str, viewer_id: str | None, sees_all: bool, limit: int
) -> list[str]:
    """The names of the first repositories of a type that have the tag, by their ids."""
    rows = tx.all(
        "SELECT account.name AS namespace, repo.name FROM repo_tag"
        " JOIN repo ON repo.id = repo_tag.repo_id JOIN account ON account.id = repo.owner_id"
        f" WHERE repo_tag.tag = :tag AND repo.type = :type AND {VISIBLE}"
        " ORDER BY repo_tag.repo_id LIMIT :limit",
        tag=tag,
        type=type,
        viewer_id=viewer_id,
        sees_all=sees_all,
        limit=limit,
    )
    return [f"{row.namespace}/{row.name}" for row in rows]
