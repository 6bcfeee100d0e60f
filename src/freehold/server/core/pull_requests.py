"""Pull requests: discussions whose commits are at `refs/pr/N` and want to go into a branch."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

import pygit2

from freehold.errors import BadRequestError, NotFoundError, PayloadTooLargeError
from freehold.server.core.access import Context
from freehold.server.core.discussion_events import add_change
from freehold.server.core.discussion_rules import (
    MAX_EVENTS,
    check_enabled,
    check_text,
    lock_discussion,
    make_title,
    may,
    require_own,
)
from freehold.server.core.openings import open_discussion
from freehold.server.core.revisions import branch_ref, is_pull_request, reader_of, unknown_revision
from freehold.server.db import discussions, refs, repos
from freehold.server.db.database import Transaction
from freehold.server.db.discussions import Discussion
from freehold.server.db.repos import Repo
from freehold.server.git.history import find_merge_base, format_patch, list_added_commits
from freehold.server.git.memory import Memory
from freehold.server.git.merging import Merge, merge_commits
from freehold.server.git.native import GitError
from freehold.server.git.store import RefChange
from freehold.server.hub import now_ms
from freehold.wire import discussions as wire
from freehold.wire.route import Needs
from freehold.wire.routes import COMPARE

log = logging.getLogger("freehold.git")

PULL_REQUESTS = "refs/pr/"

# Of the commits that a push adds to a pull request, those that are told one by one.
MAX_COMMITS = 250

# Of a processor, to find out what stands in the way of one.
MERGE_SECONDS = 20

# Of the first line of a commit message, in characters.
MAX_SUBJECT = 1000

OVER = "This pull request is over: it is closed or merged, and takes no more commits."

# By the two commits, in characters: a merge may find a hundred thousand conflicts.
_merges: Memory[tuple[str, str], Merge] = Memory(16 * 1024 * 1024)
# By the two trees, in characters.
_patches: Memory[tuple[str, str], str] = Memory(32 * 1024 * 1024)


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


# What it would change


def describe_changes(
    ctx: Context, repo: Repo, found: Discussion, answer: wire.Discussion, *, diff: bool
) -> None:
    """Adds to the answer what a pull request would change, and what stands in its way."""
    assert found.base is not None
    with ctx.hub.db.read() as tx:
        heads = refs.find_refs(tx, repo.id, [found.base, found.head])
    base, head = heads.get(found.base), heads.get(found.head)
    answer.changes = wire.Changes(base=found.base)
    answer.files_with_conflicts = []
    if found.merge_commit is not None:
        answer.changes.merge_commit_id = found.merge_commit
        base = reader_of(ctx, repo).commit(found.merge_commit).parents[0]
    if head is None:
        answer.changes.ref_deleted = True
        return
    answer.changes.head_commit_id = head
    if base is None:
        return
    if not found.is_closed:
        answer.files_with_conflicts = find_conflicts(ctx, repo, base, head)
    answer.diff_url = _diff_url(ctx, repo, base, head)
    # A patch is what the files hold, and a discussion is open to more than they are.
    may_read = may(ctx, repo, Needs.CONTENT) and not repo.disabled
    text = _find_patch(ctx, repo, base, head) if diff and may_read else None
    if text is not None:
        answer.diff = text


def _diff_url(ctx: Context, repo: Repo, base: str, head: str) -> str:
    span = {"type": repo.type, "repo": repo.full_name, "span": f"{base}...{head}"}
    return f"{ctx.origin}{COMPARE.url_path(**span)}?raw=true"


def _find_patch(ctx: Context, repo: Repo, base: str, head: str) -> str | None:
    """The changes since the commit that both share; `None` when they are too large for a text."""
    reader = reader_of(ctx, repo)
    shared = find_merge_base(reader, base, head)
    trees = reader.commit(shared or base).tree, reader.commit(head).tree
    known = _patches.get(trees)
    if known is not None:
        return known
    try:
        text = format_patch(reader, *trees)
    except PayloadTooLargeError:
        return None
    return _patches.put(trees, text, len(text) + 1)


def find_conflicts(ctx: Context, repo: Repo, base: str, head: str) -> list[str] | bool:
    """The paths in which two commits contradict each other; true when they share no history."""
    known = _merges.get((base, head))
    if known is None:
        known = _try_merge(ctx, repo, base, head)
        _merges.put((base, head), known, 200 + sum(map(len, known.conflicts)))
    share_nothing = known.tree is None and not known.conflicts
    return True if share_nothing else list(known.conflicts)


def _try_merge(ctx: Context, repo: Repo, base: str, head: str) -> Merge:
    shared = find_merge_base(reader_of(ctx, repo), base, head)
    if shared in (base, head):
        return Merge(head, ())
    if shared is None:
        return Merge(None, ())
    with ctx.hub.git.open_view(repo.id, {}) as view:
        try:
            return merge_commits(view, base, head, MERGE_SECONDS)
        except GitError:
            log.exception("a merge was given up")
            return Merge(None, ())


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
