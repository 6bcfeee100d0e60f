"""Discussions of a repository: listing and opening them, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from freehold.errors import BadRequestError, NotFoundError
from freehold.server.core import access, proposed_changes, pull_requests
from freehold.server.core.access import Context
from freehold.server.core.authors import Authors
from freehold.server.core.comments import write_comment
from freehold.server.core.discussion_events import add_change, find_details, list_details
from freehold.server.core.discussion_notices import discussion_url, tell_discussion
from freehold.server.core.discussion_rules import (
    check_change,
    check_comment,
    check_enabled,
    check_reason,
    check_text,
    check_title,
    find_discussion,
    lock_discussion,
    require_own,
)
from freehold.server.core.openings import open_discussion
from freehold.server.core.proposed_changes import Proposed
from freehold.server.db import discussions, refs
from freehold.server.db.database import Transaction
from freehold.server.db.discussions import Discussion, Wanted
from freehold.server.db.repos import Repo
from freehold.server.git.store import RefChange
from freehold.server.hub import now_ms
from freehold.wire import discussions as wire
from freehold.wire.dates import iso_time
from freehold.wire.route import Needs

PAGE = 50

# Of the pinned ones, those that stand above the list.
MAX_PINNED = 20

# In bytes. To render so much for the first time may take seconds.
LONG_TEXT = 256 * 1024

# No page lies behind this one: a number beyond what a database counts is no page either.
MAX_PAGE_NUMBER = 1_000_000


def list_discussions(ctx: Context, repo: Repo, query: wire.DiscussionsQuery) -> wire.Discussions:
    """A page of the discussions that are asked for, newest first."""
    check_enabled(repo)
    wanted = _read_query(query)
    start = query.p * PAGE
    with ctx.hub.db.read() as tx:
        count = discussions.count_discussions(tx, repo.id, wanted)
        found = discussions.list_discussions(tx, repo.id, wanted, PAGE, start, count)
        closed = discussions.count_discussions(tx, repo.id, wanted._replace(is_closed=True))
        authors = Authors(tx, [item.author_id for item in found])
    return wire.Discussions(
        discussions=[wire.DiscussionSummary(**_summarise(repo, item, authors)) for item in found],
        # A client asks for pages until it has all of them, and one that is empty would be asked
        # for again and again.
        count=count if found else min(count, start),
        start=start,
        num_closed_discussions=closed,
    )


def _read_query(query: wire.DiscussionsQuery) -> Wanted:
    if not 0 <= query.p <= MAX_PAGE_NUMBER:
        raise BadRequestError("Pages are numbered from 0 on.")
    return Wanted(
        is_pull_request=None if query.type == "all" else query.type == "pull_request",
        is_closed=None if query.status == "all" else query.status == "closed",
        author=query.author or None,
        search=query.search or None,
    )


class Shelf(NamedTuple):
    """A page of discussions without the pinned ones, which are given with the first page alone.

    `open` and `closed` count those that fit whatever their status; `pages` are those of the list.
    """

    pinned: Sequence[wire.DiscussionSummary]
    discussions: Sequence[wire.DiscussionSummary]
    open: int
    closed: int
    pages: int


def show_discussions(ctx: Context, repo: Repo, query: wire.DiscussionsQuery) -> Shelf:
    """A page of the discussions that are asked for, newest first, as a page shows them."""
    check_enabled(repo)
    wanted = _read_query(query)
    with ctx.hub.db.read() as tx:
        opened, closed = (
            discussions.count_discussions(tx, repo.id, wanted._replace(is_closed=is_closed))
            for is_closed in (False, True)
        )
        total = {None: opened + closed, False: opened, True: closed}[wanted.is_closed]
        pinned = discussions.list_pinned(tx, repo.id, wanted, MAX_PINNED)
        found = discussions.list_discussions(tx, repo.id, wanted, PAGE, query.p * PAGE, total)
        authors = Authors(tx, [item.author_id for item in (*pinned, *found)])
    nums = {item.num for item in pinned}
    above = [] if query.p else pinned
    return Shelf(
        [wire.DiscussionSummary(**_summarise(repo, item, authors)) for item in above],
        [
            wire.DiscussionSummary(**_summarise(repo, item, authors))
            for item in found
            if item.num not in nums
        ],
        opened,
        closed,
        -(-total // PAGE),
    )


def _summarise(repo: Repo, item: Discussion, authors: Authors) -> dict[str, Any]:
    return {
        "num": item.num,
        "author": authors.describe(item.author_id),
        "repo": wire.RepoName(name=repo.full_name, type=repo.type),
        "title": item.title,
        "status": item.status,
        "created_at": iso_time(item.created_at),
        "is_pull_request": item.is_pull_request,
        "num_comments": item.comment_count,
        "pinned": item.pinned,
    }


def takes_long(ctx: Context, repo: Repo, num: str, query: wire.DiscussionQuery) -> bool:
    """Whether it may take long to show a discussion: for its text, or for what it would change."""
    with ctx.hub.db.read() as tx:
        found = find_discussion(tx, repo, num)
    if found.text_size > LONG_TEXT:
        return True
    return proposed_changes.takes_git(ctx, repo, found, diff=query.diff)


def get_discussion(
    ctx: Context, repo: Repo, num: str, query: wire.DiscussionQuery
) -> wire.Discussion:
    """A discussion with everything that has happened in it."""
    check_enabled(repo)
    with ctx.hub.db.read() as tx:
        found = find_discussion(tx, repo, num)
        told = list_details(tx, found)
        authors = Authors(tx, [found.author_id])
    answer = wire.Discussion(
        id_=found.id,
        locked=found.locked,
        events=told.describe(),
        **_summarise(repo, found, authors),
    )
    if found.is_pull_request:
        proposed_changes.describe_changes(ctx, repo, found, answer, diff=query.diff)
    return answer


def get_proposal(ctx: Context, repo: Repo, num: str) -> tuple[wire.Discussion, Proposed]:
    """A pull request without its events, and its commits and changes.

    Raises `NotFoundError` for what is no pull request.
    """
    check_enabled(repo)
    with ctx.hub.db.read() as tx:
        found = find_discussion(tx, repo, num)
        authors = Authors(tx, [found.author_id])
    if not found.is_pull_request:
        raise NotFoundError("Pull request not found")
    answer = wire.Discussion(
        id_=found.id, locked=found.locked, events=[], **_summarise(repo, found, authors)
    )
    proposed_changes.describe_changes(ctx, repo, found, answer, diff=False)
    return answer, proposed_changes.list_proposed(ctx, repo, found)


def create_discussion(
    ctx: Context, repo: Repo, body: wire.CreateDiscussion
) -> wire.DiscussionCreated:
    """A new discussion, or a pull request at the head of the branch that it starts from.

    Raises `RevisionNotFoundError` for a branch that is not there.
    """
    check_enabled(repo)
    title, text = check_title(body.title), check_text(body.description)
    if body.pull_request:
        access.check_level(ctx, repo, Needs.PROPOSE)
        base = body.base or "main"
        made = pull_requests.open_from_branch(ctx, repo, title, text, base, body.head)
    else:
        with ctx.hub.db.write() as tx:
            made = open_discussion(tx, ctx, repo, title, text)
    answer = wire.DiscussionCreated(
        url=discussion_url(ctx, repo, made.num), num=made.num, pull_request=made.is_pull_request
    )
    if made.base is not None:
        answer.references = wire.References(base=made.base)
    return answer


def rename_discussion(
    ctx: Context, repo: Repo, num: str, body: wire.RenameDiscussion
) -> wire.NewTitle:
    """Another title, given by its author or by who may write to the repository."""
    title = check_title(body.title)
    with ctx.hub.db.write() as tx:
        found = lock_discussion(tx, repo, num)
        require_own(ctx, repo, found.author_id, Needs.WRITE)
        check_change(ctx, repo, found)
        discussions.set_title(tx, found, title)
        data = {"from": found.title, "to": title}
        event = add_change(tx, found, ctx.viewer.id, "title-change", data)
        tell_discussion(tx, ctx, repo, found._replace(title=title), "update")
        told = find_details(tx, event)
    return wire.NewTitle(new_title=told.describe()[0])


def change_discussion_status(
    ctx: Context, repo: Repo, num: str, body: wire.ChangeDiscussionStatus
) -> wire.NewStatus:
    """Closes or opens a discussion, by its author or by who may write to the repository.

    A draft that is opened is ready to be merged. Raises `BadRequestError` for a status that it has
    already, and for what cannot be opened again: what was merged, or has lost its ref.
    """
    comment = check_comment(body.comment) if body.comment else None
    reason = {"reason": check_reason(body.reason)} if body.reason else {}
    with ctx.hub.db.write() as tx:
        found = lock_discussion(tx, repo, num)
        require_own(ctx, repo, found.author_id, Needs.WRITE)
        _check_status(tx, found, body.status)
        check_change(ctx, repo, found)
        if comment is not None:
            write_comment(tx, ctx, repo, found, comment)
        discussions.set_status(tx, found, body.status)
        data = {"status": body.status, **reason}
        event = add_change(tx, found, ctx.viewer.id, "status-change", data)
        tell_discussion(tx, ctx, repo, found._replace(status=body.status), "update")
        told = find_details(tx, event)
    return wire.NewStatus(new_status=told.describe()[0])


def _check_status(tx: Transaction, found: Discussion, status: str) -> None:
    if found.status == "merged":
        raise BadRequestError("This pull request was merged, which cannot be undone.")
    if found.status == status:
        raise BadRequestError(f"The status is {status} already.")
    reopened = status == "open" and found.is_pull_request
    if reopened and not refs.find_refs(tx, found.repo_id, [found.head]):
        raise BadRequestError("The ref of this pull request was deleted: open another one.")


def pin_discussion(ctx: Context, repo: Repo, num: str, body: wire.PinDiscussion) -> None:
    """Pins a discussion to the top of the page, or ends that."""
    with ctx.hub.db.write() as tx:
        found = lock_discussion(tx, repo, num)
        if found.pinned != body.pinned:
            discussions.set_pinned(tx, found, body.pinned)
            add_change(tx, found, ctx.viewer.id, "pinning-change", {"pinned": body.pinned})
            tell_discussion(tx, ctx, repo, found._replace(pinned=body.pinned), "update")


def set_locked(ctx: Context, repo: Repo, num: str, body: wire.LockDiscussion) -> None:
    """Keeps all from commenting who may not write to the repository, or ends that."""
    with ctx.hub.db.write() as tx:
        found = lock_discussion(tx, repo, num)
        if found.locked != body.locked:
            discussions.set_locked(tx, found, body.locked)
            add_change(tx, found, ctx.viewer.id, "locking-change", {"locked": body.locked})
            tell_discussion(tx, ctx, repo, found, "update")


def delete_discussion(ctx: Context, repo: Repo, num: str) -> None:
    """Removes a discussion with all in it, and the ref of a pull request.

    Its author may, and an administrator of the repository.
    """

    def note(tx: Transaction) -> list[RefChange]:
        found = lock_discussion(tx, repo, num)
        require_own(ctx, repo, found.author_id, Needs.ADMIN)
        moves = pull_requests.remove_ref(tx, found)
        tell_discussion(tx, ctx, repo, found, "delete")
        discussions.delete_discussion(tx, found)
        return moves

    ctx.hub.git.publish(repo.id, [], [], now_ms(), note)
