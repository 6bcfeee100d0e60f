"""Objects in a dictionary: for tests, and for a hub that may forget."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from freehold.server.objects.keys import check_key, check_prefix, check_upload_id
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


@dataclass
class _Upload:
    parts: dict[int, bytes] = field(default_factory=dict)
    modified: float = 0.0


class MemoryStore:
    """An ObjectStore of this process alone; it is as durable as the process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._objects: dict[str, tuple[bytes, float]] = {}
        self._uploads: dict[str, _Upload] = {}

    def size(self, key: str) -> int | None:
        """See ObjectStore."""
        entry = self._objects.get(check_key(key))
        return None if entry is None else len(entry[0])

    def get(self, key: str) -> bytes:
        """See ObjectStore."""
        entry = self._objects.get(check_key(key))
        if entry is None:
            raise ObjectMissingError(f"no object {key}")
        return entry[0]

    def put(self, key: str, data: bytes) -> None:
        """See ObjectStore."""
        self._objects[check_key(key)] = (bytes(data), time.time())

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See ObjectStore."""
        check_range(start, length)
        data = self.get(key)
        end = len(data) if length is None else min(start + length, len(data))
        return (data[at : min(at + READ_BLOCK, end)] for at in range(start, end, READ_BLOCK))

    def open_write(self, key: str) -> MemoryWriter:
        """See ObjectStore."""
        check_key(key)
        return MemoryWriter(lambda data: self.put(key, data))

    def staged(self, upload_id: str) -> MemoryUpload:
        """See ObjectStore."""
        return MemoryUpload(self, check_upload_id(upload_id))

    def delete(self, key: str) -> None:
        """See ObjectStore."""
        self._objects.pop(check_key(key), None)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """See ObjectStore."""
        folder = check_prefix(prefix)
        start = f"{folder}/" if folder else ""
        for key, (data, modified) in self._objects.copy().items():
            if key.startswith(start):
                yield ObjectInfo(key, len(data), modified)

    def local_path(self, key: str) -> Path | None:
        """None: there is no file."""
        check_key(key)
        return None

    def url(self, key: str, seconds: int) -> str | None:
        """None: there is no address."""
        check_key(key)
        return None

    def sweep_staging(self, older_than_seconds: float, keep: Set[str] = frozenset()) -> int:
        """See ObjectStore."""
        latest = time.time() - older_than_seconds
        with self._lock:
            stale = {name for name, upload in self._uploads.items() if upload.modified <= latest}
            old = stale - keep
            for name in old:
                del self._uploads[name]
        return len(old)

    def put_part(self, upload_id: str, number: int, data: bytes) -> None:
        """Keep one part of an upload."""
        with self._lock:
            upload = self._uploads.setdefault(upload_id, _Upload())
            upload.parts[number] = data
            upload.modified = time.time()

    def parts(self, upload_id: str) -> dict[int, bytes]:
        """The parts of an open upload; raises ObjectMissingError when there is none."""
        with self._lock:
            if upload_id not in self._uploads:
                raise ObjectMissingError(f"no upload {upload_id} is open")
            return self._uploads[upload_id].parts.copy()

    def drop_parts(self, upload_id: str) -> None:
        """Forget an upload."""
        with self._lock:
            self._uploads.pop(upload_id, None)


class MemoryWriter:
    """An ObjectWriter that hands all bytes to `publish` at once."""

    def __init__(self, publish: Callable[[bytes], None]) -> None:
        self._publish = publish
        self._data: bytearray | None = bytearray()

    def write(self, block: bytes | memoryview) -> None:
        """See ObjectWriter."""
        self._open_data().extend(block)

    def commit(self) -> None:
        """See ObjectWriter."""
        self._publish(bytes(self._open_data()))
        self._data = None

    def abort(self) -> None:
        """See ObjectWriter."""
        self._data = None

    def _open_data(self) -> bytearray:
        if self._data is None:
            raise ValueError("this writer was committed or aborted")
        return self._data


class MemoryUpload:
    """A StagedUpload of a MemoryStore."""

    def __init__(self, store: MemoryStore, upload_id: str) -> None:
        self._store = store
        self._id = upload_id

    def write_part(self, number: int, offset: int) -> MemoryWriter:
        """See StagedUpload; the order of the parts, not `offset`, decides."""
        check_part(number, offset)
        return MemoryWriter(lambda data: self._store.put_part(self._id, number, data))

    def promote(self, parts: Sequence[tuple[int, int]], key: str, sha256: str, size: int) -> None:
        """See StagedUpload."""
        check_key(key)
        check_parts(parts, size)
        found = self._store.parts(self._id)
        for number, expected in parts:
            actual = len(found[number]) if number in found else None
            if actual != expected:
                raise DigestMismatchError(
                    f"size of part {number}", expected=expected, actual=actual
                )
        data = b"".join(found[number] for number, _ in parts)
        check_digest(sha256, hashlib.sha256(data).hexdigest())
        self._store.put(key, data)
        self.discard()

    def discard(self) -> None:
        """See StagedUpload."""
        self._store.drop_parts(self._id)
