"""Shards: which files consist of which chunks, and which xorbs hold which; all in 48-byte records.

    header; files, each with its terms; a bookend; xorbs, each with its chunks; a bookend

What may follow, tables and a footer, is of use only where the footer gives the key of an answer to
a dedup query (`shard_footer.py`). The size of the footer in the header is not to be believed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from freehold.formats.xet.chunking import MAX_CHUNK
from freehold.formats.xet.errors import ShardError
from freehold.formats.xet.hashing import (
    MerkleTree,
    Node,
    file_hash_of_root,
    hash_to_string,
    range_hash,
    swap_groups,
)
from freehold.formats.xet.xorb import MAX_CHUNKS, MAX_RAW

RECORD_SIZE: Final = 48
MAX_SHARD: Final = 65 * 1024 * 1024
"""The most bytes of a shard: clients send up to 64 MiB, and some add tables and a footer."""

HEADER: Final = struct.Struct("<32sQQ")
TAG: Final = bytes.fromhex("48465265706f4d6574614461746100556967456a7b815783a5bdd95ccdd14aa9")
VERSION: Final = 2
BOOKEND: Final = b"\xff" * 32 + bytes(16)

# Two hashes and numbers with their flags; `_LONE` is a hash and nothing else.
FILE: Final = struct.Struct("<32sII8x")
TERM: Final = struct.Struct("<32sIIII")
LONE: Final = struct.Struct("<32s16x")
XORB: Final = struct.Struct("<32sIIII")
CHUNK: Final = struct.Struct("<32sIII4x")

WITH_RANGE_HASHES: Final = 1 << 31
WITH_SHA256: Final = 1 << 30
SHARED: Final = 1 << 31


class Term(NamedTuple):
    """A run of a file: the chunks `start` to `end`, exclusive, of a xorb, `length` raw bytes.

    `proof` is the range hash of these chunks.
    """

    xorb: bytes
    start: int
    end: int
    length: int
    proof: bytes


class ShardFile(NamedTuple):
    """A file: its hash, its terms in order, and the sha256 that the client claims, if it does.

    Nothing here proves the sha256; of an empty file, clients say that it is 32 zero bytes.
    """

    hash: bytes
    terms: tuple[Term, ...]
    sha256: bytes | None

    @property
    def length(self) -> int:
        """The bytes of the file."""
        return sum(term.length for term in self.terms)

    @property
    def chunk_count(self) -> int:
        """The chunks of the file; a term of 96 bytes in the shard may name 8192 of them."""
        return sum(term.end - term.start for term in self.terms)


class ShardChunk(NamedTuple):
    """A chunk of a xorb: its hash, where it begins in the raw bytes, its raw length in bytes.

    `shared` marks it as one to offer to everybody's dedup queries.
    """

    hash: bytes
    offset: int
    length: int
    shared: bool = False


class ShardXorb(NamedTuple):
    """A xorb as a shard describes it; `size` is the bytes as stored, 0 where nobody said."""

    hash: bytes
    chunks: tuple[ShardChunk, ...]
    length: int
    size: int = 0


class ShardReader:
    """Takes a shard apart as it arrives, in pieces of any size: files first, then xorbs.

    Holds one file or xorb and the last piece. What follows the second bookend is dropped.
    """

    def __init__(self, max_size: int = MAX_SHARD) -> None:
        self._buffer = bytearray()
        self._max_size = max_size
        # Where the buffer begins in the shard, and which bookend comes next.
        self._offset = 0
        self._bookends = 0

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[ShardFile | ShardXorb]:
        """The files and xorbs that are complete with this piece; the rest comes with the next.

        The iterator raises `ShardError` where the shard is wrong, and again if it is asked again.
        """
        self._buffer += data
        return iter(self._take, None)

    def close(self) -> None:
        """Raises `ShardError` unless both sections have come to their ends."""
        if self._bookends < 2:
            section = "files" if self._bookends == 0 else "xorbs"
            raise ShardError(f"the shard ends within its {section}")

    def _take(self) -> ShardFile | ShardXorb | None:
        if self._offset + len(self._buffer) > self._max_size:
            raise ShardError(f"a shard of more than {self._max_size} bytes")
        if self._offset == 0 and not self._take_header():
            return None
        while self._bookends < 2 and len(self._buffer) >= RECORD_SIZE:
            if not self._buffer.startswith(BOOKEND):
                return self._take_entry()
            self._drop(RECORD_SIZE)
            self._bookends += 1
        if self._bookends == 2:
            self._drop(len(self._buffer))
        return None

    def _take_header(self) -> bool:
        if len(self._buffer) < RECORD_SIZE:
            return False
        tag, version, _ = HEADER.unpack_from(self._buffer)
        if tag != TAG:
            raise ShardError("the bytes do not begin like a shard")
        if version != VERSION:
            raise ShardError(f"a shard of the unknown version {version}")
        self._drop(RECORD_SIZE)
        return True

    def _take_entry(self) -> ShardFile | ShardXorb | None:
        files = self._bookends == 0
        size = RECORD_SIZE * (_count_file_records if files else _count_xorb_records)(self._buffer)
        # A bookend or two must follow, so a count that cannot be true is refused at once.
        left = self._max_size - self._offset - RECORD_SIZE * (2 - self._bookends)
        if size > left:
            raise ShardError(f"byte {self._offset}: {size} bytes are declared, {left} are allowed")
        if len(self._buffer) < size:
            return None
        data = bytes(self._buffer[:size])
        try:
            entry = _parse_file(data) if files else _parse_xorb(data)
        except ShardError as error:
            raise ShardError(f"byte {self._offset}: {error}") from error
        self._drop(size)
        return entry

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._offset += size


def read_shard(data: bytes, max_size: int = MAX_SHARD) -> tuple[list[ShardFile], list[ShardXorb]]:
    """All files and all xorbs of a whole shard; `ShardError` when it is broken."""
    reader = ShardReader(max_size)
    entries = list(reader.feed(data))
    reader.close()
    files = [entry for entry in entries if isinstance(entry, ShardFile)]
    return files, [entry for entry in entries if isinstance(entry, ShardXorb)]


def _count_file_records(data: bytearray) -> int:
    _, flags, count = FILE.unpack_from(data)
    return 1 + 2 * int(count) + bool(flags & WITH_SHA256)


def _count_xorb_records(data: bytearray) -> int:
    _, _, count, _, _ = XORB.unpack_from(data)
    return 1 + int(count)


def _parse_file(data: bytes) -> ShardFile:
    name, flags, count = FILE.unpack_from(data)
    if not flags & WITH_RANGE_HASHES:
        raise ShardError("a file without range hashes, which nobody could check")
    if flags & ~(WITH_RANGE_HASHES | WITH_SHA256):
        raise ShardError(f"a file with the unknown flags {flags:#010x}")
    middle, end = RECORD_SIZE * (1 + count), RECORD_SIZE * (1 + 2 * count)
    runs = TERM.iter_unpack(data[RECORD_SIZE:middle])
    proofs = LONE.iter_unpack(data[middle:end])
    terms = tuple(_check_term(run, proof) for run, (proof,) in zip(runs, proofs, strict=True))
    claimed = swap_groups(data[end : end + 32]) if flags & WITH_SHA256 else None
    return ShardFile(name, terms, claimed)


def _check_term(run: tuple[bytes, int, int, int, int], proof: bytes) -> Term:
    xorb, _, length, start, end = run
    if not start < end <= MAX_CHUNKS:
        raise ShardError(f"a term of the chunks {start} to {end}")
    if not end - start <= length <= min((end - start) * MAX_CHUNK, MAX_RAW):
        raise ShardError(f"a term of {end - start} chunks with {length} bytes")
    return Term(xorb, start, end, length, proof)


def _parse_xorb(data: bytes) -> ShardXorb:
    name, _, count, length, size = XORB.unpack_from(data)
    if count > MAX_CHUNKS or length > MAX_RAW:
        raise ShardError(f"a xorb of {count} chunks with {length} bytes")
    rows = CHUNK.iter_unpack(data[RECORD_SIZE:])
    chunks = tuple(
        ShardChunk(chunk, offset, length, bool(flags & SHARED))
        for chunk, offset, length, flags in rows
    )
    for chunk in chunks:
        if not 1 <= chunk.length <= MAX_CHUNK or chunk.offset + chunk.length > length:
            raise ShardError(f"a chunk of {chunk.length} bytes at {chunk.offset} of {length}")
    return ShardXorb(name, chunks, length, size)


def check_xorb(xorb: ShardXorb, chunks: Sequence[Node] | None) -> None:
    """Raises `ShardError` unless these are its chunks; `None` stands for a xorb not stored."""
    if chunks is None:
        raise ShardError(f"the unknown xorb {hash_to_string(xorb.hash)}")
    if [(chunk.hash, chunk.length) for chunk in xorb.chunks] != list(chunks):
        raise ShardError(f"the xorb {hash_to_string(xorb.hash)} has other chunks")


def check_file(file: ShardFile, chunks_of: Callable[[bytes], Sequence[Node] | None]) -> None:
    """Raises `ShardError` unless the file consists of what its terms say, and has that hash.

    `chunks_of` gives hash and raw length of each chunk of a xorb that is stored, or `None`. Takes
    some microseconds for each chunk, so a caller bounds `ShardFile.chunk_count` first.
    """
    tree = MerkleTree()
    for number, term in enumerate(file.terms):
        chunks = chunks_of(term.xorb)
        if chunks is None:
            raise ShardError(f"term {number} names the unknown xorb {hash_to_string(term.xorb)}")
        try:
            _add_term(tree, term, chunks)
        except ShardError as error:
            raise ShardError(f"term {number}: {error}") from error
    found = file_hash_of_root(tree.root())
    if found != file.hash:
        names = f"{hash_to_string(found)}, not {hash_to_string(file.hash)}"
        raise ShardError(f"the terms make the file {names}")


def _add_term(tree: MerkleTree, term: Term, chunks: Sequence[Node]) -> None:
    run = chunks[term.start : term.end]
    if not term.start < term.end <= len(chunks):
        raise ShardError(f"chunks {term.start} to {term.end} of a xorb of {len(chunks)}")
    if sum(length for _, length in run) != term.length:
        raise ShardError(f"its chunks do not have {term.length} bytes together")
    if range_hash(raw for raw, _ in run) != term.proof:
        raise ShardError("its range hash is not that of its chunks")
    for raw, length in run:
        tree.add(raw, length)
