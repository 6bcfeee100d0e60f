"""The table of a xorb's chunks: what they are called, and where each ends."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, overload

import numpy as np

from freehold.formats.xet.hashing import HASH_SIZE, Node, hash_remainder
from freehold.formats.xet.xorb import Xorb
from freehold.formats.xet.xorb_footer import build_footer, parse_footer

_SHARED_ONE_IN: Final = 1024


class ChunkTable(Sequence[Node]):
    """The chunks of a xorb in order, each with its hash and raw length; 40 bytes for each."""

    __slots__ = ("_ends", "_hashes", "_raw_ends")

    def __init__(self, hashes: bytes, ends: array[int], raw_ends: array[int]) -> None:
        """`ends` are those of the chunks in the xorb, `raw_ends` those in its raw bytes."""
        self._hashes = hashes
        self._ends = ends
        self._raw_ends = raw_ends

    @classmethod
    def parse(cls, footer: bytes) -> ChunkTable:
        """The table that a xorb's footer holds; `XorbError` for what is none."""
        return cls(*parse_footer(footer)[1:])

    @property
    def weight(self) -> int:
        """The bytes that it takes in memory, nearly."""
        return 400 + 40 * len(self)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> Node: ...
    @overload
    def __getitem__(self, place: slice) -> list[Node]: ...
    def __getitem__(self, place: int | slice) -> Node | list[Node]:
        if isinstance(place, slice):
            return [self._node(number) for number in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._node(place)

    def _node(self, place: int) -> Node:
        start = place * HASH_SIZE
        length = self._raw_ends[place] - self.raw_start(place)
        return self._hashes[start : start + HASH_SIZE], length

    def start(self, place: int) -> int:
        """Where the chunk, or the end of all, lies in the xorb: the byte of its header."""
        return self._ends[place - 1] if place else 0

    def raw_start(self, place: int) -> int:
        """Where the chunk, or the end of all, lies in the raw bytes."""
        return self._raw_ends[place - 1] if place else 0

    def find(self, raw_offset: int) -> int:
        """The chunk that has this raw byte; their number for one behind the last."""
        return bisect_right(self._raw_ends, raw_offset)

    def shared_places(self) -> list[int]:
        """The chunks that `is_shared` is true of."""
        lasts = np.frombuffer(self._hashes, "<u8")[3::4]
        return [int(place) for place in np.flatnonzero(lasts % _SHARED_ONE_IN == 0)]


def is_shared(raw: bytes) -> bool:
    """Whether clients ask for a chunk of this hash wherever it stands: one in 1024 is such."""
    return hash_remainder(raw, _SHARED_ONE_IN) == 0


def table_of(xorb: Xorb) -> bytes:
    """The table of a whole xorb, as it is stored behind its chunks: as old clients send it."""
    return build_footer(
        xorb.hash, [(chunk.hash, chunk.length, chunk.size) for chunk in xorb.chunks]
    )
