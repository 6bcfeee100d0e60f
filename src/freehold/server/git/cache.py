"""Bare repositories on this machine's disk: disposable, and only ever brought forward.

Each is a folder that libgit2 and the `git` program can read. Its packs come from the database or
the object store; its refs are not the truth, so none are kept here.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import pygit2

from freehold.server.db import packs
from freehold.server.db.database import Database
from freehold.server.git.memory import Memory
from freehold.server.objects.store import ObjectStore

OPEN_REPOSITORIES = 64
KNOWN_REPOSITORIES = 100_000
LOCKS = 64

# A draft of a process that was killed; a living one takes seconds.
ABANDONED_SECONDS = 3600

# In this order: a pack without an index is not seen by any reader.
PACK_ENDINGS = (".pack", ".idx")

# Trees of more than a hundred files are over libgit2's own limit, and walking a history without
# keeping them would unpack each one twice. The total is for the whole process, in bytes.
pygit2.option(pygit2.enums.Option.SET_CACHE_OBJECT_LIMIT, pygit2.enums.ObjectType.TREE, 1 << 20)
pygit2.option(pygit2.enums.Option.SET_CACHE_MAX_SIZE, 32 << 20)

_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"


class GitCache:
    """The cached repositories below `root`."""

    def __init__(self, root: Path, database: Database, objects: ObjectStore) -> None:
        self._root = root
        self._database = database
        self._objects = objects
        self._generations: Memory[str, int] = Memory(KNOWN_REPOSITORIES)
        self._handles: Memory[str, pygit2.Repository] = Memory(OPEN_REPOSITORIES)
        self._locks = [threading.RLock() for _ in range(LOCKS)]

    def path(self, repo_id: str) -> Path:
        """Where the repository is, whether or not it is there yet."""
        return self._root / repo_id[:2] / f"{repo_id}.git"

    def open(self, repo_id: str, generation: int) -> pygit2.Repository:
        """The repository with every object of that generation, as far as this process knows."""
        known = self._generations.get(repo_id)
        if known is None or known < generation:
            self.bring_forward(repo_id, generation)
        handle = self._handles.get(repo_id)
        if handle is None:
            handle = self._handles.put(repo_id, pygit2.Repository(str(self.path(repo_id))))
        return handle

    def reopen(self, repo_id: str) -> pygit2.Repository:
        """The repository after a look at what is really on the disk."""
        self._handles.drop(repo_id)
        return self.open(repo_id, self._generations.drop(repo_id) or 0)

    def repair(self, repo_id: str) -> list[packs.Pack]:
        """The packs of the repository, all of them there now, whatever the disk has lost."""
        return self._fetch_new(repo_id, self._generations.drop(repo_id) or 0)

    def bring_forward(self, repo_id: str, generation: int) -> Path:
        """Where the repository is, with the packs that came since this process looked last.

        The first look, and the first after `reopen`, compares everything, and removes the packs
        that are listed no more.
        """
        self._fetch_new(repo_id, generation)
        return self.path(repo_id)

    def _fetch_new(self, repo_id: str, generation: int) -> list[packs.Pack]:
        """The packs that came since this process looked last, all of them there now."""
        path = self.path(repo_id)
        folder = path / "objects" / "pack"
        with self._lock_of(repo_id):
            known = self._generations.get(repo_id)
            if known is None:
                _make_skeleton(path)
            # Before the list is read: what another process fetches after that is no leftover.
            present = _list_sizes(folder) if known is None else {}
            with self._database.read() as tx:
                listed = packs.list_packs(tx, repo_id, after=known or 0)
            for pack in listed:
                if not _is_whole(pack, present):
                    self._fetch_pack(repo_id, pack, folder)
            _remove_others(folder, present, {f"pack-{pack.name}" for pack in listed})
            newest = max((pack.seq for pack in listed), default=0)
            self._generations.put(repo_id, max(newest, generation, known or 0))
        return listed

    def is_listed(self, repo_id: str) -> bool:
        """Whether the database has any packs of the repository: each begins with one."""
        with self._database.read() as tx:
            return packs.has_packs(tx, repo_id)

    def remove(self, repo_id: str) -> None:
        """Frees the disk space of a repository that is gone."""
        with self._lock_of(repo_id):
            self._handles.drop(repo_id)
            self._generations.drop(repo_id)
            shutil.rmtree(self.path(repo_id), ignore_errors=True)

    def _lock_of(self, repo_id: str) -> threading.RLock:
        # A few locks serve all repositories: two that share one only wait for each other.
        return self._locks[hash(repo_id) % LOCKS]

    def _fetch_pack(self, repo_id: str, pack: packs.Pack, folder: Path) -> None:
        if pack.object_key is None:
            with self._database.read() as tx:
                content = packs.read_pack(tx, repo_id, pack.seq)
            if content is None:
                return  # compacted away since it was listed; its successor is listed by then
            _write_file(folder / f"pack-{pack.name}.pack", content.data)
            _write_file(folder / f"pack-{pack.name}.idx", content.idx)
        else:
            for ending in PACK_ENDINGS:
                self._fetch_object(pack.object_key + ending, folder / f"pack-{pack.name}{ending}")

    def _fetch_object(self, key: str, target: Path) -> None:
        draft = _draft_of(target)
        source = self._objects.local_path(key)
        try:
            if source is None or not _link(source, draft):
                with draft.open("wb") as file:
                    for block in self._objects.read(key):
                        file.write(block)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)


def _draft_of(target: Path) -> Path:
    return target.with_name(f"tmp-{uuid.uuid4().hex}")


def _write_file(target: Path, data: bytes) -> None:
    draft = _draft_of(target)
    try:
        draft.write_bytes(data)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def _make_skeleton(path: Path) -> None:
    if all((path / name).exists() for name in ("HEAD", "config", "objects/pack", "refs")):
        return
    for folder in ("objects/pack", "objects/info", "refs/heads", "refs/tags"):
        (path / folder).mkdir(parents=True, exist_ok=True)
    _write_file(path / "HEAD", b"ref: refs/heads/main\n")
    _write_file(path / "config", _CONFIG.encode())


def _list_sizes(folder: Path) -> dict[str, int]:
    sizes = {}
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # a draft of another process, which has moved on
            sizes[entry.name] = entry.stat().st_size
    return sizes


def _is_whole(pack: packs.Pack, present: Mapping[str, int]) -> bool:
    """Whether a pack is there with its index, and was not cut short by a crash."""
    data, index = (f"pack-{pack.name}{ending}" for ending in PACK_ENDINGS)
    return present.get(data) == pack.size and present.get(index, 0) > 0


def _remove_others(folder: Path, present: Iterable[str], wanted: set[str]) -> None:
    for name in present:
        if name.startswith("pack-"):
            is_over = name.partition(".")[0] not in wanted
        else:
            is_over = name.startswith("tmp-") and _age(folder / name) > ABANDONED_SECONDS
        if is_over:
            (folder / name).unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0
