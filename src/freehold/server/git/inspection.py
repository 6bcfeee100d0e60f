"""What new objects are, and whether their trees hold only what may be in a repository.

git itself has checked that they are well-formed. These are the rules of the hub: names that can be
checked out everywhere, folders that every reader can walk, links that stay in the repository.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import pygit2

from freehold.errors import BadRequestError
from freehold.formats.git_objects import DIRECTORY, SYMLINK, TreeEntry, parse_tree
from freehold.formats.lfs_pointer import MAX_POINTER_SIZE, LfsPointer, parse_pointer
from freehold.server.git.memory import Memory
from freehold.wire.ids import MAX_PATH_BYTES, MAX_SEGMENTS, check_path

MIB: Final = 1024 * 1024

# Readers hold a whole folder, commit or tag in memory.
MAX_TREE_SIZE: Final = 32 * MIB
MAX_TEXT_SIZE: Final = 4 * MIB
MAX_LINK_SIZE: Final = 4096

# The names of equal trees take their time again in each version of them.
MAX_SECONDS: Final = 600

# Up, and then down by names; a drive or a backslash is a way out on some systems.
_LINK: Final = re.compile(
    rb"(?:\./)*((?:\.\./)*(?:\.\.)?)((?:(?!\.\.?(?:/|$))[^/\\:\0]+/?)*)", re.DOTALL
)

_COMMIT: Final = int(pygit2.enums.ObjectType.COMMIT)
_TREE: Final = int(pygit2.enums.ObjectType.TREE)
_BLOB: Final = int(pygit2.enums.ObjectType.BLOB)


class Shape(NamedTuple):
    """How far a folder reaches: the levels and bytes of its longest paths, in any part of it.

    `climb` is how many levels above the folder its links lead; 0 when none leaves it.
    """

    levels: int
    path_bytes: int
    climb: int


# Trees that keep the rules, by their ids: what a tree holds is the same in every repository.
_shapes: Memory[bytes, Shape] = Memory(400_000)


@dataclass
class NewObjects:
    """What a pack brings: its commits, its files over a limit, and its pointers, by their ids."""

    commits: list[bytes] = field(default_factory=list)
    trees: list[bytes] = field(default_factory=list)
    oversized: dict[bytes, int] = field(default_factory=dict)
    pointers: dict[bytes, LfsPointer] = field(default_factory=dict)


class BadTreeError(BadRequestError):
    """A tree that breaks a rule; `oid` is the tree itself."""

    def __init__(self, oid: bytes, reason: str) -> None:
        super().__init__(reason)
        self.oid = oid


def sort_objects(
    repository: pygit2.Repository, ids: Iterable[bytes], file_limit: int
) -> NewObjects:
    """What the objects are; raises `BadRequestError` for one that is too large for a reader."""
    found = NewObjects()
    for oid in ids:
        kind, size = repository.odb.read_header(oid.hex())
        limit = {_TREE: MAX_TREE_SIZE, _BLOB: size}.get(kind, MAX_TEXT_SIZE)
        if size > limit:
            raise BadRequestError(f"The git object {oid.hex()} has {size} bytes, over {limit}.")
        if kind == _COMMIT:
            found.commits.append(oid)
        elif kind == _TREE:
            found.trees.append(oid)
        elif kind == _BLOB and size > file_limit:
            found.oversized[oid] = size
        elif kind == _BLOB and size <= MAX_POINTER_SIZE:
            pointer = parse_pointer(repository.odb.read(oid.hex())[1])
            if pointer is not None:
                found.pointers[oid] = pointer
    return found


def check_trees(repository: pygit2.Repository, found: NewObjects) -> None:
    """Raises `BadTreeError` unless every new tree keeps the rules, and every new commit's root.

    Trees that no commit leads to are checked as well: the next push could name them.
    """
    inspection = _Inspection(repository)
    for oid in found.trees:
        inspection.shape_of(oid)
    for oid in found.commits:
        root = repository[oid.hex()].peel(pygit2.Commit).tree_id.raw
        _check_root(root, inspection.shape_of(root))


def _check_root(oid: bytes, shape: Shape) -> None:
    if shape.climb > 0:
        raise BadTreeError(oid, "A symbolic link leads out of the repository.")
    if shape.path_bytes > MAX_PATH_BYTES:
        raise BadTreeError(oid, f"A path has at most {MAX_PATH_BYTES} bytes.")


class _Inspection:
    """Looks at trees, at each once."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._names = _CheckedNames()
        self._deadline = time.monotonic() + MAX_SECONDS

    def shape_of(self, oid: bytes, above: int = 0) -> Shape:
        """The shape of a tree that keeps the rules, `above` levels below where it began."""
        known = _shapes.get(oid)
        if known is None:
            if above >= MAX_SEGMENTS:
                raise BadTreeError(oid, f"A path has at most {MAX_SEGMENTS} segments.")
            known = _shapes.put(oid, self._inspect(oid, above))
        if known.levels + above > MAX_SEGMENTS:
            raise BadTreeError(oid, f"A path has at most {MAX_SEGMENTS} segments.")
        return known

    def _inspect(self, oid: bytes, above: int) -> Shape:
        if time.monotonic() > self._deadline:
            raise BadRequestError("The new folders are too many to be looked at: push in parts.")
        rows = parse_tree(self._read(oid))
        self._check_names(oid, rows)
        levels, path_bytes, climb = 0, 0, 0
        for row in rows:
            below = Shape(0, 0, 0)
            if row.mode == DIRECTORY:
                below = self.shape_of(row.oid, above + 1)
            elif row.mode == SYMLINK:
                below = Shape(0, 0, self._climb_of(oid, row) + 1)
            levels = max(levels, below.levels + 1)
            path_bytes = max(path_bytes, below.path_bytes + len(row.name) + 1)
            climb = max(climb, below.climb - 1)
        return Shape(levels, path_bytes, climb)

    def _check_names(self, oid: bytes, rows: Sequence[TreeEntry]) -> None:
        try:
            folded = [self._names[row.name] for row in rows]
        except BadRequestError as error:
            raise BadTreeError(oid, error.message) from error
        if len(set(folded)) != len(folded):
            seen: dict[str, bytes] = {}
            for row, name in zip(rows, folded, strict=True):
                if name in seen:
                    raise BadTreeError(
                        oid,
                        f"{_text(row.name)!r} differs from {_text(seen[name])!r} only in the case"
                        " of its letters.",
                    )
                seen[name] = row.name

    def _climb_of(self, tree: bytes, row: TreeEntry) -> int:
        """How many levels above its own folder a link leads.

        It may go up only at its beginning: there it goes through folders, and behind a name it
        might go through another link.
        """
        size = self._repository.odb.read_header(row.oid.hex())[1]
        target = self._read(row.oid) if size <= MAX_LINK_SIZE else b""
        match = _LINK.fullmatch(target)
        if match is None:
            raise BadTreeError(
                tree, f"The symbolic link {_text(row.name)!r} is not a plain relative path."
            )
        return match[1].count(b"..")

    def _read(self, oid: bytes) -> bytes:
        data: bytes = self._repository.odb.read(oid.hex())[1]
        return data


