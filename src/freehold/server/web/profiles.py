"""The pages of users and organisations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from freehold.errors import BadRequestError
from freehold.server.core import follows, orgs
from freehold.server.core.access import Context
from freehold.server.core.listings import find_repos
from freehold.server.core.paging import Page as ListPage
from freehold.server.core.profiles import Profile, find_liked_repos, get_profile
from freehold.server.web import routes
from freehold.server.web.list_filters import KINDS, Filters, join_url, list_sorts
from freehold.server.web.list_pager import Pager, describe_number, make_pager
from freehold.server.web.pages import act, show
from freehold.server.web.repo_rows import make_rows
from freehold.server.web.visit import Answer, Redirect, Visit, page
from freehold.wire.accounts import (
    Following,
    MembersQuery,
    OrganizationOverview,
    PageQuery,
    UserOverview,
)

PEOPLE = 60
DEFAULT_SORT = "modified"
_TYPES = {"models": "model", "datasets": "dataset", "spaces": "space", "kernels": "kernel"}
_EMPTY = {
    **{name: f"No {KINDS[type].many} to see" for name, type in _TYPES.items()},
    "likes": "No likes to see",
    "members": "No members",
    "followers": "No followers yet",
    "following": "Follows nobody yet",
}


class Tab(NamedTuple):
    """A tab of a profile: its name in the address, its label and how much is in it."""

    name: str
    label: str
    number: int


def show_account(visit: Visit) -> Answer:
    """A user or an organisation; the page of another spelling leads to that of its name."""
    profile = get_profile(visit.ctx, visit.pieces["account"])
    home = f"/{profile.name}"
    if visit.path != home and not visit.error:
        return Redirect(join_url(home, [*visit.query.items()]))
    tabs = _list_tabs(profile)
    first = next((tab.name for tab in tabs if tab.number and tab.name in _TYPES), "models")
    tab = visit.query.get("tab") or first
    if tab not in {known.name for known in tabs}:
        raise BadRequestError(f"There is no tab {tab[:50]!r} here.")
    shown = _show_repos if tab in _TYPES else _show_likes if tab == "likes" else _show_people
    return page(
        "profile.html",
        profile=profile,
        account=profile.account,
        home=home,
        tabs=tabs,
        tab=tab,
        empty=_EMPTY,
        error=visit.error,
        description=_describe(profile),
        **{"rows": [], "people": [], "filters": None, **shown(visit, profile, tab)},
    )


def _list_tabs(profile: Profile) -> list[Tab]:
    account = profile.account
    tabs = [
        Tab("models", "Models", account.num_models),
        Tab("datasets", "Datasets", account.num_datasets),
        Tab("spaces", "Spaces", account.num_spaces),
    ]
    if account.num_kernels:
        tabs.append(Tab("kernels", "Kernels", account.num_kernels))
    if isinstance(account, OrganizationOverview):
        tabs.append(Tab("members", "Members", account.num_users))
    else:
        tabs.append(Tab("likes", "Likes", account.num_likes))
    tabs.append(Tab("followers", "Followers", account.num_followers))
    if isinstance(account, UserOverview):
        tabs.append(Tab("following", "Following", account.num_following))
    return tabs


def _describe(profile: Profile) -> str:
    account = profile.account
    what = "A user" if profile.is_user else "An organisation"
    return (
        f"{what} with {account.num_models} models, {account.num_datasets} datasets and"
        f" {account.num_spaces} Spaces on this hub"
    )


def _show_repos(visit: Visit, profile: Profile, tab: str) -> dict[str, Any]:
    kind = KINDS[_TYPES[tab]]
    known = ("search", "sort", "p", "cursor")
    lists = {name: visit.lists[name] for name in known if name in visit.lists}
    filters = Filters(kind, lists, DEFAULT_SORT)
    query = filters.query()
    query.author = profile.name
    found = find_repos(visit.ctx, kind.type, query)
    pairs = [("tab", tab), *filters.pairs()]
    return {
        "rows": make_rows(found.listed),
        "kind": kind,
        "filters": filters,
        "sorts": list_sorts(kind.type, filters.sort),
        "told": describe_number(filters, found),
        "pager": make_pager(filters, found, f"/{profile.name}", pairs),
    }


def _show_likes(visit: Visit, profile: Profile, tab: str) -> dict[str, Any]:
    query = PageQuery(cursor=visit.query.get("cursor"))
    found = find_liked_repos(visit.ctx, profile.name, query)
    return {
        "rows": make_rows(found.listed, mixed=True),
        "pager": _make_pager(visit, profile, tab, found.cursor),
    }


def _show_people(visit: Visit, profile: Profile, tab: str) -> dict[str, Any]:
    cursor = visit.query.get("cursor")
    query = PageQuery(limit=PEOPLE, cursor=cursor)
    found: ListPage
    if tab == "members":
        found = orgs.list_organization_members(
            visit.ctx, profile.name, MembersQuery(limit=PEOPLE, cursor=cursor)
        )
    elif tab == "following":
        found = follows.list_user_following(visit.ctx, profile.name, query)
    elif profile.is_user:
        found = follows.list_user_followers(visit.ctx, profile.name, query)
    else:
        found = follows.list_organization_followers(visit.ctx, profile.name, query)
    following = (found.next_query or {}).get("cursor", "")
    return {"people": found.items, "pager": _make_pager(visit, profile, tab, following)}


def _make_pager(visit: Visit, profile: Profile, tab: str, cursor: str) -> Pager:
    home = f"/{profile.name}"
    first = join_url(home, [("tab", tab)]) if visit.query.get("cursor") else ""
    return Pager(first, "", join_url(home, [("tab", tab), ("cursor", cursor)]) if cursor else "")


def follow(visit: Visit) -> Answer:
    """Follows the account, or no more where the field `follow` is empty."""
    ctx, wants = visit.ctx, bool(visit.form.get("follow"))
    profile = get_profile(ctx, visit.pieces["account"])
    change = _CHANGES[profile.is_user, wants]
    change(ctx, profile.name)
    return Redirect(f"/{profile.name}")


_CHANGES: dict[tuple[bool, bool], Callable[[Context, str], Following]] = {
    (True, True): follows.follow_user,
    (True, False): follows.unfollow_user,
    (False, True): follows.follow_organization,
    (False, False): follows.unfollow_organization,
}

SERVED = (
    act(routes.FOLLOW_FORM, follow, show_account),
    show(routes.ACCOUNT_PAGE, show_account, bulk=True),
)
