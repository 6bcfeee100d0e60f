"""What a commit, two revisions or a pull request change: the patch, and the commits that do it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from freehold.errors import PayloadTooLargeError
from freehold.formats.git_objects import object_id
from freehold.server.core.access import Context
from freehold.server.core.history import split_span
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.db.repos import Repo
from freehold.server.git.differences import find_merge_base, format_patch
from freehold.server.git.history import list_added_commits
from freehold.server.git.memory import Memory
from freehold.server.git.reader import CommitData, ObjectReader

# Of the commits between two revisions, those that are told.
MAX_COMMITS = 250

EMPTY_TREE = object_id("tree", b"").hex()

Commits = Sequence[CommitData]

# By the two trees, in characters.
_patches: Memory[tuple[str, str], Patch] = Memory(32 * 1024 * 1024)


class Patch(NamedTuple):
    """Changes as a text; `None` when they are too large for one."""

    text: str | None


class CommitChanges(NamedTuple):
    """A commit, and what it changes in its first parent."""

    commit: CommitData
    patch: Patch


class SpanChanges(NamedTuple):
    """Two revisions, what they have in common, and what the second one has besides.

    `commits` are the newest of those that only `head` leads to, the newest first.
    """

    base: CommitData
    head: CommitData
    merge_base: str | None
    commits: Commits
    patch: Patch


def show_commit(ctx: Context, repo: Repo, revision: str) -> CommitChanges:
    """The commit that a revision leads to; raises `RevisionNotFoundError`."""
    commit = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    old = reader.commit(commit.parents[0]).tree if commit.parents else EMPTY_TREE
    return CommitChanges(commit, _find_patch(reader, old, commit.tree))


def show_span(ctx: Context, repo: Repo, span: str) -> SpanChanges:
    """What `head` has that `base` has not, for a span `base..head`; dots are as in `compare`.

    Raises `BadRequestError` for what is no span, and `RevisionNotFoundError`.
    """
    names = split_span(span)
    base = resolve_revision(ctx, repo, names.base)
    head = resolve_revision(ctx, repo, names.head)
    reader = reader_of(ctx, repo)
    merge_base = find_merge_base(reader, base.oid, head.oid)
    old = reader.commit(merge_base).tree if names.is_merge and merge_base else base.tree
    commits = list_between(reader, base.oid, head.oid)
    return SpanChanges(base, head, merge_base, commits, _find_patch(reader, old, head.tree))


def list_between(reader: ObjectReader, base: str, head: str) -> Commits:
    """The newest commits that `head` leads back to and `base` does not, the newest first."""
    return reader.run(lambda repository: list_added_commits(repository, head, [base], MAX_COMMITS))[
        ::-1
    ]


def _find_patch(reader: ObjectReader, old: str, new: str) -> Patch:
    known = _patches.get((old, new))
    if known is not None:
        return known
    patch = patch_of_trees(reader, old, new)
    return _patches.put((old, new), patch, len(patch.text or "") + 1)


def patch_of_trees(reader: ObjectReader, old: str, new: str) -> Patch:
    """The difference between two trees, by their ids."""
    if old == new:
        return Patch("")
    try:
        return Patch(format_patch(reader, old, new))
    except PayloadTooLargeError:
        return Patch(None)
