"""Likes of repositories."""

from __future__ import annotations

from freehold.server.core import likes
from freehold.server.http.bind import serve
from freehold.wire import community_routes as routes

SERVED = (
    serve(routes.LIKE, likes.like),
    serve(routes.UNLIKE, likes.unlike),
    serve(routes.LIST_REPO_LIKERS, likes.list_repo_likers),
    serve(routes.LIST_LIKED_REPOS, likes.list_liked_repos),
)
