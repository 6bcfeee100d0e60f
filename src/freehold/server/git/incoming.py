"""A pack on its way in: unpacked, checked by git and looked at, before the repository has it."""

from __future__ import annotations

from types import TracebackType
from typing import BinaryIO, Self

import pygit2

from freehold.formats.pack import read_index_ids
from freehold.server.git import native
from freehold.server.git.native import PackFile
from freehold.server.git.views import View


class Incoming:
    """A quarantine: the objects of a repository and, apart from them, those of a pack.

    Close it to forget the pack.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self.pack: PackFile | None = None
        # The ids of the new objects, 20 bytes each.
        self.ids: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._view.close()

    def take(self, pack: BinaryIO, limit: int) -> None:
        """Unpacks what follows in the file, of at most `limit` bytes.

        Each object is well-formed afterwards, by the rules of `git fsck`, and all that it names is
        here. So is all that those name, because the repository misses nothing. Raises `GitError`.
        """
        name = native.index_pack(self._view.path, pack, limit)
        index = self._view.packs / f"pack-{name}.idx"
        self.ids = read_index_ids(index.read_bytes())
        if self.ids:
            self.pack = PackFile(index.with_suffix(".pack"), len(self.ids))

    def open(self) -> pygit2.Repository:
        """The repository as it would be with the pack."""
        return pygit2.Repository(str(self._view.path))
