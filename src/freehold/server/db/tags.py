"""Which tags repositories have."""

from __future__ import annotations

from freehold.server.db.database import Transaction
from freehold.server.db.visibility import VISIBLE

# More tags than these are of no use to anybody who chooses one.
MOST = 10_000


def list_tags_in_use(
    tx: Transaction, viewer_id: str | None, sees_all: bool, repo_type: str
) -> list[str]:
    """The tags of the repositories of a type that the viewer may see, each once.

    The order is that of the answer: what most repositories have comes first.
    """
    rows = tx.all(
        "SELECT repo_tag.tag, COUNT(*) AS total FROM repo_tag"
        " JOIN repo ON repo.id = repo_tag.repo_id"
        f" WHERE repo.type = :repo_type AND {VISIBLE}"
        " GROUP BY repo_tag.tag ORDER BY total DESC, repo_tag.tag LIMIT :most",
        repo_type=repo_type,
        viewer_id=viewer_id,
        sees_all=sees_all,
        most=MOST,
    )
    return [row.tag for row in rows]
