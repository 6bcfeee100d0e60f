"""What every page of a repository tells about it, besides the page's own subject."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.core.access import Context
from freehold.server.db import discussions, likes
from freehold.server.db.discussions import Wanted
from freehold.server.db.repos import Repo


class Told(NamedTuple):
    """Whether the viewer likes the repository, and how many discussions are open."""

    is_liked: bool
    open_discussions: int


def describe_frame(ctx: Context, repo: Repo) -> Told:
    """What the frame of a repository's pages tells."""
    with ctx.hub.db.read() as tx:
        is_liked = ctx.viewer.id is not None and likes.has_like(tx, repo.id, ctx.viewer.id)
        count = discussions.count_discussions(tx, repo.id, Wanted(is_closed=False))
    return Told(is_liked, count)
