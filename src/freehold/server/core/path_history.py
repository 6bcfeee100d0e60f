"""The history of one path: its last commit, all that changed it, and who brought each line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from freehold.errors import EntryNotFoundError, PayloadTooLargeError
from freehold.server.core.access import Context
from freehold.server.core.commit_authors import AuthoredCommit, find_authors
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.db.repos import Repo
from freehold.server.git.blame import Block, blame_file
from freehold.server.git.history import find_last_commits, list_commit_ids
from freehold.server.git.listing import find_entry
from freehold.server.git.native import GitLimitError
from freehold.server.git.path_history import find_changes

# What is blamed at the most, in bytes: each line is looked for in each commit of the file.
MAX_BLAMED = 1024 * 1024

TOO_LARGE = "This file is too large to find out who wrote which line."
TOO_LONG = "To find out who wrote which line takes too long: the history of this file is too large."


class PathCommits(NamedTuple):
    """Some commits that changed a path, newest first.

    `after` is where to look further: the last commit that was looked at, if more are behind it.
    """

    commits: list[AuthoredCommit]
    after: str | None


def find_last_commit(ctx: Context, repo: Repo, revision: str, path: str) -> AuthoredCommit:
    """The newest commit that made what is at the path, which has to be there; the head for ""."""
    head = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    oid = head.oid
    if path:
        oid = find_last_commits(reader, oid, path.rpartition("/")[0], [path])[path]
    return find_authors(ctx, [reader.commit(oid)])[0]


def list_path_commits(
    ctx: Context, repo: Repo, revision: str, path: str, after: str, limit: int
) -> PathCommits:
    """The next commits that changed a path, behind the commit `after` if one is given.

    A look ends after some thousand commits or a second, so there may be fewer than `limit`, or
    none, and still more behind them. The path may be gone; one that never was has no commits.
    """
    reader = reader_of(ctx, repo)
    ids = list_commit_ids(reader, resolve_revision(ctx, repo, revision).oid)
    start = ids.index(after) + 1 if after in ids else 0
    stretch = find_changes(reader, ids[start:], path, limit)
    end = start + stretch.looked
    commits = find_authors(ctx, [reader.commit(oid) for oid in stretch.found])
    return PathCommits(commits, ids[end - 1] if end < len(ids) else None)


class Blamed(NamedTuple):
    """Which commits the lines of a file come from, and these commits by their ids."""

    blocks: tuple[Block, ...]
    commits: Mapping[str, AuthoredCommit]


def blame(ctx: Context, repo: Repo, revision: str, path: str) -> Blamed:
    """Which commits the lines of a file come from.

    Raises `EntryNotFoundError`, and `PayloadTooLargeError` for what would take too long.
    """
    head = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    entry = find_entry(reader, head.tree, path) if path else None
    if entry is None or entry.is_directory:
        raise EntryNotFoundError(f'{path} does not exist on "{revision}"')
    if entry.blob_size > MAX_BLAMED:
        raise PayloadTooLargeError(TOO_LARGE)
    try:
        blocks = blame_file(reader, head.oid, path)
    except GitLimitError as error:
        raise PayloadTooLargeError(TOO_LONG) from error
    found = [reader.commit(oid) for oid in {block.commit for block in blocks}]
    return Blamed(blocks, {commit.oid: commit for commit in find_authors(ctx, found)})


def tell_commits(ctx: Context, repo: Repo, oids: Iterable[str]) -> list[AuthoredCommit]:
    """The commits of those ids, which refs of the repository lead to."""
    reader = reader_of(ctx, repo)
    return find_authors(ctx, [reader.commit(oid) for oid in oids])
