"""Repositories that have a tag, as far as a viewer may see them."""

from __future__ import annotations

from freehold.server.db.database import Transaction
from freehold.server.db.visibility import VISIBLE


def list_tagged(
    tx: Transaction, type: str, tag: int, viewer_id: str | None, sees_all: bool, limit: int
) -> list[str]:
    """The names of the first repositories of a type with the tag of that number, oldest first."""
    # SQLite takes the tables of a CROSS JOIN in the order in which they are written.
    rows = tx.all(
        "SELECT account.name AS namespace, found.name FROM"
        " (SELECT repo.number, repo.name, repo.owner_id FROM repo_tag CROSS JOIN repo"
        " WHERE repo_tag.tag_number = :tag"
        " AND repo.number = repo_tag.repo_number AND repo.type = :type"
        f" AND {VISIBLE} ORDER BY repo_tag.repo_number LIMIT :limit) AS found"
        " JOIN account ON account.id = found.owner_id ORDER BY found.number",
        tag=tag,
        type=type,
        viewer_id=viewer_id,
        sees_all=sees_all,
        limit=limit,
    )
    return [f"{row.namespace}/{row.name}" for row in rows]
