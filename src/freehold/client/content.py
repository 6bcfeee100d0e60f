"""The content of a file to upload: read in pieces, from any place, and watched for changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from freehold.client.errors import FileChangedError, LocalFileError
from freehold.client.hash_cache import Fingerprint, HashCache
from freehold.client.operations import CommitOperationAdd, open_local_file
from freehold.client.transfers import Transfer

if TYPE_CHECKING:
    from hashlib import _Hash

PIECE: Final = 1024 * 1024

_Read = Callable[[int, int], bytes]


class Content:
    """What a `CommitOperationAdd` adds, with the size that it had when the operation was made.

    Several threads may read it at once. Raises `FileChangedError` when a file of this machine is
    no longer the one that it was.
    """

    def __init__(self, addition: CommitOperationAdd) -> None:
        self.addition = addition
        self.path_in_repo = addition.path_in_repo
        self.size = addition.size
        self._lock = Lock()
        self._seen = self._fingerprint()
        # A later change looks different only if the last one is not of this very moment.
        self._can_be_remembered = self._seen is not None and self._seen.has_rested()
        self.check_unchanged()

    @property
    def shows_changes(self) -> bool:
        """Whether `check_unchanged` sees every change that may come.

        It sees none of an open file, and may miss one of a file that had just been written.
        """
        source = self.addition.path_or_fileobj
        return isinstance(source, bytes) or self._can_be_remembered

    def _fingerprint(self) -> Fingerprint | None:
        path = self.addition.local_path
        return None if path is None else Fingerprint.of(path)

    def check_unchanged(self) -> None:
        """Raises `FileChangedError` when the file has changed since this object was made."""
        if self.addition.local_path is None:
            return
        now = self._fingerprint()
        if now is None or now != self._seen or now.size != self.size:
            raise FileChangedError(
                f"{self.addition.local_path!r} changed while it was being uploaded: nothing was"
                " committed. Upload it again when it is complete."
            )

    def read_pieces(self, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        """`size` bytes from `offset` on, in pieces of at most 1 MiB."""
        end = self.size if size is None else offset + size
        source = self.addition.path_or_fileobj
        if isinstance(source, bytes):
            for start in range(offset, end, PIECE):
                yield source[start : min(start + PIECE, end)]
        elif isinstance(source, str):
            with self._open(source) as file:
                file.seek(offset)
                yield from self._exactly(lambda place, count: file.read(count), offset, end)
        else:
            yield from self._exactly(self._read_shared, offset, end)

    def _open(self, path: str) -> BinaryIO:
        try:
            return open_local_file(path)
        except LocalFileError:
            self.check_unchanged()
            raise

    def _exactly(self, read: _Read, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            piece = read(start, min(PIECE, end - start))
            if not piece:
                self.check_unchanged()
                raise FileChangedError(f"The content of {self.path_in_repo!r} became shorter.")
            start += len(piece)
            yield piece

    def _read_shared(self, place: int, count: int) -> bytes:
        """From an open file, which has one position for all; the caller finds it where it was."""
        source = self.addition.path_or_fileobj
        assert not isinstance(source, str | bytes)
        with self._lock:
            position = source.tell()
            source.seek(self.addition.start + place)
            try:
                return source.read(count)
            finally:
                source.seek(position)

    def find_sha256(self, cache: HashCache, transfer: Transfer) -> str:
        """The sha256 in hexadecimal; that of a file that was not touched since is remembered."""
        if self._seen is not None and (known := cache.find(self._seen)):
            transfer.tell("hash", self.path_in_repo, self.size, self.size)
            return known
        found = self._hash(hashlib.sha256(), transfer)
        if self._seen is not None and self._can_be_remembered:
            cache.put(self._seen, found)
        return found

    def find_git_id(self, transfer: Transfer) -> str:
        """The id that git gives the content, in hexadecimal."""
        start = b"blob %d\x00" % self.size
        return self._hash(hashlib.sha1(start, usedforsecurity=False), transfer)

    def _hash(self, digest: _Hash, transfer: Transfer) -> str:
        done = 0
        transfer.tell("hash", self.path_in_repo, done, self.size)
        for piece in self.read_pieces():
            digest.update(piece)
            done += len(piece)
            transfer.check()
            transfer.tell("hash", self.path_in_repo, done, self.size)
        self.check_unchanged()
        return digest.hexdigest()


class LargeFile(NamedTuple):
    """A content and its sha256."""

    content: Content
    sha256: str
