"""Commits, their changes, and comparisons."""

from __future__ import annotations

from freehold.server.http.bind import Served
from freehold.server.web import routes
from freehold.server.web.blame import show_blame
from freehold.server.web.commits import show_commits
from freehold.server.web.pages import show

SERVED: tuple[Served, ...] = (
    show(routes.COMMITS_PAGE, show_commits, bulk=True),
    show(routes.BLAME_PAGE, show_blame, bulk=True, turn=True),
)
