"""Many small files as one stream: for each a line of JSON, and right after it its bytes.

    {"path":"a.txt","oid":"<git id>","size":5}                          and 5 bytes
    {"path":"w.bin","oid":"<git id>","size":9,"lfs":"<sha256>"}         and 9 bytes
    {"path":"nope.txt","error":"EntryNotFound"}                         and no bytes
    {"path":"big.bin","oid":"<git id>","size":5000000,"error":"TooLarge"}   and no bytes

The files come in the order in which they were asked for, so a reader that knows the paths also
knows the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from msgspec import DecodeError, Meta, Struct
from msgspec.json import Decoder, Encoder

NOT_FOUND: Final = "EntryNotFound"
TOO_LARGE: Final = "TooLarge"

MAX_LINE: Final = 8 * 1024 + 6 * 4096
"""The longest line in bytes: a path has up to 4 KiB, and a character takes six bytes at the most
where JSON must escape it."""


class FileStreamError(ValueError):
    """The bytes are not the stream that was asked for, or not all of it."""


class FileEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file of the stream: without an `error`, its `size` bytes follow.

    `oid` is the git id of the blob; `lfs` is the sha256 of a large file, whose blob is a pointer.
    Both are in hex. `size` is in bytes and that of the content, never of the pointer.
    """

    path: str
    oid: Annotated[str, Meta(pattern=r"\A[0-9a-f]{40}\Z")] | None = None
    size: Annotated[int, Meta(ge=0)] | None = None
    lfs: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")] | None = None
    error: str | None = None

    @property
    def length(self) -> int:
        """The number of bytes that follow the line."""
        return 0 if self.error is not None else self.size or 0


_encoder: Final = Encoder()
_decoder: Final = Decoder(FileEntry)


def build_line(entry: FileEntry) -> bytes:
    """The line of JSON that introduces a file."""
    return _encoder.encode(entry) + b"\n"


def read_files(
    chunks: Iterable[bytes], paths: Iterable[str], max_size: int
) -> Iterator[tuple[FileEntry, bytes]]:
    """Each file with its bytes as soon as it has arrived; see `FileStreamReader`.

    Raises `FileStreamError`, also when the chunks end before the last file.
    """
    reader = FileStreamReader(paths, max_size)
    for chunk in chunks:
        yield from reader.feed(chunk)
    reader.close()


class FileStreamReader:
    """Takes the stream apart as it arrives, in pieces of any size.

    `paths` are those that were asked for: any other path in the stream, or the same ones in
    another order, is an error, so a path that is given out is safe to use. `max_size` is the
    largest file to take, in bytes. Holds one file and what else came with its last piece.
    """

    def __init__(self, paths: Iterable[str], max_size: int) -> None:
        self._paths = deque(paths)
        self._max_size = max_size
        self._buffer = bytearray()
        # The beginning of the buffer in which there is no end of a line.
        self._searched = 0
        self._entry: FileEntry | None = None

    def feed(self, chunk: bytes) -> Iterator[tuple[FileEntry, bytes]]:
        """The files that are complete with this piece; what is not taken comes with the next.

        The iterator raises `FileStreamError` where the stream is wrong, after the files before it.
        """
        self._buffer += chunk
        return iter(self._take_file, None)

    def close(self) -> None:
        """Raises `FileStreamError` unless every file has been taken."""
        if self._paths:
            raise FileStreamError(
                f"the stream ended early: {len(self._paths)} files are missing,"
                f" the first is {_show(self._paths[0])}"
            )

    def _take_file(self) -> tuple[FileEntry, bytes] | None:
        if self._entry is None:
            self._entry = self._take_line()
        entry = self._entry
        if entry is None or len(self._buffer) < entry.length:
            return None
        data = bytes(self._buffer[: entry.length])
        del self._buffer[: entry.length]
        self._entry = None
        self._paths.popleft()
        return entry, data

    def _take_line(self) -> FileEntry | None:
        if not self._paths and self._buffer:
            raise FileStreamError("the stream goes on after the last file")
        end = self._buffer.find(b"\n", self._searched)
        self._searched = len(self._buffer) if end < 0 else end
        if self._searched > MAX_LINE:
            raise FileStreamError(f"a line is over {MAX_LINE} bytes")
        if end < 0:
            return None
        entry = self._check(_parse_line(bytes(self._buffer[:end])))
        del self._buffer[: end + 1]
        self._searched = 0
        return entry

    def _check(self, entry: FileEntry) -> FileEntry:
        if entry.path != self._paths[0]:
            raise FileStreamError(f"expected {_show(self._paths[0])}, found {_show(entry.path)}")
        if entry.length > self._max_size:
            raise FileStreamError(
                f"{_show(entry.path)} has {entry.size} bytes, more than {self._max_size}"
            )
        return entry


def _parse_line(line: bytes) -> FileEntry:
    try:
        entry = _decoder.decode(line)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileStreamError(f"a line describes no file: {error}") from error
    if entry.error is None and (entry.oid is None or entry.size is None):
        raise FileStreamError(f"{_show(entry.path)} has neither an id and a size nor an error")
    return entry


def _show(path: str) -> str:
    return repr(path if len(path) <= 100 else path[:100] + "…")
