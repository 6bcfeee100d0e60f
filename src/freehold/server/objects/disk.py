"""Objects as files of a folder: `<root>/<key>`, and `<root>/staging/` for what is unfinished.

A file gets its final name by rename, after its content is on the disk; the folders above it are
synced before anybody hears "done". So a power cut leaves whole objects and some staging, no more.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from freehold.server.objects.keys import STAGING, check_key, check_prefix, check_upload_id
from freehold.server.objects.store import (
    READ_BLOCK,
    DigestMismatchError,
    ObjectInfo,
    ObjectMissingError,
    check_digest,
    check_part,
    check_parts,
    check_range,
)

_HASH_BLOCK = 4 << 20
_WRITEBACK_WINDOW = 32 << 20


class DiskStore:
    """An ObjectStore in the folder `root`, which is made when it is missing.

    Several processes of one machine may share the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.staging = self.root / STAGING
        self._synced: set[Path] = set()
        self.staging.mkdir(parents=True, exist_ok=True)
        for folder in (self.staging, self.root, self.root.parent):
            _sync_folder(folder)

    def size(self, key: str) -> int | None:
        """See ObjectStore."""
        try:
            found = self._path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def get(self, key: str) -> bytes:
        """See ObjectStore."""
        with self._open(key) as file:
            return file.readall()

    def put(self, key: str, data: bytes) -> None:
        """See ObjectStore."""
        writer = self.open_write(key)
        try:
            writer.write(data)
            writer.commit()
        finally:
            writer.abort()

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See ObjectStore; an object that is deleted meanwhile is read to its end."""
        check_range(start, length)
        file = self._open(key)
        file.seek(start)
        left = max(0, os.fstat(file.fileno()).st_size - start)
        return _blocks(file, left if length is None else min(length, left))

    def open_write(self, key: str) -> FileWriter:
        """See ObjectStore."""
        return FileWriter(self, self._path(key))

    def staged(self, upload_id: str) -> DiskUpload:
        """See ObjectStore; all parts share the file `staging/<upload_id>`."""
        return DiskUpload(self, self.staging / check_upload_id(upload_id))

    def delete(self, key: str) -> None:
        """See ObjectStore; its folder stays."""
        with suppress(FileNotFoundError, NotADirectoryError):
            self._path(key).unlink()

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """See ObjectStore; what appears or goes meanwhile may or may not be listed."""
        folder = check_prefix(prefix)
        return self._walk(self.root / folder, f"{folder}/" if folder else "")

    def local_path(self, key: str) -> Path | None:
        """See ObjectStore."""
        return None if self.size(key) is None else self._path(key)

    def url(self, key: str, seconds: int) -> str | None:
        """None: a folder has no address."""
        check_key(key)
        return None

    def sweep_staging(self, older_than_seconds: float, keep: Set[str] = frozenset()) -> int:
        """See ObjectStore."""
        latest = time.time() - older_than_seconds
        swept = 0
        for entry in _entries(self.staging):
            with suppress(FileNotFoundError, ObjectMissingError):
                if entry.name not in keep and entry.stat().st_mtime <= latest:
                    _remove_staged(Path(entry.path))
                    swept += 1
        return swept

    def publish(self, fd: int, staged: Path, target: Path) -> None:
        """Give the staged file, open as `fd`, its final name; all of it is durable on return."""
        # The age of an object counts from here, however long its parts took to arrive.
        os.utime(fd)
        os.fsync(fd)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._sync_ancestors(target.parent)
        try:
            staged.replace(target)
        except FileNotFoundError:
            raise ObjectMissingError("the unfinished object was swept away") from None
        _sync_folder(target.parent)

    def _sync_ancestors(self, folder: Path) -> None:
        # Another thread or process may have made the folder and not synced it yet, so "it exists"
        # proves nothing; only what this store has synced itself is known to be durable.
        while folder != self.root and folder not in self._synced:
            _sync_folder(folder.parent)
            self._synced.add(folder)
            folder = folder.parent

    def _open(self, key: str) -> FileIO:
        try:
            return FileIO(self._path(key))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise ObjectMissingError(f"no object {key}") from None

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _walk(self, folder: Path, prefix: str) -> Iterator[ObjectInfo]:
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                if entry.path != str(self.staging):
                    yield from self._walk(folder / entry.name, f"{prefix}{entry.name}/")
                continue
            with suppress(FileNotFoundError):
                found = entry.stat()
                yield ObjectInfo(prefix + entry.name, found.st_size, found.st_mtime)


class FileWriter:
    """An ObjectWriter with a file of its own in the staging folder."""

    def __init__(self, store: DiskStore, target: Path) -> None:
        self._store = store
        self._target = target
        # An upload id has no dot, so that this name is never one.
        self._staged = store.staging / f"new.{secrets.token_hex(16)}"
        self._file = _OpenFile(self._staged, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0)

    def write(self, block: bytes | memoryview) -> None:
        """See ObjectWriter."""
        self._file.append(block)

    def commit(self) -> None:
        """See ObjectWriter."""
        self._store.publish(self._file.fd, self._staged, self._target)
        self._file.close()

    def abort(self) -> None:
        """See ObjectWriter."""
        if self._file.close():
            self._staged.unlink(missing_ok=True)


class DiskUpload:
    """A StagedUpload in one sparse file: each part is written at its place, promote is a rename.

    A writer that outlives the upload must not reach the file after it was hashed. So each block is
    written under a shared lock, after a look that the file still is the upload's; promote holds the
    lock alone from the hash to the rename. The locks are flocks: they hold between processes.
    """

    def __init__(self, store: DiskStore, staged: Path) -> None:
        self._store = store
        self._staged = staged

    def write_part(self, number: int, offset: int) -> DiskPartWriter:
        """See StagedUpload."""
        check_part(number, offset)
        return DiskPartWriter(self._staged, offset)

    def promote(self, parts: Sequence[tuple[int, int]], key: str, sha256: str, size: int) -> None:
        """See StagedUpload; a missing part shows as a wrong size or a wrong sha256."""
        target = self._store.root / check_key(key)
        check_parts(parts, size)
        with _opened_alone(self._staged) as fd:
            found = os.fstat(fd).st_size
            if found != size:
                raise DigestMismatchError("size of the upload", expected=size, actual=found)
            check_digest(sha256, _sha256_of(fd))
            self._store.publish(fd, self._staged, target)

    def discard(self) -> None:
        """See StagedUpload."""
        with suppress(ObjectMissingError):
            _remove_staged(self._staged)


class DiskPartWriter:
    """An ObjectWriter of one part of a DiskUpload."""

    def __init__(self, staged: Path, offset: int) -> None:
        self._staged = staged
        self._file = _OpenFile(staged, os.O_RDWR | os.O_CREAT, offset)

    def write(self, block: bytes | memoryview) -> None:
        """See ObjectWriter."""
        with _locked(self._file.fd, self._staged, fcntl.LOCK_SH):
            self._file.append(block)

    def commit(self) -> None:
        """See ObjectWriter."""
        os.fsync(self._file.fd)
        _sync_folder(self._staged.parent)
        with _locked(self._file.fd, self._staged, fcntl.LOCK_SH):
            pass
        self._file.close()

    def abort(self) -> None:
        """See ObjectWriter."""
        self._file.close()


class _OpenFile:
    """A file written from `offset` on, whose pages start for the disk while more are arriving."""

    def __init__(self, path: Path, flags: int, offset: int) -> None:
        self._fd: int | None = os.open(path, flags | os.O_CLOEXEC, 0o666)
        self._end = offset
        self._sent = offset

    @property
    def fd(self) -> int:
        if self._fd is None:
            raise ValueError("this writer was committed or aborted")
        return self._fd

    def append(self, block: bytes | memoryview) -> None:
        fd, left = self.fd, memoryview(block)
        while left:
            written = os.pwrite(fd, left, self._end)
            self._end += written
            left = left[written:]
        self._start_writeback(fd)

    def close(self) -> bool:
        """Whether the file was open until now."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)
        return fd is not None

    def _start_writeback(self, fd: int) -> None:
        # Linux answers DONTNEED by starting the writeback of dirty pages without waiting, so that
        # the final fsync finds nothing to do: 0.01 s after 2 GiB, and 0.5-0.8 s without this. With
        # the hash included it was also quicker than fdatasync on a thread or sync_file_range.
        if self._end - self._sent >= _WRITEBACK_WINDOW and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(fd, self._sent, self._end - self._sent, os.POSIX_FADV_DONTNEED)
            self._sent = self._end


