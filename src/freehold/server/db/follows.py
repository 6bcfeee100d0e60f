"""Who follows whom."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.server.db.database import Transaction

# Needs the table `account` and the parameter :viewer_id (NULL for a stranger).
FOLLOWED = """EXISTS (
    SELECT 1 FROM follow AS own
    WHERE own.follower_id = :viewer_id AND own.followed_id = account.id
)"""


class ListedUser(NamedTuple):
    """A user in a list since `listed_at`, in milliseconds; `is_followed` by the viewer."""

    id: str
    name: str
    fullname: str
    is_followed: bool
    listed_at: int


def make_listed_user(row: Any) -> ListedUser:
    """From a row whose columns are those of `ListedUser`."""
    return ListedUser._make(row)._replace(is_followed=bool(row[3]))


def insert_follow(tx: Transaction, follower_id: str, followed_id: str, now: int) -> None:
    """The user follows the account; nothing changes when they do already."""
    tx.run(
        "INSERT INTO follow (follower_id, followed_id, created_at)"
        " VALUES (:follower_id, :followed_id, :now)"
        " ON CONFLICT (follower_id, followed_id) DO NOTHING",
        follower_id=follower_id,
        followed_id=followed_id,
        now=now,
    )


def delete_follow(tx: Transaction, follower_id: str, followed_id: str) -> None:
    """The user follows the account no more."""
    tx.run(
        "DELETE FROM follow WHERE follower_id = :follower_id AND followed_id = :followed_id",
        follower_id=follower_id,
        followed_id=followed_id,
    )


def is_following(tx: Transaction, follower_id: str, followed_id: str) -> bool:
    """Whether the user follows the account."""
    row = tx.one(
        "SELECT 1 FROM follow WHERE follower_id = :follower_id AND followed_id = :followed_id",
        follower_id=follower_id,
        followed_id=followed_id,
    )
    return row is not None


def count_followers(tx: Transaction, account_id: str) -> int:
    """How many users follow the account."""
    row = tx.one(
        "SELECT COUNT(*) AS found FROM follow WHERE followed_id = :account_id",
        account_id=account_id,
    )
    return 0 if row is None else int(row.found)


def count_followed(tx: Transaction, user_id: str) -> dict[str, int]:
    """How many accounts of each kind, user and org, the user follows."""
    rows = tx.all(
        "SELECT account.kind, COUNT(*) AS found FROM follow"
        " JOIN account ON account.id = follow.followed_id"
        " WHERE follow.follower_id = :user_id GROUP BY account.kind",
        user_id=user_id,
    )
    return {row.kind: int(row.found) for row in rows}


def list_followers(
    tx: Transaction, account_id: str, viewer_id: str | None, before: tuple[int, str], limit: int
) -> list[ListedUser]:
    """The first `limit` users who follow the account, the newest first.

    They began to before that time, or at that time and have a smaller id.
    """
    created_at, user_id = before
    rows = tx.all(
        f"SELECT account.id, account.name, account.fullname, {FOLLOWED} AS is_followed,"
        " follow.created_at FROM follow JOIN account ON account.id = follow.follower_id"
        " WHERE follow.followed_id = :account_id"
        " AND (follow.created_at, follow.follower_id) < (:created_at, :user_id)"
        " ORDER BY follow.created_at DESC, follow.follower_id DESC LIMIT :limit",
        account_id=account_id,
        viewer_id=viewer_id,
        created_at=created_at,
        user_id=user_id,
        limit=limit,
    )
    return [make_listed_user(row) for row in rows]


def list_followed_users(
    tx: Transaction, user_id: str, viewer_id: str | None, before: tuple[int, str], limit: int
) -> list[ListedUser]:
    """The first `limit` users whom the user follows, as `list_followers` has them."""
    created_at, followed_id = before
    rows = tx.all(
        f"SELECT account.id, account.name, account.fullname, {FOLLOWED} AS is_followed,"
        " follow.created_at FROM follow JOIN account ON account.id = follow.followed_id"
        " WHERE follow.follower_id = :user_id AND account.kind = 'user'"
        " AND (follow.created_at, follow.followed_id) < (:created_at, :followed_id)"
        " ORDER BY follow.created_at DESC, follow.followed_id DESC LIMIT :limit",
        user_id=user_id,
        viewer_id=viewer_id,
        created_at=created_at,
        followed_id=followed_id,
        limit=limit,
    )
    return [make_listed_user(row) for row in rows]
