"""Merging two commits into a tree, as `git merge` does, without changing the repository."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pygit2

from freehold.errors import BadRequestError
from freehold.formats.git_objects import GITLINK, parse_tree
from freehold.formats.pack import PackWriter
from freehold.server.git import native
from freehold.server.git.inspection import check_trees, find_paths, sort_objects
from freehold.server.git.views import View

ATTRIBUTES = ".gitattributes"


class Merge(NamedTuple):
    """What merging two commits gives: a tree, or the paths in which they contradict each other.

    `tree` is `None` when there is none: with conflicts, and when the commits have nothing in common
    (then there are no paths either).
    """

    tree: str | None
    conflicts: tuple[str, ...]


def merge_commits(view: View, ours: str, theirs: str, seconds: int) -> Merge:
    """The merge of two commits; new objects are in the view afterwards.

    The `.gitattributes` in the root of `ours` say which files are not merged line by line. Raises
    `GitError` when it takes more than so many seconds of a processor, or too much memory.
    """
    _use_attributes(view, ours)
    failed, said = native.merge_trees(view.path, ours, theirs, seconds)
    tree, *paths = said.decode("utf-8", "replace").split("\0")
    if not failed:
        return Merge(tree, ())
    # A file in the way of a folder is told by a name that git would give it.
    made_up = re.compile(f"~(?:{ours}|{theirs})(?:_[0-9]+)?$")
    return Merge(None, tuple(dict.fromkeys(made_up.sub("", path) for path in paths if path)))


def _use_attributes(view: View, commit: str) -> None:
    """Without a work tree, git reads attributes from one file alone."""
    tree = open_view(view)[commit].peel(pygit2.Tree)
    if ATTRIBUTES not in tree:
        return
    found = tree[ATTRIBUTES]
    if isinstance(found, pygit2.Blob):
        (view.path / "info").mkdir(exist_ok=True)
        (view.path / "info/attributes").write_bytes(found.data)


def open_view(view: View) -> pygit2.Repository:
    """The view for libgit2, with all that was written to it."""
    return pygit2.Repository(str(view.path))


def add_commit(view: View, data: bytes) -> str:
    """Puts a commit into the view, and gives its id."""
    return str(open_view(view).odb.write(pygit2.enums.ObjectType.COMMIT, data))


def pack_new_objects(view: View, commit: str, file_limit: int) -> PackWriter:
    """The commit in the view and all that was written for it, ready to be published.

    Raises `BadRequestError` when they break a rule that holds for every push: a merge can put two
    names together that differ only in the case of their letters.
    """
    repository = open_view(view)
    ids = list(_find_new(view, repository, commit))
    found = sort_objects(repository, ids, file_limit)
    check_trees(repository, found)
    for oid, size in found.oversized.items():
        path = find_paths(repository, found.commits, [oid]).get(oid, oid.hex())
        raise BadRequestError(f"{path!r} would have {size} bytes, over {file_limit}.")
    writer = PackWriter()
    for oid in ids:
        writer.add(*_read_loose(_path_of(view, oid)))
    return writer


def _find_new(view: View, repository: pygit2.Repository, commit: str) -> Iterator[bytes]:
    """The objects that are only in the view and that the commit leads to.

    git leaves others there: what it made of several bases, to merge with that.
    """
    waiting = [bytes.fromhex(commit), repository[commit].peel(pygit2.Commit).tree_id.raw]
    seen = set[bytes]()
    while waiting:
        oid = waiting.pop()
        if oid in seen or not _path_of(view, oid).exists():
            continue
        seen.add(oid)
        yield oid
        kind, data = _read_loose(_path_of(view, oid))
        if kind == "tree":
            waiting += [row.oid for row in parse_tree(data) if row.mode != GITLINK]


def _path_of(view: View, oid: bytes) -> Path:
    name = oid.hex()
    return view.path / "objects" / name[:2] / name[2:]


def _read_loose(path: Path) -> tuple[str, bytes]:
    """The kind and the bytes of an object in a file of its own (`gitformat-loose`)."""
    header, _, data = zlib.decompress(path.read_bytes()).partition(b"\0")
    return header.split()[0].decode(), data
