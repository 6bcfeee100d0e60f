"""Paths of the file system: which repository, revision and file `hf://…` means."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from freehold.client.errors import HFValidationError
from freehold.client.names import check_repo_id
from freehold.client.refs import MAIN
from freehold.errors import (
    EntryNotFoundError,
    ForbiddenError,
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    UnauthorizedError,
)
from freehold.wire.ids import URL_PREFIXES, RepoType

_TYPES: Final = {prefix.rstrip("/"): kind for kind, prefix in URL_PREFIXES.items() if prefix}
_NAME: Final = re.compile(r"(?P<name>[^/@]*)(?P<at>@?)(?P<rest>.*)", re.DOTALL)
# These may stand in a path as they are; the slashes of any other revision are escaped.
_WITH_SLASHES: Final = re.compile(r"refs/(?:convert|pr)/[^/]+(?=/|\Z)")


class ResolvedPath(NamedTuple):
    """A place on a hub: `repo_type`, `repo_id`, `revision` and `path_in_repo` (empty: the root).

    `root` is what stands before the path in the names of files: the repository, and the revision
    when one was given.
    """

    repo_type: RepoType
    repo_id: str
    revision: str
    path_in_repo: str
    root: str

    def unresolve(self) -> str:
        """The path as the file system writes it."""
        return self.name_of(self.path_in_repo)

    def name_of(self, path_in_repo: str) -> str:
        """The name of another path at the same revision."""
        return f"{self.root}/{path_in_repo}" if path_in_repo else self.root

    def at(self, path_in_repo: str) -> ResolvedPath:
        """Another path at the same revision."""
        return self._replace(path_in_repo=path_in_repo)

    def pinned(self, commit: str) -> ResolvedPath:
        """The same path at a commit, where its content never changes."""
        root = f"{URL_PREFIXES[self.repo_type]}{self.repo_id}@{commit}"
        return self._replace(revision=commit, root=root)

    @property
    def repo_name(self) -> str:
        """What the names of all its files begin with, whatever their revision."""
        return f"{URL_PREFIXES[self.repo_type]}{self.repo_id}"


def parse_path(path: str, revision: str | None = None) -> ResolvedPath:
    """The place that `[datasets/|spaces/]namespace/name[@revision][/path]` means.

    The revision may be given beside the path instead. Raises `HFValidationError` for a path that
    names no repository, and for two different revisions.
    """
    kind, rest = _split_type(path)
    namespace, _, rest = rest.partition("/")
    found = _NAME.fullmatch(rest)
    if found is None or not namespace or not found["name"]:
        raise HFValidationError(
            f"{path!r} is not inside a repository: it has the form namespace/name/path."
        )
    repo_id = check_repo_id(f"{namespace}/{found['name']}")
    written, inside = _split_revision(path, found["rest"]) if found["at"] else (None, found["rest"])
    if written and revision and written != revision:
        raise HFValidationError(f"{path!r} and the argument revision={revision!r} disagree.")
    shown = written or (revision if revision != MAIN else None)
    root = f"{URL_PREFIXES[kind]}{repo_id}" + (f"@{_write_revision(shown)}" if shown else "")
    return ResolvedPath(kind, repo_id, shown or MAIN, inside.strip("/"), root)


def _split_type(path: str) -> tuple[RepoType, str]:
    first, _, rest = path.partition("/")
    return (_TYPES[first], rest) if first in _TYPES else ("model", path)


def _split_revision(path: str, rest: str) -> tuple[str, str]:
    """The revision that follows an `@`, and what follows it."""
    if special := _WITH_SLASHES.match(rest):
        return special[0], rest[special.end() :]
    revision, _, inside = rest.partition("/")
    if not revision:
        raise HFValidationError(f"{path!r} has no revision after its @.")
    return unquote(revision), inside


def _write_revision(revision: str) -> str:
    return revision if _WITH_SLASHES.fullmatch(revision) else quote(revision, safe="")


@contextmanager
def as_os_errors(name: str) -> Iterator[None]:
    """What a hub says as the errors of files: `FileNotFoundError`, `PermissionError`.

    The error of the hub is their cause; all others pass as they are.
    """
    try:
        yield
    except (GatedRepoError, ForbiddenError, UnauthorizedError) as error:
        raise PermissionError(errno.EACCES, str(error), name) from error
    except (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise FileNotFoundError(errno.ENOENT, str(error), name) from error
