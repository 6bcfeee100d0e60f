"""What differs between two trees, and where two histories have parted.

The `git` program finds it out: libgit2 keeps Python's lock meanwhile, and two texts of 9 MB with
the same few lines in another order take minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from freehold.errors import PayloadTooLargeError
from freehold.server.git import native
from freehold.server.git.memory import Memory
from freehold.server.git.reader import ObjectReader

MAX_PATCH_SIZE = 16 * 1024 * 1024

# Of the names and kinds of all changes, in bytes.
MAX_LIST_SIZE = 256 * 1024 * 1024

# Each file that is gone is compared with each new one, up to the square of this; files that are the
# same but for their names are always found.
MAX_RENAMES = 1000

# Of a processor.
SECONDS = 20

_STATUS = {"A": "added", "D": "deleted", "M": "modified", "R": "renamed", "T": "modified"}

# By the two commits.
_bases: Memory[tuple[str, str], tuple[str | None]] = Memory(100_000)


class Change(NamedTuple):
    """A path that differs between two trees; `old_path` is set when it was renamed."""

    path: str
    status: str
    old_path: str | None


def compare_trees(reader: ObjectReader, old: str, new: str) -> list[Change]:
    """What differs between two trees, by path.

    Raises `PayloadTooLargeError` when that takes too long.
    """
    said = _compare(reader, old, new, ["--name-status", "-z"], MAX_LIST_SIZE)
    words = iter(said.decode("utf-8", "replace").split("\0")[:-1])
    return sorted(_read_change(word, next(words), words) for word in words)


def _read_change(kind: str, path: str, words: Iterator[str]) -> Change:
    status = _STATUS.get(kind[:1], "modified")
    return Change(next(words), status, path) if status == "renamed" else Change(path, status, None)


def format_patch(reader: ObjectReader, old: str, new: str) -> str:
    """The difference between two trees as a textual patch.

    Raises `PayloadTooLargeError` for one over `MAX_PATCH_SIZE` bytes, or that takes too long.
    """
    said = _compare(reader, old, new, ["--patch"], MAX_PATCH_SIZE)
    return said.decode("utf-8", "replace")


def _compare(reader: ObjectReader, old: str, new: str, options: list[str], most: int) -> bytes:
    options = [*options, f"-l{MAX_RENAMES}"]
    try:
        return reader.run(
            lambda found: native.compare_trees(found.path, old, new, options, SECONDS, most)
        )
    except native.GitLimitError as error:
        raise PayloadTooLargeError("The difference is too large to be worked out.") from error


def find_merge_base(reader: ObjectReader, one: str, other: str) -> str | None:
    """The newest commit that both lead back to."""
    known = _bases.get((one, other))
    if known is None:
        known = (reader.run(lambda found: native.find_merge_base(found.path, one, other)),)
        _bases.put((one, other), known)
    return known[0]
