"""Lists of repositories."""

from __future__ import annotations

from freehold.server.core import listings
from freehold.server.http.bind import serve
from freehold.wire import routes

SERVED = (serve(routes.LIST_REPOS, listings.list_repos, bulk=True),)
