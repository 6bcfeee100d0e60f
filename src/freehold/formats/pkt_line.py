"""Git's pkt-lines: the pieces that every conversation between git programs consists of.

A pkt-line is its own length in four hexadecimal digits, then its data; `0000` ends a list. The
format is that of git's `gitprotocol-common`, the side band that of `gitprotocol-pack`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

FLUSH: Final = b"0000"
MAX_DATA: Final = 65516
"""The most bytes that one pkt-line holds, after the four of its length."""

# Channels of the side band: what the caller is waiting for, and what its user is shown.
ANSWER: Final = 1
MESSAGE: Final = 2

_HEAD: Final = 4
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
# One byte of each line is the number of its channel.
_MAX_SIDE_BAND: Final = MAX_DATA - 1


def pkt_line(data: bytes) -> bytes:
    """The data as one pkt-line; `ValueError` when it is too long."""
    if len(data) > MAX_DATA:
        raise ValueError(f"a pkt-line holds at most {MAX_DATA} bytes, not {len(data)}")
    return b"%04x%s" % (len(data) + _HEAD, data)


def read_pkt_line(file: BinaryIO) -> bytes | None:
    """The data of the next pkt-line; `None` for a flush. `ValueError` when there is none."""
    head = file.read(_HEAD)
    length = int(head, 16) if head and set(head) <= _HEX else -1
    if length == 0 and head == FLUSH:
        return None
    data = file.read(length - _HEAD) if _HEAD <= length <= MAX_DATA + _HEAD else b""
    if len(head) != _HEAD or length < _HEAD or len(data) != length - _HEAD:
        raise ValueError(f"not a pkt-line: it begins with {head!r}")
    return data


def side_band(channel: int, data: bytes) -> Iterator[bytes]:
    """The data as pkt-lines of one channel of the side band, without a flush."""
    for start in range(0, len(data), _MAX_SIDE_BAND):
        yield pkt_line(bytes([channel]) + data[start : start + _MAX_SIDE_BAND])
