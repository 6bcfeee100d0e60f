"""Cuts bytes into chunks where their content says so, as every client of Xet does.

A chunk ends after a byte at which the gear hash (`gear.py`) of the bytes before it has 16 zero
bits at its top, but has at least `MIN_CHUNK` and at most `MAX_CHUNK` bytes; the last one may be
shorter. Older clients cut differently near the minimum, so nothing that is read relies on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from freehold.formats.xet.gear import BLOCK, GearScanner

MIN_CHUNK: Final = 8 * 1024
MAX_CHUNK: Final = 128 * 1024
"""The most raw bytes of any chunk; between the two, chunks have 64 KiB on average."""

_PIECE: Final = 1024 * 1024


def split_chunks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks of all blocks together, as soon as each is certain; see `Chunker`."""
    chunker = Chunker()
    for block in blocks:
        yield from chunker.feed(block)
    yield from chunker.finish()


class Chunker:
    """Takes bytes in pieces of any size and gives chunks, which do not depend on the pieces.

    Holds little more than 1 MiB, whatever it is given. Not for use by several threads at once.
    """

    def __init__(self) -> None:
        self._scanner = GearScanner()
        # A scan always looks at a whole block, so there is room for one behind the end.
        self._buffer = np.zeros(MAX_CHUNK + _PIECE + BLOCK, np.uint8)
        self._limit = MAX_CHUNK + _PIECE
        self._start = self._end = 0
        self._scanned = MIN_CHUNK - 1

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """The chunks that are complete with this piece."""
        rest = memoryview(data).cast("B")
        chunks: list[bytes] = []
        while rest:
            rest = rest[self._fill(rest) :]
            while size := self._find_end():
                chunks.append(self._take(size))
        return chunks

    def finish(self) -> list[bytes]:
        """The chunks that are left now that nothing follows; then the chunker is as new."""
        chunks = []
        while size := self._find_end(final=True):
            chunks.append(self._take(size))
        return chunks

    def _fill(self, data: memoryview) -> int:
        if self._end + len(data) > self._limit:
            self._move_to_front()
        size = min(len(data), self._limit - self._end)
        self._buffer[self._end : self._end + size] = np.frombuffer(data[:size], np.uint8)
        self._end += size
        return size

    def _move_to_front(self) -> None:
        pending = self._end - self._start
        self._buffer[:pending] = self._buffer[self._start : self._end]
        self._start, self._end = 0, pending

    def _find_end(self, final: bool = False) -> int:
        """The size of the first chunk, 0 while it is not certain or there is none."""
        pending = self._end - self._start
        reach = min(pending, MAX_CHUNK - 1)
        # Whole blocks only, so that small pieces cost no more than large ones.
        while self._scanned + (1 if final else BLOCK) <= reach:
            count = min(BLOCK, reach - self._scanned)
            found = self._scanner.find_first(self._buffer, self._start + self._scanned, count)
            if found is not None:
                return self._scanned + found + 1
            self._scanned += count
        return min(pending, MAX_CHUNK) if final or pending >= MAX_CHUNK else 0

    def _take(self, size: int) -> bytes:
        chunk = self._buffer[self._start : self._start + size].tobytes()
        self._start += size
        self._scanned = MIN_CHUNK - 1
        return chunk
