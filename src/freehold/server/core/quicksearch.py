"""Looking for anything by its name, while somebody is still typing it."""

from __future__ import annotations

from typing import Any

from freehold.server.core.access import Context
from freehold.server.core.paging import check_limit
from freehold.server.core.search import Asked, find_ranked, read_types
from freehold.server.core.users import avatar_url
from freehold.server.db import search
from freehold.server.db.database import Transaction
from freehold.server.db.search import MOST, FoundAccount, Viewing
from freehold.wire.search import (
    NamedOrganization,
    NamedRepo,
    NamedUser,
    QuicksearchQuery,
    QuicksearchResults,
)

PAGE = 10
MAX_PAGE = 100
REPO_GROUPS = {"model": "models", "dataset": "datasets", "space": "spaces"}
ACCOUNT_GROUPS = {"user": "users", "org": "orgs"}
# Nothing of these is on this hub.
EMPTY_GROUPS = ("paper", "collection")


def quicksearch(ctx: Context, query: QuicksearchQuery) -> QuicksearchResults:
    """What has a name like that: the same name first, then its beginning, then a part of it.

    Of equals, those with the more likes come first. Of each group up to 500 names are looked at
    and counted, as in `search_text`. Raises `BadRequestError` for a type or a limit that cannot be.
    """
    limit = check_limit(query.limit, PAGE, MAX_PAGE)
    types = read_types(query.type, (*REPO_GROUPS, *ACCOUNT_GROUPS, *EMPTY_GROUPS))
    asked = Asked.read(query.q)
    answer = QuicksearchResults(q=query.q)
    with ctx.hub.db.read() as tx:
        viewing = Viewing.of(tx, types, ctx.viewer.id, ctx.viewer.is_admin)
        for type in types:
            if type in REPO_GROUPS:
                of_type = viewing._replace(types=[type])
                _fill(answer, REPO_GROUPS[type], _find_repos(tx, of_type, asked), limit)
            elif type in ACCOUNT_GROUPS:
                _fill(answer, ACCOUNT_GROUPS[type], _find_accounts(tx, type, asked), limit)
    return answer


def _fill(answer: QuicksearchResults, group: str, found: list[Any], limit: int) -> None:
    setattr(answer, group, found[:limit])
    setattr(answer, f"{group}_count", len(found))


def _find_repos(tx: Transaction, viewing: Viewing, asked: Asked) -> list[NamedRepo]:
    ranked = find_ranked(tx, viewing, asked, MAX_PAGE, only_names=True)
    return [NamedRepo(id_=item.id, id=f"{item.namespace}/{item.name}") for item in ranked]


def _find_accounts(
    tx: Transaction, kind: str, asked: Asked
) -> list[NamedUser] | list[NamedOrganization]:
    found: dict[str, FoundAccount] = {}
    if asked.name:
        for account in search.find_accounts_by_start(tx, kind, asked.name):
            found[account.id] = account
    if asked.words and len(found) < MOST:
        for account in search.find_accounts_by_words(tx, kind, asked.words):
            found[account.id] = account
    ranked = sorted(found.values(), key=lambda account: _rank_account(account, asked))[:MOST]
    describe = _describe_user if kind == "user" else _describe_organization
    return [describe(account) for account in ranked]  # type: ignore[return-value]


def _rank_account(account: FoundAccount, asked: Asked) -> tuple[int, str]:
    """What is smaller the better it fits, and then the earlier in the alphabet."""
    name = account.name.lower()
    distance = 0 if name == asked.name else 1 if asked.name and name.startswith(asked.name) else 2
    return distance, name


def _describe_user(account: FoundAccount) -> NamedUser:
    return NamedUser(
        id_=account.id,
        user=account.name,
        fullname=account.fullname,
        avatar_url=avatar_url(account.id),
    )


def _describe_organization(account: FoundAccount) -> NamedOrganization:
    return NamedOrganization(
        id_=account.id,
        name=account.name,
        fullname=account.fullname,
        avatar_url=avatar_url(account.id),
    )
