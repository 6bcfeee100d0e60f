"""Commits with the accounts that made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from freehold.server.core.access import Context
from freehold.server.core.commits import address_of
from freehold.server.db import accounts
from freehold.server.db.accounts import Account
from freehold.server.git.reader import CommitData

# What the addresses end with that stand for accounts.
_NO_REPLY = address_of("")


class AuthoredCommit(NamedTuple):
    """A commit: `time` in seconds since 1970, `account` of its author where it is known."""

    oid: str
    title: str
    description: str
    author: str
    account: Account | None
    time: int


def find_authors(ctx: Context, commits: Sequence[CommitData]) -> list[AuthoredCommit]:
    """The commits with their authors' accounts, as far as these exist.

    Only addresses that the hub writes itself name accounts: other addresses were never proven.
    """
    emails = {commit.email for commit in commits if commit.email.endswith(_NO_REPLY)}
    names = {email: email.removesuffix(_NO_REPLY).lower() for email in emails}
    found: dict[str, Account] = {}
    if names:
        with ctx.hub.db.read() as tx:
            found = accounts.find_accounts_by_name(tx, names.values())
    return [
        AuthoredCommit(
            oid=commit.oid,
            title=commit.title,
            description=commit.description,
            author=commit.author,
            account=found.get(names.get(commit.email, "")),
            time=commit.time,
        )
        for commit in commits
    ]
