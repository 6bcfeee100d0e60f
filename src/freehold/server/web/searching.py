"""The page of what was searched for in words: repositories by their text, accounts by name."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.errors import BadRequestError
from freehold.formats.search_text import cut_snippet
from freehold.server.core.facets import label_tag
from freehold.server.core.quicksearch import quicksearch
from freehold.server.core.search import Found, find_text
from freehold.server.db.search import MOST, FoundRepo
from freehold.server.web.list_filters import MAX_SEARCH, join_url
from freehold.server.web.list_pager import Pager
from freehold.server.web.repo_rows import TYPE_NAMES, RepoRow, make_row, write_row
from freehold.server.web.visit import Answer, Visit, page
from freehold.server.web.wording import plural
from freehold.wire.search import QuicksearchQuery, QuicksearchResults, SearchQuery

ROWS = 20
ACCOUNTS, ACCOUNTS_BESIDE = 100, 5

# The tabs: what is searched in each, and its label.
TABS = {
    "": "Everything",
    "model": "Models",
    "dataset": "Datasets",
    "space": "Spaces",
    "kernel": "Kernels",
    "account": "People and organisations",
}


class FoundName(NamedTuple):
    """An account that was found."""

    name: str
    fullname: str
    avatar: str
    kind: str


def show_search(visit: Visit) -> Answer:
    """What was found; an empty search tells what can be searched for."""
    asked, tab = visit.query.get("q", "").strip(), visit.query.get("type", "")
    if len(asked) > MAX_SEARCH:
        raise BadRequestError(f"A search has at most {MAX_SEARCH} characters.")
    tab = tab if tab in TABS else tab.removesuffix("s")
    if tab not in TABS:
        raise BadRequestError(f"There is no type {tab[:50]!r} to search for.")
    values: dict[str, Any] = {"rows": [], "accounts": [], "told": "", "pager": Pager()}
    if asked and tab == "account":
        values |= _find_accounts(visit, asked, ACCOUNTS)
    elif asked:
        values |= _find_repos(visit, asked, tab)
    tabs = [
        (label, join_url("/search", [("q", asked), *([("type", name)] if name else [])]), name)
        for name, label in TABS.items()
    ]
    return page("search.html", asked=asked, tab=tab, tabs=tabs, **values)


def _find_repos(visit: Visit, asked: str, tab: str) -> dict[str, Any]:
    number = _read_page(visit.query.get("p", ""))
    query = SearchQuery(q=asked, type=[tab] if tab else [], limit=ROWS, skip=number * ROWS)
    found = find_text(visit.ctx, query)
    values: dict[str, Any] = {
        "rows": [write_row(_make_row(item, found, not tab)) for item in found.repos],
        "told": _describe_total(found.total),
    }
    if not tab and not number:
        values["accounts"] = _find_accounts(visit, asked, ACCOUNTS_BESIDE)["accounts"]
    fields = [("q", asked), *([("type", tab)] if tab else [])]
    values["pager"] = Pager(
        previous=_numbered(fields, number - 1) if number else "",
        next=_numbered(fields, number + 1) if (number + 1) * ROWS < found.total else "",
    )
    return values


def _numbered(fields: list[tuple[str, str]], number: int) -> str:
    return join_url("/search", [*fields, ("p", str(number))] if number else fields)


def _read_page(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) < 4):
        raise BadRequestError("Pages of a search are numbered from 0.")
    return int(text or 0)


def _describe_total(total: int) -> str:
    if total >= MOST:
        return f"The first {MOST} repositories that were found"
    return "1 repository" if total == 1 else f"{total} repositories" if total else "No repositories"


def _make_row(item: FoundRepo, found: Found, mixed: bool) -> RepoRow:
    facts = label_tag("pipeline_tag", item.pipeline_tag) if item.pipeline_tag else ""
    kind = TYPE_NAMES[item.repo.type] * mixed
    return make_row(item.repo, facts, kind, cut_snippet(item.body, found.asked.words))


def _find_accounts(visit: Visit, asked: str, most: int) -> dict[str, Any]:
    query = QuicksearchQuery(q=asked, type=["user", "org"], limit=most)
    found = quicksearch(visit.ctx, query)
    total = found.users_count + found.orgs_count
    return {"accounts": _describe_accounts(found), "told": plural(total, "account")}


def _describe_accounts(found: QuicksearchResults) -> list[FoundName]:
    return [
        *(FoundName(it.name, it.fullname, it.avatar_url, "organisation") for it in found.orgs),
        *(FoundName(it.user, it.fullname, it.avatar_url, "user") for it in found.users),
    ]
