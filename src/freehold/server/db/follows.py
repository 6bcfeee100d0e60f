"""Who follows whom."""

from __future__ import annotations

from typing import Any, NamedTuple

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
