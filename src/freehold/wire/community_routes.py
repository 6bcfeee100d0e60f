"""The routes by which people work together: accounts, likes, discussions, requests, hooks."""

from __future__ import annotations

from freehold.wire import accounts, likes
from freehold.wire.route import Needs, Route

# Likes
LIKE = Route("POST", "/api/{type}s/{repo}/like", Needs.DISCUSS, returns=likes.Likes)
UNLIKE = Route("DELETE", "/api/{type}s/{repo}/like", Needs.DISCUSS, returns=likes.Likes)
LIST_REPO_LIKERS = Route(
    "GET",
    "/api/{type}s/{repo}/likers",
    Needs.READ,
    query=accounts.PageQuery,
    returns=list[accounts.UserEntry],
)
LIST_LIKED_REPOS = Route(
    "GET",
    "/api/users/{user}/likes",
    Needs.NOTHING,
    query=accounts.PageQuery,
    returns=list[likes.LikedRepo],
)
