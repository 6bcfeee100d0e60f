"""What files and folders a tree holds, with the real sizes of large files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import pygit2

from freehold.formats.git_objects import DIRECTORY, GITLINK, parse_tree
from freehold.formats.lfs_pointer import MAX_POINTER_SIZE, LfsPointer, parse_pointer
from freehold.server.git.memory import Memory
from freehold.server.git.reader import ObjectReader

OpenTree = Callable[[str], pygit2.Tree]


class BlobInfo(NamedTuple):
    """A blob's own size, and where it points when it is an LFS pointer."""

    size: int
    pointer: LfsPointer | None


class Entry(NamedTuple):
    """A file or folder: `path` from the root; `size` is that of the real content."""

    path: str
    oid: str
    is_directory: bool
    size: int
    pointer: LfsPointer | None
    blob_size: int


# Enough for the folders on the way to a file; each may be megabytes.
OPEN_TREES = 16

# Keyed by git ids alone: the same bytes have the same description in every repository, and an id
# is only looked up here after a tree of the viewer's repository has named it.
_blobs: Memory[str, BlobInfo] = Memory(300_000)
_folders: Memory[tuple[str, str], tuple[Entry, ...]] = Memory(400_000)
_listings: Memory[tuple[str, str], tuple[Entry, ...]] = Memory(400_000)


def list_folder(reader: ObjectReader, tree_oid: str, path: str = "") -> tuple[Entry, ...]:
    """The direct children of a folder: folders first, then files, each by name."""
    known = _folders.get((tree_oid, path))
    if known is not None:
        return known
    prefix = f"{path}/" if path else ""
    entries = reader.run(lambda repository: _read_folder(repository, tree_oid, prefix))
    entries.sort(key=lambda entry: (not entry.is_directory, entry.path))
    return _folders.put((tree_oid, path), tuple(entries), len(entries) + 1)


def _read_folder(repository: pygit2.Repository, tree_oid: str, prefix: str) -> list[Entry]:
    return [
        _describe(repository, prefix + row.name.decode("utf-8", "replace"), row.mode, row.oid.hex())
        for row in parse_tree(repository.odb.read(tree_oid)[1])
        if row.mode != GITLINK
    ]


def list_recursively(reader: ObjectReader, tree_oid: str, path: str = "") -> tuple[Entry, ...]:
    """Everything below a folder, depth first, folders included."""
    known = _listings.get((tree_oid, path))
    if known is not None:
        return known
    found = tuple(_walk(reader, tree_oid, path))
    return _listings.put((tree_oid, path), found, len(found) + 1)


def find_entry(reader: ObjectReader, tree_oid: str, path: str) -> Entry | None:
    """The file or folder at `path`, without a look at what is beside it."""
    return find_entries(reader, tree_oid, [path])[0]


def find_entries(reader: ObjectReader, tree_oid: str, paths: Sequence[str]) -> list[Entry | None]:
    """What is at each of the paths, in their order; `None` where nothing is."""

    def find_all(repository: pygit2.Repository) -> list[Entry | None]:
        open_tree = _tree_opener(repository)
        # What is in one folder is looked up together, while that folder is at hand.
        in_order = sorted(set(paths))
        found = {path: _find_entry(repository, open_tree, tree_oid, path) for path in in_order}
        return [found[path] for path in paths]

    return reader.run(find_all)


def _find_entry(
    repository: pygit2.Repository, open_tree: OpenTree, tree_oid: str, path: str
) -> Entry | None:
    found = _look_up(open_tree, tree_oid, path)
    if found is None or found[0] == GITLINK:
        return None
    return _describe(repository, path, *found)


def find_folder(reader: ObjectReader, tree_oid: str, path: str) -> str | None:
    """The tree id of the folder at `path`; the root for an empty path."""
    if not path:
        return tree_oid
    found = reader.run(lambda repository: _look_up(_tree_opener(repository), tree_oid, path))
    return found[1] if found is not None and found[0] == DIRECTORY else None


def _tree_opener(repository: pygit2.Repository) -> OpenTree:
    """Opens trees by id; unpacks one that several paths lead through only once."""

    def open_tree(oid: str) -> pygit2.Tree:
        return repository[oid].peel(pygit2.Tree)

    return lru_cache(OPEN_TREES)(open_tree)


def _look_up(open_tree: OpenTree, tree_oid: str, path: str) -> tuple[int, str] | None:
    """Mode and id of what is at `path`; KeyError only for an object that is not in the cache."""
    mode, oid = DIRECTORY, tree_oid
    for name in path.split("/"):
        if mode != DIRECTORY:
            return None
        tree = open_tree(oid)
        # libgit2 would read a name only up to its NUL.
        if not name or "\0" in name or name not in tree:
            return None
        mode, oid = int(tree[name].filemode), str(tree[name].id)
    return mode, oid


def _walk(reader: ObjectReader, tree_oid: str, path: str) -> Iterator[Entry]:
    for entry in list_folder(reader, tree_oid, path):
        yield entry
        if entry.is_directory:
            yield from _walk(reader, entry.oid, entry.path)


def _describe(repository: pygit2.Repository, path: str, mode: int, oid: str) -> Entry:
    if mode == DIRECTORY:
        return Entry(path, oid, True, 0, None, 0)
    info = _blob_info(repository, oid)
    size = info.pointer.size if info.pointer else info.size
    return Entry(path, oid, False, size, info.pointer, info.size)


def read_size(repository: pygit2.Repository, oid: str) -> int:
    """The size of a file by the id of its blob; that of the content where this is a pointer."""
    info = _blob_info(repository, oid)
    return info.pointer.size if info.pointer else info.size


def _blob_info(repository: pygit2.Repository, oid: str) -> BlobInfo:
    return _blobs.get(oid) or _blobs.put(oid, _read_blob_info(repository, oid))


def _read_blob_info(repository: pygit2.Repository, oid: str) -> BlobInfo:
    _, size = repository.odb.read_header(oid)
    if size > MAX_POINTER_SIZE:
        return BlobInfo(size, None)
    return BlobInfo(size, parse_pointer(repository.odb.read(oid)[1]))
