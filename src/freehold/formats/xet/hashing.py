"""The hashes that name chunks, xorbs and files: BLAKE3 with a key for each purpose.

A hash is 32 raw bytes here and in binary formats. Its text form, used in addresses, in JSON and
inside the Merkle tree, is not plain hex: see `hash_to_string`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from typing import Final

from blake3 import blake3

from freehold.formats.xet.errors import XetFormatError

HASH_SIZE: Final = 32
ZERO_HASH: Final = bytes(HASH_SIZE)
"""Names what has no chunks, such as the empty file; as a key: none."""

Node = tuple[bytes, int]
"""The hash of a chunk, or of a run of chunks, and its length in raw bytes."""

_DATA_KEY: Final = bytes.fromhex("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229")
_NODE_KEY: Final = bytes.fromhex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f")
_RANGE_KEY: Final = bytes.fromhex(
    "7f1857d6ce56ed66127ff913e7a5c3f3a4cd26d5b5db49e64124987f28fb94c3"
)
_FILE_KEY: Final = ZERO_HASH

_LITTLE: Final = struct.Struct("<4Q")
_BIG: Final = struct.Struct(">4Q")
_TEXT: Final = re.compile(r"[0-9a-fA-F]{64}")

# A group of nodes has three to nine members, except at the end of its level.
_SMALLEST_GROUP: Final = 3
_LARGEST_GROUP: Final = 9


def hash_to_string(raw: bytes) -> str:
    """The 64 digits of a hash: four little-endian integers, the high digits of each first."""
    return swap_groups(raw).hex()


def hash_from_string(text: str) -> bytes:
    """The 32 bytes that these 64 digits of any case stand for; else `XetFormatError`."""
    if _TEXT.fullmatch(text) is None:
        raise XetFormatError(f"not a hash of 64 hexadecimal digits: {text[:80]!r}")
    return swap_groups(bytes.fromhex(text))


def swap_groups(data: bytes) -> bytes:
    """Each of the four 8-byte groups reversed, as shards hold a sha256; twice is what it was."""
    return _BIG.pack(*_LITTLE.unpack(data))


def chunk_hash(data: bytes | bytearray | memoryview) -> bytes:
    """The name of a chunk: the hash of its raw bytes."""
    return blake3(data, key=_DATA_KEY).digest()


def node_hash(children: Iterable[Node]) -> bytes:
    """The hash of a node of the Merkle tree: that of one line of text for each of its children."""
    lines = [b"%s : %d\n" % (hash_to_string(raw).encode(), length) for raw, length in children]
    return blake3(b"".join(lines), key=_NODE_KEY).digest()


def range_hash(chunk_hashes: Iterable[bytes]) -> bytes:
    """What only somebody who knows these chunk hashes can tell: the proof in a shard's term."""
    return blake3(b"".join(chunk_hashes), key=_RANGE_KEY).digest()


def keyed_chunk_hash(key: bytes, raw: bytes) -> bytes:
    """A chunk hash as an answer to a dedup query hides it: only who knows it already can tell."""
    return blake3(raw, key=key).digest()


def hash_remainder(raw: bytes, divisor: int) -> int:
    """`hash mod divisor`, by the last eight bytes: what ends a group, or makes a chunk eligible."""
    return int.from_bytes(raw[24:], "little") % divisor


def xorb_hash(chunks: Iterable[Node]) -> bytes:
    """The name of a xorb: the Merkle root of its chunks, in order."""
    tree = MerkleTree()
    for raw, length in chunks:
        tree.add(raw, length)
    return tree.root()


def file_hash(chunks: Iterable[Node]) -> bytes:
    """The name of a file: its chunks' Merkle root, hashed once more unless there are none."""
    return file_hash_of_root(xorb_hash(chunks))


def file_hash_of_root(root: bytes) -> bytes:
    """The name of the file whose chunks have this Merkle root."""
    return ZERO_HASH if root == ZERO_HASH else blake3(root, key=_FILE_KEY).digest()


class MerkleTree:
    """The Merkle tree over chunks that come one by one; keeps at most nine nodes for each level.

    Where a group ends depends only on what it holds, except at the end of a level, where it ends
    because nothing follows. So groups can be closed while chunks still come.
    """

    def __init__(self) -> None:
        self._levels: list[list[Node]] = []
        self.length = 0

    def add(self, raw: bytes, length: int) -> None:
        """Add the next chunk: its hash and its length in bytes."""
        self.length += length
        self._add(0, (raw, length))

    def root(self) -> bytes:
        """The root over all chunks so far, 32 zero bytes without any; more may be added."""
        carried: list[Node] = []
        for level in self._levels:
            group = [*level, *carried]
            carried = [_join(group)] if group else []
            if level is self._levels[-1] and len(group) == 1:
                # The only node of the topmost level: the root itself, which is no child.
                return group[0][0]
        return carried[0][0] if carried else ZERO_HASH

    def _add(self, height: int, node: Node) -> None:
        if height == len(self._levels):
            self._levels.append([])
        group = self._levels[height]
        group.append(node)
        if _is_complete(group):
            self._levels[height] = []
            self._add(height + 1, _join(group))


def _is_complete(group: list[Node]) -> bool:
    last, _ = group[-1]
    ends = len(group) >= _SMALLEST_GROUP and hash_remainder(last, 4) == 0
    return ends or len(group) == _LARGEST_GROUP


def _join(group: list[Node]) -> Node:
    return node_hash(group), sum(length for _, length in group)
