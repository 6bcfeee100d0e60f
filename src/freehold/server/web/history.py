"""The commits of a revision or of one path, and who wrote each line of a file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from freehold.errors import BadRequestError
from freehold.server.core.commit_authors import AuthoredCommit
from freehold.server.core.history import PAGE, list_authored_commits
from freehold.server.core.path_history import list_path_commits
from freehold.server.http.bind import Served
from freehold.server.web import routes
from freehold.server.web.blame import show_blame
from freehold.server.web.pages import show
from freehold.server.web.places import CommitLine, Place, describe_commits, find_place, make_switch
from freehold.server.web.repo_frame import repo_page
from freehold.server.web.visit import Answer, Visit
from freehold.wire.commits import CommitsQuery
from freehold.wire.dates import iso_time


def show_commits(visit: Visit) -> Answer:
    """The history, newest first, fifty commits to a page; that of a path if there is one."""
    place, names = find_place(visit)
    find = _find_path_commits if place.path else _find_commits
    days, newer, older, note = find(visit, place)
    return repo_page(
        visit,
        "files",
        "commits.html",
        place=place,
        switch=make_switch(place, "commits", names),
        days=days,
        newer=newer,
        older=older,
        note=note,
    )


_Days = list[tuple[str, list[CommitLine]]]


def _find_commits(visit: Visit, place: Place) -> tuple[_Days, str, str, str]:
    """The commits by day, the addresses of newer and older ones, and how many there are."""
    number = _read_number(visit.query.get("p", "0"))
    query = CommitsQuery(p=number)
    page = list_authored_commits(visit.ctx, visit.repo, place.revision, query)
    base = place.url("commits")
    newer = f"{base}?p={number - 1}" if number else ""
    older = f"{base}?p={number + 1}" if page.next_query else ""
    note = f"{page.total:,} commit{'' if page.total == 1 else 's'}"
    return _group(place, page.items), newer, older, note


def _find_path_commits(visit: Visit, place: Place) -> tuple[_Days, str, str, str]:
    after = visit.query.get("after", "")
    found = list_path_commits(visit.ctx, visit.repo, place.revision, place.path, after, PAGE)
    base = place.url("commits")
    older = f"{base}?after={found.after}" if found.after else ""
    note = ""
    if not found.commits:
        note = "No commit among those that were looked at has changed this path."
    return _group(place, found.commits), base if after else "", older, note


def _group(place: Place, commits: Sequence[AuthoredCommit]) -> _Days:
    """The commits of each day together."""
    lines = describe_commits(place.home, commits)
    days = [iso_time(commit.time * 1000)[:10] for commit in commits]
    pairs = groupby(zip(days, lines, strict=True), key=lambda pair: pair[0])
    return [(day, [line for _, line in group]) for day, group in pairs]


def _read_number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise BadRequestError("The number of the page is no number.")
    return int(text)


SERVED: tuple[Served, ...] = (
    show(routes.COMMITS_PAGE, show_commits, bulk=True),
    show(routes.BLAME_PAGE, show_blame, bulk=True, turn=True),
)
