"""What a pull request would change, and what stands in its way, as git finds it out."""

from __future__ import annotations

import logging
import time
from typing import NamedTuple

from freehold.server.core.access import Context
from freehold.server.core.differences import Commits, Patch, list_between, patch_of_trees
from freehold.server.core.discussion_rules import may
from freehold.server.core.revisions import reader_of
from freehold.server.db import refs
from freehold.server.db.discussions import Discussion
from freehold.server.db.repos import Repo
from freehold.server.git.differences import find_merge_base
from freehold.server.git.memory import Memory
from freehold.server.git.merging import Merge, merge_commits
from freehold.server.git.native import GitError
from freehold.wire import discussions as wire
from freehold.wire.route import Needs
from freehold.wire.routes import COMPARE

log = logging.getLogger("freehold.git")

# Of a processor, to find out what stands in the way.
SECONDS = 20

# How long nobody tries again what took too long.
PAUSE_SECONDS = 600

MIB = 1024 * 1024

# By the two commits, in characters: a merge may find a hundred thousand conflicts.
_merges: Memory[tuple[str, str], Merge] = Memory(16 * MIB)
_patches: Memory[tuple[str, str], Patch] = Memory(32 * MIB)
# Until when, by the clock that only goes on.
_given_up: Memory[tuple[str, str], float] = Memory(10_000)


class Sides(NamedTuple):
    """The heads of a pull request and of its base, or what that was before it was merged."""

    base: str | None
    head: str | None


class Proposed(NamedTuple):
    """The newest commits of a pull request, newest first, and its changes.

    `patch` is `None` where a ref is gone, or the viewer may not read files.
    """

    commits: Commits
    patch: Patch | None


def describe_changes(
    ctx: Context, repo: Repo, found: Discussion, answer: wire.Discussion, *, diff: bool
) -> None:
    """Adds to the answer what a pull request would change, and what stands in its way."""
    assert found.base is not None
    base, head = find_sides(ctx, repo, found)
    answer.changes = wire.Changes(base=found.base)
    answer.files_with_conflicts = []
    if found.merge_commit is not None:
        answer.changes.merge_commit_id = found.merge_commit
    if head is None:
        answer.changes.ref_deleted = True
        return
    answer.changes.head_commit_id = head
    if base is None:
        return
    if not found.is_closed:
        answer.files_with_conflicts = find_conflicts(ctx, repo, base, head)
    answer.diff_url = _diff_url(ctx, repo, base, head)
    text = find_patch(ctx, repo, base, head).text if diff and _may_read(ctx, repo) else None
    if text is not None:
        answer.diff = text


def list_proposed(ctx: Context, repo: Repo, found: Discussion) -> Proposed:
    """The commits of a pull request and what they change, as far as the viewer may read them."""
    base, head = find_sides(ctx, repo, found)
    if base is None or head is None or not _may_read(ctx, repo):
        return Proposed([], None)
    commits = list_between(reader_of(ctx, repo), base, head)
    return Proposed(commits, find_patch(ctx, repo, base, head))


def takes_git(ctx: Context, repo: Repo, found: Discussion, *, diff: bool) -> bool:
    """Whether nobody has asked for this since the commits have moved, so that git has to work."""
    if not found.is_pull_request:
        return False
    base, head = find_sides(ctx, repo, found)
    if base is None or head is None:
        return False
    needs_merge = not found.is_closed and _recall_merge(base, head) is None
    needs_patch = diff and _may_read(ctx, repo) and _patches.get((base, head)) is None
    return needs_merge or needs_patch


def find_sides(ctx: Context, repo: Repo, found: Discussion) -> Sides:
    """What a pull request is compared with, and what it is; `None` for a ref that is gone."""
    assert found.base is not None
    with ctx.hub.db.read() as tx:
        heads = refs.find_refs(tx, repo.id, [found.base, found.head])
    base = heads.get(found.base)
    if found.merge_commit is not None:
        base = reader_of(ctx, repo).commit(found.merge_commit).parents[0]
    return Sides(base, heads.get(found.head))


def _may_read(ctx: Context, repo: Repo) -> bool:
    """A patch is what the files hold, and a discussion is open to more than they are."""
    return may(ctx, repo, Needs.CONTENT) and not repo.disabled


def _diff_url(ctx: Context, repo: Repo, base: str, head: str) -> str:
    span = {"type": repo.type, "repo": repo.full_name, "span": f"{base}...{head}"}
    return f"{ctx.origin}{COMPARE.url_path(**span)}?raw=true"


def find_patch(ctx: Context, repo: Repo, base: str, head: str) -> Patch:
    """The changes since the commit that both share."""
    known = _patches.get((base, head))
    if known is not None:
        return known
    reader = reader_of(ctx, repo)
    start = find_merge_base(reader, base, head) or base
    patch = patch_of_trees(reader, reader.commit(start).tree, reader.commit(head).tree)
    return _patches.put((base, head), patch, len(patch.text or "") + 1)


def find_conflicts(ctx: Context, repo: Repo, base: str, head: str) -> list[str] | bool:
    """The paths in which two commits contradict each other.

    True when there is no telling: they share no history, or it takes git too long.
    """
    known = _recall_merge(base, head)
    if known is None:
        known = _try_merge(ctx, repo, base, head)
    share_nothing = known.tree is None and not known.conflicts
    return True if share_nothing else list(known.conflicts)


def _recall_merge(base: str, head: str) -> Merge | None:
    until = _given_up.get((base, head))
    if until is not None and time.monotonic() < until:
        return Merge(None, ())
    return _merges.get((base, head))


def _try_merge(ctx: Context, repo: Repo, base: str, head: str) -> Merge:
    try:
        found = _merge(ctx, repo, base, head)
    except GitError:
        log.exception("a merge was given up")
        _given_up.put((base, head), time.monotonic() + PAUSE_SECONDS)
        return Merge(None, ())
    return _merges.put((base, head), found, 200 + sum(map(len, found.conflicts)))


def _merge(ctx: Context, repo: Repo, base: str, head: str) -> Merge:
    shared = find_merge_base(reader_of(ctx, repo), base, head)
    if shared in (base, head):
        return Merge(head, ())
    if shared is None:
        return Merge(None, ())
    with ctx.hub.git.open_workshop(repo.id) as view:
        return merge_commits(view, base, head, SECONDS)
