"""What a push brings: objects that keep the rules, and large files that the hub has.

Nothing here changes anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import pygit2

from freehold.errors import BadRequestError
from freehold.formats.lfs_pointer import MAX_POINTER_SIZE, parse_pointer
from freehold.server.core import cards
from freehold.server.core.access import Context
from freehold.server.core.commits import ATTRIBUTES
from freehold.server.core.lfs import find_usable
from freehold.server.db.lfs import StoredObject
from freehold.server.db.repos import Repo
from freehold.server.git.incoming import Incoming
from freehold.server.git.inspection import (
    BadTreeError,
    NewObjects,
    check_trees,
    find_paths,
    sort_objects,
)

# A card may take a second, and a small push may bring thousands of them.
MAX_CARD_SECONDS = 120

# Of the files that a message names.
SHOWN = 10


class RefusedPushError(BadRequestError):
    """Nothing of a push is taken; the message is for its user, `reason` for each ref."""

    def __init__(self, message: str, reason: str = "refused by the hub") -> None:
        super().__init__(message)
        self.reason = reason


def inspect(repository: pygit2.Repository, incoming: Incoming, file_limit: int) -> NewObjects:
    """The new objects, none of which breaks a rule; raises `RefusedPushError`."""
    commits: list[bytes] = []
    try:
        found = sort_objects(repository, incoming.ids, file_limit)
        commits = found.commits
        check_trees(repository, found)
    except BadTreeError as error:
        path = find_paths(repository, commits, [error.oid]).get(error.oid)
        place = f"In the folder {path!r}: " if path else ""
        raise RefusedPushError(f"{place}{error.message}") from error
    except BadRequestError as error:
        raise RefusedPushError(error.message) from error
    if found.oversized:
        raise RefusedPushError(_oversized(repository, found, file_limit), "a file is too large")
    return found


def _oversized(repository: pygit2.Repository, found: NewObjects, limit: int) -> str:
    sizes = found.oversized
    lines = _list_files(repository, found, sizes, lambda oid: f" ({sizes[oid]} bytes)")
    return (
        f"Files over {limit} bytes must be kept in git LFS:\n{lines}\n"
        "Put them there, also in the commits before the last one, and push again:\n"
        '    git lfs migrate import --include="<path>,<path>" --everything'
    )


def _list_files(
    repository: pygit2.Repository,
    found: NewObjects,
    oids: Iterable[bytes],
    describe: Callable[[bytes], str],
) -> str:
    shown = list(islice(oids, SHOWN))
    paths = find_paths(repository, found.commits, shown)
    lines = [f"    {paths.get(oid, oid.hex())}{describe(oid)}" for oid in shown]
    return "\n".join(lines)


def find_stored(
    ctx: Context, repo: Repo, repository: pygit2.Repository, found: NewObjects
) -> list[StoredObject]:
    """The large files that new pointers stand for; raises `RefusedPushError` if one is not here."""
    usable = find_usable(ctx, repo, sorted({pointer.oid for pointer in found.pointers.values()}))
    missing = [
        oid
        for oid, pointer in found.pointers.items()
        if pointer.oid not in usable or usable[pointer.oid].size != pointer.size
    ]
    if missing:
        lines = _list_files(
            repository, found, missing, lambda oid: f" (sha256 {found.pointers[oid].oid})"
        )
        raise RefusedPushError(
            f"LFS pointers name files that were not uploaded to this repository:\n{lines}\n"
            "Upload them, and push again:\n    git lfs push --all <remote>",
            "the file of an LFS pointer is missing",
        )
    return list(usable.values())


class Problem(NamedTuple):
    """What the API would refuse of a file; git may bring it if `is_fatal` is false."""

    file: str
    reason: str
    is_fatal: bool


class HeadFiles:
    """README.md and .gitattributes at the heads of branches; each version is looked at once.

    Of so many cards that this takes too long, the last ones are not looked at.
    """

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._deadline = time.monotonic() + MAX_CARD_SECONDS
        self._problems: dict[tuple[str, str], Problem | None] = {}

    def find_problems(self, commit: pygit2.Commit, before: str | None) -> Iterator[Problem]:
        """What the API would refuse of them, unless it was there before."""
        earlier = self._repository.get(before) if before else None
        for name in (cards.README, ATTRIBUTES):
            blob, old = _blob_of(commit, name), _blob_of(earlier, name)
            if blob is None or (old is not None and old.id == blob.id):
                continue
            problem = self._problem_of(name, blob)
            if problem is not None:
                yield problem

    def _problem_of(self, name: str, blob: pygit2.Blob) -> Problem | None:
        key = name, str(blob.id)
        if key not in self._problems:
            self._problems[key] = _find_fatal_problem(name, blob) or self._check_card(name, blob)
        return self._problems[key]

    def _check_card(self, name: str, blob: pygit2.Blob) -> Problem | None:
        if name != cards.README or time.monotonic() > self._deadline:
            return None
        try:
            cards.check_card(blob.data.decode("utf-8", "replace"))
        except BadRequestError as error:
            return Problem(name, error.message, is_fatal=False)
        return None


def _blob_of(commit: Any, name: str) -> pygit2.Blob | None:
    if not isinstance(commit, pygit2.Commit) or name not in commit.tree:
        return None
    found = commit.tree[name]
    return found if isinstance(found, pygit2.Blob) else None


def _find_fatal_problem(name: str, blob: pygit2.Blob) -> Problem | None:
    if blob.size <= MAX_POINTER_SIZE and parse_pointer(blob.data) is not None:
        return Problem(name, f"{name} cannot be kept in LFS.", is_fatal=True)
    return None
