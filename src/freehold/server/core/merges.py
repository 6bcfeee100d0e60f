"""Merging pull requests: one commit with two parents, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import pygit2

from freehold.errors import (
    BadRequestError,
    ConflictError,
    HfHubHTTPError,
    PreconditionFailedError,
)
from freehold.formats.pack import PackWriter
from freehold.server.core.access import Context
from freehold.server.core.authors import Authors
from freehold.server.core.comments import write_comment
from freehold.server.core.commits import MAX_ATTEMPTS, SYSTEM, address_of, write_commit
from freehold.server.core.discussion_events import add_change
from freehold.server.core.discussion_notices import tell_discussion
from freehold.server.core.discussion_rules import (
    check_comment,
    check_enabled,
    find_discussion,
    lock_discussion,
)
from freehold.server.core.facts import noting_facts
from freehold.server.core.push_contents import HeadFiles
from freehold.server.core.revisions import reader_of, unknown_revision
from freehold.server.core.sources import source_of_repository
from freehold.server.db import discussions, refs
from freehold.server.db.database import Transaction
from freehold.server.db.discussions import Discussion
from freehold.server.db.repos import Repo
from freehold.server.git.differences import find_merge_base
from freehold.server.git.history import list_added_commits
from freehold.server.git.merging import add_commit, merge_commits, open_view, pack_new_objects
from freehold.server.git.native import GitLimitError
from freehold.server.git.reader import CommitData
from freehold.server.git.store import LostRaceError, RefChange
from freehold.server.git.views import View
from freehold.server.hub import now_ms
from freehold.wire.discussions import MergePullRequest

# Of a processor.
MERGE_SECONDS = 120

# How long one call merges anew because the base has moved.
PATIENCE_SECONDS = 120

# Of the commits that a merge brings, those that its message names, and of each of their first
# lines, in characters.
MAX_NAMED = 50
MAX_SUBJECT = 200

SHOWN_CONFLICTS = 10


class _Sides(NamedTuple):
    """What a merge puts together: a pull request, and the heads of its base and of itself."""

    found: Discussion
    base: str
    head: str


def merge_pull_request(ctx: Context, repo: Repo, num: str, body: MergePullRequest | None) -> None:
    """Puts the commits of a pull request into its base by a merge commit.

    Whoever moves the base meanwhile is merged with. Raises `ConflictError` with the paths in which
    the two sides contradict each other, `PreconditionFailedError` when the pull request is not at
    the head that the caller has seen, or has moved meanwhile, and `BadRequestError` for a pull
    request that is not open or brings nothing.
    """
    body = body or MergePullRequest()
    if body.comment:
        check_comment(body.comment)
    check_enabled(repo)
    end = time.monotonic() + PATIENCE_SECONDS
    for _ in range(MAX_ATTEMPTS):
        sides = _find_sides(ctx, repo, num)
        if body.head_commit_id and not _is_seen(body.head_commit_id, sides.head):
            raise PreconditionFailedError(f"The pull request is at {sides.head} now.")
        try:
            _merge(ctx, repo, sides, body.comment)
        except LostRaceError:
            if time.monotonic() > end:
                break
        else:
            return
    raise HfHubHTTPError("The branch is too busy: please try again.", status=503)


def _is_seen(expected: str, head: str) -> bool:
    return len(expected) >= 5 and head.startswith(expected)


def _find_sides(ctx: Context, repo: Repo, num: str) -> _Sides:
    with ctx.hub.db.read() as tx:
        found = find_discussion(tx, repo, num)
        _check_status(found)
        assert found.base is not None
        heads = refs.find_refs(tx, repo.id, [found.base, found.head])
    for ref in (found.base, found.head):
        if ref not in heads:
            raise unknown_revision(ref)
    return _Sides(found, heads[found.base], heads[found.head])


def _check_status(found: Discussion) -> None:
    if not found.is_pull_request:
        raise BadRequestError("This is a discussion, and not a pull request.")
    if found.status == "draft":
        raise BadRequestError("This pull request is a draft: open it before it is merged.")
    if found.status != "open":
        raise BadRequestError(f"This pull request is {found.status} already.")


def _merge(ctx: Context, repo: Repo, sides: _Sides, comment: str | None) -> None:
    reader = reader_of(ctx, repo)
    shared = find_merge_base(reader, sides.base, sides.head)
    if shared == sides.head:
        raise BadRequestError("The branch has all the commits of this pull request already.")
    message = _write_message(ctx, repo, sides)
    with ctx.hub.git.open_workshop(repo.id) as view:
        ahead = shared == sides.base
        tree = reader.commit(sides.head).tree if ahead else _merge_trees(view, sides)
        author = ctx.viewer.name or SYSTEM
        data = write_commit(tree, [sides.base, sides.head], author, message)
        oid = add_commit(view, data)
        with _pack(ctx, view, sides, oid) as writer:
            note = partial(_finish, ctx=ctx, repo=repo, sides=sides, oid=oid, comment=comment)
            move = RefChange(str(sides.found.base), sides.base, oid)
            after = _find_facts(ctx, view, repo, move, tree)
            ctx.hub.git.publish(repo.id, [move], [writer.finish], now_ms(), note, after)


def _find_facts(
    ctx: Context, view: View, repo: Repo, move: RefChange, tree: str
) -> Callable[[Transaction], None]:
    source = source_of_repository(open_view(view))
    return noting_facts(ctx.hub, source, repo, [move], bytes.fromhex(tree))


def _merge_trees(view: View, sides: _Sides) -> str:
    try:
        merge = merge_commits(view, sides.base, sides.head, MERGE_SECONDS)
    except GitLimitError as error:
        raise ConflictError("This takes git too long: merge it by hand, and push.") from error
    if merge.tree is None:
        raise ConflictError(_describe_conflicts(merge.conflicts))
    return merge.tree


def _describe_conflicts(paths: tuple[str, ...]) -> str:
    if not paths:
        return "The pull request and its base have no history in common."
    shown = ", ".join(repr(path) for path in paths[:SHOWN_CONFLICTS])
    rest = len(paths) - SHOWN_CONFLICTS
    more = f" and {rest} more" if rest > 0 else ""
    return f"The pull request contradicts its base in {shown}{more}."


@contextmanager
def _pack(ctx: Context, view: View, sides: _Sides, commit: str) -> Iterator[PackWriter]:
    """The commit and all that was made for it, if they keep the rules of every push."""
    repository = open_view(view)
    made = repository[commit].peel(pygit2.Commit)
    for problem in HeadFiles(repository).find_problems(made, sides.base):
        raise ConflictError(f"The merged {problem.file} is not valid: {problem.reason}")
    try:
        writer = pack_new_objects(view, commit, ctx.hub.config.inline_limit)
    except BadRequestError as error:
        raise ConflictError(f"The two sides cannot be together: {error.message}") from error
    with writer:
        yield writer


def _finish(
    tx: Transaction, ctx: Context, repo: Repo, sides: _Sides, oid: str, comment: str | None
) -> None:
    """What a merge leaves in the database besides its pack and its ref."""
    found = lock_discussion(tx, repo, str(sides.found.num))
    _check_status(found)
    if refs.find_refs(tx, repo.id, [found.head]).get(found.head) != sides.head:
        raise PreconditionFailedError("The pull request has moved: look at it again.")
    if comment:
        write_comment(tx, ctx, repo, found, comment)
    discussions.set_status(tx, found, "merged", oid)
    add_change(tx, found, ctx.viewer.id, "status-change", {"status": "merged"})
    merged = found._replace(status="merged", merge_commit=oid)
    tell_discussion(tx, ctx, repo, merged, "update")


def _write_message(ctx: Context, repo: Repo, sides: _Sides) -> str:
    """The title and number, then the commits, and who wrote them if it was somebody else."""
    found = sides.found
    lines = [
        f"- {commit.title[:MAX_SUBJECT]} ({commit.oid})"
        for commit in _list_commits(ctx, repo, sides)
    ]
    with ctx.hub.db.read() as tx:
        author = Authors(tx, [found.author_id]).name_of(found.author_id)
    if author is not None and author != ctx.viewer.name:
        lines += ["", f"Co-authored-by: {author} <{address_of(author)}>"]
    return "\n".join([f"{found.title} (#{found.num})", "", *lines])


def _list_commits(ctx: Context, repo: Repo, sides: _Sides) -> list[CommitData]:
    return reader_of(ctx, repo).run(
        lambda repository: list_added_commits(repository, sides.head, [sides.base], MAX_NAMED)
    )
