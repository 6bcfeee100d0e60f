"""What is in a zip archive, read from the directory at its end: nothing is unpacked."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from typing import Final, NamedTuple

MAX_READ: Final = 4 * 1024 * 1024
"""Of an archive, in bytes, that are read to list it."""

ReadBytes = Callable[[int, int], bytes]
"""Gives that many bytes of a file from a place on, all of which it has."""


class Member(NamedTuple):
    """A file in an archive: its name, and its size unpacked."""

    name: str
    size: int


def list_members(read: ReadBytes, size: int) -> list[Member] | None:
    """The files in an archive of that size; None when it is none, or its directory is too large."""
    try:
        with zipfile.ZipFile(_Ranges(read, size)) as archive:
            return [Member(item.filename, item.file_size) for item in archive.infolist()]
    except (zipfile.BadZipFile, struct.error, NotImplementedError, ValueError, OSError):
        return None


class _Ranges(io.RawIOBase):
    """A file of which only so many bytes may be read; `OSError` for more."""

    def __init__(self, read: ReadBytes, size: int) -> None:
        self._read, self._size = read, size
        self._place, self._left = 0, MAX_READ

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("before the beginning")
        self._place = start + offset
        return self._place

    def read(self, count: int | None = -1) -> bytes:
        rest = max(self._size - self._place, 0)
        length = rest if count is None or count < 0 else min(count, rest)
        if length > self._left:
            raise OSError("too much to read")
        data = self._read(self._place, length) if length else b""
        self._left -= length
        self._place += len(data)
        return data
