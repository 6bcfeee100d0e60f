"""Pull requests: discussions whose commits are at `refs/pr/N` and want to go into a branch."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import pygit2

from freehold.errors import BadRequestError, NotFoundError
from freehold.server.core.access import Context
from freehold.server.core.discussion_events import add_change
from freehold.server.core.discussion_rules import (
    MAX_EVENTS,
    check_enabled,
    check_text,
    lock_discussion,
    make_title,
    require_own,
)
from freehold.server.core.openings import open_discussion
from freehold.server.core.revisions import branch_ref, is_pull_request, reader_of, unknown_revision
from freehold.server.db import discussions, refs, repos
from freehold.server.db.database import Transaction
from freehold.server.db.discussions import Discussion
from freehold.server.db.repos import Repo
from freehold.server.git.history import list_added_commits
from freehold.server.git.store import RefChange
from freehold.server.hub import now_ms
from freehold.wire.route import Needs

PULL_REQUESTS = "refs/pr/"

# Of the commits that a push adds to a pull request, those that are told one by one.
MAX_COMMITS = 250

# Of the first line of a commit message, in characters.
MAX_SUBJECT = 1000

OVER = "This pull request is over: it is closed or merged, and takes no more commits."


class NewCommit(NamedTuple):
    """A commit that goes to a pull request: its id and the first line of its message."""

    oid: str
    title: str


class Proposal:
    """A pull request that is opened together with its first commits, in their transaction."""

    def __init__(
        self, ctx: Context, repo: Repo, base: str, title: str, text: str, status: str = "open"
    ) -> None:
        self._ctx = ctx
        self._repo = repo
        self._title = title
        self._text = check_text(text)
        self._status = status
        self.base = base
        self.opened: Discussion | None = None

    def open(self, tx: Transaction, head: str, commits: Iterable[NewCommit]) -> list[RefChange]:
        """Opens it with these commits; its ref, which is new, is to lead to `head`.

        The repository stays locked.
        """
        self.opened = open_discussion(
            tx, self._ctx, self._repo, self._title, self._text, status=self._status, base=self.base
        )
        _add_commits(tx, self._ctx, self.opened, commits)
        return [RefChange(self.opened.head, None, head)]


def propose(ctx: Context, repo: Repo, revision: str, summary: str, description: str) -> Proposal:
    """A pull request for a commit to a branch, with the commit's message as title and text.

    Raises `ForbiddenError` where discussions are disabled and `BadRequestError` for what is no
    branch.
    """
    check_enabled(repo)
    return Proposal(ctx, repo, base_ref(revision), make_title(summary), description)


def base_ref(revision: str) -> str:
    """The full name of the branch that a pull request wants to change."""
    ref = branch_ref(revision)
    if is_pull_request(ref):
        raise BadRequestError("A pull request changes a branch, and not another pull request.")
    return ref


def open_from_branch(
    ctx: Context, repo: Repo, title: str, text: str, base: str, head: str | None
) -> Discussion:
    """A draft without commits of its own, or a pull request with those of the branch `head`.

    Raises `RevisionNotFoundError` for a branch that is not there, and `BadRequestError` when
    `head` has nothing that `base` has not.
    """
    target = base_ref(base)
    source = target if head is None else base_ref(head)
    with ctx.hub.db.read() as tx:
        heads = refs.find_refs(tx, repo.id, [target, source])
    for ref in (target, source):
        if ref not in heads:
            raise unknown_revision(ref.removeprefix("refs/heads/"))
    commits = _list_added(ctx, repo, heads[target], heads[source])
    if head is not None and not commits:
        raise BadRequestError(f"The branch {head!r} has no commits that {base!r} has not.")
    proposal = Proposal(ctx, repo, target, title, text, "draft" if head is None else "open")
    ctx.hub.git.publish(
        repo.id, [], [], now_ms(), lambda tx: proposal.open(tx, heads[source], commits)
    )
    assert proposal.opened is not None
    return proposal.opened


def _list_added(ctx: Context, repo: Repo, base: str, head: str) -> list[NewCommit]:
    return reader_of(ctx, repo).run(lambda repository: list_new(repository, head, [base]))


def list_new(repository: pygit2.Repository, head: str, hidden: Iterable[str]) -> list[NewCommit]:
    """What a pull request is told of the commits that `head` has and none of `hidden`."""
    found = list_added_commits(repository, head, hidden, MAX_COMMITS)
    return [NewCommit(commit.oid, commit.title) for commit in found]


# Further commits


def check_open(tx: Transaction, ctx: Context, repo: Repo, ref: str) -> Discussion:
    """The pull request that a ref belongs to, if the viewer may add commits to it now.

    Its author may, and who may write to the repository. Raises `ForbiddenError`, and
    `BadRequestError` when it is over.
    """
    check_enabled(repo)
    found = discussions.find_discussion(tx, repo.id, number_of(ref))
    if found is None or not found.is_pull_request:
        raise unknown_revision(ref)
    require_own(ctx, repo, found.author_id, Needs.WRITE)
    if found.is_closed:
        raise BadRequestError(OVER)
    return found


def number_of(ref: str) -> int:
    """The number in `refs/pr/N`."""
    return int(ref.removeprefix(PULL_REQUESTS))


def note_commits(
    tx: Transaction, ctx: Context, repo: Repo, ref: str, commits: Iterable[NewCommit]
) -> None:
    """Tells a pull request of its new commits, in the transaction that moves its ref.

    Raises as `check_open` does.
    """
    repos.lock_repo(tx, repo.id)
    _add_commits(tx, ctx, check_open(tx, ctx, repo, ref), commits)


def _add_commits(
    tx: Transaction, ctx: Context, found: Discussion, commits: Iterable[NewCommit]
) -> None:
    room = max(0, MAX_EVENTS - found.event_count)
    for commit in islice(commits, room):
        data = {"subject": commit.title[:MAX_SUBJECT], "oid": commit.oid}
        add_change(tx, found, ctx.viewer.id, "commit", data)


# Its ref


def delete_pull_request_ref(ctx: Context, repo: Repo, num: str) -> None:
    """Removes the ref of a pull request that is over; its events stay.

    Raises `BadRequestError` for one that is not over, and `NotFoundError` when there is no ref.
    """

    def note(tx: Transaction) -> list[RefChange]:
        found = lock_discussion(tx, repo, num)
        require_own(ctx, repo, found.author_id, Needs.WRITE)
        if not found.is_pull_request or not found.is_closed:
            raise BadRequestError("Only the ref of a closed or merged pull request is deleted.")
        moves = remove_ref(tx, found)
        if not moves:
            raise NotFoundError("The ref of this pull request is deleted already.")
        add_change(tx, found, ctx.viewer.id, "ref-deleted", {})
        return moves

    ctx.hub.git.publish(repo.id, [], [], now_ms(), note)


def remove_ref(tx: Transaction, found: Discussion) -> list[RefChange]:
    """The change that removes the ref of a pull request, if it has one."""
    heads = refs.find_refs(tx, found.repo_id, [found.head])
    return [RefChange(found.head, oid, None) for oid in heads.values()]
