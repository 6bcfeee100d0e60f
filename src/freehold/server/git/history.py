"""What the history of a repository says: its commits, and which of them changed a path last."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pygit2

from freehold.server.git.listing import find_folder
from freehold.server.git.memory import Memory
from freehold.server.git.reader import CommitData, ObjectReader

_logs: Memory[str, tuple[str, ...]] = Memory(1_000_000)
_last_commits: Memory[tuple[str, str], dict[str, str]] = Memory(400_000)


class Change(NamedTuple):
    """A path that differs between two trees; `old_path` is set when it was renamed."""

    path: str
    status: str
    old_path: str | None


_STATUS = {"A": "added", "D": "deleted", "M": "modified", "R": "renamed", "T": "modified"}


def list_commit_ids(reader: ObjectReader, head: str) -> tuple[str, ...]:
    """Every commit that `head` leads back to, newest first."""
    known = _logs.get(head)
    if known is not None:
        return known
    order = pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME
    found = reader.run(lambda repository: tuple(str(c.id) for c in repository.walk(head, order)))
    return _logs.put(head, found, len(found))


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
    found = {**known, **_trace(reader, head, folder, missing)}
    return _last_commits.put((head, folder), found, len(found) + 1)


def _trace(reader: ObjectReader, head: str, folder: str, paths: set[str]) -> dict[str, str]:
    waiting: dict[str, set[str]] = {head: set(paths)}
    queue = [_queue_item(reader.commit(head))]
    found: dict[str, str] = {}
    while queue and waiting:
        oid = heapq.heappop(queue)[1]
        pending = waiting.pop(oid, None)
        if not pending:
            continue
        pending = _take_known(oid, folder, pending, found)
        commit = reader.commit(oid)
        for parent, unchanged in _split_by_parent(reader, commit, folder, pending):
            if parent not in waiting:
                heapq.heappush(queue, _queue_item(reader.commit(parent)))
            waiting.setdefault(parent, set()).update(unchanged)
            pending -= unchanged
        found.update(dict.fromkeys(pending, oid))
    return found


def _queue_item(commit: CommitData) -> tuple[int, str]:
    return (-commit.time, commit.oid)


def _take_known(oid: str, folder: str, pending: set[str], found: dict[str, str]) -> set[str]:
    known = _last_commits.get((oid, folder))
    if known is None:
        return pending
    hits = pending & known.keys()
    found.update({path: known[path] for path in hits})
    return pending - hits


def _split_by_parent(
    reader: ObjectReader, commit: CommitData, folder: str, pending: set[str]
) -> Iterator[tuple[str, set[str]]]:
    """Each parent with those of the pending paths that it already had as they are."""
    rest = set(pending)
    mine = find_folder(reader, commit.tree, folder)
    for parent in commit.parents:
        if not rest:
            return
        theirs = find_folder(reader, reader.commit(parent).tree, folder)
        if theirs is None or mine is None:
            continue
        unchanged = rest - _changed_paths(reader, theirs, mine, folder) if theirs != mine else rest
        if unchanged:
            rest = rest - unchanged
            yield parent, set(unchanged)


def _changed_paths(reader: ObjectReader, old: str, new: str, folder: str) -> set[str]:
    prefix = f"{folder}/" if folder else ""
    changed: set[str] = set()
    for change in compare_trees(reader, old, new, renames=False):
        path = change.path
        while path:
            changed.add(prefix + path)
            path = path.rpartition("/")[0]
    return changed


def compare_trees(
    reader: ObjectReader, old: str | None, new: str, *, renames: bool = True
) -> list[Change]:
    """What differs from `old` to `new`, by path."""
    return reader.run(lambda repository: _compare(repository, old, new, renames))


def _compare(
    repository: pygit2.Repository, old: str | None, new: str, renames: bool
) -> list[Change]:
    diff = _diff(repository, old, new, renames)
    return [_describe_delta(delta) for delta in diff.deltas]


def _diff(repository: pygit2.Repository, old: str | None, new: str, renames: bool) -> pygit2.Diff:
    tree = repository[new].peel(pygit2.Tree)
    if old is None:
        diff = tree.diff_to_tree(swap=True)
    else:
        diff = tree.diff_to_tree(repository[old].peel(pygit2.Tree), swap=True)
    if renames:
        diff.find_similar()
    return diff


def _describe_delta(delta: pygit2.DiffDelta) -> Change:
    status = _STATUS.get(delta.status_char(), "modified")
    old_path = delta.old_file.path if status == "renamed" else None
    return Change(delta.new_file.path, status, old_path)


def format_patch(reader: ObjectReader, old: str | None, new: str) -> str:
    """The difference between two trees as a textual patch."""
    return reader.run(lambda repository: _diff(repository, old, new, True).patch or "")


def find_merge_base(reader: ObjectReader, one: str, other: str) -> str | None:
    """The newest commit that both lead back to."""
    base = reader.run(lambda repository: repository.merge_base(one, other))
    return None if base is None else str(base)
