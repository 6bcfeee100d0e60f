"""How deep the deltas of a pack are stacked: each reader of an object goes through all of them.

The layouts are those of git's `gitformat-pack`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from mmap import mmap
from typing import Final

_OFS_DELTA: Final = 6
_REF_DELTA: Final = 7

# In bytes, of the kind and the size of an object: that leaves 60 bits for the size.
_MAX_HEAD: Final = 9

Bytes = bytes | mmap


def find_depth(pack: Bytes, ids: Sequence[bytes], offsets: Sequence[int]) -> int:
    """The number of deltas in the longest chain of a pack that `git index-pack` has accepted.

    `ids` and `offsets` are those of its index, in the order of the ids. `ValueError` for a size of
    an object that it reads, and that other programs, git's own too, do not.
    """
    bases = dict(_find_bases(pack, ids, offsets))
    depths: dict[int, int] = {}
    for offset in bases:
        chain = []
        while offset in bases and offset not in depths:
            chain.append(offset)
            offset = bases[offset]
        for depth, above in enumerate(reversed(chain), depths.get(offset, 0) + 1):
            depths[above] = depth
    return max(depths.values(), default=0)


def _find_bases(
    pack: Bytes, ids: Sequence[bytes], offsets: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Where each delta is, and where what it is a delta on."""
    for offset in offsets:
        at = offset
        while pack[at] & 0x80:
            at += 1
        if at - offset >= _MAX_HEAD:
            raise ValueError("the size of an object has over 60 bits")
        kind = pack[offset] >> 4 & 7
        if kind == _OFS_DELTA:
            yield offset, offset - _read_distance(pack, at + 1)
        elif kind == _REF_DELTA:
            yield offset, offsets[bisect_left(ids, pack[at + 1 : at + 21])]


def _read_distance(pack: Bytes, at: int) -> int:
    distance = pack[at] & 0x7F
    while pack[at] & 0x80:
        at += 1
        distance = (distance + 1) << 7 | pack[at] & 0x7F
    return distance
