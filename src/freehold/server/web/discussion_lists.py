"""The list of a repository's discussions, and the page that opens another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, cast
from urllib.parse import urlencode

from markupsafe import Markup
from msgspec import UNSET

from freehold.server.core.discussion_rules import TITLE_LENGTHS
from freehold.server.core.discussions import PAGE, Shelf, create_discussion, show_discussions
from freehold.server.web.repo_frame import home_of, repo_page
from freehold.server.web.visit import Answer, Page, Redirect, Visit
from freehold.server.web.wording import format_time, plural
from freehold.wire.discussions import CreateDiscussion, DiscussionsQuery, DiscussionSummary
from freehold.wire.route import Needs

_Status = Literal["open", "closed", "all"]
_Kind = Literal["all", "discussion", "pull_request"]

STATUSES = ("open", "closed", "all")
KINDS = {"all": "Everything", "discussion": "Discussions", "pull_request": "Pull requests"}

# What each status is called, and the class of its badge.
STATUS_BADGES = {
    "open": ("Open", "good"),
    "draft": ("Draft", ""),
    "closed": ("Closed", "bad"),
    "merged": ("Merged", "blue"),
}


class Listed(NamedTuple):
    """A discussion in the list."""

    title: str
    url: str
    num: int
    kind: str
    status: str
    status_class: str
    author: str
    avatar: str
    time: Markup
    replies: str
    is_pinned: bool


class Choice(NamedTuple):
    """A status to look at: its label, how many have it, where its list is."""

    label: str
    total: int
    url: str
    is_chosen: bool


def disabled_page(visit: Visit) -> Page | None:
    """The page that says that a repository has no discussions, if so."""
    if not visit.repo.discussions_disabled:
        return None
    return repo_page(visit, "community", "no_discussions.html", status=403)


def discussions_page(visit: Visit) -> Answer:
    """The discussions that are asked for, the pinned ones first."""
    disabled = disabled_page(visit)
    if disabled is not None:
        return disabled
    query = _read_query(visit)
    shelf = show_discussions(visit.ctx, visit.repo, query)
    return repo_page(
        visit,
        "community",
        "discussions.html",
        asked=query,
        kinds=KINDS,
        pinned=[_list(visit, item) for item in shelf.pinned],
        listed=[_list(visit, item) for item in shelf.discussions],
        choices=_choices(visit, query, shelf),
        newer=_url(visit, query, p=query.p - 1) if query.p else "",
        older=_url(visit, query, p=query.p + 1) if query.p + 1 < shelf.pages else "",
        is_filtered=bool(query.author or query.search or query.type != "all"),
        has_any=bool(shelf.open or shelf.closed),
        beyond=query.p * PAGE,
        may_discuss=visit.may(Needs.DISCUSS),
    )


def _read_query(visit: Visit) -> DiscussionsQuery:
    """The query of the page; what makes no sense is left out."""
    query = visit.query
    page = query.get("p", "")
    status, kind = query.get("status", "open"), query.get("type", "all")
    return DiscussionsQuery(
        p=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 0,
        type=cast(_Kind, kind) if kind in KINDS else "all",
        status=cast(_Status, status) if status in STATUSES else "open",
        author=query.get("author", "").strip()[:100],
        search=query.get("q", "").strip()[: TITLE_LENGTHS[1]],
    )


def _choices(visit: Visit, query: DiscussionsQuery, shelf: Shelf) -> Sequence[Choice]:
    counts = {"open": shelf.open, "closed": shelf.closed, "all": shelf.open + shelf.closed}
    return [
        Choice(name.capitalize(), count, _url(visit, query, status=name), name == query.status)
        for name, count in counts.items()
    ]


def _url(visit: Visit, query: DiscussionsQuery, *, status: str = "", p: int = 0) -> str:
    asked = {
        "status": status or query.status,
        "type": query.type,
        "author": query.author,
        "q": query.search,
        "p": str(p),
    }
    plain = {"status": "open", "type": "all", "p": "0"}
    given = {name: text for name, text in asked.items() if text and plain.get(name) != text}
    path = f"{home_of(visit)}/discussions"
    return f"{path}?{urlencode(given)}" if given else path


def _list(visit: Visit, item: DiscussionSummary) -> Listed:
    label, status_class = STATUS_BADGES[item.status]
    author = None if item.author is UNSET else item.author
    return Listed(
        title=item.title,
        url=f"{home_of(visit)}/discussions/{item.num}",
        num=item.num,
        kind="pull request" if item.is_pull_request else "discussion",
        status=label,
        status_class=status_class,
        author=author.name if author else "",
        avatar=author.avatar_url if author else "",
        time=format_time(item.created_at),
        replies=plural(item.num_comments, "comment"),
        is_pinned=item.pinned,
    )


# A new one


def new_discussion_page(visit: Visit) -> Answer:
    """The form of a new discussion, or of a pull request for the branch `head` of the query."""
    disabled = disabled_page(visit)
    if disabled is not None:
        return disabled
    given = {**visit.query, **visit.form}
    return repo_page(
        visit,
        "community",
        "new_discussion.html",
        base=given.get("base", "main"),
        head=given.get("head", ""),
        title=given.get("title", ""),
        text=given.get("description", ""),
        title_lengths=TITLE_LENGTHS,
        may_propose=visit.may(Needs.PROPOSE),
    )


def new_discussion_form(visit: Visit) -> Redirect:
    """Opens the discussion, or the pull request."""
    form = visit.form
    head = form.get("head", "")
    body = CreateDiscussion(
        title=form.get("title", ""),
        description=form.get("description", ""),
        pull_request=bool(head),
        base=form.get("base") or None,
        head=head or None,
    )
    made = create_discussion(visit.ctx, visit.repo, body)
    return Redirect(f"{home_of(visit)}/discussions/{made.num}")
