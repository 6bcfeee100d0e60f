"""Many small files in one answer: which of them, and their bytes one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from freehold.errors import BadRequestError, PayloadTooLargeError
from freehold.formats.file_stream import NOT_FOUND, TOO_LARGE, FileEntry, build_line
from freehold.formats.lfs_pointer import LfsPointer
from freehold.server.core.access import Context
from freehold.server.core.contents import read_content
from freehold.server.core.files import find_linked
from freehold.server.core.revisions import reader_of, resolve_revision
from freehold.server.db.lfs import StoredObject
from freehold.server.db.repos import Repo
from freehold.server.git.listing import Entry, find_entries
from freehold.server.git.reader import ObjectReader
from freehold.server.hub import Hub
from freehold.server.objects.store import DigestMismatchError
from freehold.wire.files import DownloadFiles
from freehold.wire.ids import MAX_PATH_BYTES

MAX_PATHS = 1000
# In bytes, of one file and of all files of a download.
MAX_FILE_SIZE = 1024 * 1024
MAX_TOTAL_SIZE = 64 * 1024 * 1024

# What one trip to a thread reads: so many bytes, and fewer from a store that takes its time, so
# that neither the thread nor the client waits long.
BLOCK = 256 * 1024
BLOCK_SECONDS = 0.05


_Linked = Mapping[LfsPointer | None, StoredObject]


class Download(NamedTuple):
    """Files at one commit as one stream of `size` bytes, in the form of `formats/file_stream.py`.

    `paths` are those whose bytes are in it. `blocks` reads them one by one, and raises when a file
    cannot be read.
    """

    commit: str
    size: int
    paths: Sequence[str]
    blocks: Iterator[bytes]


class _File(NamedTuple):
    """One file of the stream: its line, and where the bytes after the line come from.

    A file that is not given has no bytes, like one that is empty.
    """

    is_given: bool
    line: bytes
    length: int
    oid: str
    stored: StoredObject | None


def download_files(ctx: Context, repo: Repo, revision: str, body: DownloadFiles) -> Download:
    """Many small files in one answer, in the order of the paths.

    For each a line of JSON (`path`, the git id `oid`, `size`, for a large file its sha256 as
    `lfs`), and right after the line the bytes of the content. A line with an `error` is followed
    by none: `EntryNotFound` for a path that leads to no file, `TooLarge` for a file over 1 MiB and
    for one that does not fit into what is left of 64 MiB. Raises `RevisionNotFoundError`,
    `BadRequestError`, and `PayloadTooLargeError` for more than 1000 paths.
    """
    _check_paths(body.paths)
    commit = resolve_revision(ctx, repo, revision)
    reader = reader_of(ctx, repo)
    entries = find_entries(reader, commit.tree, body.paths)
    linked = find_linked(ctx, repo, {entry.pointer for entry in entries if entry and entry.pointer})
    files = _plan(body.paths, entries, linked)
    size = sum(len(file.line) + file.length for file in files)
    given = [path for path, file in zip(body.paths, files, strict=True) if file.is_given]
    return Download(commit.oid, size, given, _read_blocks(reader, ctx.hub, files))


def _check_paths(paths: Sequence[str]) -> None:
    if not paths:
        raise BadRequestError("A download has at least one path.")
    if len(paths) > MAX_PATHS:
        raise PayloadTooLargeError(f"A download has at most {MAX_PATHS} paths.")
    for path in paths:
        if len(path.encode()) > MAX_PATH_BYTES:
            raise BadRequestError(f"Invalid path {path[:100]!r}…: it has up to 4096 bytes.")


def _plan(paths: Sequence[str], entries: Sequence[Entry | None], linked: _Linked) -> list[_File]:
    left = MAX_TOTAL_SIZE
    files = []
    for path, entry in zip(paths, entries, strict=True):
        file = _plan_file(path, entry, linked, left)
        left -= file.length
        files.append(file)
    return files


def _plan_file(path: str, entry: Entry | None, linked: _Linked, left: int) -> _File:
    if entry is None or entry.is_directory:
        return _File(False, build_line(FileEntry(path=path, error=NOT_FOUND)), 0, "", None)
    stored = linked.get(entry.pointer)
    lfs = None if stored is None else stored.sha256
    size = entry.blob_size if stored is None else stored.size
    error = TOO_LARGE if size > min(MAX_FILE_SIZE, left) else None
    described = FileEntry(path=path, oid=entry.oid, size=size, lfs=lfs, error=error)
    return _File(error is None, build_line(described), described.length, entry.oid, stored)


def _read_blocks(reader: ObjectReader, hub: Hub, files: Sequence[_File]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    size, began = 0, time.monotonic()
    for file in files:
        waiting += (file.line, _read_file(reader, hub, file))
        size += len(file.line) + file.length
        if size >= BLOCK or time.monotonic() - began > BLOCK_SECONDS:
            yield b"".join(waiting)
            waiting.clear()
            size, began = 0, time.monotonic()
    if waiting:
        yield b"".join(waiting)


def _read_file(reader: ObjectReader, hub: Hub, file: _File) -> bytes:
    if file.length == 0:
        return b""
    if file.stored is None:
        data = reader.blob(file.oid)
    else:
        data = b"".join(read_content(hub, file.stored))
    if len(data) != file.length:
        # So much was announced: a reader would take the next line for a part of this file.
        raise DigestMismatchError(f"size of {file.oid}", expected=file.length, actual=len(data))
    return data
