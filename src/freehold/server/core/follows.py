"""Following: users who want to hear of other users and of organisations."""

from __future__ import annotations

from functools import partial

from freehold.errors import BadRequestError
from freehold.server.core import access
from freehold.server.core.access import Context
from freehold.server.core.accounts import (
    describe_listed,
    find_organization,
    find_user,
    place_of_listed,
)
from freehold.server.core.paging import Page, check_limit, make_page, read_place
from freehold.server.db import follows
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.db.follows import ListedUser
from freehold.server.hub import now_ms
from freehold.wire.accounts import Following, PageQuery

DEFAULT_PAGE = 500
MAX_PAGE = 1000


def follow_user(ctx: Context, user: str) -> Following:
    """The caller follows the user; nothing changes when they do already.

    Raises `NotFoundError`, and `BadRequestError` when the caller is that user.
    """
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        return _follow(tx, ctx, find_user(tx, user))


def unfollow_user(ctx: Context, user: str) -> Following:
    """The caller follows the user no more; raises `NotFoundError`."""
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        return _unfollow(tx, ctx, find_user(tx, user))


def follow_organization(ctx: Context, organization: str) -> Following:
    """The caller follows the organisation, as `follow_user` does."""
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        return _follow(tx, ctx, find_organization(tx, organization))


def unfollow_organization(ctx: Context, organization: str) -> Following:
    """The caller follows the organisation no more; raises `NotFoundError`."""
    access.require_write_token(ctx.viewer)
    with ctx.hub.db.write() as tx:
        return _unfollow(tx, ctx, find_organization(tx, organization))


def _follow(tx: Transaction, ctx: Context, account: Account) -> Following:
    follower_id = access.require_account(ctx.viewer)
    if account.id == follower_id:
        raise BadRequestError("Nobody can follow themselves.")
    follows.insert_follow(tx, follower_id, account.id, now_ms())
    return Following(is_following=True, num_followers=follows.count_followers(tx, account.id))


def _unfollow(tx: Transaction, ctx: Context, account: Account) -> Following:
    follows.delete_follow(tx, access.require_account(ctx.viewer), account.id)
    return Following(is_following=False, num_followers=follows.count_followers(tx, account.id))


def list_user_followers(ctx: Context, user: str, query: PageQuery) -> Page:
    """A page of the users who follow a user, the newest first: 500, or up to 1,000.

    Raises `NotFoundError`.
    """
    limit, before = check_limit(query.limit, DEFAULT_PAGE, MAX_PAGE), read_place(query.cursor)
    with ctx.hub.db.read() as tx:
        account = find_user(tx, user)
        found = follows.list_followers(tx, account.id, ctx.viewer.id, before, limit + 1)
    return _make_page(ctx, found, limit)


def list_organization_followers(ctx: Context, organization: str, query: PageQuery) -> Page:
    """A page of the users who follow an organisation, as `list_user_followers` gives it."""
    limit, before = check_limit(query.limit, DEFAULT_PAGE, MAX_PAGE), read_place(query.cursor)
    with ctx.hub.db.read() as tx:
        account = find_organization(tx, organization)
        found = follows.list_followers(tx, account.id, ctx.viewer.id, before, limit + 1)
    return _make_page(ctx, found, limit)


def list_user_following(ctx: Context, user: str, query: PageQuery) -> Page:
    """A page of the users whom a user follows, as `list_user_followers` gives it."""
    limit, before = check_limit(query.limit, DEFAULT_PAGE, MAX_PAGE), read_place(query.cursor)
    with ctx.hub.db.read() as tx:
        account = find_user(tx, user)
        found = follows.list_followed_users(tx, account.id, ctx.viewer.id, before, limit + 1)
    return _make_page(ctx, found, limit)


def _make_page(ctx: Context, found: list[ListedUser], limit: int) -> Page:
    return make_page(found, limit, partial(describe_listed, ctx), place_of_listed)
