"""Changes of files through the file system: what is written, and how it becomes commits."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Sequence
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, Self, cast

from fsspec.transaction import Transaction

from freehold.client.events import OnEvent
from freehold.client.filesystem_paths import ResolvedPath, as_os_errors
from freehold.client.operations import (
    CommitOperation,
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
)

if TYPE_CHECKING:
    from freehold.client.filesystem import HfFileSystem

IN_MEMORY: Final = 8 << 20
"""What is written is kept in memory up to this many bytes, then in a temporary file."""


class CommitOptions(NamedTuple):
    """How a change is committed; what is None is decided by the others of the same commit."""

    commit_message: str | None = None
    commit_description: str | None = None
    create_pr: bool | None = None
    parent_commit: str | None = None
    rebase: bool | None = None
    on_event: OnEvent | None = None


class Change(NamedTuple):
    """One operation on a place, to be committed now or at the end of a transaction."""

    place: ResolvedPath
    operation: CommitOperation
    options: CommitOptions

    def changes(self) -> list[Change]:
        """Itself: what a transaction asks of all that it holds."""
        return [self]

    def discard(self) -> None:
        """Lets go of the content."""
        source = getattr(self.operation, "path_or_fileobj", None)
        if isinstance(source, SpooledTemporaryFile):
            source.close()


def commit_changes(fs: HfFileSystem, changes: Iterable[Change]) -> None:
    """Commits the changes: one commit for each branch of each repository.

    What was done last to a path counts.
    """
    branches: dict[tuple[str, str, str], dict[str, Change]] = {}
    for change in changes:
        place = change.place
        branch = branches.setdefault((place.repo_type, place.repo_id, place.revision), {})
        branch.pop(place.path_in_repo, None)
        branch[place.path_in_repo] = change
    for branch in branches.values():
        _commit_branch(fs, list(branch.values()))


def _commit_branch(fs: HfFileSystem, changes: Sequence[Change]) -> None:
    place = changes[0].place
    options = _merge([change.options for change in changes])
    try:
        with as_os_errors(place.unresolve() if len(changes) == 1 else place.root):
            fs.api.create_commit(
                place.repo_id,
                [change.operation for change in changes],
                options.commit_message or _describe(changes),
                options.commit_description,
                repo_type=place.repo_type,
                revision=place.revision,
                create_pr=options.create_pr,
                parent_commit=options.parent_commit,
                rebase=bool(options.rebase),
                timeout=fs.timeout,
                on_event=options.on_event,
            )
    finally:
        # Also after an error: whether a commit has landed is not always known.
        fs.forget(place)


def _merge(options: Sequence[CommitOptions]) -> CommitOptions:
    """The first that was said of each option."""
    columns = zip(*options, strict=True)
    return CommitOptions(*(next((v for v in c if v is not None), None) for c in columns))


def _describe(changes: Sequence[Change]) -> str:
    if len(changes) > 1:
        return f"Change {len(changes)} files with freehold"
    operation = changes[0].operation
    if isinstance(operation, CommitOperationCopy):
        source, target = operation.src_path_in_repo, operation.path_in_repo
        return f"Copy {source} to {target} with freehold"
    verb = "Delete" if isinstance(operation, CommitOperationDelete) else "Upload"
    return f"{verb} {operation.path_in_repo} with freehold"


class HfTransaction(Transaction):
    """Holds back all changes of a file system, and commits them together at its end.

    Until then everything that is read is as it was before.
    """

    def complete(self, commit: bool = True) -> None:
        """Commits the changes, or forgets them."""
        fs: HfFileSystem = self.fs
        held = list(self.files)
        self.files.clear()
        fs.end_holding_back()
        try:
            if commit:
                commit_changes(fs, [change for item in held for change in item.changes()])
        finally:
            for item in held:
                item.discard()


class WriteFile(io.BufferedIOBase):
    """A file that is written here first, and committed when it is closed.

    When the `with` block ends with an error, or the file is never closed, nothing is committed.
    """

    def __init__(
        self, fs: HfFileSystem, place: ResolvedPath, options: CommitOptions, autocommit: bool
    ) -> None:
        self.fs = fs
        self.path = place.unresolve()
        self.autocommit = autocommit
        self._place = place
        self._options = options
        self._spool = cast("BinaryIO", SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - closed
        self._is_over = False

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always: nothing is sent before the end."""
        return True

    def write(self, data: Any) -> int:
        """Takes the bytes; raises `ValueError` once the file is closed."""
        self._check_open()
        return self._spool.write(data)

    def tell(self) -> int:
        """The place that is written next."""
        self._check_open()
        return self._spool.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes on at another place."""
        self._check_open()
        self._spool.seek(offset, whence)
        return self._spool.tell()

    def truncate(self, size: int | None = None) -> int:
        """Cuts the file, by default at the place that is written next."""
        self._check_open()
        wanted = self._spool.tell() if size is None else size
        self._spool.truncate(wanted)
        return wanted

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError(f"{self.path} is closed.")

    def changes(self) -> list[Change]:
        """What a commit makes of the file, as it is now; nothing when it was discarded."""
        if self._is_over:
            return []
        self._spool.seek(0)
        operation = CommitOperationAdd(self._place.path_in_repo, self._spool)
        return [Change(self._place, operation, self._options)]

    def commit(self) -> None:
        """Commits the file as it is now."""
        try:
            commit_changes(self.fs, self.changes())
        finally:
            self.discard()

    def discard(self) -> None:
        """Forgets what was written."""
        self._is_over = True
        self._spool.close()
        super().close()

    def close(self) -> None:
        """Commits the file, unless a transaction does that at its end."""
        if self.closed:
            return
        super().close()
        if self.autocommit and not self._is_over:
            self.commit()

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.discard()
        self.close()

    def __del__(self) -> None:
        # Attributes are missing when the constructor has failed.
        if not self.closed and hasattr(self, "_spool"):
            warnings.warn(f"{self.path} was never closed and is lost.", ResourceWarning, 2, self)
            self.discard()


class CompressedWriteFile(io.BufferedIOBase):
    """What is written goes through a compressor into a `WriteFile`, which is closed with it."""

    def __init__(self, compressor: Any, raw: WriteFile) -> None:
        self._compressor = compressor
        self._raw = raw

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Takes the bytes."""
        return int(self._compressor.write(data))

    def discard(self) -> None:
        """Forgets what was written."""
        self._compressor.close()
        self._raw.discard()
        super().close()

    def close(self) -> None:
        """Ends the compressed data and closes the file."""
        if not self.closed:
            self._compressor.close()
            self._raw.close()
        super().close()

    def __exit__(self, error_class: Any, error: Any, traceback: Any) -> None:
        if error is not None:
            self.discard()
        self.close()

    def __del__(self) -> None:
        if not self.closed and hasattr(self, "_raw"):
            self.discard()


class TextWriteFile(io.TextIOWrapper):
    """Text into a `WriteFile`, compressed or not; after an error nothing is committed."""

    def discard(self) -> None:
        """Forgets what was written."""
        cast("WriteFile | CompressedWriteFile", self.buffer).discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error_class: Any, error: Any, traceback: Any) -> None:
        if error is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        if not self.closed:
            self.discard()
