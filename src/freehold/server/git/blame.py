"""Which commits the lines of a file come from."""

from __future__ import annotations

import re
from typing import NamedTuple

from freehold.server.git import native
from freehold.server.git.memory import Memory
from freehold.server.git.reader import ObjectReader

# Of a processor.
SECONDS = 15

MAX_OUTPUT = 32 * 1024 * 1024

_ENTRY = re.compile(rb"^([0-9a-f]{40}) \d+ (\d+) (\d+)$", re.MULTILINE)

# By commit and path, in blocks.
_known: Memory[tuple[str, str], tuple[Block, ...]] = Memory(200_000)


class Block(NamedTuple):
    """Lines of a file that one commit has brought: the first, counted from 1, and how many."""

    start: int
    length: int
    commit: str


def blame_file(reader: ObjectReader, commit: str, path: str) -> tuple[Block, ...]:
    """The lines of a file of that commit, in blocks from the first line to the last.

    Raises `GitLimitError` when it takes too long. The file has to be there.
    """
    known = _known.get((commit, path))
    if known is None:
        known = reader.run(lambda found: _blame(found.path, commit, path))
        _known.put((commit, path), known, len(known) + 1)
    return known


def _blame(directory: str, commit: str, path: str) -> tuple[Block, ...]:
    said = native.blame(directory, commit, path, SECONDS, MAX_OUTPUT)
    found = sorted(Block(int(m[2]), int(m[3]), m[1].decode()) for m in _ENTRY.finditer(said))
    blocks: list[Block] = []
    for block in found:
        if blocks and blocks[-1].commit == block.commit:
            # What stands together now may have been apart where it comes from.
            block = Block(blocks[-1].start, blocks.pop().length + block.length, block.commit)
        blocks.append(block)
    return tuple(blocks)
