"""Which users like which repositories."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction
from freehold.server.db.follows import FOLLOWED, ListedUser, make_listed_user
from freehold.server.db.visibility import VISIBLE


class Like(NamedTuple):
    """A repository that a user likes; `created_at` is since when, in milliseconds."""

    repo_id: str
    type: str
    namespace: str
    name: str
    created_at: int


def insert_like(tx: Transaction, repo_id: str, user_id: str, now: int) -> bool:
    """Adds a like; false when the user likes the repository already."""
    return bool(
        tx.run(
            "INSERT INTO repo_like (repo_id, user_id, created_at)"
            " VALUES (:repo_id, :user_id, :now) ON CONFLICT (repo_id, user_id) DO NOTHING",
            repo_id=repo_id,
            user_id=user_id,
            now=now,
        )
    )


def has_like(tx: Transaction, repo_id: str, user_id: str) -> bool:
    """Whether the user likes the repository."""
    row = tx.one(
        "SELECT 1 FROM repo_like WHERE repo_id = :repo_id AND user_id = :user_id",
        repo_id=repo_id,
        user_id=user_id,
    )
    return row is not None


def delete_like(tx: Transaction, repo_id: str, user_id: str) -> bool:
    """Removes a like; false when there is none."""
    return bool(
        tx.run(
            "DELETE FROM repo_like WHERE repo_id = :repo_id AND user_id = :user_id",
            repo_id=repo_id,
            user_id=user_id,
        )
    )


def add_to_likes(tx: Transaction, repo_id: str, change: int) -> int:
    """Changes the counter of a repository, which the caller has locked, and gives it."""
    row = tx.one(
        "UPDATE repo SET likes = likes + :change, trend_day = 0 WHERE id = :repo_id"
        " RETURNING likes",
        repo_id=repo_id,
        change=change,
    )
    assert row is not None
    return int(row.likes)


def list_likers(
    tx: Transaction, repo_id: str, viewer_id: str | None, before: tuple[int, str], limit: int
) -> list[ListedUser]:
    """The first `limit` users who like the repository, the newest first.

    They began to before that time, or at that time and have a smaller id.
    """
    created_at, user_id = before
    rows = tx.all(
        f"SELECT account.id, account.name, account.fullname, {FOLLOWED} AS is_followed,"
        " repo_like.created_at FROM repo_like JOIN account ON account.id = repo_like.user_id"
        " WHERE repo_like.repo_id = :repo_id"
        " AND (repo_like.created_at, repo_like.user_id) < (:created_at, :user_id)"
        " ORDER BY repo_like.created_at DESC, repo_like.user_id DESC LIMIT :limit",
        repo_id=repo_id,
        viewer_id=viewer_id,
        created_at=created_at,
        user_id=user_id,
        limit=limit,
    )
    return [make_listed_user(row) for row in rows]


def list_likes(
    tx: Transaction,
    user_id: str,
    viewer_id: str | None,
    sees_all: bool,
    before: tuple[int, str],
    limit: int,
) -> list[Like]:
    """The first `limit` likes of a user of what the viewer may see, as `list_likers` has them."""
    created_at, repo_id = before
    rows = tx.all(
        "SELECT repo.id, repo.type, account.name AS namespace, repo.name, repo_like.created_at"
        " FROM repo_like JOIN repo ON repo.id = repo_like.repo_id"
        " JOIN account ON account.id = repo.owner_id"
        " WHERE repo_like.user_id = :user_id"
        " AND (repo_like.created_at, repo_like.repo_id) < (:created_at, :repo_id)"
        f" AND {VISIBLE}"
        " ORDER BY repo_like.created_at DESC, repo_like.repo_id DESC LIMIT :limit",
        user_id=user_id,
        viewer_id=viewer_id,
        sees_all=sees_all,
        created_at=created_at,
        repo_id=repo_id,
        limit=limit,
    )
    return [Like(*row) for row in rows]


def count_visible_likes(
    tx: Transaction, user_id: str, viewer_id: str | None, sees_all: bool
) -> int:
    """How many repositories the user likes of those that the viewer may see."""
    row = tx.one(
        "SELECT COUNT(*) AS found FROM repo_like JOIN repo ON repo.id = repo_like.repo_id"
        f" WHERE repo_like.user_id = :user_id AND {VISIBLE}",
        user_id=user_id,
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return 0 if row is None else int(row.found)
