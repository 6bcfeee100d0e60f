"""Users and organisations: finding them by what callers know of them, and describing them."""

from __future__ import annotations

import re

from msgspec import UNSET

from freehold.errors import NotFoundError
from freehold.server.core.access import Context
from freehold.server.core.paging import write_place
from freehold.server.core.users import avatar_url
from freehold.server.db import accounts
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.server.db.follows import ListedUser
from freehold.wire.accounts import UserEntry

_ID = re.compile(r"[0-9a-f]{24}")


def find_user(tx: Transaction, name: str) -> Account:
    """The user of that name, in any case of letters, or id; raises `NotFoundError`."""
    return _find(tx, name, "user", "user")


def find_organization(tx: Transaction, name: str) -> Account:
    """The organisation of that name, in any case of letters, or id; raises `NotFoundError`."""
    return _find(tx, name, "org", "organisation")


def _find(tx: Transaction, name: str, kind: str, what: str) -> Account:
    account = accounts.find_account_by_id(tx, name) if _ID.fullmatch(name) else None
    account = account or accounts.find_account(tx, name)
    if account is None or account.kind != kind:
        raise NotFoundError(f"There is no {what} named {name!r}.")
    return account


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
