"""Turning contents that are kept whole into chunks, so that what they share is stored once.

The whole copy goes to the trash only when the bytes that were put together from the chunks have its
sha256. Until then nothing has changed for anybody.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple, cast

from freehold.formats.xet.chunk_table import is_shared
from freehold.formats.xet.chunking import split_chunks
from freehold.formats.xet.hashing import (
    MerkleTree,
    chunk_hash,
    file_hash_of_root,
    hash_to_string,
)
from freehold.formats.xet.xorb import XorbWriter
from freehold.server.core.contents import read_content
from freehold.server.core.xet_files import hash_file, hash_runs, make_run, place_first_chunk
from freehold.server.core.xorbs import XorbArrival, load_table
from freehold.server.db import lfs, trash, xet_files, xorbs
from freehold.server.db.database import Transaction
from freehold.server.db.lfs import StoredObject
from freehold.server.db.xet_files import Term, XetFile
from freehold.server.db.xorbs import Xorb
from freehold.server.hub import Hub, now_ms
from freehold.server.objects.keys import lfs_key

# Below this many bytes a file has a chunk or two, and nothing that it could share.
MIN_SIZE = 64 * 1024

OBJECTS_AT_ONCE = 1000

# Chunks whose places are remembered while a file is cut: 40 MB or so, of 12 GB of neighbours.
KNOWN_CHUNKS = 200_000

_BLOCK = 1024 * 1024

log = logging.getLogger("freehold.ingest")


class Ingested(NamedTuple):
    """The number of contents that were turned into chunks, and their bytes."""

    objects: int
    size: int


def ingest_forever(hub: Hub) -> None:
    """Turns what is kept whole into chunks, round after round; never returns."""
    while True:
        try:
            ingest(hub)
        except Exception:
            log.exception("a round of ingestion failed")
        time.sleep(hub.config.jobs_seconds)


def ingest(hub: Hub) -> Ingested:
    """Turns every content that is kept whole, and is not small, into chunks.

    One that cannot be read, or is not what it should be, stays as it is, and the log says so.
    """
    count = size = 0
    for whole in _list_whole(hub):
        done = _attempt(hub, whole)
        count += done
        size += whole.size * done
    return Ingested(count, size)


def _list_whole(hub: Hub) -> Iterator[StoredObject]:
    after = ""
    while True:
        with hub.db.read() as tx:
            page = lfs.list_whole_objects(tx, MIN_SIZE, after, OBJECTS_AT_ONCE)
        if not page:
            return
        after = page[-1].sha256
        # Other processes do the same, and should seldom be at the same content.
        random.shuffle(page)
        yield from page


def _attempt(hub: Hub, whole: StoredObject) -> bool:
    try:
        return ingest_object(hub, whole)
    except Exception:
        log.exception("the content %s stays whole", whole.sha256)
        return False


def ingest_object(hub: Hub, whole: StoredObject) -> bool:
    """Turns one content into chunks; false when it is not kept whole any more.

    Raises `ValueError` when what was put together is something else.
    """
    file_hash, runs = _Cutter(hub).cut(read_content(hub, whole))
    with hub.db.read() as tx:
        is_known = bool(xet_files.find_files(tx, [file_hash]))
    # A file that is known may have other runs, and those are then the ones that count.
    found = hash_file(hub, file_hash, whole.size) if is_known else hash_runs(hub, runs)
    if found != whole.sha256:
        raise ValueError(f"the chunks of {whole.sha256} make another file")
    first = place_first_chunk(hub, runs)
    try:
        with hub.db.write() as tx:
            _replace(tx, whole, XetFile(file_hash, whole.size, whole.sha256), runs, is_known)
            xorbs.put_chunks(tx, first)
            trash.trash_objects(tx, [lfs_key(whole.sha256)], now_ms())
    except _OvertakenError:
        return False
    return True


class _OvertakenError(Exception):
    """The content, or what it was to become, is not what it was any more: nothing was changed."""


def _replace(
    tx: Transaction, whole: StoredObject, file: XetFile, runs: list[Term], is_known: bool
) -> None:
    used = {run.xorb.hash for run in runs}
    if xorbs.use_xorbs(tx, used, now_ms()) != len(used):
        raise _OvertakenError
    if xet_files.insert_file(tx, file, runs, now_ms()) == is_known:
        raise _OvertakenError
    if not lfs.keep_in_chunks(tx, whole, file.hash):
        raise _OvertakenError


@dataclass(eq=False, slots=True)
class _Pack:
    """A xorb that is stored, or will be when it is full."""

    xorb: Xorb | None = None


@dataclass(slots=True)
class _Run:
    """The chunks `first` up to `end` of a xorb, as they follow one another in the file."""

    pack: _Pack
    first: int
    end: int


@dataclass(eq=False, slots=True)
class _OpenXorb:
    """A xorb that chunks are added to; its bytes wait in a temporary file."""

    pack: _Pack = field(default_factory=_Pack)
    writer: XorbWriter = field(default_factory=XorbWriter)
    file: BinaryIO = field(default_factory=lambda: cast(BinaryIO, TemporaryFile()))  # noqa: SIM115
    count: int = 0

    def add(self, chunk: bytes) -> int:
        """Adds a chunk and gives its number."""
        self.file.write(self.writer.add(chunk))
        self.count += 1
        return self.count - 1


class _Cutter:
    """Cuts one file into chunks and stores those that are not there yet."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._tree = MerkleTree()
        self._runs: list[_Run] = []
        self._known: dict[bytes, tuple[_Pack, int]] = {}
        self._open = _OpenXorb()

    def cut(self, blocks: Iterable[bytes]) -> tuple[str, list[Term]]:
        """The hash of the file, and its runs, all of whose xorbs are stored."""
        try:
            for chunk in split_chunks(blocks):
                self._add(chunk)
            self._store()
        finally:
            self._open.file.close()
        return hash_to_string(file_hash_of_root(self._tree.root())), self._make_runs()

    def _add(self, chunk: bytes) -> None:
        raw = chunk_hash(chunk)
        self._tree.add(raw, len(chunk))
        pack, number = self._find(raw) or self._keep(raw, chunk)
        last = self._runs[-1] if self._runs else None
        if last is not None and last.pack is pack and last.end == number:
            last.end += 1
        else:
            self._runs.append(_Run(pack, number, number + 1))

    def _find(self, raw: bytes) -> tuple[_Pack, int] | None:
        """Where the chunk is already: some are looked for, and then their neighbours are known."""
        found = self._known.get(raw)
        if found is None and (not self._runs or is_shared(raw)):
            with self._hub.db.read() as tx:
                places = xorbs.find_chunk(tx, hash_to_string(raw), 1)
                neighbours = xorbs.find_xorbs(tx, [place.xorb_hash for place in places])
            for xorb in neighbours.values():
                self._remember(xorb)
            found = self._known.get(raw)
        return found

    def _remember(self, xorb: Xorb) -> None:
        self._bound_memory()
        pack = _Pack(xorb)
        for number, (raw, _) in enumerate(load_table(self._hub, xorb)):
            self._known.setdefault(raw, (pack, number))

    def _bound_memory(self) -> None:
        if len(self._known) > KNOWN_CHUNKS:
            self._known.clear()

    def _keep(self, raw: bytes, chunk: bytes) -> tuple[_Pack, int]:
        if not self._open.writer.fits(len(chunk)):
            self._store()
        self._bound_memory()
        place = self._known[raw] = self._open.pack, self._open.add(chunk)
        return place

    def _store(self) -> None:
        """Stores the open xorb, checked as if it had been sent, and opens another one."""
        full = self._open
        if full.count == 0:
            return
        name = hash_to_string(full.writer.finish().hash)
        full.file.seek(0)
        arrival = XorbArrival(self._hub, None, name)
        try:
            while block := full.file.read(_BLOCK):
                arrival.take(block)
            arrival.finish()
        finally:
            arrival.abort()
        with self._hub.db.read() as tx:
            full.pack.xorb = xorbs.find_xorb(tx, name)
        full.file.close()
        self._open = _OpenXorb()

    def _make_runs(self) -> list[Term]:
        runs: list[Term] = []
        start = 0
        for run in self._runs:
            assert run.pack.xorb is not None
            runs.append(make_run(self._hub, start, run.pack.xorb, run.first, run.end))
            start = runs[-1].file_end
        return runs
