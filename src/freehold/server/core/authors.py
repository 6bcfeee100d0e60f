"""Whoever wrote something, as answers show them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET, UnsetType

from freehold.server.core.users import avatar_url
from freehold.server.db import accounts
from freehold.server.db.accounts import Account
from freehold.server.db.database import Transaction
from freehold.wire.discussions import Author


class Authors:
    """The accounts behind some ids; an account that is gone is absent from what is told."""

    def __init__(self, tx: Transaction, ids: Iterable[str | None]) -> None:
        wanted = {account_id for account_id in ids if account_id is not None}
        self._found = accounts.find_accounts(tx, wanted)

    def name_of(self, account_id: str | None) -> str | None:
        """The name of the account."""
        found = self._found.get(account_id or "")
        return None if found is None else found.name

    def describe(self, account_id: str | None) -> Author | UnsetType:
        """The account as the author of something."""
        found = self._found.get(account_id or "")
        return UNSET if found is None else describe_author(found)


def describe_author(account: Account) -> Author:
    """The account as the author of something."""
    return Author(
        id_=account.id,
        avatar_url=avatar_url(account.id),
        fullname=account.fullname,
        name=account.name,
        type=account.kind,
        is_hf_admin=account.is_admin,
    )
