"""The footer that clients before 1.1.4 append to a xorb: its chunks again, in three tables.

    XETBLOB 1, the xorb's hash
    XBLBHSH 0, count, the hash of each chunk
    XBLBBND 1, count, where each chunk ends in the xorb, where it ends in the raw bytes
    count, the distances of the last two sections from the end, 16 bytes of no meaning, length

It repeats what the chunks themselves say, so reading it means comparing it.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from freehold.formats.xet.errors import XorbError

FOOTER_MAGIC: Final = b"XETBLOB"

_FIXED: Final = 96
_FOR_EACH_CHUNK: Final = 40
# Where the hashes begin: behind the magic, the version and the xorb's hash, a name and the count.
_HASHES: Final = 52
# The reserved bytes, and the length behind them, which counts neither itself nor the distances.
_RESERVED: Final = slice(-20, -4)
_LENGTH: Final = 4


def footer_size(count: int) -> int:
    """The bytes of the footer of a xorb of `count` chunks."""
    return _FIXED + _FOR_EACH_CHUNK * count


def build_footer(xorb: bytes, chunks: Sequence[tuple[bytes, int, int]]) -> bytes:
    """The footer of the xorb with this hash: of each chunk its hash, raw length and stored size."""
    count = len(chunks)
    ends = accumulate(size for _, _, size in chunks)
    raw_ends = accumulate(length for _, length, _ in chunks)
    hashes = b"".join(chunk for chunk, _, _ in chunks)
    bounds = struct.pack(f"<{2 * count}I", *ends, *raw_ends)
    size = footer_size(count) - _LENGTH
    head = FOOTER_MAGIC + b"\1" + xorb
    sections = b"XBLBHSH\0%b%bXBLBBND\1%b%b" % (number := _pack(count), hashes, number, bounds)
    distances = struct.pack("<II", size - len(head), size - len(head) - 12 - len(hashes))
    return b"".join((head, sections, number, distances, bytes(16), _pack(size)))


def parse_footer(data: bytes) -> tuple[bytes, bytes, array[int], array[int]]:
    """The xorb's hash, then of its chunks the hashes, the ends in the xorb and those in raw bytes.

    Raises `XorbError` for what is no footer.
    """
    count = (len(data) - _FIXED) // _FOR_EACH_CHUNK
    if count < 1 or len(data) != footer_size(count) or not data.startswith(FOOTER_MAGIC):
        raise XorbError(f"{len(data)} bytes are no footer of a xorb")
    hashes = data[_HASHES : _HASHES + 32 * count]
    bounds = data[_HASHES + 32 * count + 12 : -28 - _LENGTH]
    ends, raw_ends = array("I", bounds[: 4 * count]), array("I", bounds[4 * count :])
    if sys.byteorder == "big":
        ends.byteswap()
        raw_ends.byteswap()
    return data[8:40], hashes, ends, raw_ends


def check_footer(data: bytes, xorb: bytes, chunks: Sequence[tuple[bytes, int, int]]) -> None:
    """Raises `XorbError` unless `data` is the footer that these chunks have."""
    expected = bytearray(build_footer(xorb, chunks))
    if len(data) != len(expected):
        raise XorbError(f"a footer of {len(data)} bytes; these chunks have one of {len(expected)}")
    expected[_RESERVED] = data[_RESERVED]
    if data != expected:
        place = next(
            i for i, pair in enumerate(zip(data, expected, strict=True)) if len({*pair}) > 1
        )
        raise XorbError(f"the footer says something else than the chunks, at its byte {place}")


def _pack(number: int) -> bytes:
    return number.to_bytes(4, "little")
