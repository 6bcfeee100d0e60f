"""The git side of the hub: reading repositories and publishing new objects and refs.

What a repository is stands in the database (refs, list of packs); this module is the only one
that changes it, always in one transaction.
"""

from __future__ import annotations

import io
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO, cast

import pygit2

from freehold.errors import FreeholdError, RepositoryNotFoundError
from freehold.formats.pack import PackInfo
from freehold.server.db import packs, refs, repo_facts, repos, trash
from freehold.server.db.database import Database, Transaction
from freehold.server.db.events import record_event
from freehold.server.db.packs import Pack, PackBytes
from freehold.server.git.bitmaps import are_due, find_bitmaps, make_bitmaps
from freehold.server.git.cache import PACK_ENDINGS, GitCache
from freehold.server.git.incoming import Incoming
from freehold.server.git.native import GitError, PackFile
from freehold.server.git.reader import ObjectReader
from freehold.server.git.views import View
from freehold.server.objects.keys import pack_key
from freehold.server.objects.store import ObjectStore

INLINE_PACK_LIMIT = 256 * 1024

# In more packs than this, git looks for similar objects again with each fetch.
FETCHED_PACKS = 10

# The mark of a draft counts from here: by then its transaction is over, or never comes.
DRAFT_SECONDS = 3600

_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class RefChange:
    """A ref that moves from `old` to `new`; `None` stands for absent."""

    name: str
    old: str | None
    new: str | None


class LostRaceError(FreeholdError):
    """A ref was not where the change expected it; nothing was changed."""


PackSource = PackFile | Callable[[BinaryIO], PackInfo]
"""A pack, or what writes one to the given file and says what it wrote."""


class GitStore:
    """The repositories of one hub."""

    def __init__(
        self, cache_root: Path, database: Database, objects: ObjectStore, compact_packs: int
    ) -> None:
        self._database = database
        self._objects = objects
        self._compact_packs = compact_packs
        # The ids of repositories that have had that many changes since they were last put here.
        self.crowded: SimpleQueue[str] = SimpleQueue()
        # The ids of those whose fetches could be faster.
        self.fetched: SimpleQueue[str] = SimpleQueue()
        self.cache = GitCache(cache_root, database, objects)

    def reader(self, repo_id: str, generation: int) -> ObjectReader:
        """Reads the objects that the repository has at that generation."""
        return ObjectReader(self.cache, repo_id, generation)

    def open_view(self, repo_id: str, heads: Mapping[str, str]) -> View:
        """The repository with these refs, for the `git` program; whoever opens it closes it.

        The cache is compared with the list of packs first, whatever is known of it.
        """
        self.cache.repair(repo_id)
        return self._make_view(repo_id, heads)

    @contextmanager
    def open_workshop(self, repo_id: str) -> Iterator[View]:
        """A view without refs, for something new that is made of what the repository has.

        Raises `RepositoryNotFoundError` when that is deleted meanwhile.
        """
        try:
            with self.open_view(repo_id, {}) as view:
                yield view
        except (KeyError, pygit2.GitError, GitError, OSError) as error:
            if not self.cache.is_listed(repo_id):
                raise RepositoryNotFoundError from error
            raise

    def open_fetch(self, repo_id: str, heads: Mapping[str, str]) -> View:
        """The same for a client that fetches: what would make it faster is put on a list."""
        listed = self.cache.repair(repo_id)
        if len(listed) > FETCHED_PACKS or are_due(self.cache.path(repo_id), listed):
            self.fetched.put(repo_id)
        return self._make_view(repo_id, heads)

    def _make_view(self, repo_id: str, heads: Mapping[str, str]) -> View:
        path = self.cache.path(repo_id)
        return View([*find_bitmaps(path), path / "objects"], heads)

    def prepare_bitmaps(self, repo_id: str, heads: Mapping[str, str]) -> bool:
        """Makes the bitmaps that clones of the repository need; false when it needs none.

        Raises `GitError`, and `OSError` when a pack has gone meanwhile.
        """
        listed, path = self.cache.repair(repo_id), self.cache.path(repo_id)
        if not are_due(path, listed):
            return False
        make_bitmaps(path, listed, heads)
        return True

    def receive(self, repo_id: str) -> Incoming:
        """A quarantine for a pack on its way into the repository; whoever opens it closes it."""
        return Incoming(self.open_view(repo_id, {}))

    def publish(
        self,
        repo_id: str,
        changes: Iterable[RefChange],
        sources: Sequence[PackSource],
        now: int,
        before: Callable[[Transaction], Iterable[RefChange] | None] = lambda tx: None,
        after: Callable[[Transaction], None] = lambda tx: None,
    ) -> None:
        """Makes packs durable and moves refs, entirely or not at all; webhooks hear of the moves.

        `before` runs first in the same transaction; it may raise to stop it, and give changes that
        only it could know. `after` runs when the refs have moved. Raises `LostRaceError` when a
        ref was moved by someone else.
        """
        generation = 0
        with ExitStack() as stack:
            drafts = [
                stack.enter_context(_Draft(self._database, self._objects, repo_id, source))
                for source in sources
            ]
            tx = stack.enter_context(self._database.write())
            found = before(tx)
            moves = [*changes, *(found or ())]
            modified_at = now if moves else None
            for draft in drafts:
                generation = draft.insert(tx, now, modified_at)
            if not drafts:
                generation = repos.advance_repo(tx, repo_id, 0, modified_at)
            for move in moves:
                if not refs.swap_ref(tx, repo_id, move.name, move.old, move.new):
                    raise LostRaceError(move.name)
            after(tx)
            if any(move.name == refs.MAIN for move in moves):
                repo_facts.note_stale(tx, repo_id)
            _record_moves(tx, repo_id, moves, now)
        if generation % self._compact_packs == 0:
            self.crowded.put(repo_id)


