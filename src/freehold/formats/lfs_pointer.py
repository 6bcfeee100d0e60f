"""Git LFS pointer files: the small text that git holds in place of a large file.

The format is that of the Git LFS specification, version 1.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MAX_POINTER_SIZE: Final = 1024
"""The largest pointer in bytes; anything longer is an ordinary file."""

# Git LFS reads the size into a signed 64-bit integer.
_MAX_SIZE: Final = 2**63 - 1
_VERSION: Final = b"version https://git-lfs.github.com/spec/v1\n"
# Keys after `version` are sorted, so extensions come before `oid` and nothing follows `size`.
_POINTER: Final = re.compile(
    re.escape(_VERSION)
    + rb"(?:ext-[0-9]-[A-Za-z0-9._-]+ sha256:[0-9a-f]{64}\n)*"
    + rb"oid sha256:([0-9a-f]{64})\n"
    + rb"size (0|[1-9][0-9]{0,18})\n?"
)


class LfsPointer(NamedTuple):
    """What a pointer stands for: the sha256 of the content (64 hex digits) and its bytes."""

    oid: str
    size: int


def parse_pointer(data: bytes) -> LfsPointer | None:
    """The pointer in these bytes, or None when they are anything but a well-formed pointer."""
    if len(data) > MAX_POINTER_SIZE:
        return None
    match = _POINTER.fullmatch(data)
    if match is None or int(match[2]) > _MAX_SIZE:
        return None
    return LfsPointer(match[1].decode(), int(match[2]))


def build_pointer(oid: str, size: int) -> bytes:
    """The canonical pointer for a content; `ValueError` for a malformed sha256 or size."""
    data = _VERSION + f"oid sha256:{oid}\nsize {size}\n".encode()
    if parse_pointer(data) is None:
        raise ValueError(f"not the sha256 and size of a content: {oid!r}, {size!r}")
    return data
