"""The one interface to bytes that are kept for ever: packs and LFS objects.

    ObjectStore          objects by key: whole, by range, listed, deleted
    ├── open_write       -> ObjectWriter    one object, streamed
    └── staged           -> StagedUpload    one object that arrives in parts
        └── write_part   -> ObjectWriter    one part, streamed

Every object is immutable in meaning: its key names its content, so writing a key again writes equal
bytes. No key is the folder of another key. All calls block; run them in a worker thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from freehold.errors import FreeholdError

READ_BLOCK = 1 << 20
"""The size in bytes of the blocks that `ObjectStore.read` yields; the last may be shorter."""

MAX_PART_NUMBER = 99_999
"""The highest part number: five digits, so that the names of parts sort by number."""


class ObjectMissingError(FreeholdError):
    """No such object, or no such open upload."""


class DigestMismatchError(FreeholdError):
    """What was stored is not what was promised; nothing was published.

    `expected` and `actual` are sha256 digests in hex, or sizes in bytes.
    """

    def __init__(self, what: str, *, expected: str | int | None, actual: str | int | None) -> None:
        super().__init__(f"{what}: expected {expected}, found {actual}")
        self.expected = expected
        self.actual = actual


@dataclass(frozen=True)
class ObjectInfo:
    """One object of a listing.

    `size` is in bytes; `modified` is when the object was published, in unix seconds.
    """

    key: str
    size: int
    modified: float


class ObjectWriter(Protocol):
    """Bytes on their way in, which nobody can see before `commit` returns.

    Always end with `commit` or `abort`. A writer belongs to one thread at a time.
    """

    def write(self, block: bytes | memoryview) -> None:
        """Append `block`; raises ValueError once the writer is committed or aborted."""

    def commit(self) -> None:
        """Make the bytes durable and visible, at once; an object of that key is replaced."""

    def abort(self) -> None:
        """Forget the bytes; does nothing after `commit` or another `abort`, and never raises."""


class StagedUpload(Protocol):
    """One object that arrives in parts: in any order, in parallel, from several processes.

    Nothing opens an upload but its first part. A part may be sent again and then replaces the
    earlier one. What is left behind is removed by `ObjectStore.sweep_staging`.
    """

    def write_part(self, number: int, offset: int) -> ObjectWriter:
        """A writer of part `number` (from 1), which begins at byte `offset` of the whole object.

        Its `commit` makes the part durable, not visible. An aborted part may leave its bytes in the
        staging; `promote` does not trust them. Once the upload was promoted or discarded, a writer
        that is still open either raises ObjectMissingError or writes to a new upload, and never
        touches the published object.
        """

    def promote(self, parts: Sequence[tuple[int, int]], key: str, sha256: str, size: int) -> None:
        """Publish the parts, given as (number, size) in their order, durably under `key`.

        Everything is read again and hashed: DigestMismatchError means that a part is missing or
        that size or sha256 differ, publishes nothing and keeps the upload open. The staging is
        removed afterwards, so that a second call raises ObjectMissingError.
        """

    def discard(self) -> None:
        """Remove every part; does nothing when there is none."""


class ObjectStore(Protocol):
    """Objects by key; see `keys.py` for the tree. A key that breaks its rules is a ValueError."""

    def size(self, key: str) -> int | None:
        """The size in bytes, or None when there is no such object."""

    def get(self, key: str) -> bytes:
        """The whole object, in memory; raises ObjectMissingError."""

    def put(self, key: str, data: bytes) -> None:
        """Store a small object, durably."""

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, at most `length` of them, in blocks of `READ_BLOCK`.

        A range that reaches beyond the end is cut, one that begins there is empty. The call itself
        raises ObjectMissingError, or ValueError for a negative number.
        """

    def open_write(self, key: str) -> ObjectWriter:
        """A writer of one object."""

    def staged(self, upload_id: str) -> StagedUpload:
        """The upload in parts with this id, chosen by the caller: letters, digits, `-`, `_`."""

    def delete(self, key: str) -> None:
        """Remove the object; does nothing when there is none."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """The objects in the folder `prefix` ('' for all) and below, in no order."""

    def local_path(self, key: str) -> Path | None:
        """The object as a file of this machine, to send or hard-link, never to write; or None."""

    def url(self, key: str, seconds: int) -> str | None:
        """An address from which anybody may GET the object for so long, or None to stream it.

        Whether the object exists is not checked.
        """

    def sweep_staging(self, older_than_seconds: float, keep: Set[str] = frozenset()) -> int:
        """Remove unfinished objects and uploads to which nothing was written for so long.

        The uploads with the ids of `keep` stay. Returns how many were removed.
        """


def check_range(start: int, length: int | None) -> None:
    """Raise ValueError unless this range can be read."""
    if start < 0 or (length is not None and length < 0):
        raise ValueError(f"a range cannot be negative: start {start}, length {length}")


def check_part(number: int, offset: int) -> None:
    """Raise ValueError unless a part may have this number and byte offset."""
    if not 1 <= number <= MAX_PART_NUMBER or offset < 0:
        raise ValueError(f"no part can have number {number} and offset {offset}")


def check_parts(parts: Sequence[tuple[int, int]], size: int) -> None:
    """Raise ValueError for a part list that makes no sense, DigestMismatchError for a wrong sum."""
    numbers = [number for number, _ in parts]
    if not numbers or len(set(numbers)) != len(numbers):
        raise ValueError("the part list must name every part once")
    for number, part_size in parts:
        check_part(number, part_size)
    total = sum(part_size for _, part_size in parts)
    if total != size:
        raise DigestMismatchError("size of all parts", expected=size, actual=total)


def check_digest(expected: str, actual: str) -> None:
    """Raise DigestMismatchError unless both sha256 digests are equal, in lower-case hex."""
    if expected != actual:
        raise DigestMismatchError("sha256", expected=expected, actual=actual)
