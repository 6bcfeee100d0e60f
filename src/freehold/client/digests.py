"""Whether bytes are those that an etag stands for."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Final

from freehold.client.events import Cancellation

BLOCK_SIZE: Final = 1 << 20

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_GIT_ID: Final = re.compile(r"[0-9a-f]{40}")


class Digest:
    """Takes bytes as they come and says at the end whether they are right.

    An etag of 64 hex digits is the sha256, one of 40 the git id; of others only the size counts.
    """

    def __init__(self, etag: str, size: int) -> None:
        self._etag = etag
        self._size = size
        self._hash = _new_hash(etag, size)
        self.done = 0

    def update(self, data: bytes) -> None:
        """Takes the next bytes."""
        self.done += len(data)
        if self._hash is not None:
            self._hash.update(data)

    def matches(self) -> bool:
        """Whether all that came has the size and the digest."""
        known = self._hash is None or self._hash.hexdigest() == self._etag
        return self.done == self._size and known


def _new_hash(etag: str, size: int) -> hashlib._Hash | None:
    if _SHA256.fullmatch(etag):
        return hashlib.sha256()
    if _GIT_ID.fullmatch(etag):
        # Git's name of a content, no protection against anybody: the hub could as well lie.
        return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    return None


def matches(data: bytes, etag: str) -> bool:
    """Whether these bytes are what the etag stands for."""
    digest = Digest(etag, len(data))
    digest.update(data)
    return digest.matches()


def file_matches(path: str, etag: str, size: int | None, cancel: Cancellation) -> bool:
    """Whether the file at the path is what the etag stands for; False when it is not there."""
    try:
        found = os.stat(path).st_size
    except FileNotFoundError:
        return False
    if size is not None and size != found:
        return False
    digest = Digest(etag, found)
    with open(path, "rb") as file:
        while block := file.read(BLOCK_SIZE):
            cancel.check()
            digest.update(block)
    return digest.matches()
