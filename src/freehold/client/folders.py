"""A folder of this machine as the operations that upload it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from freehold.client.errors import HFValidationError, LocalFileError
from freehold.client.operations import LOCAL_FOLDERS, CommitOperationAdd, check_path_in_repo
from freehold.client.patterns import filter_paths

Patterns = Sequence[str] | str | None


class Folder(NamedTuple):
    """A folder to upload: its path here and there, and the patterns that choose in both."""

    path: Path
    path_in_repo: str
    allow: Patterns
    ignore: Patterns
    delete: Patterns

    @classmethod
    def of(
        cls,
        path: str | Path,
        path_in_repo: str | None,
        allow: Patterns = None,
        ignore: Patterns = None,
        delete: Patterns = None,
    ) -> Folder:
        """The folder that the arguments of a call name.

        `path_in_repo` may be empty or `.`, for the root. Raises `HFValidationError`, and
        `LocalFileError` for a path that is no folder.
        """
        place = (path_in_repo or "").strip("/")
        root = Path(path).expanduser()
        if not root.is_dir():
            raise LocalFileError(f"{str(path)!r} is not a folder.")
        clean = "" if place in {"", "."} else check_path_in_repo(place)
        return cls(root, clean, allow, ignore, delete)

    def list_additions(self) -> list[CommitOperationAdd]:
        """An addition for each file that the patterns let through, by path.

        Raises `LocalFileError` for what cannot be uploaded: sockets, devices, links that lead
        nowhere or round in circles, files that may not be read, names that no repository can hold.
        """
        paths = filter_paths(sorted(_list_files(self.path)), self.allow, self.ignore)
        return [self._addition(path) for path in paths]

    def _addition(self, path: str) -> CommitOperationAdd:
        local = str(self.path / path)
        try:
            before = f"{self.path_in_repo}/" if self.path_in_repo else ""
            return CommitOperationAdd(before + path, local)
        except HFValidationError as error:
            raise LocalFileError(f"{local!r} cannot be uploaded: {error}") from error


def list_additions(
    path: str | Path, path_in_repo: str | None, allow: Patterns = None, ignore: Patterns = None
) -> list[CommitOperationAdd]:
    """An addition for each file below a folder; see `Folder`."""
    return Folder.of(path, path_in_repo, allow, ignore).list_additions()


_Identity = tuple[int, int]


def _list_files(root: Path, below: str = "", above: tuple[_Identity, ...] = ()) -> Iterator[str]:
    """The paths of all that is no folder, relative to the root, with `/` between names.

    `above` are the device and inode of each folder that leads to the one `below`.
    """
    folder = root / below
    here = _identify(folder)
    if here in above:
        raise LocalFileError(f"{str(folder)!r} is a link to a folder that holds it.")
    for entry in _scan(folder):
        path = f"{below}/{entry.name}" if below else entry.name
        if not _is_folder(entry):
            # Git keeps a file of this name where a repository lies inside another.
            if entry.name != ".git":
                yield path
        elif entry.name not in LOCAL_FOLDERS:
            yield from _list_files(root, path, (*above, here))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one; what cannot be told is none, and refused later."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _identify(folder: Path) -> _Identity:
    try:
        found = folder.stat()
    except OSError as error:
        raise LocalFileError(f"{str(folder)!r} cannot be read: {error.strerror}") from error
    return found.st_dev, found.st_ino


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise LocalFileError(f"{str(folder)!r} cannot be read: {error.strerror}") from error
