"""Writes shards: as clients send them, and as answers to dedup queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from freehold.formats.xet.hashing import ZERO_HASH, keyed_chunk_hash, swap_groups
from freehold.formats.xet.shard import (
    BOOKEND,
    CHUNK,
    FILE,
    HEADER,
    LONE,
    SHARED,
    TAG,
    TERM,
    VERSION,
    WITH_RANGE_HASHES,
    WITH_SHA256,
    XORB,
    ShardChunk,
    ShardFile,
    ShardXorb,
)
from freehold.formats.xet.shard_footer import FOOTER_SIZE, ShardFooter, Totals, build_footer


def build_shard(
    files: Iterable[ShardFile], xorbs: Iterable[ShardXorb], footer: ShardFooter | None = None
) -> Iterator[bytes]:
    """The bytes of a shard, piece by piece.

    Uploads have no footer, answers to dedup queries need one. With a key in it, every chunk hash
    is replaced by what the key makes of it.
    """
    writer = _ShardWriter(footer)
    yield writer.count(HEADER.pack(TAG, VERSION, 0 if footer is None else FOOTER_SIZE))
    for file in files:
        yield writer.add_file(file)
    yield writer.count(BOOKEND)
    xorbs_at = writer.size
    for xorb in xorbs:
        yield writer.add_xorb(xorb)
    yield writer.count(BOOKEND)
    if footer is not None:
        yield build_footer(footer, xorbs_at, writer.size, writer.totals)


class _ShardWriter:
    """Builds entries and keeps the sums that a footer tells."""

    def __init__(self, footer: ShardFooter | None) -> None:
        self._key = ZERO_HASH if footer is None else footer.key
        self.size = 0
        self.totals = Totals(0, 0, 0)

    def count(self, data: bytes) -> bytes:
        self.size += len(data)
        return data

    def add_file(self, file: ShardFile) -> bytes:
        self._add(0, file.length, 0)
        flags = WITH_RANGE_HASHES | (0 if file.sha256 is None else WITH_SHA256)
        records = [FILE.pack(file.hash, flags, len(file.terms))]
        records += [TERM.pack(t.xorb, 0, t.length, t.start, t.end) for t in file.terms]
        records += [LONE.pack(term.proof) for term in file.terms]
        if file.sha256 is not None:
            records.append(LONE.pack(swap_groups(file.sha256)))
        return self.count(b"".join(records))

    def add_xorb(self, xorb: ShardXorb) -> bytes:
        self._add(xorb.size, 0, xorb.length)
        head = XORB.pack(xorb.hash, 0, len(xorb.chunks), xorb.length, xorb.size)
        return self.count(head + b"".join(self._pack_chunk(chunk) for chunk in xorb.chunks))

    def _pack_chunk(self, chunk: ShardChunk) -> bytes:
        plain = self._key == ZERO_HASH
        name = chunk.hash if plain else keyed_chunk_hash(self._key, chunk.hash)
        return CHUNK.pack(name, chunk.offset, chunk.length, SHARED if chunk.shared else 0)

    def _add(self, *sizes: int) -> None:
        self.totals = Totals(*(old + new for old, new in zip(self.totals, sizes, strict=True)))
