"""Search."""

from __future__ import annotations

from freehold.server.core import quicksearch, search
from freehold.server.http.bind import serve
from freehold.wire import community_routes as routes

SERVED = (
    serve(routes.SEARCH_TEXT, search.search_text, bulk=True),
    serve(routes.QUICKSEARCH, quicksearch.quicksearch, bulk=True),
    serve(routes.LIST_TRENDING, search.list_trending, bulk=True),
)
