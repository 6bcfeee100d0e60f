"""Users and organisations: finding them by what callers know of them, and describing them."""

from __future__ import annotations

import re

from msgspec import UNSET, UnsetType

from freehold.errors import NotFoundError
from freehold.server.core.access import Context, Viewer
from freehold.server.core.paging import write_place
from freehold.server.core.users import avatar_url
from freehold.server.db import accounts, follows, likes, repos
from freehold.server.db.accounts import Account, Membership
from freehold.server.db.database import Transaction
from freehold.server.db.discussions import count_visible_discussions
from freehold.server.db.follows import ListedUser
from freehold.wire.accounts import (
    OrganizationEntry,
    OrganizationOverview,
    UserEntry,
    UserOverview,
)
from freehold.wire.dates import iso_time

_ID = re.compile(r"[0-9a-f]{24}")


def find_user(tx: Transaction, name: str) -> Account:
    """The user of that name, in any case of letters, or id; raises `NotFoundError`."""
    account = find_account(tx, name, "user")
    if account.kind != "user":
        raise _unknown("user", name)
    return account


def find_organization(tx: Transaction, name: str) -> Account:
    """The organisation of that name, in any case of letters, or id; raises `NotFoundError`."""
    account = find_account(tx, name, "organisation")
    if account.kind != "org":
        raise _unknown("organisation", name)
    return account


def find_account(tx: Transaction, name: str, what: str = "account") -> Account:
    """The user or organisation of that name, or of that id; raises `NotFoundError`."""
    account = accounts.find_account_by_id(tx, name) if _ID.fullmatch(name) else None
    account = account or accounts.find_account(tx, name)
    if account is None:
        raise _unknown(what, name)
    return account


def _unknown(what: str, name: str) -> NotFoundError:
    return NotFoundError(f"There is no {what} named {name!r}.")


def get_user_overview(ctx: Context, user: str) -> UserOverview:
    """A user, by name in any case of letters or by id, with counts of what the caller may see.

    Raises `NotFoundError`.
    """
    viewer = ctx.viewer
    with ctx.hub.db.read() as tx:
        found = find_user(tx, user)
        number = repos.count_visible_repos(tx, found.id, viewer.id, viewer.is_admin)
        followed = follows.count_followed(tx, found.id)
        answer = UserOverview(
            id_=found.id,
            user=found.name,
            fullname=found.fullname,
            avatar_url=avatar_url(found.id),
            created_at=iso_time(found.created_at),
            is_following=_is_following(tx, viewer, found),
            orgs=[_describe_org(org) for org in accounts.list_memberships(tx, found.id)],
            num_models=number.get("model", 0),
            num_datasets=number.get("dataset", 0),
            num_spaces=number.get("space", 0),
            num_kernels=number.get("kernel", 0),
            num_discussions=count_visible_discussions(tx, found.id, viewer.id, viewer.is_admin),
            num_likes=likes.count_visible_likes(tx, found.id, viewer.id, viewer.is_admin),
            num_followers=follows.count_followers(tx, found.id),
            num_following=followed.get("user", 0),
            num_following_orgs=followed.get("org", 0),
        )
    if found.email is not None and (viewer.is_admin or viewer.id == found.id):
        answer.email = found.email
    return answer


def _is_following(tx: Transaction, viewer: Viewer, account: Account) -> bool | UnsetType:
    return UNSET if viewer.id is None else follows.is_following(tx, viewer.id, account.id)


def _describe_org(org: Membership) -> OrganizationEntry:
    return OrganizationEntry(
        id=org.org_id, name=org.name, fullname=org.fullname, avatar_url=avatar_url(org.org_id)
    )


def get_organization_overview(ctx: Context, organization: str) -> OrganizationOverview:
    """An organisation, as `get_user_overview` describes a user; raises `NotFoundError`."""
    viewer = ctx.viewer
    with ctx.hub.db.read() as tx:
        found = find_organization(tx, organization)
        number = repos.count_visible_repos(tx, found.id, viewer.id, viewer.is_admin)
        return OrganizationOverview(
            id_=found.id,
            name=found.name,
            fullname=found.fullname,
            avatar_url=avatar_url(found.id),
            created_at=iso_time(found.created_at),
            is_following=_is_following(tx, viewer, found),
            num_users=sum(accounts.count_members(tx, found.id).values()),
            num_models=number.get("model", 0),
            num_datasets=number.get("dataset", 0),
            num_spaces=number.get("space", 0),
            num_kernels=number.get("kernel", 0),
            num_followers=follows.count_followers(tx, found.id),
        )


def describe_listed(ctx: Context, user: ListedUser) -> UserEntry:
    """A user in a list."""
    return UserEntry(
        id_=user.id,
        user=user.name,
        fullname=user.fullname,
        avatar_url=avatar_url(user.id),
        is_following=UNSET if ctx.viewer.id is None else user.is_followed,
    )


def place_of_listed(user: ListedUser) -> str:
    """The cursor after a user in a list."""
    return write_place(user.listed_at, user.id)
