"""The pages of the hub: what people see of it, made on the server over the same core functions."""

from freehold.server.web import (
    accounts,
    assets,
    card,
    changes,
    commits,
    discussions,
    files,
    history,
    lists,
    memberships,
    profiles,
    refs,
    repo_settings,
    sessions,
)
from freehold.server.web.routes import named_pages

PAGES = (
    *assets.SERVED,
    *lists.SERVED,
    *sessions.SERVED,
    *accounts.SERVED,
    *memberships.SERVED,
    *files.SERVED,
    *history.SERVED,
    *commits.SERVED,
    *refs.SERVED,
    *changes.SERVED,
    *repo_settings.SERVED,
    *discussions.SERVED,
    *profiles.SERVED,
    *card.SERVED,
)

__all__ = ["PAGES", "named_pages"]