@contextmanager
def _locked(fd: int, staged: Path, kind: int) -> Iterator[None]:
    """Hold a lock on the file of an upload, which must not have been promoted or removed."""
    fcntl.flock(fd, kind)
    try:
        try:
            same = os.path.samestat(staged.stat(), os.fstat(fd))
        except FileNotFoundError:
            same = False
        if not same:
            raise _no_upload(staged)
        yield
    finally:
        fcntl.flock(fd, fcntl.LOCK_UN)


@contextmanager
def _opened_alone(staged: Path) -> Iterator[int]:
    """The file of an upload, while nobody else may write, promote or remove it."""
    try:
        fd = os.open(staged, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _no_upload(staged) from None
    try:
        with _locked(fd, staged, fcntl.LOCK_EX):
            yield fd
    finally:
        os.close(fd)


def _remove_staged(staged: Path) -> None:
    # Under the lock, because a name that became free during a promote could be taken by a new
    # upload, and the promote would then rename that one.
    with _opened_alone(staged):
        staged.unlink()


def _no_upload(staged: Path) -> ObjectMissingError:
    return ObjectMissingError(f"no upload {staged.name} is open")


def _blocks(file: FileIO, left: int) -> Iterator[bytes]:
    with file:
        while left and (block := file.read(min(READ_BLOCK, left))):
            left -= len(block)
            yield block


def _sha256_of(fd: int) -> str:
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_HASH_BLOCK))
    offset = 0
    while count := os.preadv(fd, [buffer], offset):
        digest.update(buffer[:count])
        offset += count
    return digest.hexdigest()


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        yield from entries


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
