"""What a commit is made of: files to add, paths to delete, files to copy."""

from __future__ import annotations

import base64
import io
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal

from freehold.client.errors import HFValidationError, LocalFileError
from freehold.errors import BadRequestError
from freehold.wire.ids import check_path

SAMPLE_BYTES: Final = 512
LOCAL_FOLDERS: Final = frozenset({".git", ".cache"})
"""What tools keep beside the files, and no repository should hold."""


class CommitOperationAdd:
    """Adds or replaces a file: a path of this machine, bytes, or an open binary file.

    Raises `LocalFileError` when the path is no file that can be read, `HFValidationError` for a
    path in the repository that cannot be, or a file object without `seek` and `tell`. An open file
    is added from where it stands now: `start` is that place, and `size` what follows, in bytes.
    """

    def __init__(self, path_in_repo: str, path_or_fileobj: str | Path | bytes | BinaryIO) -> None:
        self.path_in_repo = check_path_in_repo(path_in_repo)
        self.path_or_fileobj, self.start, self.size = _measure(path_or_fileobj)
        self.sent_sha256: str | None = None
        """The sha256 under which `preupload_lfs_files` has sent the content already."""
        self.is_ignored = False
        """Whether the repository's `.gitignore` keeps the file out, as a hub has told."""

    def __repr__(self) -> str:
        shown = self.path_or_fileobj
        if isinstance(shown, bytes):
            return f"CommitOperationAdd(path_in_repo={self.path_in_repo!r}, {len(shown)} bytes)"
        return f"CommitOperationAdd(path_in_repo={self.path_in_repo!r}, path_or_fileobj={shown!r})"

    @property
    def local_path(self) -> str | None:
        """The path on this machine, when the content is a file there."""
        return self.path_or_fileobj if isinstance(self.path_or_fileobj, str) else None

    @contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:
        """The content as a binary file, for as long as the `with` block lasts.

        With `with_tqdm` a file of this machine shows how far it has been read.
        """
        source = self.path_or_fileobj
        if isinstance(source, bytes):
            yield io.BytesIO(source)
        elif isinstance(source, str):
            with open_local_file(source) as file:
                if with_tqdm:
                    from freehold.client.progress import show_reading

                    with show_reading(file, self.path_in_repo, self.size) as shown:
                        yield shown
                else:
                    yield file
        else:
            position = source.tell()
            source.seek(self.start)
            try:
                yield source
            finally:
                source.seek(position)

    def b64content(self) -> bytes:
        """The whole content in base64."""
        with self.as_file() as file:
            return base64.b64encode(file.read())

    def sample(self) -> bytes:
        """The first bytes of the content, by which a hub tells text from data."""
        with self.as_file() as file:
            return file.read(SAMPLE_BYTES)


class CommitOperationDelete:
    """Deletes a file, or a folder with all in it; "auto" takes a path that ends in / for a folder.

    `is_folder` is a bool once the object is made.
    """

    def __init__(self, path_in_repo: str, is_folder: bool | Literal["auto"] = "auto") -> None:
        if is_folder not in (True, False, "auto"):
            raise HFValidationError(f"is_folder is True, False or 'auto', not {is_folder!r}.")
        path = _require_path(path_in_repo)
        self.is_folder = path.endswith("/") if is_folder == "auto" else is_folder
        self.path_in_repo = _clean_path(path.rstrip("/"))

    def __repr__(self) -> str:
        return (
            f"CommitOperationDelete(path_in_repo={self.path_in_repo!r}, "
            f"is_folder={self.is_folder!r})"
        )


class CommitOperationCopy:
    """Copies a file of the repository, from a revision of it or else from the branch itself."""

    def __init__(
        self, src_path_in_repo: str, path_in_repo: str, src_revision: str | None = None
    ) -> None:
        self.src_path_in_repo = _clean_path(_require_path(src_path_in_repo))
        self.path_in_repo = check_path_in_repo(path_in_repo)
        self.src_revision = src_revision

    def __repr__(self) -> str:
        return (
            f"CommitOperationCopy(src_path_in_repo={self.src_path_in_repo!r}, "
            f"path_in_repo={self.path_in_repo!r}, src_revision={self.src_revision!r})"
        )


