"""A folder of one's own that holds the files of a repository, without links into a cache.

What the client needs to know is below `.cache/huggingface/` in it, laid out as the official one
does: `download/<path>.metadata` has the commit, the etag and the time at which a file was fetched,
each on a line.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple

from freehold.client.cache import (
    Place,
    RepoCache,
    TreeFile,
    read_tree,
    write_tag,
    write_tree,
)
from freehold.client.digests import file_matches
from freehold.client.disk import copy_whole, write_whole
from freehold.client.events import Cancellation
from freehold.client.file_metadata import is_commit

_OWN: Final = ".cache/huggingface"

# Clocks of files are coarser than ours: a file fetched just now may seem a little younger.
_CLOCK_SECONDS: Final = 1.0


class _Note(NamedTuple):
    """What is known of a file that was fetched, and has not been changed since."""

    commit: str
    etag: str


class LocalFolder:
    """The folder at `local_dir`; bytes that `cache` has are copied and not fetched."""

    def __init__(self, local_dir: str | os.PathLike[str], cache: RepoCache) -> None:
        self.folder = os.path.realpath(os.path.expanduser(os.fspath(local_dir)))
        self._cache = cache

    # What is there

    def may_hold(self, path: str) -> bool:
        """Whether a file of a repository may be here: not where the client keeps its notes."""
        return not f"{path}/".lower().startswith(f"{_OWN}/")

    def find_commit(self, revision: str) -> str | None:
        """The commit of a revision, as far as the cache knows."""
        return self._cache.find_commit(revision)

    def snapshot(self, commit: str) -> str:
        """The folder itself, whatever the commit."""
        return self.folder

    def pointer(self, commit: str, path: str) -> str:
        """Where the file is, or would be."""
        return os.path.join(self.folder, *path.split("/"))

    def find(
        self, commit: str, path: str, etag: str | None = None, size: int | None = None
    ) -> str | None:
        """The file, if it is that of the commit, or has the etag; also when somebody put it there.

        Without an etag only what was fetched from this commit counts.
        """
        file = self.pointer(commit, path)
        note = self._read_note(path)
        of_commit = note is not None and note.commit == commit
        if etag is None or not self._has(file, note, etag, size):
            return file if etag is None and of_commit else None
        if not of_commit:
            self._write_note(commit, path, etag)
        return file

    def _has(self, file: str, note: _Note | None, etag: str, size: int | None) -> bool:
        known = note is not None and note.etag == etag and size in {None, os.path.getsize(file)}
        return known or file_matches(file, etag, size, Cancellation())

    def find_offline(self, revision: str, path: str) -> str | None:
        """The file, whatever it is now, unless one commit is asked for by its id."""
        file = self.pointer("", path)
        if is_commit(revision):
            return self.find(revision, path)
        return file if os.path.isfile(file) else None

    def is_missing(self, commit: str, path: str) -> bool:
        """Never known here."""
        return False

    def find_tree(self, commit: str) -> list[TreeFile] | None:
        """Every file of the commit, when that is known."""
        return read_tree(self._tree_path(commit)) or self._cache.find_tree(commit)

    def find_etag(self, commit: str, path: str) -> str | None:
        """The etag under which the file was fetched."""
        note = self._read_note(path)
        return note.etag if note is not None else None

    def has_partial(self) -> bool:
        """Whether a download was cut."""
        for _, _, names in os.walk(os.path.join(self.folder, _OWN, "download")):
            if any(name.endswith(".incomplete") for name in names):
                return True
        return False

    # What is put there

    def prepare(self) -> None:
        """Makes the folders; raises `OSError` where nothing can be written."""
        own = os.path.join(self.folder, _OWN)
        os.makedirs(os.path.join(own, "download"), exist_ok=True)
        ignored = os.path.join(own, ".gitignore")
        if not os.path.exists(ignored):
            write_whole(ignored, b"*")
        write_tag(own)

    def place(self, path: str, etag: str) -> Place:
        """Where the bytes of the file go."""
        # The name of a file and its etag together could be longer than a name may be.
        short = hashlib.sha256(path.encode()).hexdigest()[:32]
        return Place(
            self.pointer("", path),
            os.path.join(self.folder, _OWN, "download", f"{short}.{etag}.incomplete"),
            self._own_path(path, ".lock"),
        )

    def reuse(self, commit: str, path: str, etag: str) -> str | None:
        """The file, copied from the cache; None when it does not have the bytes."""
        blob = self._cache.blob(etag)
        if not os.path.exists(blob):
            return None
        self.prepare()
        copy_whole(blob, self.pointer(commit, path))
        return self.settle(commit, path, etag, fresh=True)

    def settle(self, commit: str, path: str, etag: str, *, fresh: bool) -> str:
        """Notes what the file is, now that it is there."""
        self._write_note(commit, path, etag)
        return self.pointer(commit, path)

    def remove(self, commit: str, path: str, etag: str) -> None:
        """Takes away bytes that are not what they should be."""
        for broken in (self._own_path(path, ".metadata"), self.pointer(commit, path)):
            with suppress(FileNotFoundError):
                os.unlink(broken)

    def remember_commit(self, revision: str, commit: str) -> None:
        """Notes nothing: the folder holds one commit at a time, whatever its name."""

    def remember_missing(self, commit: str, path: str) -> None:
        """Notes nothing."""

    def remember_tree(self, commit: str, tree: Iterable[TreeFile]) -> None:
        """Notes every file of a commit."""
        write_tree(self._tree_path(commit), tree)

    def _tree_path(self, commit: str) -> str:
        return os.path.join(self.folder, _OWN, "trees", f"{commit}.json")

    def _own_path(self, path: str, ending: str) -> str:
        return os.path.join(self.folder, _OWN, "download", *path.split("/")) + ending

    def _read_note(self, path: str) -> _Note | None:
        try:
            with open(self._own_path(path, ".metadata"), encoding="utf-8") as file:
                commit, etag, moment = file.read().split()
            changed = os.stat(self.pointer(commit, path)).st_mtime
            return _Note(commit, etag) if changed <= float(moment) + _CLOCK_SECONDS else None
        except (OSError, ValueError):
            return None

    def _write_note(self, commit: str, path: str, etag: str | None) -> None:
        text = f"{commit}\n{etag}\n{time.time()}\n"
        write_whole(self._own_path(path, ".metadata"), text.encode())
