"""The bytes of a stored content, however they are kept: whole, or in chunks."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.server.core.xet_files import read_file
from freehold.server.db.lfs import StoredObject
from freehold.server.hub import Hub
from freehold.server.objects.keys import lfs_key


def read_content(
    hub: Hub, stored: StoredObject, start: int = 0, length: int | None = None
) -> Iterator[bytes]:
    """The bytes from `start`, at most `length` of them, in blocks of about 1 MiB.

    Raises `ObjectMissingError`, at once or while they are read.
    """
    if stored.xet_hash is None:
        return hub.objects.read(lfs_key(stored.sha256), start, length)
    rest = max(stored.size - start, 0)
    return read_file(hub, stored.xet_hash, start, rest if length is None else min(length, rest))
