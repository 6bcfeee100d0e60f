"""Files of chunks, put together again: as bytes, or as the runs that a client fetches itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from freehold.formats.xet.errors import XorbError
from freehold.formats.xet.hashing import chunk_hash
from freehold.formats.xet.xorb import read_chunks
from freehold.server.core.xorbs import load_table, place_chunks
from freehold.server.db import xet_files
from freehold.server.db.xet_files import Term
from freehold.server.db.xorbs import ChunkPlace, Xorb
from freehold.server.hub import Hub
from freehold.server.objects.store import READ_BLOCK

EMPTY_SHA256: Final = hashlib.sha256().hexdigest()


def make_run(hub: Hub, file_start: int, xorb: Xorb, first: int, end: int) -> Term:
    """The run of a file that is the chunks `first` up to `end` of a stored xorb."""
    table = load_table(hub, xorb)
    length = table.raw_start(end) - table.raw_start(first)
    return Term(file_start, length, xorb, first, end, table.start(first), table.start(end))


def place_first_chunk(hub: Hub, runs: Sequence[Term]) -> list[ChunkPlace]:
    """The first chunk of a file, if it has any: every client asks for it."""
    first = runs[0] if runs else None
    if first is None:
        return []
    return place_chunks(first.xorb.hash, load_table(hub, first.xorb), [first.first_chunk])


def list_runs(hub: Hub, file_hash: str, start: int, end: int) -> list[Term]:
    """The runs with the bytes `start` up to `end` of a file, cut to whole chunks at both ends.

    So the first one may begin before `start`, and the last one end behind `end`.
    """
    with hub.db.read() as tx:
        terms = xet_files.list_terms(tx, file_hash, start, end)
    if terms and (terms[0].file_start < start or terms[-1].file_end > end):
        terms[-1] = _narrow(hub, terms[-1], start, end)
        if len(terms) > 1:
            terms[0] = _narrow(hub, terms[0], start, end)
    return terms


def _narrow(hub: Hub, term: Term, start: int, end: int) -> Term:
    """The part of a run that has the bytes, in whole chunks."""
    table = load_table(hub, term.xorb)
    # Where the file would begin in the raw bytes of the xorb, if it were all there.
    base = table.raw_start(term.first_chunk) - term.file_start
    first = table.find(base + max(start, term.file_start))
    last = table.find(base + min(end, term.file_end) - 1)
    return make_run(hub, table.raw_start(first) - base, term.xorb, first, last + 1)


def read_file(hub: Hub, file_hash: str, start: int, length: int) -> Iterator[bytes]:
    """Those bytes of a file, in blocks of at least `READ_BLOCK`, but for the last one."""
    end = start + length
    runs = list_runs(hub, file_hash, start, end) if length else []
    return _join(_cut(_unpack(hub, runs), start - runs[0].file_start if runs else 0, length))


def hash_runs(hub: Hub, runs: Iterable[Term]) -> str:
    """The sha256 of a whole file with these runs, in hex, from its bytes.

    Raises `XorbError` when a chunk is not what its hash says: then the store has damaged it.
    """
    digest = hashlib.sha256()
    for block in _join(_check(hub, runs)):
        digest.update(block)
    return digest.hexdigest()


def hash_file(hub: Hub, file_hash: str, size: int) -> str:
    """The same of a stored file."""
    return hash_runs(hub, list_runs(hub, file_hash, 0, size))


def _check(hub: Hub, runs: Iterable[Term]) -> Iterator[bytes]:
    for run in runs:
        nodes = load_table(hub, run.xorb)[run.first_chunk : run.end_chunk]
        for (raw, _), chunk in zip(nodes, _unpack(hub, [run]), strict=True):
            if chunk_hash(chunk) != raw:
                raise XorbError(f"the object {run.xorb.object_key} is damaged")
            yield chunk


def _unpack(hub: Hub, runs: Iterable[Term]) -> Iterator[bytes]:
    """The raw bytes of each chunk of the runs."""
    for run in runs:
        size = run.end_byte - run.first_byte
        yield from read_chunks(hub.objects.read(run.xorb.object_key, run.first_byte, size))


def _cut(pieces: Iterable[bytes], skip: int, length: int) -> Iterator[bytes]:
    """The pieces without the first `skip` bytes, and no more than `length` of them."""
    for piece in pieces:
        kept = piece[skip : skip + length]
        skip = max(skip - len(piece), 0)
        length -= len(kept)
        if kept:
            yield kept


def _join(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in larger blocks: each is a trip to a thread."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= READ_BLOCK:
            yield b"".join(waiting)
            waiting.clear()
            size = 0
    if waiting:
        yield b"".join(waiting)
