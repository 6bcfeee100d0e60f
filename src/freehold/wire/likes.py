"""Likes: which repositories users have marked for themselves and for others."""

from __future__ import annotations

from freehold.wire.codec import Wire


class Likes(Wire, kw_only=True):
    """How many users like a repository, and whether the caller is one of them."""

    likes: int
    is_liked_by_user: bool


class LikedRepoName(Wire, kw_only=True):
    """A repository by its `namespace/name` and its type: model, dataset, space or kernel."""

    name: str
    type: str


class LikedRepo(Wire, kw_only=True):
    """A repository that a user likes, and since when."""

    created_at: str
    repo: LikedRepoName
