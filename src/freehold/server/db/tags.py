"""Which tags repositories have."""

from __future__ import annotations

from freehold.server.db.database import Transaction


def list_tags_in_use(
    tx: Transaction, viewer_id: str | None, sees_all: bool, repo_type: str
) -> list[str]:
    """The tags of the repositories of a type that the viewer may see, each once.

    The order is that of the answer: what most repositories have comes first.
    """
    return []
