"""Git packs (version 2) with their indexes (version 2), whole objects only, no deltas.

The layouts are those of git's `gitformat-pack`. Blobs are staged once; trees and commits that
change when a commit is retried are passed to `PackWriter.finish` as `extra`.
"""

from __future__ import annotations

import hashlib
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self

from freehold.formats.git_objects import object_id

SPOOL_LIMIT: Final = 8 * 1024 * 1024

_KIND_NUMBERS: Final = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
_HEADER: Final = struct.Struct(">4sII")
_INDEX_MAGIC: Final = b"\xfftOc\x00\x00\x00\x02"
_IDS_START: Final = len(_INDEX_MAGIC) + 256 * 4
_COPY_SIZE: Final = 1024 * 1024
# Level 1 costs a tenth more space than git's default and takes a third of the time.
_COMPRESSION: Final = 1
_LARGE_OFFSET: Final = 1 << 31


class IndexEntry(NamedTuple):
    """Where a pack holds an object: the crc32 of its packed bytes and their offset in the pack."""

    oid: bytes
    crc32: int
    offset: int


@dataclass(frozen=True, slots=True)
class PackInfo:
    """A finished pack: `name` is the hex of its checksum, `size` its bytes, `index` its `.idx`."""

    name: str
    size: int
    count: int
    index: bytes


class PackWriter:
    """Collects git objects and writes them as one pack, any number of times.

    Packed bytes are kept in memory up to `spool_limit` and in a temporary file beyond it. Not for
    use by several threads at once. Close it, or use it as a context manager, to drop the file.
    """

    def __init__(self, spool_limit: int = SPOOL_LIMIT) -> None:
        self._spool = tempfile.SpooledTemporaryFile(max_size=spool_limit)  # noqa: SIM115
        self._entries: dict[bytes, IndexEntry] = {}
        self._end = _HEADER.size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __contains__(self, oid: object) -> bool:
        return oid in self._entries

    @property
    def count(self) -> int:
        """How many different objects were added."""
        return len(self._entries)

    def add(self, kind: str, data: bytes) -> bytes:
        """Put an object into the pack and return its 20-byte id; a second copy costs nothing."""
        oid = object_id(kind, data)
        if oid not in self._entries:
            packed = pack_entry(kind, data)
            self._spool.seek(self._end - _HEADER.size)
            self._spool.write(packed)
            self._entries[oid] = IndexEntry(oid, zlib.crc32(packed), self._end)
            self._end += len(packed)
        return oid

    def finish(self, out: BinaryIO, extra: Sequence[tuple[str, bytes]] = ()) -> PackInfo:
        """Write the pack with the `extra` (kind, data) pairs to `out` and say what was written.

        The writer stays as it was, so it can finish again with other extras: nothing that was
        added is compressed a second time.
        """
        additions = self._pick_additions(extra)
        count = len(self._entries) + len(additions)
        sink = _HashingSink(out)
        sink.write(_HEADER.pack(b"PACK", 2, count))
        for block in self._stored_blocks():
            sink.write(block)
        entries = [*self._entries.values(), *_write_additions(sink, additions)]
        checksum = sink.close()
        return PackInfo(checksum.hex(), sink.size, count, build_index(entries, checksum))

    def close(self) -> None:
        """Drop what was staged; the writer is of no use afterwards."""
        self._spool.close()

    def _pick_additions(self, extra: Sequence[tuple[str, bytes]]) -> dict[bytes, tuple[str, bytes]]:
        picked = {object_id(kind, data): (kind, data) for kind, data in extra}
        return {oid: item for oid, item in picked.items() if oid not in self._entries}

    def _stored_blocks(self) -> Iterator[bytes]:
        # Counted, because an `add` that failed half-way leaves bytes past the end.
        left = self._end - _HEADER.size
        self._spool.seek(0)
        while left:
            block = self._spool.read(min(left, _COPY_SIZE))
            left -= len(block)
            yield block


class _HashingSink:
    """Passes bytes on to a file while it counts and hashes them."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._digest = hashlib.sha1(usedforsecurity=False)
        self.size = 0

    def write(self, data: bytes) -> None:
        self._out.write(data)
        self._digest.update(data)
        self.size += len(data)

    def close(self) -> bytes:
        checksum = self._digest.digest()
        self._out.write(checksum)
        self.size += len(checksum)
        return checksum


def _write_additions(
    sink: _HashingSink, additions: dict[bytes, tuple[str, bytes]]
) -> Iterator[IndexEntry]:
    for oid, (kind, data) in additions.items():
        packed = pack_entry(kind, data)
        yield IndexEntry(oid, zlib.crc32(packed), sink.size)
        sink.write(packed)


def pack_entry(kind: str, data: bytes) -> bytes:
    """One object as a pack holds it: kind and size in a variable-length header, then zlib."""
    size = len(data)
    head = [_KIND_NUMBERS[kind] << 4 | size & 0x0F]
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + zlib.compress(data, _COMPRESSION)


def build_index(entries: Iterable[IndexEntry], pack_checksum: bytes) -> bytes:
    """The `.idx` of a pack: what `git index-pack` would write for it, byte for byte."""
    rows = sorted(entries)
    tables = [
        _INDEX_MAGIC,
        _build_fanout(rows),
        b"".join(row.oid for row in rows),
        struct.pack(f">{len(rows)}I", *(row.crc32 for row in rows)),
        _build_offsets([row.offset for row in rows]),
        pack_checksum,
    ]
    body = b"".join(tables)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def read_index_ids(index: bytes) -> list[bytes]:
    """The 20-byte ids of all objects of a pack, in order, from its `.idx`."""
    end = _IDS_START + 20 * _read_index_count(index)
    return [index[at : at + 20] for at in range(_IDS_START, end, 20)]


def read_index_offsets(index: bytes) -> list[int]:
    """Where the pack has each of the objects, in the order of `read_index_ids`."""
    count = _read_index_count(index)
    short_at = _IDS_START + (20 + 4) * count
    short = struct.unpack_from(f">{count}I", index, short_at)
    large_count = sum(offset >= _LARGE_OFFSET for offset in short)
    large = struct.unpack_from(f">{large_count}Q", index, short_at + 4 * count)
    return [o if o < _LARGE_OFFSET else large[o - _LARGE_OFFSET] for o in short]


def _read_index_count(index: bytes) -> int:
    return int.from_bytes(index[_IDS_START - 4 : _IDS_START], "big")


def _build_fanout(rows: Sequence[IndexEntry]) -> bytes:
    counts = [0] * 256
    for row in rows:
        counts[row.oid[0]] += 1
    return struct.pack(">256I", *accumulate(counts))


def _build_offsets(offsets: Sequence[int]) -> bytes:
    large = [offset for offset in offsets if offset >= _LARGE_OFFSET]
    places = iter(range(len(large)))
    short = [
        offset if offset < _LARGE_OFFSET else _LARGE_OFFSET | next(places) for offset in offsets
    ]
    return struct.pack(f">{len(short)}I{len(large)}Q", *short, *large)
