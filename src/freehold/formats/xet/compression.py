"""How a chunk's bytes are kept in a xorb: as they are, or as an LZ4 frame, or regrouped first."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import lz4.frame
import numpy as np

from freehold.formats.xet.errors import XorbError

_FRAME_MAGIC: Final = b"\x04\x22\x4d\x18"
# Independent blocks, no sizes, no checksums, no dictionary.
_PLAIN_FRAME: Final = _FRAME_MAGIC + b"\x60"
_FRAME_HEADER: Final = 7
_STORED: Final = 1 << 31
_GROUPS: Final = 4
# How much of a chunk is tried, and what a scheme must save of it to be worth the reader's time.
_SAMPLE: Final = 16 * 1024
_WORTH_IT: Final = 0.97


class Scheme(IntEnum):
    """The byte in a chunk's header that says how the chunk is kept."""

    NONE = 0
    LZ4 = 1
    GROUPED_LZ4 = 2
    """LZ4 of the bytes of the same place in each four: numbers of 2 or 4 bytes, as in tensors."""


def compress(data: bytes, scheme: Scheme) -> bytes:
    """The bytes as this scheme keeps them; they may well be longer than they were."""
    if scheme is Scheme.NONE:
        return data
    content = group_bytes(data) if scheme is Scheme.GROUPED_LZ4 else data
    small = len(content) <= 64 * 1024
    # A published client cannot read frames with checksums; the chunk's hash is one anyway.
    frame: bytes = lz4.frame.compress(
        content,
        block_size=lz4.frame.BLOCKSIZE_MAX64KB if small else lz4.frame.BLOCKSIZE_MAX256KB,
        block_linked=False,
        content_checksum=False,
        block_checksum=False,
        store_size=False,
    )
    return frame


class Unpacked(NamedTuple):
    """The raw bytes of a chunk, and what its frame holds: the same bytes, or these regrouped."""

    data: bytes
    content: bytes


def decompress(payload: bytes, scheme: Scheme, length: int) -> Unpacked:
    """The raw bytes of a chunk, which are `length` bytes, or else `XorbError`.

    Whatever a frame promises, no more than `length` bytes and one are unpacked.
    """
    if scheme is Scheme.NONE:
        if len(payload) != length:
            raise XorbError(f"{len(payload)} bytes are kept as they are, {length} are declared")
        return Unpacked(payload, payload)
    content = _unpack_frame(payload, length)
    data = ungroup_bytes(content) if scheme is Scheme.GROUPED_LZ4 else content
    return Unpacked(data, content)


def _unpack_frame(payload: bytes, length: int) -> bytes:
    if not payload.startswith(_FRAME_MAGIC):
        raise XorbError("not an LZ4 frame")
    frame = lz4.frame.LZ4FrameDecompressor()
    try:
        content: bytes = frame.decompress(payload, max_length=length + 1)
    except RuntimeError as error:
        raise XorbError(f"a broken LZ4 frame: {error}") from error
    if len(content) > length:
        raise XorbError(f"an LZ4 frame holds more than the declared {length} bytes")
    if not frame.eof:
        raise XorbError("an LZ4 frame has no end")
    if frame.unused_data:
        raise XorbError("bytes follow the LZ4 frame of a chunk")
    if len(content) != length:
        raise XorbError(f"an LZ4 frame holds {len(content)} bytes, {length} are declared")
    return content


def is_portable(payload: bytes, scheme: Scheme, content: bytes) -> bool:
    """Whether every known decoder surely makes this content of the payload; when in doubt, False.

    Decoders differ: one cannot read frames with checksums, and some fail on a match at distance 0.
    Here such a match, two zero bytes in the block, becomes zeros, at least four of them.
    """
    if scheme is Scheme.NONE:
        return True
    size = int.from_bytes(payload[_FRAME_HEADER : _FRAME_HEADER + 4], "little")
    start, end = _FRAME_HEADER + 4, len(payload) - 4
    if not payload.startswith(_PLAIN_FRAME) or size & ~_STORED != end - start:
        return False
    # The content first: most have no zeros, and that is seen five times as quickly.
    return bool(size & _STORED) or not _has_zeros(content) or payload.find(b"\0\0", start, end) < 0


def _has_zeros(content: bytes) -> bool:
    """Whether four zero bytes follow one another."""
    # Then two of them are an aligned pair.
    pairs = np.frombuffer(content, np.uint16, len(content) // 2)
    if len(pairs) and pairs.min():
        return False
    return content.find(b"\0\0\0\0") >= 0


def group_bytes(data: bytes) -> bytes:
    """All bytes whose index is a multiple of four, then those after each of them, and so on."""
    source = np.frombuffer(data, np.uint8)
    return b"".join(source[place::_GROUPS].tobytes() for place in range(_GROUPS))


def ungroup_bytes(data: bytes) -> bytes:
    """The bytes in the order that they had before `group_bytes`."""
    source = np.frombuffer(data, np.uint8)
    target = np.empty_like(source)
    start = 0
    for place in range(_GROUPS):
        group = target[place::_GROUPS]
        group[:] = source[start : start + len(group)]
        start += len(group)
    return target.tobytes()


def choose_scheme(data: bytes) -> Scheme:
    """The scheme that makes the beginning of `data` smallest; `NONE` when that hardly helps."""
    sample = data[:_SAMPLE]
    sizes = {scheme: len(compress(sample, scheme)) for scheme in (Scheme.LZ4, Scheme.GROUPED_LZ4)}
    best = min(sizes, key=sizes.__getitem__)
    return best if sizes[best] < len(sample) * _WORTH_IT else Scheme.NONE
