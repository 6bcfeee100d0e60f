"""`HfFileSystem`: repositories as folders, for all that reads and writes through fsspec.

Files are read at the commit that was the newest when they were opened. What is written is
committed when it is closed, and everything that one call changes becomes one commit.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

try:
    from fsspec.callbacks import DEFAULT_CALLBACK
except ImportError as error:
    raise ImportError("HfFileSystem needs fsspec: pip install 'freehold[fs]'") from error

from freehold.client.filesystem_changes import (
    IN_MEMORY,
    Change,
    CommitOptions,
    CompressedWriteFile,
    HfTransaction,
    TextWriteFile,
    WriteFile,
    commit_changes,
)
from freehold.client.filesystem_paths import ResolvedPath
from freehold.client.filesystem_reading import ReadableFiles
from freehold.client.operations import (
    CommitOperation,
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
)
from freehold.client.remote_files import ReadFile, StreamFile, download, find_file, open_stream


class HfFileSystem(ReadableFiles):
    """The files of a hub under paths `hf://[datasets/|spaces/]namespace/name[@revision]/path`.

    The slashes of a revision are written `%2F`, but for those of `refs/pr/N` and
    `refs/convert/NAME`. `endpoint` and `token` are those of `HfApi`; `block_size` is how many
    bytes a file reads at once; with `expand_info` every entry has its last commit. `timeout` is
    the longest time in seconds that the hub may be silent. The options of fsspec hold as well:
    `use_listings_cache`, `listings_expiry_time`, `skip_instance_cache`.

    Raises `FileNotFoundError` and `PermissionError`, with the error of the hub as their cause,
    `HFValidationError` for a path that is not inside a repository, and `HubConnectionError`.
    """

    transaction_type = HfTransaction

    # Open files

    def open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        cache_options: Mapping[str, Any] | None = None,
        compression: str | None = None,
        **options: Any,
    ) -> Any:
        """An open file; see `fsspec.spec.AbstractFileSystem.open` for the arguments.

        A file that is read stays at the commit that it was opened at; with `block_size=0` it is
        read as one stream. A file that is written is committed when it is closed, and forgotten
        when its `with` block ends with an error. `revision` is that of the path; when writing,
        `commit_message`, `commit_description`, `create_pr` and `parent_commit` are those of
        `create_commit`. The mode may be r, w, x or a, with b or t.
        """
        options |= {"block_size": block_size, "cache_options": cache_options}
        if "r" in mode:
            return super().open(path, mode, compression=compression, **options)
        text = {k: options.pop(k) for k in ("encoding", "errors", "newline") if k in options}
        file = super().open(path, mode.replace("t", "").replace("b", "") + "b", **options)
        if compression is not None:
            file = _compress(file, compression)
        return file if "b" in mode else TextWriteFile(file, **text)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: Mapping[str, Any] | None = None,
        revision: str | None = None,
        cache_type: str = "readahead",
        **options: Any,
    ) -> ReadFile | StreamFile | WriteFile:
        place = self.resolve_path(path, revision)
        if mode != "rb":
            return self._open_to_write(place, mode, autocommit, _commit_options(options))
        wanted = self.block_size if block_size is None else block_size
        if wanted == 0:
            return StreamFile(self._open_remote(place, open_stream))
        return ReadFile(
            self,
            self._open_remote(place, find_file),
            block_size=wanted or "default",
            cache_type=cache_type,
            cache_options=None if cache_options is None else dict(cache_options),
        )

    # Writing

    def _open_to_write(
        self, place: ResolvedPath, mode: str, autocommit: bool, options: CommitOptions
    ) -> WriteFile:
        if mode not in {"wb", "xb", "ab"}:
            raise ValueError(f"{mode!r} is not a mode to open a file in.")
        _check_is_file(place)
        if mode == "xb":
            self._check_is_new(place)
        if mode == "ab":
            return self._open_to_append(place, autocommit, options)
        return WriteFile(self, place, options, autocommit)

    def _open_to_append(
        self, place: ResolvedPath, autocommit: bool, options: CommitOptions
    ) -> WriteFile:
        """The file with what is there already; a change that another makes of it meanwhile wins."""
        try:
            stream = self._open_remote(place, open_stream)
        except FileNotFoundError:
            return WriteFile(self, place, options, autocommit)
        commit = options.parent_commit or stream.remote.place.revision
        options = options._replace(parent_commit=commit, rebase=True)
        file = WriteFile(self, place, options, autocommit)
        try:
            download(stream, file, lambda _: None)
        except BaseException:
            file.discard()
            raise
        return file

    def _check_is_new(self, place: ResolvedPath) -> None:
        if self.exists(place.unresolve(), refresh=True):
            raise FileExistsError(errno.EEXIST, "It is there already", place.unresolve())

    def put_file(
        self,
        lpath: str,
        rpath: str,
        callback: Any = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        revision: str | None = None,
        **options: Any,
    ) -> None:
        """Commits a file of this machine; a folder is nothing by itself.

        With the mode "create" raises `FileExistsError` when the path is there already.
        """
        if Path(lpath).is_dir():
            return
        place = self.resolve_path(rpath, revision)
        self._add(place, os.fspath(lpath), mode, options, callback)

    def put(self, lpath: Any, rpath: Any, *args: Any, **options: Any) -> None:
        """Commits files of this machine, all in one commit; see `fsspec` for the arguments."""
        with self._held_together():
            super().put(lpath, rpath, *args, **options)

    def pipe_file(
        self,
        path: str,
        value: Any,
        mode: str = "overwrite",
        revision: str | None = None,
        **options: Any,
    ) -> None:
        """Commits these bytes as a file."""
        place = self.resolve_path(path, revision)
        self._add(place, bytes(value), mode, options, DEFAULT_CALLBACK)

    def pipe(self, path: Any, value: Any = None, **options: Any) -> None:
        """Commits one file, or all of a mapping from path to bytes in one commit."""
        with self._held_together():
            super().pipe(path, value, **options)

    def _add(
        self,
        place: ResolvedPath,
        content: str | bytes,
        mode: str,
        options: dict[str, Any],
        callback: Any,
    ) -> None:
        _check_is_file(place)
        if mode == "create":
            self._check_is_new(place)
        operation = CommitOperationAdd(place.path_in_repo, content)
        callback.set_size(operation.size)
        self._change(place, operation, _commit_options(options))
        callback.absolute_update(operation.size)

    def cp_file(self, path1: str, path2: str, revision: str | None = None, **options: Any) -> None:
        """Commits a copy of a file; `revision` is that of the first path.

        Inside of one repository no bytes of large files are moved.
        """
        source, target = self.resolve_path(path1, revision), self.resolve_path(path2)
        if source[:4] == target[:4] or self.isdir(source.unresolve()):
            return
        _check_is_file(target)
        self._change(target, self._to_copy(source, target), _commit_options(options))

    def _to_copy(self, source: ResolvedPath, target: ResolvedPath) -> CommitOperation:
        if source[:2] == target[:2]:
            return CommitOperationCopy(source.path_in_repo, target.path_in_repo, source.revision)
        # Another repository may not have the bytes, and must be sent them.
        stream = self._open_remote(source, open_stream)
        spool: Any = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the change closes it
        try:
            download(stream, spool, lambda _: None)
            spool.seek(0)
            return CommitOperationAdd(target.path_in_repo, spool)
        except BaseException:
            spool.close()
            raise

    def copy(self, path1: Any, path2: Any, *args: Any, **options: Any) -> None:
        """Commits copies of files, all in one commit; see `fsspec` for the arguments."""
        with self._held_together():
            super().copy(path1, path2, *args, **options)

    def mv(
        self,
        path1: str,
        path2: str,
        recursive: bool = False,
        maxdepth: int | None = None,
        **options: Any,
    ) -> None:
        """Moves a file or a folder in one commit; in two, the copy first, between repositories."""
        if self.resolve_path(path1)[:4] == self.resolve_path(path2)[:4]:
            return
        with self._held_together():
            self.copy(
                path1, path2, recursive=recursive, maxdepth=maxdepth, on_error="raise", **options
            )
            self.rm(path1, recursive=recursive, maxdepth=maxdepth, **options)

    def rm(
        self,
        path: str | list[str],
        recursive: bool = False,
        maxdepth: int | None = None,
        revision: str | None = None,
        **options: Any,
    ) -> None:
        """Deletes files, and with `recursive` all that is in folders, in one commit.

        Raises `FileNotFoundError`, and `IsADirectoryError` for a folder without `recursive`.
        """
        given = path if isinstance(path, list) else [path]
        names = [self.resolve_path(item, revision).unresolve() for item in given]
        found = self.expand_path(names, recursive=recursive, maxdepth=maxdepth)
        with self._held_together():
            for name in found:
                if not recursive or self.isfile(name):
                    self.rm_file(name, **options)

    def rm_file(self, path: str, revision: str | None = None, **options: Any) -> None:
        """Deletes a file; raises `FileNotFoundError`, and `IsADirectoryError` for a folder."""
        place = self.resolve_path(path, revision)
        if self.info(place.unresolve())["type"] == "directory":
            raise IsADirectoryError(errno.EISDIR, "It is a folder", place.unresolve())
        operation = CommitOperationDelete(place.path_in_repo, is_folder=False)
        self._change(place, operation, _commit_options(options))

    def _rm(self, path: str) -> None:
        self.rm_file(path)

    # Commits

    @contextmanager
    def _held_together(self) -> Iterator[None]:
        """All changes inside as one commit, which is that of the transaction if there is one."""
        if self._intrans:
            yield
        else:
            with self.transaction:
                yield

    def end_holding_back(self) -> None:
        """What follows is committed at once again."""
        self._intrans = False
        self._transaction = None

    def _change(
        self, place: ResolvedPath, operation: CommitOperation, options: CommitOptions
    ) -> None:
        change = Change(place, operation, options)
        if self._intrans:
            self.transaction.files.append(change)
            return
        try:
            commit_changes(self, [change])
        finally:
            change.discard()


def _check_is_file(place: ResolvedPath) -> None:
    if not place.path_in_repo:
        raise IsADirectoryError(errno.EISDIR, "It is a repository", place.unresolve())


def _commit_options(given: Mapping[str, Any]) -> CommitOptions:
    """Those of the options that are about a commit; others are meant for other file systems."""
    return CommitOptions(**{k: v for k, v in given.items() if k in CommitOptions._fields})


def _compress(file: WriteFile, compression: str) -> WriteFile | CompressedWriteFile:
    from fsspec.compression import compr
    from fsspec.core import get_compression

    chosen = get_compression(file.path, compression)
    return file if chosen is None else CompressedWriteFile(compr[chosen](file, mode="w"), file)
