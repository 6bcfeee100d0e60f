"""A pack on its way in: unpacked, checked by git and looked at, before the repository has it."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

import pygit2

from freehold.errors import BadRequestError
from freehold.formats.delta_chains import find_depth
from freehold.formats.pack import read_index_ids, read_index_offsets
from freehold.server.git import native
from freehold.server.git.native import PackFile
from freehold.server.git.views import View

# git makes chains of 50, and of 250 when it is asked for small packs rather than fast ones. Each
# reader of an object goes through all of them.
MAX_DELTAS = 250

# git takes version 3 as well, and not everybody can read it.
_VERSION = (2).to_bytes(4, "big")


class Incoming:
    """A quarantine: the objects of a repository and, apart from them, those of a pack.

    The pack is forgotten when the `with` statement ends.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self.pack: PackFile | None = None
        # The ids of the new objects, 20 bytes each, in the order of the pack: similar ones are near
        # each other there, so to read them one after the other is to unpack less.
        self.ids: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._view.close()

    def take(self, pack: BinaryIO, limit: int) -> None:
        """Unpacks what follows in the file, of at most `limit` bytes.

        Each object is well-formed afterwards, by the rules of `git fsck`, and all that it names is
        here. So is all that those name, because the repository misses nothing. Raises `GitError`,
        and `BadRequestError` for a pack in which every reader would take too long.
        """
        name = native.index_pack(self._view.path, pack, limit)
        path = self._view.packs / f"pack-{name}.pack"
        index = path.with_suffix(".idx").read_bytes()
        ids, offsets = read_index_ids(index), read_index_offsets(index)
        if ids:
            _check_readable(path, ids, offsets)
            self.pack = PackFile(path, len(ids))
        self.ids = [oid for _, oid in sorted(zip(offsets, ids, strict=True))]

    def open(self) -> pygit2.Repository:
        """The repository as it would be with the pack."""
        return pygit2.Repository(str(self._view.path))


def _check_readable(path: Path, ids: Sequence[bytes], offsets: Sequence[int]) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pack:
        if pack[4:8] != _VERSION:
            raise BadRequestError("The pack is not one of version 2.")
        try:
            depth = find_depth(pack, ids, offsets)
        except ValueError as error:
            raise BadRequestError(f"The pack cannot be read: {error}.") from error
    if depth > MAX_DELTAS:
        raise BadRequestError(
            f"An object lies behind {depth} differences, more than {MAX_DELTAS}: pack the"
            " repository anew with `git gc`, and push again."
        )
