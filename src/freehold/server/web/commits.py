"""A commit and what it changes, and what lies between two revisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from freehold.server.core.differences import (
    MAX_COMMITS,
    Commits,
    SpanChanges,
    show_commit,
    show_span,
)
from freehold.server.core.history import SpanNames, split_span
from freehold.server.core.refs import list_repo_refs
from freehold.server.core.revisions import is_pull_request
from freehold.server.http.bind import Served
from freehold.server.web import routes
from freehold.server.web.diffs import show_diff
from freehold.server.web.pages import show
from freehold.server.web.repo_frame import home_of, repo_page
from freehold.server.web.visit import Answer, Redirect, Visit
from freehold.server.web.wording import quote_piece
from freehold.wire.refs import RefsQuery
from freehold.wire.route import Needs

# Of the names that the fields of revisions suggest.
MAX_SUGGESTED = 200

# Of the message of a commit, in characters, what a page shows.
MAX_MESSAGE = 20_000


class CommitLine(NamedTuple):
    """A commit in a list."""

    title: str
    url: str
    short: str
    author: str
    time: int


def commit_lines(visit: Visit, commits: Commits) -> list[CommitLine]:
    """The commits, for the macro `commits` of `commit_pieces.html`."""
    home = home_of(visit)
    return [
        CommitLine(
            commit.title[:300] or "(no message)",
            f"{home}/commit/{commit.oid}",
            commit.oid[:8],
            commit.author,
            commit.time * 1000,
        )
        for commit in commits
    ]


def commit_page(visit: Visit) -> Answer:
    """A commit: its message, and what it changes in its first parent."""
    found = show_commit(visit.ctx, visit.repo, visit.pieces["revision"])
    commit, home = found.commit, home_of(visit)
    before = f"{home}/blob/{commit.parents[0]}" if commit.parents else ""
    return repo_page(
        visit,
        "files",
        "commit.html",
        commit=commit,
        time=commit.time * 1000,
        title=commit.title[:1000] or "(no message)",
        message=_cut(commit.description),
        diff=show_diff(visit, found.patch, f"{home}/blob/{commit.oid}", before),
    )


def _cut(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"


def compare_page(visit: Visit) -> Answer:
    """What one revision has that another has not, or a form that asks for the two."""
    asked = _read_pickers(visit)
    if asked is not None:
        return asked
    span = visit.pieces.get("span")
    if span is None:
        return _page(visit, SpanNames("main", "", is_merge=True), None)
    return _page(visit, split_span(span), show_span(visit.ctx, visit.repo, span))


def _read_pickers(visit: Visit) -> Redirect | None:
    base, head = (visit.query.get(name, "").strip() for name in ("base", "head"))
    if not base or not head:
        return None
    dots = ".." if visit.query.get("dots") == "2" else "..."
    return Redirect(f"{home_of(visit)}/compare/{quote_piece(base)}{dots}{quote_piece(head)}")


def _page(visit: Visit, names: SpanNames, found: SpanChanges | None) -> Answer:
    home = home_of(visit)
    diff, commits = None, None
    if found is not None:
        blobs = (f"{home}/blob/{commit.oid}" for commit in (found.head, found.base))
        diff, commits = show_diff(visit, found.patch, *blobs), commit_lines(visit, found.commits)
    refs = list_repo_refs(visit.ctx, visit.repo, RefsQuery())
    branches = [ref.name for ref in refs.branches]
    return repo_page(
        visit,
        "files",
        "compare.html",
        names=names,
        suggested=[*branches, *(ref.name for ref in refs.tags)][:MAX_SUGGESTED],
        commits=commits,
        is_full=commits is not None and len(commits) == MAX_COMMITS,
        shares_nothing=found is not None and found.merge_base is None,
        diff=diff,
        proposes=bool(commits) and _may_propose(visit, names, branches),
    )


def _may_propose(visit: Visit, names: SpanNames, branches: Sequence[str]) -> bool:
    """Whether the viewer may open a pull request of what the page shows."""
    are_branches = {names.base, names.head} <= {*branches}
    allowed = visit.may(Needs.PROPOSE) and not visit.repo.discussions_disabled
    return are_branches and allowed and not is_pull_request(names.head)


SERVED: tuple[Served, ...] = (
    show(routes.COMMIT_PAGE, commit_page, bulk=True, turn=True),
    show(routes.COMPARE_PAGE, compare_page, bulk=True, turn=True),
)
