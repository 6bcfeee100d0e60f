"""Xorbs: up to 8192 chunks behind one another, each with a header of eight bytes.

    version (0), payload length (24 bits), scheme, raw length (24 bits); then the payload

Old clients append a footer (`xorb_footer.py`), which says nothing that is not known by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from freehold.formats.xet.chunking import MAX_CHUNK
from freehold.formats.xet.compression import (
    Scheme,
    Unpacked,
    choose_scheme,
    compress,
    decompress,
    is_portable,
)
from freehold.formats.xet.errors import XorbError
from freehold.formats.xet.hashing import Node, chunk_hash, hash_to_string, xorb_hash
from freehold.formats.xet.xorb_footer import FOOTER_MAGIC, check_footer, footer_size

MAX_CHUNKS: Final = 8192
MAX_RAW: Final = 64 * 1024 * 1024
"""The most raw bytes of a xorb, all chunks together."""

HEADER_SIZE: Final = 8
MAX_PAYLOAD: Final = 2 * MAX_CHUNK
MAX_SIZE: Final = MAX_RAW + MAX_CHUNKS * HEADER_SIZE
"""The most bytes of a xorb's chunks with their headers; a footer comes on top of it."""

MAX_UPLOAD: Final = MAX_SIZE + footer_size(MAX_CHUNKS)
"""The most bytes that a client may send as one xorb."""

_SCHEMES: Final = {scheme.value: scheme for scheme in Scheme}
# A scheme is chosen anew every so many chunks.
_SCHEME_LIFE: Final = 32


class ChunkHeader(NamedTuple):
    """What stands before a chunk: `payload` bytes follow, which become `length` raw bytes."""

    payload: int
    scheme: Scheme
    length: int


class UnpackedChunk(NamedTuple):
    """A chunk as it arrived: its raw bytes, and the payload that they were kept in, and how.

    `content` is what the payload unpacks to, before bytes are put back into their places.
    """

    data: bytes
    payload: bytes
    scheme: Scheme
    content: bytes


class XorbChunk(NamedTuple):
    """A chunk of a xorb: its hash, its raw length, and where it lies with its header, in bytes."""

    hash: bytes
    length: int
    offset: int
    size: int


class Xorb(NamedTuple):
    """A whole xorb as it is kept: its name and its chunks in order."""

    hash: bytes
    chunks: tuple[XorbChunk, ...]

    @property
    def size(self) -> int:
        """The bytes of all chunks with their headers."""
        return sum(chunk.size for chunk in self.chunks)

    @property
    def length(self) -> int:
        """The raw bytes of all chunks."""
        return sum(chunk.length for chunk in self.chunks)

    @property
    def nodes(self) -> list[Node]:
        """Hash and raw length of each chunk, as `hashing.py` takes them."""
        return [(chunk.hash, chunk.length) for chunk in self.chunks]


def build_header(payload: int, scheme: Scheme, length: int) -> bytes:
    """The eight bytes before a chunk."""
    return b"\0%b%c%b" % (payload.to_bytes(3, "little"), scheme, length.to_bytes(3, "little"))


def parse_header(data: bytes | bytearray) -> ChunkHeader:
    """What the first eight bytes of a chunk say; `XorbError` for what no chunk can be."""
    if data[0] != 0:
        raise XorbError(f"a chunk has the unknown version {data[0]}")
    if data[4] not in _SCHEMES:
        raise XorbError(f"a chunk has the unknown compression {data[4]}")
    payload = int.from_bytes(data[1:4], "little")
    length = int.from_bytes(data[5:8], "little")
    if not 1 <= length <= MAX_CHUNK:
        raise XorbError(f"a chunk of {length} bytes; 1 to {MAX_CHUNK} are allowed")
    if payload > MAX_PAYLOAD:
        raise XorbError(f"a payload of {payload} bytes, more than {MAX_PAYLOAD}")
    return ChunkHeader(payload, _SCHEMES[data[4]], length)


def pack_chunk(data: bytes, scheme: Scheme) -> bytes:
    """A chunk with its header, kept by this scheme if that makes it smaller.

    Raises `ValueError` unless it has 1 to `MAX_CHUNK` bytes.
    """
    if not 1 <= len(data) <= MAX_CHUNK:
        raise ValueError(f"a chunk has 1 to {MAX_CHUNK} bytes, not {len(data)}")
    payload = compress(data, scheme)
    if len(payload) >= len(data):
        payload, scheme = data, Scheme.NONE
    return build_header(len(payload), scheme, len(data)) + payload


