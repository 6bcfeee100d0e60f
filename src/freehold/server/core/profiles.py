"""What the pages of accounts, and the front page of whoever is signed in, are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from freehold.server.core.access import Context
from freehold.server.core.accounts import (
    find_account,
    find_user,
    get_organization_overview,
    get_user_overview,
)
from freehold.server.core.listings import Found
from freehold.server.core.paging import check_limit, read_place, write_place
from freehold.server.db import accounts, likes, listings
from freehold.server.db.accounts import Membership
from freehold.server.db.database import Transaction
from freehold.server.db.listings import Listed
from freehold.wire.accounts import OrganizationOverview, PageQuery, UserOverview

LIKED, MOST_LIKED = 30, 100
RECENT = 8


class Profile(NamedTuple):
    """A user or an organisation, and whether the viewer may change how it is shown."""

    name: str
    account: UserOverview | OrganizationOverview
    is_manager: bool

    @property
    def is_user(self) -> bool:
        """Whether this is a user."""
        return isinstance(self.account, UserOverview)


def get_profile(ctx: Context, name: str) -> Profile:
    """The account of that name, in any case of letters, or id; raises `NotFoundError`."""
    viewer = ctx.viewer
    with ctx.hub.db.read() as tx:
        found = find_account(tx, name)
        role = accounts.find_role(tx, found.id, viewer.id or "") if found.kind == "org" else None
    if found.kind == "user":
        return Profile(found.name, get_user_overview(ctx, found.name), viewer.id == found.id)
    is_manager = role == "admin" or viewer.is_admin
    return Profile(found.name, get_organization_overview(ctx, found.name), is_manager)


def find_liked_repos(ctx: Context, user: str, query: PageQuery) -> Found:
    """A page of the repositories that a user likes and the viewer may see, the newest like first.

    Raises `NotFoundError`, and `BadRequestError` for a limit or a cursor that cannot be.
    """
    limit, before = check_limit(query.limit, LIKED, MOST_LIKED), read_place(query.cursor)
    viewer = ctx.viewer
    with ctx.hub.db.read() as tx:
        owner = find_user(tx, user)
        found = likes.list_likes(tx, owner.id, viewer.id, viewer.is_admin, before, limit + 1)
        page = found[:limit]
        listed = _find_all(tx, ctx, [like.repo_id for like in page])
    is_cut = len(found) > limit
    return Found(listed, write_place(page[-1].created_at, page[-1].repo_id) if is_cut else "")


class OwnThings(NamedTuple):
    """What belongs to whoever looks: repositories that changed last, and organisations."""

    recent: list[Listed]
    organizations: list[Membership]


def list_own_things(ctx: Context) -> OwnThings:
    """The viewer's own repositories that changed last, and their organisations; a stranger's none.

    Repositories of organisations are not among them.
    """
    if ctx.viewer.id is None:
        return OwnThings([], [])
    with ctx.hub.db.read() as tx:
        recent = listings.list_recent(tx, ctx.viewer.id, RECENT)
        return OwnThings(_find_all(tx, ctx, recent), accounts.list_memberships(tx, ctx.viewer.id))


def _find_all(tx: Transaction, ctx: Context, repo_ids: Sequence[str]) -> list[Listed]:
    """Those of the repositories that the viewer may see, in the same order."""
    if not repo_ids:
        return []
    known = listings.find_listed(tx, repo_ids, ctx.viewer.id, ctx.viewer.is_admin)
    return [known[id] for id in repo_ids if id in known]
