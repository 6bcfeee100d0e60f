"""How a file system reads: open files, ranges, and copies on this machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.utils import isfilelike

from freehold.client.filesystem_listing import ListedFiles
from freehold.client.filesystem_paths import ResolvedPath
from freehold.client.remote_files import (
    download,
    find_file,
    open_stream,
    read_range,
)
from freehold.client.workers import run_all
from freehold.errors import EntryNotFoundError, FreeholdError

if TYPE_CHECKING:
    from freehold.client.fetch import Repo

T = TypeVar("T")

READERS: Final = 8
"""How many ranges or files are read at once."""


class ReadableFiles(ListedFiles):
    """The part of `HfFileSystem` that reads."""

    def _open_remote(self, place: ResolvedPath, opener: Callable[[Repo, ResolvedPath], T]) -> T:
        """What the opener makes of a file; raises `IsADirectoryError` for a folder."""
        name = place.unresolve()
        if not place.path_in_repo:
            self.info(name)
            raise IsADirectoryError(errno.EISDIR, "It is a repository", name)
        try:
            return opener(self._repo(place), place)
        except FileNotFoundError as error:
            if isinstance(error.__cause__, EntryNotFoundError) and self.isdir(name):
                raise IsADirectoryError(errno.EISDIR, "It is a folder", name) from error
            raise

    def cat_file(
        self,
        path: str,
        start: int | None = None,
        end: int | None = None,
        revision: str | None = None,
        **_: Any,
    ) -> bytes:
        """The bytes of a file from `start` up to `end`, which count as in a slice."""
        place = self.resolve_path(path, revision)
        counts_from_begin = end is None or (end >= 0 and (start or 0) >= 0)
        if place.path_in_repo and counts_from_begin:
            return read_range(self._repo(place), place, start, end)
        remote = self._open_remote(place, find_file)
        first, last = slice(start, end).indices(remote.size)[:2]
        return remote.read(first, last)

    def cat_ranges(
        self,
        paths: list[str],
        starts: int | list[int | None] | None,
        ends: int | list[int | None] | None,
        max_gap: int | None = None,
        on_error: str = "return",
        **options: Any,
    ) -> list[bytes | Exception]:
        """One piece of each file, several at once; with `on_error="return"` errors are returned."""
        if max_gap is not None:
            raise NotImplementedError("max_gap is not supported.")
        firsts = starts if isinstance(starts, list) else [starts] * len(paths)
        lasts = ends if isinstance(ends, list) else [ends] * len(paths)
        if not len(paths) == len(firsts) == len(lasts):
            raise ValueError("paths, starts and ends are not equally long.")
        calls = [
            partial(self.cat_file, path, first, last, **options)
            for path, first, last in zip(paths, firsts, lasts, strict=True)
        ]
        return _call_all(calls, on_error == "return")

    def cat(
        self,
        path: str | list[str],
        recursive: bool = False,
        on_error: str = "raise",
        **options: Any,
    ) -> bytes | dict[str, bytes | Exception]:
        """The content of a file, or of several by name, which are read at once.

        `on_error` is "raise", "omit" or "return".
        """
        names = self.expand_path(path, recursive=recursive, **options)
        if not isinstance(path, list) and names == [self._strip_protocol(path)]:
            return self.cat_file(names[0], **options)
        if recursive:
            names = [name for name in names if not self.isdir(name)]
        calls = [partial(self.cat_file, name, **options) for name in names]
        found = dict(zip(names, _call_all(calls, on_error != "raise"), strict=True))
        if on_error == "omit":
            return {name: data for name, data in found.items() if isinstance(data, bytes)}
        return found

    def get_file(
        self,
        rpath: str,
        lpath: Any = None,
        callback: Any = DEFAULT_CALLBACK,
        outfile: Any = None,
        revision: str | None = None,
        **_: Any,
    ) -> None:
        """Writes a file to a path of this machine or to an open file, its digest checked.

        What was cut goes on where it ended. Nothing is at the path before all is there. Raises
        `CorruptedFileError`.
        """
        place = self.resolve_path(rpath, revision)
        target = lpath if outfile is None and isfilelike(lpath) else outfile
        try:
            self._check_no_listed_folder(place)
            stream = self._open_remote(place, open_stream)
        except IsADirectoryError:
            if target is not None:
                raise
            Path(lpath).mkdir(parents=True, exist_ok=True)
            return
        callback.set_size(stream.remote.size)
        if target is not None:
            download(stream, target, callback.relative_update)
            return
        with _whole_file(Path(lpath)) as file:
            download(stream, file, callback.relative_update)

    def _check_no_listed_folder(self, place: ResolvedPath) -> None:
        """Spares the question for the bytes of a folder that has just been listed."""
        known = self._find_remembered(place, expand=False)
        if known is not None and known["type"] == "directory":
            raise IsADirectoryError(errno.EISDIR, "It is a folder", place.unresolve())


def _call_all(calls: Sequence[Callable[[], bytes]], keeps_errors: bool) -> list[bytes | Exception]:
    """What each call returns, several at once; an error is raised, or stands in its place."""
    found: dict[int, bytes | Exception] = {}

    def call_one(number: int) -> None:
        try:
            found[number] = calls[number]()
        except (OSError, FreeholdError) as error:
            if not keeps_errors:
                raise
            found[number] = error

    run_all([partial(call_one, number) for number in range(len(calls))], READERS)
    return [found[number] for number in range(len(calls))]


@contextmanager
def _whole_file(path: Path) -> Iterator[Any]:
    """A file that gets its name when all went well, and else leaves nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.urandom(4).hex()}.incomplete")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