def read_chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The raw bytes of each chunk in a run of whole chunks, cut into pieces anyhow.

    Raises `XorbError`, also when the pieces end inside a chunk. Hashes are the caller's business.
    """
    reader = ChunkReader()
    for piece in pieces:
        for chunk in reader.feed(piece):
            yield chunk.data
    if reader.rest:
        raise XorbError("the bytes end inside a chunk")


class ChunkReader:
    """Takes a run of chunks apart as it arrives, in pieces of any size.

    Holds the last piece and one chunk, never more than a header may declare. It stops before a
    footer, which stays in `rest` with what follows.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._offset = 0
        self._count = 0
        self._length = 0

    @property
    def rest(self) -> bytes:
        """What has arrived but is no whole chunk."""
        return bytes(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[UnpackedChunk]:
        """The chunks that are complete with this piece; what is not taken comes with the next.

        The iterator raises `XorbError` where a chunk is wrong, and again if it is asked again.
        """
        self._buffer += data
        return iter(self._take, None)

    def _take(self) -> UnpackedChunk | None:
        if len(self._buffer) < HEADER_SIZE or self._buffer.startswith(FOOTER_MAGIC):
            self._check_rest()
            return None
        header = parse_header(self._buffer)
        self._check_limits(header)
        size = HEADER_SIZE + header.payload
        if len(self._buffer) < size:
            return None
        with memoryview(self._buffer) as view:
            payload = bytes(view[HEADER_SIZE:size])
        unpacked = self._unpack(payload, header)
        del self._buffer[:size]
        self._offset += size
        self._count += 1
        self._length += header.length
        return UnpackedChunk(unpacked.data, payload, header.scheme, unpacked.content)

    def _check_rest(self) -> None:
        if len(self._buffer) > footer_size(self._count):
            raise XorbError(f"a footer is longer than {self._count} chunks make it")

    def _check_limits(self, header: ChunkHeader) -> None:
        if self._count == MAX_CHUNKS:
            raise XorbError(f"more than {MAX_CHUNKS} chunks")
        if self._length + header.length > MAX_RAW:
            raise XorbError(f"more than {MAX_RAW} raw bytes")
        if self._offset + HEADER_SIZE + header.payload > MAX_SIZE:
            raise XorbError(f"more than {MAX_SIZE} bytes of chunks")

    def _unpack(self, payload: bytes, header: ChunkHeader) -> Unpacked:
        try:
            return decompress(payload, header.scheme, header.length)
        except XorbError as error:
            raise XorbError(f"chunk {self._count} at byte {self._offset}: {error}") from error


class XorbReader:
    """Checks a xorb as it arrives: every chunk is unpacked and hashed, and so is their tree.

    It tells what to keep: the same bytes as a rule, without a footer. Where other decoders may see
    something else in a payload, the chunk is packed anew; nobody could read it otherwise, and who
    has the same chunks would be told that they are here.
    """

    def __init__(self, expected: bytes) -> None:
        """`expected` is the hash that the xorb must have."""
        self._expected = expected
        self._reader = ChunkReader()
        self._chunks: list[XorbChunk] = []
        self._size = 0
        # What a footer tells: the sizes of the chunks as they arrived.
        self._arrived: list[int] = []

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """What to keep of the chunks that are complete with this piece, after what came before.

        Raises `XorbError` where one is wrong, and again if it is fed again.
        """
        kept: list[bytes] = []
        for chunk in self._reader.feed(data):
            pieces = _keep(chunk)
            self._add(chunk, sum(map(len, pieces)))
            kept += pieces
        return b"".join(kept)

    def _add(self, chunk: UnpackedChunk, size: int) -> None:
        row = XorbChunk(chunk_hash(chunk.data), len(chunk.data), self._size, size)
        self._chunks.append(row)
        self._size += size
        self._arrived.append(HEADER_SIZE + len(chunk.payload))

    def close(self) -> Xorb:
        """The xorb, now that all has arrived; `XorbError` unless it is whole and the expected one.

        Sizes and offsets are those of what is kept. A footer is checked as well.
        """
        if not self._chunks:
            raise XorbError("a xorb without a whole chunk")
        rest = self._reader.rest
        if rest and not rest.startswith(FOOTER_MAGIC):
            raise XorbError(f"the xorb ends inside chunk {len(self._chunks)}")
        xorb = Xorb(self._expected, tuple(self._chunks))
        found = xorb_hash(xorb.nodes)
        if found != self._expected:
            names = f"{hash_to_string(found)}, not {hash_to_string(self._expected)}"
            raise XorbError(f"the chunks are those of the xorb {names}")
        if rest:
            rows = [(*node, size) for node, size in zip(xorb.nodes, self._arrived, strict=True)]
            check_footer(rest, xorb.hash, rows)
        return xorb


def _keep(chunk: UnpackedChunk) -> list[bytes]:
    if not is_portable(chunk.payload, chunk.scheme, chunk.content):
        return [pack_chunk(chunk.data, chunk.scheme)]
    return [build_header(len(chunk.payload), chunk.scheme, len(chunk.data)), chunk.payload]


class XorbWriter:
    """Packs chunks into a xorb, whose bytes are handed on as they are made."""

    def __init__(self, scheme: Scheme | None = None) -> None:
        """Without a `scheme`, one is chosen for the data, by the first of every 32 chunks."""
        self._fixed = scheme
        self._scheme = Scheme.NONE
        self._chunks: list[XorbChunk] = []
        self._size = 0
        self._length = 0

    def fits(self, length: int) -> bool:
        """Whether a chunk of so many raw bytes can still be added."""
        return len(self._chunks) < MAX_CHUNKS and self._length + length <= MAX_RAW

    def add(self, data: bytes) -> bytes:
        """The next bytes of the xorb, which hold this chunk; `ValueError` when it does not fit."""
        if not self.fits(len(data)):
            raise ValueError(f"the xorb is full: {len(self._chunks)} chunks, {self._length} bytes")
        packed = pack_chunk(data, self._choose_scheme(data))
        self._chunks.append(XorbChunk(chunk_hash(data), len(data), self._size, len(packed)))
        self._size += len(packed)
        self._length += len(data)
        return packed

    def finish(self) -> Xorb:
        """The xorb of all chunks so far; `ValueError` without any."""
        if not self._chunks:
            raise ValueError("a xorb needs a chunk")
        nodes = ((chunk.hash, chunk.length) for chunk in self._chunks)
        return Xorb(xorb_hash(nodes), tuple(self._chunks))

    def _choose_scheme(self, data: bytes) -> Scheme:
        if self._fixed is not None:
            return self._fixed
        if len(self._chunks) % _SCHEME_LIFE == 0:
            self._scheme = choose_scheme(data)
        return self._scheme
