"""Reading the objects of one repository, wherever the cache stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pygit2

from freehold.errors import FreeholdError, RepositoryNotFoundError
from freehold.formats.git_objects import TreeEntry, parse_tree
from freehold.server.git.cache import GitCache
from freehold.server.git.memory import Memory
from freehold.server.git.native import GitError, GitLimitError
from freehold.server.objects.store import ObjectMissingError

T = TypeVar("T")

# No date can be written for a later second: it is the last one of the year 9999.
LAST_SECOND = 253_402_300_799

# Of the message of a commit, in bytes, and of each name in it: git takes any length.
SHOWN_MESSAGE = 64 * 1024
SHOWN_NAME = 1000

# In bytes, more or less.
_commits: Memory[str, CommitData] = Memory(32 * 1024 * 1024)


class MissingObjectError(FreeholdError):
    """A ref or an object names a git object that is nowhere: the repository is damaged."""


class CommitData(NamedTuple):
    """A commit: ids in hex, `time` in seconds since 1970, `message` as far as it is shown."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    author: str
    email: str
    time: int
    message: str

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.strip("\n").partition("\n")[0]

    @property
    def description(self) -> str:
        """The message after its first line."""
        return self.message.strip("\n").partition("\n")[2].strip("\n")


class ObjectReader:
    """The objects of a repository at a generation; ids are 40 hex digits."""

    def __init__(self, cache: GitCache, repo_id: str, generation: int) -> None:
        self._cache = cache
        self.repo_id = repo_id
        self._generation = generation

    def run(self, action: Callable[[pygit2.Repository], T]) -> T:
        """What `action` gives for the libgit2 repository.

        The cache may have lost or replaced files since it was opened, so a miss is tried again
        on a fresh one before it counts: then `MissingObjectError` is raised, or
        `RepositoryNotFoundError` when the repository was deleted in the meantime.
        """
        try:
            return action(self._cache.open(self.repo_id, self._generation))
        except GitLimitError:
            raise
        except (KeyError, pygit2.GitError, GitError, OSError, ObjectMissingError):
            try:
                return action(self._cache.reopen(self.repo_id))
            except (KeyError, pygit2.GitError, GitError) as error:
                if not self._cache.is_listed(self.repo_id):
                    raise RepositoryNotFoundError from error
                raise MissingObjectError(f"repository {self.repo_id}: {error}") from error

    def read(self, oid: str) -> tuple[int, bytes]:
        """The type number of an object, as libgit2 counts them, and its bytes."""
        return self.run(lambda repository: repository.odb.read(oid))

    def blob(self, oid: str) -> bytes:
        """The bytes of an object."""
        return self.read(oid)[1]

    def header(self, oid: str) -> tuple[int, int]:
        """The type number of an object and its size, without reading it all."""
        return self.run(lambda repository: repository.odb.read_header(oid))

    def tree(self, oid: str) -> list[TreeEntry]:
        """The rows of one folder."""
        return parse_tree(self.blob(oid))

    def commit(self, oid: str) -> CommitData:
        """The commit of that id; raises `MissingObjectError` when the id is not a commit.

        The id must come from this repository (a ref, the history of one, or `find_commit`): what
        is remembered of a commit does not say which repositories hold it.
        """
        known = _commits.get(oid)
        if known is not None:
            return known
        found = self.run(lambda repository: repository[oid].peel(pygit2.Commit))
        data = describe_commit(found)
        return _commits.put(oid, data, 500 + len(data.message) + 100 * len(data.parents))

    def peel(self, oid: str) -> str | None:
        """The commit that a commit or annotated tag id leads to; `None` for other objects."""
        try:
            return str(self.run(lambda repository: repository[oid].peel(pygit2.Commit)).id)
        except MissingObjectError:
            return None

    def find_commit(self, prefix: str) -> str | None:
        """The commit of that full or abbreviated id; `None` when none or several begin so."""
        try:
            return self.run(lambda repository: _find_commit(repository, prefix))
        except MissingObjectError:
            return None


def _find_commit(repository: pygit2.Repository, prefix: str) -> str | None:
    try:
        oid = repository.expand_id(prefix)
        return str(repository[oid].peel(pygit2.Commit).id)
    except ValueError:
        return None  # ambiguous, or an object that leads to no commit


def describe_commit(found: Any) -> CommitData:
    """What is told of a commit that libgit2 has read."""
    return CommitData(
        oid=str(found.id),
        tree=str(found.tree_id),
        parents=tuple(str(parent) for parent in found.parent_ids),
        author=_text(found.author.raw_name, SHOWN_NAME),
        email=_text(found.author.raw_email, SHOWN_NAME),
        time=min(max(found.committer.time, 0), LAST_SECOND),
        message=_text(found.raw_message, SHOWN_MESSAGE),
    )


def _text(data: bytes, size: int) -> str:
    return data[:size].decode("utf-8", "replace")
