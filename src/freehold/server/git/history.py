"""What the history of a repository says: its commits, and which of them changed a path last."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import islice

import pygit2

from freehold.server.git.memory import Memory
from freehold.server.git.reader import CommitData, ObjectReader, describe_commit

_logs: Memory[str, tuple[str, ...]] = Memory(1_000_000)
_last_commits: Memory[tuple[str, str], dict[str, str]] = Memory(400_000)


def list_commit_ids(reader: ObjectReader, head: str) -> tuple[str, ...]:
    """Every commit that `head` leads back to, newest first."""
    known = _logs.get(head)
    if known is not None:
        return known
    order = pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME
    found = reader.run(lambda repository: tuple(str(c.id) for c in repository.walk(head, order)))
    return _logs.put(head, found, len(found))


def walk_commits(
    reader: ObjectReader,
    heads: Iterable[str],
    order: pygit2.enums.SortMode,
    hidden: Iterable[str] = (),
) -> list[str]:
    """Every commit that one of `heads` leads back to and none of `hidden`, in that order."""
    return reader.run(lambda repository: _walk(repository, heads, order, hidden))


def _walk(
    repository: pygit2.Repository,
    heads: Iterable[str],
    order: pygit2.enums.SortMode,
    hidden: Iterable[str],
) -> list[str]:
    walker = repository.walk(None, order)
    for head in heads:
        walker.push(head)
    for head in hidden:
        walker.hide(head)
    return [str(commit.id) for commit in walker]


def list_added_commits(
    repository: pygit2.Repository, head: str, hidden: Iterable[str], limit: int
) -> list[CommitData]:
    """The newest commits that `head` leads back to and none of `hidden`, oldest first."""
    order = pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME
    walker = repository.walk(head, order)
    for oid in hidden:
        walker.hide(oid)
    return [describe_commit(commit) for commit in islice(walker, limit)][::-1]


def find_last_commits(
    reader: ObjectReader, head: str, folder: str, paths: Iterable[str]
) -> dict[str, str]:
    """For each path below `folder`, the newest commit that made it what it is at `head`.

    As `git log -1 -- PATH` does, a merge that took a path from one side is passed over in favour
    of that side.
    """
    known = _last_commits.get((head, folder)) or {}
    missing = {path for path in paths if path not in known}
    if not missing:
        return known
    traced = reader.run(lambda repository: _Trace(repository, folder).follow(head, set(missing)))
    found = {**known, **traced}
    return _last_commits.put((head, folder), found, len(found) + 1)


class _Trace:
    """A walk back through history that hands each path on to the parent that has it unchanged."""

    def __init__(self, repository: pygit2.Repository, folder: str) -> None:
        self._repository = repository
        self._folder = folder
        self._prefix = f"{folder}/" if folder else ""
        self._waiting: dict[str, set[str]] = {}
        self._queue: list[tuple[int, str]] = []
        # The tree of the folder in each commit that waits: loaded as a parent's, used as its own.
        self._trees: dict[str, pygit2.Tree | None] = {}

    def follow(self, head: str, paths: set[str]) -> dict[str, str]:
        """The last commit of each path."""
        found: dict[str, str] = {}
        self._hand_on(self._commit(head), paths)
        while self._queue:
            oid = heapq.heappop(self._queue)[1]
            pending = self._take_known(oid, self._waiting.pop(oid), found)
            found.update(dict.fromkeys(self._follow_parents(oid, pending), oid))
            self._trees.pop(oid, None)
        return found

    def _commit(self, oid: str) -> pygit2.Commit:
        return self._repository[oid].peel(pygit2.Commit)

    def _hand_on(self, commit: pygit2.Commit, paths: set[str]) -> None:
        oid = str(commit.id)
        if oid not in self._waiting:
            heapq.heappush(self._queue, (-commit.commit_time, oid))
        self._waiting.setdefault(oid, set()).update(paths)

    def _take_known(self, oid: str, pending: set[str], found: dict[str, str]) -> set[str]:
        known = _last_commits.get((oid, self._folder)) or {}
        hits = pending & known.keys()
        found.update({path: known[path] for path in hits})
        return pending - hits

    def _follow_parents(self, oid: str, pending: set[str]) -> set[str]:
        """Hands on what a parent has unchanged; the paths that the commit itself made remain."""
        if not pending:
            return pending
        commit = self._commit(oid)
        mine = self._tree(commit)
        for parent in commit.parents:
            unchanged = pending - self._changed_paths(self._tree(parent), mine)
            if unchanged:
                self._hand_on(parent, unchanged)
                pending = pending - unchanged
            if not pending:
                break
        return pending

    def _tree(self, commit: pygit2.Commit) -> pygit2.Tree | None:
        oid = str(commit.id)
        if oid not in self._trees:
            self._trees[oid] = self._find_folder(commit.tree)
        return self._trees[oid]

    def _find_folder(self, tree: pygit2.Tree) -> pygit2.Tree | None:
        for name in self._folder.split("/") if self._folder else ():
            if name not in tree or not isinstance(tree[name], pygit2.Tree):
                return None
            tree = self._repository[tree[name].id].peel(pygit2.Tree)
        return tree

    def _changed_paths(self, old: pygit2.Tree | None, new: pygit2.Tree | None) -> set[str]:
        """Every path that differs, with the folders above it."""
        if new is None or (old is not None and old.id == new.id):
            return set()
        diff = new.diff_to_tree(old, swap=True) if old is not None else new.diff_to_tree(swap=True)
        changed: set[str] = set()
        for delta in diff.deltas:
            path = delta.new_file.path
            while path:
                changed.add(self._prefix + path)
                path = path.rpartition("/")[0]
        return changed
