"""Repositories that have a tag, as far as a viewer may see them."""

from __future__ import annotations

from freehold.server.db.database import Transaction
from freehold.server.db.visibility import VISIBLE

# SQLite takes the tables of a CROSS JOIN in the order in which they are written.
_TAGGED = f"""repo_tag CROSS JOIN repo
    WHERE repo_tag.tag = :tag AND repo.id = repo_tag.repo_id AND repo.type = :type AND {VISIBLE}"""


def count_tagged(
    tx: Transaction, type: str, tag: str, viewer_id: str | None, sees_all: bool, most: int
) -> int:
    """How many repositories of a type have the tag; no more than `most` are counted."""
    row = tx.one(
        f"SELECT COUNT(*) AS total FROM (SELECT repo.id FROM {_TAGGED} LIMIT :most) AS found",
        tag=tag,
        type=type,
        viewer_id=viewer_id,
        sees_all=sees_all,
        most=most,
    )
    return 0 if row is None else int(row.total)


def list_tagged(
    tx: Transaction, type: str, tag: str, viewer_id: str | None, sees_all: bool, limit: int
) -> list[str]:
    """The names of the first repositories of a type that have the tag, by their ids."""
    rows = tx.all(
        "SELECT account.name AS namespace, found.name FROM"
        " (SELECT repo_tag.repo_id, repo.name, repo.owner_id"
        f" FROM {_TAGGED} ORDER BY repo_tag.repo_id LIMIT :limit) AS found"
        " JOIN account ON account.id = found.owner_id ORDER BY found.repo_id",
        tag=tag,
        type=type,
        viewer_id=viewer_id,
        sees_all=sees_all,
        limit=limit,
    )
    return [f"{row.namespace}/{row.name}" for row in rows]