class _CheckedNames(dict[bytes, str]):
    """The names of entries as a file system that is blind to case sees them, each checked once."""

    def __missing__(self, name: bytes) -> str:
        try:
            text = name.decode()
        except UnicodeDecodeError as error:
            raise BadRequestError(f"The name {_text(name)!r} is not UTF-8.") from error
        self[name] = check_path(text).casefold()
        return self[name]


def find_paths(
    repository: pygit2.Repository, commits: Iterable[bytes], wanted: Iterable[bytes]
) -> dict[bytes, str]:
    """A path of each of the objects, as the trees of the commits hold them; some may have none."""
    left, found, seen = set(wanted), dict[bytes, str](), set[bytes]()
    for commit in commits:
        waiting = [(repository[commit.hex()].peel(pygit2.Commit).tree_id.raw, "")]
        while waiting and left:
            oid, prefix = waiting.pop()
            if oid in seen:
                continue
            seen.add(oid)
            for row in parse_tree(repository.odb.read(oid.hex())[1]):
                path = prefix + _text(row.name)
                if row.oid in left:
                    left.remove(row.oid)
                    found[row.oid] = path
                if row.mode == DIRECTORY and len(path) <= MAX_PATH_BYTES:
                    waiting.append((row.oid, f"{path}/"))
    return found


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
