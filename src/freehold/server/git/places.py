"""Where the trees of a repository name large files, at its refs and in its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import pygit2

from freehold.formats.git_objects import DIRECTORY, GITLINK, TreeEntry
from freehold.formats.lfs_pointer import MAX_POINTER_SIZE, LfsPointer, parse_pointer
from freehold.server.git.history import walk_commits
from freehold.server.git.memory import Memory
from freehold.server.git.reader import ObjectReader


class Place(NamedTuple):
    """A path that holds a pointer; `ref` is where, or `None` when only an old commit has it."""

    path: str
    ref: str | None


Places = dict[LfsPointer, Place]

_NEWEST_FIRST: Final = pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.TIME

# By the commits that the refs lead to.
_current: Memory[tuple[tuple[str, str], ...], Places] = Memory(400_000)
_historic: Memory[tuple[str, ...], Places] = Memory(400_000)


def find_current_places(reader: ObjectReader, heads: Mapping[str, str]) -> Places:
    """A place of each pointer that the commits of the refs hold; earlier refs go first."""
    key = tuple(heads.items())
    known = _current.get(key)
    if known is not None:
        return known
    walk = _PointerWalk(reader)
    found: Places = {}
    for ref, oid in heads.items():
        for path, pointer in walk.find(reader.commit(oid).tree):
            found.setdefault(pointer, Place(path, ref))
    return _current.put(key, found, len(found) + len(key))


def find_historic_places(reader: ObjectReader, heads: Mapping[str, str]) -> Places:
    """The newest place of each pointer that a commit in the history of the refs holds."""
    key = tuple(heads.values())
    known = _historic.get(key)
    if known is not None:
        return known
    walk = _PointerWalk(reader)
    found: Places = {}
    for oid in walk_commits(reader, key, _NEWEST_FIRST):
        for path, pointer in walk.find(_tree_of(reader, oid)):
            found.setdefault(pointer, Place(path, None))
    return _historic.put(key, found, len(found) + len(key))


def _tree_of(reader: ObjectReader, oid: str) -> str:
    # Not through the memory of commits: a long history would leave nothing else in it.
    return reader.run(lambda repository: str(repository[oid].peel(pygit2.Commit).tree_id))


def read_pointer(reader: ObjectReader, oid: str) -> LfsPointer | None:
    """Where a blob points, if it is a pointer; nothing is remembered of it."""
    if reader.header(oid)[1] > MAX_POINTER_SIZE:
        return None
    return parse_pointer(reader.blob(oid))


class _PointerWalk:
    """Looks at each tree and each blob once, however often and wherever they are named."""

    def __init__(self, reader: ObjectReader) -> None:
        self._reader = reader
        self._seen: set[bytes] = set()

    def find(self, tree_oid: str, prefix: str = "") -> Iterator[tuple[str, LfsPointer]]:
        """The pointers below a folder that no earlier call has given, with their paths."""
        for row in self._take_new(tree_oid):
            path = prefix + row.name.decode("utf-8", "replace")
            if row.mode == DIRECTORY:
                yield from self.find(row.oid.hex(), f"{path}/")
            elif (pointer := read_pointer(self._reader, row.oid.hex())) is not None:
                yield path, pointer

    def _take_new(self, tree_oid: str) -> list[TreeEntry]:
        rows = [
            row
            for row in self._reader.tree(tree_oid)
            if row.oid not in self._seen and row.mode != GITLINK
        ]
        self._seen.update(row.oid for row in rows)
        return rows
