"""A discussion or a pull request, what it would change, and the versions of a comment."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import UNSET

from freehold.server.core.comments import read_comment
from freehold.server.core.differences import MAX_COMMITS
from freehold.server.core.discussions import get_discussion, get_proposal, takes_long
from freehold.server.web.commits import commit_lines
from freehold.server.web.diffs import show_diff
from freehold.server.web.discussion_lists import STATUS_BADGES, disabled_page
from freehold.server.web.repo_frame import home_of, repo_page
from freehold.server.web.threads import Thread, make_safe
from freehold.server.web.visit import Answer, Visit
from freehold.server.web.wording import format_time
from freehold.wire.discussions import CommentData, Discussion, DiscussionQuery
from freehold.wire.route import Needs

SHOWN_CONFLICTS = 50


class Proposal(NamedTuple):
    """A pull request: where it goes, what it is at, and what stands in the way of a merge.

    `obstacle` is empty, or one of: draft, gone (its ref), base (which is gone), conflicts, unclear.
    """

    base: str
    head: str
    merge_commit: str
    obstacle: str
    conflicts: Sequence[str]
    more_conflicts: int
    checkout: str
    solve: str
    python: str


def thread_takes_turn(visit: Visit) -> bool:
    """Whether git has to work for the page of the discussion."""
    query = DiscussionQuery(diff=False)
    return takes_long(visit.ctx, visit.repo, visit.pieces["num"], query)


def discussion_page(visit: Visit) -> Answer:
    """A discussion with everything that has happened in it."""
    disabled = disabled_page(visit)
    if disabled is not None:
        return disabled
    told = get_discussion(visit.ctx, visit.repo, visit.pieces["num"], DiscussionQuery(diff=False))
    return repo_page(
        visit,
        "community",
        "discussion.html",
        **_head(visit, told, "thread"),
        entries=list(Thread(visit, told).entries()),
        form=visit.form,
        may_comment=visit.may(Needs.WRITE) or (visit.may(Needs.DISCUSS) and not told.locked),
    )


def discussion_files_page(visit: Visit) -> Answer:
    """The commits of a pull request, and what they change."""
    disabled = disabled_page(visit)
    if disabled is not None:
        return disabled
    told, proposed = get_proposal(visit.ctx, visit.repo, visit.pieces["num"])
    home, diff = home_of(visit), None
    changes = told.changes
    assert changes is not UNSET
    if proposed.patch is not None and changes.head_commit_id is not UNSET:
        diff = show_diff(visit, proposed.patch, f"{home}/blob/{changes.head_commit_id}")
    return repo_page(
        visit,
        "community",
        "discussion_files.html",
        **_head(visit, told, "files"),
        commits=commit_lines(visit, proposed.commits),
        is_full=len(proposed.commits) == MAX_COMMITS,
        diff=diff,
    )


def _head(visit: Visit, told: Discussion, part: str) -> dict[str, Any]:
    """What the pages of a discussion have above what they are about, and beside it."""
    label, status_class = STATUS_BADGES[told.status]
    viewer, author = visit.ctx.viewer, told.author
    is_own = author is not UNSET and author.id_ == viewer.id
    return {
        "told": told,
        "part": part,
        "status_label": label,
        "status_class": status_class,
        "author": None if author is UNSET else author,
        "opened": format_time(told.created_at),
        "path": f"{home_of(visit)}/discussions/{told.num}",
        "may_write": visit.may(Needs.WRITE),
        "may_own": visit.may(Needs.WRITE) or (is_own and visit.may(Needs.DISCUSS)),
        "may_read_files": visit.may(Needs.CONTENT),
        "proposal": _propose(visit, told) if told.is_pull_request else None,
    }


def _propose(visit: Visit, told: Discussion) -> Proposal:
    changes, conflicts = told.changes, told.files_with_conflicts
    assert changes is not UNSET and conflicts is not UNSET
    paths = conflicts if isinstance(conflicts, list) else []
    base = changes.base.removeprefix("refs/heads/")
    shown = paths[:SHOWN_CONFLICTS] if visit.may(Needs.CONTENT) else []
    return Proposal(
        base=base,
        head=changes.head_commit_id or "",
        merge_commit=changes.merge_commit_id or "",
        obstacle=_find_obstacle(told),
        conflicts=shown,
        more_conflicts=len(paths) - len(shown),
        checkout=_say_checkout(visit, told.num),
        solve=_say_solve(told.num, base),
        python=_say_python(visit, told.num),
    )


def _find_obstacle(told: Discussion) -> str:
    changes = told.changes
    assert changes is not UNSET
    if changes.ref_deleted is True:
        return "gone"
    if told.diff_url is UNSET:
        return "base"
    if told.files_with_conflicts:
        return "unclear" if told.files_with_conflicts is True else "conflicts"
    return "draft" if told.status == "draft" else ""


def _say_checkout(visit: Visit, num: int) -> str:
    url = shlex.quote(visit.ctx.repo_url(visit.repo.type, visit.repo.full_name))
    return (
        f"git clone {url}\ncd {shlex.quote(visit.repo.name)}\n"
        f"git fetch origin refs/pr/{num}:pr/{num}\ngit checkout pr/{num}"
    )


def _say_solve(num: int, base: str) -> str:
    # The name of a branch may hold what a shell understands.
    branch = shlex.quote(f"origin/{base}")
    return (
        f"git fetch origin\ngit merge {branch}\n# edit the files in conflict, then\n"
        f"git commit --all\ngit push origin pr/{num}:refs/pr/{num}"
    )


def _say_python(visit: Visit, num: int) -> str:
    repo = visit.repo
    kind = "" if repo.type == "model" else f', repo_type="{repo.type}"'
    return f'snapshot_download("{repo.full_name}"{kind}, revision="refs/pr/{num}")'


# Comments


def edit_comment_page(visit: Visit) -> Answer:
    """The versions of a comment, and the forms that change or hide it for those who may."""
    disabled = disabled_page(visit)
    if disabled is not None:
        return disabled
    pieces = visit.pieces
    found, event = read_comment(visit.ctx, visit.repo, pieces["num"], pieces["event"])
    data: CommentData = event.data
    author = event.author
    is_own = author is not UNSET and author.id_ == visit.ctx.viewer.id
    says = visit.may(Needs.DISCUSS) and not data.hidden
    is_shut = found.locked and not visit.may(Needs.WRITE)
    return repo_page(
        visit,
        "community",
        "edit_comment.html",
        found=found,
        event=event,
        is_hidden=data.hidden,
        path=f"{home_of(visit)}/discussions/{found.num}",
        text=visit.form.get("content", data.latest.raw),
        may_edit=says and not is_shut and (is_own or visit.may(Needs.ADMIN)),
        may_hide=says and (is_own or visit.may(Needs.WRITE)),
        versions=[
            (
                "" if version.author is UNSET else version.author.name,
                format_time(version.updated_at),
                make_safe(version.html),
            )
            for version in reversed(data.history)
        ],
    )
