"""The commits that have changed one path, looked for a stretch of history at a time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import pygit2

from freehold.server.git.reader import ObjectReader

# What one look may take, whatever it has found by then.
MAX_COMMITS = 5000
MAX_SECONDS = 1.0


class Stretch(NamedTuple):
    """Commits that have changed the path, newest first.

    `looked` counts the commits that were looked at: less than all when the look was over before.
    """

    found: tuple[str, ...]
    looked: int


def find_changes(reader: ObjectReader, ids: Sequence[str], path: str, limit: int) -> Stretch:
    """The first `limit` of the commits, at most, that have changed what is at the path.

    A merge has only if the path is not the same in any of its parents.
    """
    return reader.run(lambda repository: _Look(repository, path).look(ids, limit))


class _Look:
    """A look at one path in many commits; what is there is found once for each of them."""

    def __init__(self, repository: pygit2.Repository, path: str) -> None:
        self._repository = repository
        self._names = path.split("/")
        self._ids: dict[str, str | None] = {}

    def look(self, ids: Sequence[str], limit: int) -> Stretch:
        found: list[str] = []
        deadline = time.monotonic() + MAX_SECONDS
        for number, oid in enumerate(ids):
            if len(found) == limit or number == MAX_COMMITS or time.monotonic() > deadline:
                return Stretch(tuple(found), number)
            if self._has_changed(oid):
                found.append(oid)
        return Stretch(tuple(found), len(ids))

    def _has_changed(self, oid: str) -> bool:
        commit = self._repository[oid].peel(pygit2.Commit)
        mine = self._ids.pop(oid) if oid in self._ids else self._find(commit)
        parents = [self._find_in_parent(str(parent)) for parent in commit.parent_ids]
        return mine not in parents if parents else mine is not None

    def _find_in_parent(self, oid: str) -> str | None:
        if oid not in self._ids:
            self._ids[oid] = self._find(self._repository[oid].peel(pygit2.Commit))
        return self._ids[oid]

    def _find(self, commit: pygit2.Commit) -> str | None:
        """The id of what is at the path."""
        found: pygit2.Object = commit.tree
        for name in self._names:
            if not name or not isinstance(found, pygit2.Tree) or name not in found:
                return None
            found = found[name]
        return str(found.id)
