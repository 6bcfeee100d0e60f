"""Files that are either whole or not there."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from freehold.client.errors import LocalFileError
from freehold.errors import FreeholdError

# A file without a name, which gets one when it is whole; a crash leaves nothing. Linux alone.
_NAMELESS: Final = getattr(os, "O_TMPFILE", None)
_OPEN_FILES: Final = "/proc/self/fd"
_NOT_OFFERED: Final = frozenset(
    {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.EPERM, errno.EXDEV, errno.ENOENT}
)


def write_whole(path: str, data: bytes, temporary: str | None = None) -> None:
    """Puts the bytes at the path in one step, over whatever is there.

    A name like `temporary`, on the same file system, may be used before; its folder and that of
    the path are made when they are not there.
    """
    spare = unique_name(temporary or path)
    try:
        _write(path, data, spare)
    except FileNotFoundError:
        for folder in {os.path.dirname(path), os.path.dirname(spare)}:
            os.makedirs(folder, exist_ok=True)
        _write(path, data, spare)


def unique_name(path: str) -> str:
    """A name beside the path that nobody else uses, and that says that it is not the whole file."""
    return f"{path.removesuffix('.incomplete')}.{secrets.token_hex(4)}.incomplete"


def _write(path: str, data: bytes, spare: str) -> None:
    if not _write_nameless(path, data, spare):
        _write_named(path, data, spare)


def _write_nameless(path: str, data: bytes, spare: str) -> bool:
    """Whether it could be done this way."""
    if _NAMELESS is None:
        return False
    try:
        file = os.open(os.path.dirname(path), _NAMELESS | os.O_WRONLY, 0o666)
    except OSError as error:
        if error.errno in _NOT_OFFERED:
            return False
        raise
    try:
        _write_all(file, data)
        return _give_name(file, path, spare)
    finally:
        os.close(file)


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _give_name(file: int, path: str, spare: str) -> bool:
    try:
        _link(file, path)
    except FileExistsError:
        _link(file, spare)
        os.replace(spare, path)
    except OSError as error:
        if error.errno in _NOT_OFFERED:
            return False
        raise
    return True


def _link(file: int, path: str) -> None:
    # Naming a folder makes Python ask the kernel to follow the link in /proc to the open file.
    folder = os.open(_OPEN_FILES, os.O_RDONLY)
    try:
        os.link(str(file), path, src_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def _write_named(path: str, data: bytes, spare: str) -> None:
    try:
        with open(spare, "xb") as file:
            file.write(data)
        os.replace(spare, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(spare)
        raise


def copy_whole(source: str, path: str) -> None:
    """Copies a file in one step, over whatever is there."""
    own = unique_name(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        shutil.copyfile(source, own)
        os.replace(own, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(own)
        raise


def check_room(folder: str, size: int) -> None:
    """Raises `LocalFileError` when that many bytes will not fit into the folder."""
    free = shutil.disk_usage(folder).free
    if size > free:
        raise LocalFileError(f"{folder} has no room: {size} bytes are needed, {free} are free.")


@contextmanager
def local_errors(done: str = "written") -> Iterator[None]:
    """What goes wrong on this machine's disk as a `LocalFileError` that names the file.

    `done` is the word for what was to be done with it.
    """
    try:
        yield
    except FreeholdError:
        raise
    except OSError as error:
        place = error.filename2 or error.filename or "A file"
        raise LocalFileError(f"{place} cannot be {done}: {error.strerror or error}") from error
