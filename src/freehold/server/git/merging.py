"""Merging two commits into a tree, as `git merge` does, without changing the repository."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import NamedTuple

import pygit2

from freehold.formats.pack import PackWriter
from freehold.server.git import native
from freehold.server.git.inspection import check_trees, sort_objects
from freehold.server.git.views import View


class Merge(NamedTuple):
    """What merging two commits gives: a tree, or the paths in which they contradict each other.

    `tree` is `None` when there is none: with conflicts, and when the commits have nothing in common
    (then there are no paths either).
    """

    tree: str | None
    conflicts: tuple[str, ...]


def merge_commits(view: View, ours: str, theirs: str) -> Merge:
    """The merge of two commits; new objects are in the view afterwards.

    Raises `GitError` when it takes too much time or memory.
    """
    failed, said = native.merge_trees(view.path, ours, theirs)
    tree, *paths = said.decode("utf-8", "replace").split("\0")
    if not failed:
        return Merge(tree, ())
    return Merge(None, tuple(dict.fromkeys(path for path in paths if path)))


def pack_new_objects(view: View, commit: bytes, file_limit: int) -> PackWriter:
    """The commit and all that was written into the view for it, ready to be published.

    Raises `BadTreeError` when they break a rule that holds for every push: a merge can put two
    names together that differ only in the case of their letters.
    """
    repository = pygit2.Repository(str(view.path))
    repository.odb.write(pygit2.enums.ObjectType.COMMIT, commit)
    loose = list((view.path / "objects").glob("[0-9a-f][0-9a-f]/*"))
    ids = [bytes.fromhex(path.parent.name + path.name) for path in loose]
    check_trees(repository, sort_objects(repository, ids, file_limit))
    writer = PackWriter()
    for path in loose:
        writer.add(*_read_loose(path))
    return writer


def _read_loose(path: Path) -> tuple[str, bytes]:
    """The kind and the bytes of an object in a file of its own (`gitformat-loose`)."""
    header, _, data = zlib.decompress(path.read_bytes()).partition(b"\0")
    return header.split()[0].decode(), data
