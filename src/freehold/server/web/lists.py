"""The front page, and lists of repositories."""

from __future__ import annotations

from freehold.server.web import routes
from freehold.server.web.pages import show
from freehold.server.web.visit import Answer, Visit, page


def show_home(visit: Visit) -> Answer:
    """The front page."""
    return page("home.html")


SERVED = (show(routes.HOME_PAGE, show_home),)