CommitOperation = CommitOperationAdd | CommitOperationDelete | CommitOperationCopy


def sort_operations(
    operations: Iterable[CommitOperation],
) -> tuple[list[CommitOperationAdd], list[CommitOperationDelete], list[CommitOperationCopy]]:
    """The operations by kind; of additions at one path the last one counts.

    Raises `HFValidationError` for what is no operation.
    """
    additions: dict[str, CommitOperationAdd] = {}
    deletions: list[CommitOperationDelete] = []
    copies: list[CommitOperationCopy] = []
    for operation in operations:
        match operation:
            case CommitOperationAdd():
                additions[operation.path_in_repo] = operation
            case CommitOperationDelete():
                deletions.append(operation)
            case CommitOperationCopy():
                copies.append(operation)
            case _:
                raise HFValidationError(f"{operation!r} is no operation of a commit.")
    return list(additions.values()), deletions, copies


# Paths in a repository


def check_path_in_repo(path: str) -> str:
    """The path of something to add, as the hub will know it; raises `HFValidationError`.

    A leading `/` or `./` is dropped, as people write it.
    """
    clean = _clean_path(_require_path(path))
    if not LOCAL_FOLDERS.isdisjoint(clean.split("/")):
        raise HFValidationError(f"{path!r} is inside a folder that stays on this machine.")
    return clean


def _require_path(path: str) -> str:
    if not isinstance(path, str):
        raise HFValidationError(f"A path in a repository is a text, not {path!r}.")
    return path


def _clean_path(path: str) -> str:
    clean = path.removeprefix("./").lstrip("/")
    try:
        return check_path(clean)
    except BadRequestError as error:
        raise HFValidationError(error.message) from error


# Contents

_Source = str | bytes | BinaryIO


def _measure(source: str | Path | bytes | BinaryIO) -> tuple[_Source, int, int]:
    """The content as it will be read, where it begins, and its size."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        return data, 0, len(data)
    if isinstance(source, str | os.PathLike):
        path = os.path.expanduser(os.fsdecode(source))  # noqa: PTH111 - `./` is kept
        return path, 0, _measure_local_file(path)
    return source, *_measure_open_file(source)


def _measure_open_file(file: BinaryIO) -> tuple[int, int]:
    """Where the file stands, and how many bytes follow."""
    if not hasattr(file, "read") or isinstance(file, io.TextIOBase):
        raise HFValidationError(
            f"The content is a path, bytes or a file opened as binary, not {file!r}."
        )
    try:
        start = file.tell()
        file.seek(0, io.SEEK_END)
        end = file.tell()
        file.seek(start)
    except (AttributeError, OSError, ValueError) as error:
        raise HFValidationError(f"The file object supports no seek or tell: {error}") from error
    if not isinstance(file.read(0), bytes):
        raise HFValidationError(f"{file!r} does not give bytes.")
    return start, max(end - start, 0)


def _measure_local_file(path: str) -> int:
    try:
        found = os.stat(path)  # noqa: PTH116 - a text is what the caller gave
    except FileNotFoundError as error:
        reason = "is a link that leads nowhere" if os.path.islink(path) else "does not exist"  # noqa: PTH114
        raise LocalFileError(f"{path!r} {reason}.") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise LocalFileError(f"{path!r} is not a file.")
    if not os.access(path, os.R_OK):
        raise LocalFileError(f"{path!r} cannot be read: permission denied.")
    return found.st_size


def open_local_file(path: str) -> BinaryIO:
    """The file, opened for reading; raises `LocalFileError`."""
    try:
        return open(path, "rb")  # noqa: PTH123 - closed by the caller
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError | ValueError) -> LocalFileError:
    reason = getattr(error, "strerror", None) or str(error)
    return LocalFileError(f"{path!r} cannot be read: {reason}.")
