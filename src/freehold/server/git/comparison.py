"""Whether two trees agree, path by path."""

from __future__ import annotations

from collections.abc import Iterable

import pygit2

from freehold.formats.git_objects import DIRECTORY
from freehold.server.git.reader import ObjectReader

# Mode and id of what is at a path; `None` when nothing is there.
_Row = tuple[int, str] | None


def agree_on(reader: ObjectReader, first: str, second: str, paths: Iterable[str]) -> bool:
    """Whether each path leads to the same mode and object, or to nothing, in both trees.

    The trees are given by their ids. A folder is the same when everything in it is. A path that
    leads through what is a file in one of the trees alone is not the same.
    """
    wanted = list(paths)
    return reader.run(
        lambda repository: all(_agree(repository, first, second, path) for path in wanted)
    )


def _agree(repository: pygit2.Repository, first: str, second: str, path: str) -> bool:
    left: _Row = (DIRECTORY, first)
    right: _Row = (DIRECTORY, second)
    for name in path.split("/"):
        if left == right:
            return True
        if _is_file(left) or _is_file(right):
            return False
        left, right = _step(repository, left, name), _step(repository, right, name)
    return left == right


def _is_file(row: _Row) -> bool:
    return row is not None and row[0] != DIRECTORY


def _step(repository: pygit2.Repository, row: _Row, name: str) -> _Row:
    if row is None or row[0] != DIRECTORY:
        return None
    tree = repository[row[1]].peel(pygit2.Tree)
    return (int(tree[name].filemode), str(tree[name].id)) if name in tree else None
