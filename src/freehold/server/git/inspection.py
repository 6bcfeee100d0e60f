"""What new objects are, and whether their trees hold only what may be in a repository.

git itself has checked that they are well-formed. These are the rules of the hub: names that can be
checked out everywhere, folders that every reader can walk, links that stay in the repository.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple, TypeVar

import pygit2

from freehold.errors import BadRequestError
from freehold.formats.git_objects import (
    DIRECTORY,
    EXECUTABLE,
    FILE,
    GITLINK,
    SYMLINK,
    parse_tree,
    split_tree,
)
from freehold.formats.lfs_pointer import MAX_POINTER_SIZE, LfsPointer, parse_pointer
from freehold.server.git.memory import Memory
from freehold.wire.ids import MAX_PATH_BYTES, MAX_SEGMENTS, check_path

T = TypeVar("T")

MIB: Final = 1024 * 1024

# Readers hold a whole folder, commit or tag in memory.
MAX_TREE_SIZE: Final = 32 * MIB
MAX_TEXT_SIZE: Final = MIB
MAX_LINK_SIZE: Final = 4095

# In one tree with all below it, folders included: few rows can stand for more than any listing
# ends with, and a folder may be empty.
MAX_FILES: Final = 1_000_000
MAX_LISTING: Final = 256 * MIB

# A path only helps whoever reads a message.
MAX_SEARCH_SECONDS: Final = 10

# The names of equal trees take their time again in each version of them.
MAX_SECONDS: Final = 600

# What git takes any other mode for, it does not check: not what the row names, nor where it leads.
# A file that its group may write is in histories that git's first versions made.
_MODES: Final = frozenset({DIRECTORY, FILE, EXECUTABLE, SYMLINK, GITLINK, 0o100664})

# Up, and then down by names; a drive or a backslash is a way out on some systems. What is matched
# once is not tried again in other pieces: there would be two to the power of a name's length.
_LINK: Final = re.compile(
    rb"(?=.)(?:\./)*+((?:\.\./)*+(?:\.\.\Z)?+)(?:(?!\.\.?(?:/|\Z))[^/\\:\0]++(?:/|\Z))*+", re.DOTALL
)

_ID_SIZE: Final = 20

_COMMIT: Final = int(pygit2.enums.ObjectType.COMMIT)
_TREE: Final = int(pygit2.enums.ObjectType.TREE)
_BLOB: Final = int(pygit2.enums.ObjectType.BLOB)


class Reach(NamedTuple):
    """How far a folder or a file reaches, as seen from the folder that it is in.

    `levels` and `path_bytes` are those of its longest paths, `files` is their number, with those
    of folders, and `listing` the bytes of all of them. `climb` is how many levels above the folder
    its symbolic links lead; 0 when none leaves it.
    """

    levels: int
    path_bytes: int
    climb: int
    files: int
    listing: int


_FILES: Final = itemgetter(Reach._fields.index("files"))
_LISTING: Final = itemgetter(Reach._fields.index("listing"))

# Trees that keep the rules, by their ids: what a tree holds is the same in every repository.
_reaches: Memory[bytes, Reach] = Memory(400_000)


@dataclass
class NewObjects:
    """What a pack brings: its commits, its files over a limit, and its pointers, by their ids."""

    commits: list[bytes] = field(default_factory=list)
    trees: list[bytes] = field(default_factory=list)
    oversized: dict[bytes, int] = field(default_factory=dict)
    pointers: dict[bytes, LfsPointer] = field(default_factory=dict)


class BadRowError(BadRequestError):
    """What a tree holds breaks a rule."""


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
        kind, size = _read_header(repository, oid)
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


def _read_header(repository: pygit2.Repository, oid: bytes) -> tuple[int, int]:
    """The kind and size of an object; raises `BadRequestError` for what only `index-pack` reads."""
    try:
        kind, size = repository.odb.read_header(oid.hex())
    except (KeyError, pygit2.GitError) as error:
        raise BadRequestError(f"The git object {oid.hex()} cannot be read: {error}") from error
    return int(kind), int(size)


def check_trees(repository: pygit2.Repository, found: NewObjects) -> None:
    """Raises `BadTreeError` unless every new tree keeps the rules, and every new commit's root.

    Trees that no commit leads to are checked as well: the next push could name them.
    """
    inspection = _Inspection(repository)
    for oid in found.trees:
        inspection.reach_of(oid)
    for oid in found.commits:
        root = repository[oid.hex()].peel(pygit2.Commit).tree_id.raw
        if inspection.reach_of(root).climb > 0:
            raise BadTreeError(root, "A symbolic link leads out of the repository.")


class _Inspection:
    """Looks at trees, and at the rows of all of them: at each once.

    The versions of a folder in a history differ in one row of a thousand. Hence the dictionaries by
    row, which are asked for all rows of a tree without a step of Python for each.
    """

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._names = _ByRow(self._check_name)
        self._rows = _ByRow(self._look_at)
        self._depth = 0
        self._deadline = time.monotonic() + MAX_SECONDS

    def reach_of(self, oid: bytes) -> Reach:
        """How far a tree reaches; raises `BadTreeError` when it breaks a rule."""
        known = _reaches.get(oid)
        if known is not None:
            return known
        if self._depth > MAX_SEGMENTS:
            raise BadTreeError(oid, f"A path has at most {MAX_SEGMENTS} segments.")
        self._depth += 1
        try:
            return _reaches.put(oid, self._inspect(oid))
        except BadRowError as error:
            raise BadTreeError(oid, error.message) from error
        finally:
            self._depth -= 1

    def _inspect(self, oid: bytes) -> Reach:
        if time.monotonic() > self._deadline:
            raise BadRequestError("The new folders are too many to be looked at: push in parts.")
        rows = split_tree(self._read(oid))
        names = [*map(self._names.__getitem__, rows)]
        if len(set(names)) != len(names):
            raise _describe_twins(rows, names)
        reaches = [*map(self._rows.__getitem__, rows)]
        different = {*reaches}
        total = Reach(
            max((reach.levels for reach in different), default=0),
            max((reach.path_bytes for reach in different), default=0),
            max((reach.climb for reach in different), default=0),
            sum(map(_FILES, reaches)),
            sum(map(_LISTING, reaches)),
        )
        _check_size(total)
        return total

    def _check_name(self, row: bytes) -> str:
        """The name in a row as a file system that is blind to case sees it."""
        name = _name_of(row)
        try:
            return check_path(name.decode()).casefold()
        except UnicodeDecodeError as error:
            raise BadRowError(f"The name {_text(name)!r} is not UTF-8.") from error
        except BadRequestError as error:
            raise BadRowError(error.message) from error

    def _look_at(self, row: bytes) -> Reach:
        mode, size = int(row[: row.index(b" ")], 8), len(_name_of(row))
        if mode not in _MODES:
            raise BadRowError(f"The mode of {_text(_name_of(row))!r} is none that git gives.")
        if mode == DIRECTORY:
            below = self.reach_of(row[-_ID_SIZE:])
            return Reach(
                below.levels + 1,
                below.path_bytes + 1 + size,
                below.climb - 1,
                below.files + 1,
                below.listing + size + (size + 1) * below.files,
            )
        return Reach(1, size, self._climb_of(row) if mode == SYMLINK else 0, 1, size)

    def _climb_of(self, row: bytes) -> int:
        """How many levels above its own folder a symbolic link leads.

        It may go up only at its beginning: there it goes through folders, and behind a name it
        might go through another link.
        """
        oid = row[-_ID_SIZE:]
        size = self._repository.odb.read_header(oid.hex())[1]
        match = _LINK.fullmatch(self._read(oid)) if size <= MAX_LINK_SIZE else None
        if match is None:
            name = _text(_name_of(row))
            raise BadRowError(f"The symbolic link {name!r} is not a plain relative path.")
        return match[1].count(b"..")

    def _read(self, oid: bytes) -> bytes:
        data: bytes = self._repository.odb.read(oid.hex())[1]
        return data


class _ByRow(dict[bytes, T]):
    """What a function says of the rows of trees, each asked once."""

    def __init__(self, function: Callable[[bytes], T]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, row: bytes) -> T:
        self[row] = found = self._function(row)
        return found


def _check_size(total: Reach) -> None:
    if total.levels > MAX_SEGMENTS:
        raise BadRowError(f"A path has at most {MAX_SEGMENTS} segments.")
    if total.path_bytes > MAX_PATH_BYTES:
        raise BadRowError(f"A path has at most {MAX_PATH_BYTES} bytes.")
    if total.files > MAX_FILES or total.listing > MAX_LISTING:
        raise BadRowError(
            f"A repository has at most {MAX_FILES} files and folders at once, in paths of"
            f" {MAX_LISTING} bytes together."
        )


def _describe_twins(rows: Sequence[bytes], names: Sequence[str]) -> BadRowError:
    seen: dict[str, bytes] = {}
    for row, name in zip(rows, names, strict=True):
        if name in seen:
            one, other = _text(_name_of(row)), _text(_name_of(seen[name]))
            return BadRowError(f"{one!r} differs from {other!r} only in the case of its letters.")
        seen[name] = row
    raise AssertionError("all names differ")


def _name_of(row: bytes) -> bytes:
    return row[row.index(b" ") + 1 : -_ID_SIZE - 1]


def find_paths(
    repository: pygit2.Repository, commits: Iterable[bytes], wanted: Iterable[bytes]
) -> dict[bytes, str]:
    """A path of each of the objects, as the trees of the commits hold them; some may have none.

    They are looked for as long as it may take for a message.
    """
    deadline = time.monotonic() + MAX_SEARCH_SECONDS
    left, found, seen = set(wanted), dict[bytes, str](), set[bytes]()
    for commit in commits:
        waiting = [(repository[commit.hex()].peel(pygit2.Commit).tree_id.raw, "")]
        while waiting and left and time.monotonic() < deadline:
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