def _record_moves(tx: Transaction, repo_id: str, moves: Iterable[RefChange], now: int) -> None:
    updated = [
        {"ref": move.name, "oldSha": move.old, "newSha": move.new}
        for move in moves
        if move.old != move.new
    ]
    if updated:
        record_event(tx, repo_id, "update", "repo.content", {"updatedRefs": updated}, now)


class _Draft:
    """A pack that is durable and belongs to no repository yet; an error takes it away again.

    What goes into the object store is marked as trash before it is written, and the transaction
    that names it takes the mark away. So whatever happens in between, no bytes are forgotten.
    """

    def __init__(
        self, database: Database, objects: ObjectStore, repo_id: str, source: PackSource
    ) -> None:
        self._database = database
        self._objects = objects
        self._repo_id = repo_id
        self.content: PackBytes | None = None
        self.object_key: str | None = None
        if isinstance(source, PackFile):
            with source.path.open("rb") as pack:
                self._keep(pack, source.describe())
        else:
            with tempfile.SpooledTemporaryFile(max_size=INLINE_PACK_LIMIT) as spool:
                file = cast(BinaryIO, spool)
                info = source(file)
                file.seek(0)
                self._keep(file, info)

    def _keep(self, file: BinaryIO, info: PackInfo) -> None:
        self.info = info
        if info.size <= INLINE_PACK_LIMIT:
            self.content = PackBytes(file.read(), info.index)
        else:
            self._store(file)

    def insert(self, tx: Transaction, now: int, modified_at: int | None) -> int:
        """Adds the pack to the repository as its next generation, and gives the number.

        Raises `LostRaceError` when it took so long that the trash was emptied.
        """
        for key in self._keys():
            if not trash.rescue_object(tx, key):
                raise LostRaceError(key)
        seq = repos.advance_repo(tx, self._repo_id, self.info.size, modified_at)
        row = Pack(seq, self.info.name, self.info.size, self.info.count, self.object_key)
        packs.insert_pack(tx, self._repo_id, row, self.content, now)
        return seq

    def __enter__(self) -> _Draft:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Only for errors that we raised ourselves: after a database error the transaction may
        # have been committed all the same, and only the mark in the trash knows.
        if kind is not None and issubclass(kind, FreeholdError):
            for key in self._keys():
                self._objects.delete(key)

    def _keys(self) -> list[str]:
        return [self.object_key + end for end in PACK_ENDINGS] if self.object_key else []

    def _store(self, file: BinaryIO) -> None:
        # The key is never used twice, so an undone draft cannot take another's bytes along.
        name = f"{self.info.name}-{secrets.token_hex(4)}"
        self.object_key = pack_key(self._repo_id, name)
        with self._database.write() as tx:
            trash.trash_objects(tx, self._keys(), int((time.time() + DRAFT_SECONDS) * 1000))
        for key, content in zip(self._keys(), (file, io.BytesIO(self.info.index)), strict=True):
            _copy(self._objects, key, content)


def _copy(objects: ObjectStore, key: str, file: BinaryIO) -> None:
    target = objects.open_write(key)
    try:
        while block := file.read(_BLOCK):
            target.write(block)
        target.commit()
    finally:
        target.abort()
