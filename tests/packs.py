"""Packs made byte by byte, as no git makes them."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Final, NamedTuple

from freehold.formats.git_objects import object_id

COMMIT: Final = 1
TREE: Final = 2
BLOB: Final = 3
TAG: Final = 4
OFS_DELTA: Final = 6
REF_DELTA: Final = 7

_ZEROS: Final = 1 << 24


# The entries of a pack


def head(kind: int, size: int) -> bytes:
    """The first bytes of an entry: its kind, and the size that it claims to have."""
    rest = size >> 4
    first = kind << 4 | size & 0x0F
    return bytes([first | 0x80]) + number(rest) if rest else bytes([first])


def number(value: int) -> bytes:
    """A number as git writes sizes: seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def distance(value: int) -> bytes:
    """A number as git writes the way back to a base: the highest bits first, none twice."""
    out = [value & 0x7F]
    while value := value >> 7:
        value -= 1
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def entry(kind: int, data: bytes, size: int | None = None) -> bytes:
    """A whole object; `size` is what it claims, if that is not the truth."""
    return head(kind, len(data) if size is None else size) + zlib.compress(data)


def zeros(kind: int, size: int) -> bytes:
    """A whole object of so many zeros, without the time that it takes to pack them."""
    return head(kind, size) + deflated_zeros(size)


def deflated_zeros(size: int) -> bytes:
    """What zlib unpacks to so many zeros: one block of them again and again."""
    times, rest = divmod(size, _ZEROS)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(_ZEROS)) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    last = packer.compress(bytes(rest)) + packer.flush()
    # The checksum of zeros is a one and their number.
    return b"\x78\x9c" + block * times + last + struct.pack(">HH", size % 65521, 1)


def ofs_delta(back: bytes, delta: bytes, size: int | None = None) -> bytes:
    """A difference to the entry that is so many bytes before it."""
    return head(OFS_DELTA, len(delta) if size is None else size) + back + zlib.compress(delta)


def ref_delta(base: bytes, delta: bytes, size: int | None = None) -> bytes:
    """A difference to the object with this id of 20 bytes."""
    return head(REF_DELTA, len(delta) if size is None else size) + base + zlib.compress(delta)


def delta(base_size: int, size: int, *instructions: bytes) -> bytes:
    """The text of a difference: the sizes that it claims, and how the result is put together."""
    return number(base_size) + number(size) + b"".join(instructions)


def copy(offset: int, size: int) -> bytes:
    """Instruction to take bytes of the base."""
    fields = [(1 << bit, offset >> 8 * bit & 0xFF) for bit in range(4)]
    fields += [(16 << bit, size >> 8 * bit & 0xFF) for bit in range(3)]
    used = [(flag, byte) for flag, byte in fields if byte]
    return bytes([0x80 | sum(flag for flag, _ in used), *(byte for _, byte in used)])


def insert(data: bytes) -> bytes:
    """Instruction to take these bytes, of which there are 1 to 127."""
    return bytes([len(data)]) + data


def pack(
    *entries: bytes,
    count: int | None = None,
    magic: bytes = b"PACK",
    version: int = 2,
    trailer: bytes | None = None,
) -> bytes:
    """A pack of these entries; what it says of itself is the truth unless it is given."""
    body = magic + struct.pack(">II", version, len(entries) if count is None else count)
    body += b"".join(entries)
    return body + (hashlib.sha1(body).digest() if trailer is None else trailer)


# A small history


class Chain(NamedTuple):
    """A commit with one file, as the three objects that it consists of; ids have 20 bytes."""

    commit: bytes
    tree: bytes
    blob: bytes

    @property
    def oid(self) -> str:
        """The id of the commit."""
        return object_id("commit", self.commit).hex()

    def entries(self) -> list[bytes]:
        """The three objects for a pack."""
        return [entry(COMMIT, self.commit), entry(TREE, self.tree), entry(BLOB, self.blob)]


def new_chain(content: bytes, name: str = "x.txt", parent: str | None = None) -> Chain:
    """A commit whose one file has this content."""
    tree = b"100644 %s\0%s" % (name.encode(), object_id("blob", content))
    return Chain(commit_of(object_id("tree", tree), parent), tree, content)


def commit_of(tree: bytes, parent: str | None = None) -> bytes:
    """The bytes of a commit of this tree."""
    who = "Eve <eve@example.org> 1700000000 +0000"
    above = f"parent {parent}\n" if parent else ""
    return f"tree {tree.hex()}\n{above}author {who}\ncommitter {who}\n\nhello\n".encode()
