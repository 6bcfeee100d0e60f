"""Shards: registering the files that a client has made of chunks.

Everything that a shard says is checked against the xorbs that are here, except the sha256 of each
file: that is only somebody's word until the file was put together and hashed (`proofs.py`). Until
then it holds in the repository that the shard was sent to, and nobody else relies on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from freehold.errors import BadRequestError, HfHubHTTPError, InternalError
from freehold.formats.xet.chunk_table import ChunkTable
from freehold.formats.xet.errors import XetFormatError
from freehold.formats.xet.hashing import ZERO_HASH, hash_to_string
from freehold.formats.xet.shard import ShardFile, ShardReader, ShardXorb, check_file, check_xorb
from freehold.formats.xet.shard import Term as ShardTerm
from freehold.server.core.xet_files import EMPTY_SHA256, hash_runs, make_run, place_first_chunk
from freehold.server.core.xet_tokens import XetContext
from freehold.server.core.xorbs import UsableChunks, find_usable_chunks, load_table
from freehold.server.db import lfs, repos, xet_files, xorbs
from freehold.server.db.database import Transaction
from freehold.server.db.lfs import StoredObject
from freehold.server.db.xet_files import Term, XetFile
from freehold.server.db.xorbs import ChunkPlace, Span
from freehold.server.hub import Hub, new_id, now_ms

# What one shard may say, so that nobody keeps a thread or the memory busy for long: clients send
# far less. A file of 500 GiB has about 8 million chunks.
MAX_FILES = 100_000
MAX_TERMS = 250_000
MAX_CHUNKS = 12_000_000

# Each time that somebody else says something about the same file takes one.
MAX_ATTEMPTS = 10

_BLOCK = 1024 * 1024

_NOT_YOURS = (
    "It needs chunks that are not here, or that you have neither sent nor may read. If hf-xet has"
    " left them out because it remembers an earlier upload, delete its cache (HF_XET_CACHE, or the"
    " folder xet in HF_HOME) and upload again."
)


class _Arrived(NamedTuple):
    """A file of a shard that was checked, with its runs, and its first chunk."""

    file: XetFile
    runs: list[Term]
    claimed: str
    first: list[ChunkPlace]


class _DisputedError(Exception):
    """The repository has been told of another file with the same sha256, and nothing is proven."""

    def __init__(self, item: _Arrived) -> None:
        super().__init__(item.claimed)
        self.item = item


def upload_shard(xet: XetContext, body: BinaryIO) -> bool:
    """Registers the files of a shard for the repository; whether any of them is new there.

    All of them or none. Raises `BadRequestError` for what is no shard, is not true, or needs chunks
    that the caller may not use.
    """
    try:
        files = _read_shard(xet, body)
    except XetFormatError as error:
        raise BadRequestError(f"The shard was refused: {error}") from error
    proven: dict[str, str] = {}
    for _ in range(MAX_ATTEMPTS):
        try:
            return _register(xet, files, proven)
        except _DisputedError as dispute:
            proven[dispute.item.file.hash] = hash_runs(xet.ctx.hub, dispute.item.runs)
    raise HfHubHTTPError("The repository is too busy: please try again.", status=503)


# Reading and checking


def _read_shard(xet: XetContext, body: BinaryIO) -> list[_Arrived]:
    """The files of the shard, each of which is what it says, but for its sha256."""
    declared: list[ShardFile] = []
    terms = chunks = 0
    for entry in _read_entries(body):
        if isinstance(entry, ShardXorb):
            check_xorb(entry, _find_sent(xet, entry.hash))
            continue
        terms += len(entry.terms)
        chunks += entry.chunk_count
        _check_limits(xet.ctx.hub, entry, len(declared), terms, chunks)
        declared.append(entry)
    usable = _find_usable(xet, declared)
    return [_check(xet.ctx.hub, entry, usable) for entry in declared]


def _read_entries(body: BinaryIO) -> Iterator[ShardFile | ShardXorb]:
    reader = ShardReader()
    while block := body.read(_BLOCK):
        yield from reader.feed(block)
    reader.close()


def _check_limits(hub: Hub, file: ShardFile, files: int, terms: int, chunks: int) -> None:
    if files >= MAX_FILES or terms > MAX_TERMS or chunks > MAX_CHUNKS:
        raise BadRequestError(
            f"A shard has at most {MAX_FILES} files, {MAX_TERMS} terms and {MAX_CHUNKS} chunks."
        )
    if file.length > hub.config.object_limit:
        raise BadRequestError(f"Files over {hub.config.object_limit} bytes are refused.")
    if file.sha256 is None:
        raise BadRequestError("A file without a sha256, by which a commit would find it.")


def _find_sent(xet: XetContext, raw: bytes) -> ChunkTable | None:
    xorb_hash = hash_to_string(raw)
    with xet.ctx.hub.db.read() as tx:
        sent = xorbs.list_sent(tx, [xorb_hash], xet.ctx.viewer.id or "")
    return load_table(xet.ctx.hub, xorb_hash) if sent else None


def _find_usable(xet: XetContext, files: list[ShardFile]) -> UsableChunks:
    names = {hash_to_string(term.xorb) for file in files for term in file.terms}
    with xet.ctx.hub.db.read() as tx:
        return find_usable_chunks(tx, xet.ctx.viewer, sorted(names))


def _check(hub: Hub, file: ShardFile, usable: UsableChunks) -> _Arrived:
    """The file with its runs, once every term is there, allowed, and makes the file."""
    for term in file.terms:
        if not usable.has(hash_to_string(term.xorb), Span(term.start, term.end)):
            raise BadRequestError(f"The shard was refused. {_NOT_YOURS}")
    check_file(file, lambda raw: load_table(hub, hash_to_string(raw)))
    runs = list(_make_runs(hub, file.terms))
    claimed = EMPTY_SHA256 if file.hash == ZERO_HASH else (file.sha256 or b"").hex()
    proven = EMPTY_SHA256 if file.hash == ZERO_HASH else None
    return _Arrived(
        XetFile(hash_to_string(file.hash), file.length, proven),
        runs,
        claimed,
        place_first_chunk(hub, runs),
    )


def _make_runs(hub: Hub, terms: tuple[ShardTerm, ...]) -> Iterator[Term]:
    start = 0
    for term in terms:
        yield make_run(hub, start, hash_to_string(term.xorb), term.start, term.end)
        start += term.length


# Registering


def _register(xet: XetContext, files: list[_Arrived], proven: dict[str, str]) -> bool:
    hub = xet.ctx.hub
    used = {run.xorb_hash for item in files for run in item.runs}
    with hub.db.write() as tx:
        repos.lock_repo(tx, xet.repo.id)
        if xorbs.use_xorbs(tx, list(used), now_ms()) != len(used):
            raise InternalError("A xorb is gone again: please send the shard once more.")
        linked = lfs.find_linked(tx, xet.repo.id, [item.claimed for item in files])
        known = xet_files.find_files(tx, [item.file.hash for item in files])
        waiting = [
            item
            for item in files
            if _link(tx, xet, _with_proof(item, known, proven), linked.get(item.claimed))
        ]
    for item in waiting:
        hub.unproven.put(item.file.hash)
    return bool(waiting)


def _with_proof(item: _Arrived, known: dict[str, XetFile], proven: dict[str, str]) -> _Arrived:
    """The file with its sha256, where that is known; raises `BadRequestError` for another claim."""
    file = known.get(item.file.hash, item.file)
    sha256 = file.sha256 or proven.get(file.hash)
    if sha256 is not None and sha256 != item.claimed:
        raise BadRequestError(
            f"The shard was refused: a file has the sha256 {sha256}, not {item.claimed}."
        )
    return item._replace(file=file._replace(sha256=sha256))


def _link(tx: Transaction, xet: XetContext, item: _Arrived, linked: StoredObject | None) -> bool:
    """Lets the repository serve the file, unless it serves these bytes already; then false."""
    file, now = item.file, now_ms()
    if linked is not None:
        lfs.renew_links(tx, xet.repo.id, [item.claimed], now)
        if linked.xet_hash == file.hash or lfs.is_proven(tx, linked.id):
            return False
        if file.sha256 is None:
            raise _DisputedError(item)
    xet_files.insert_file(tx, file, item.runs, now)
    xorbs.put_chunks(tx, item.first)
    wanted = StoredObject(new_id(), item.claimed, file.size, file.hash)
    stored = lfs.put_chunked_object(tx, wanted, now)
    lfs.link_object(tx, xet.repo.id, stored, xet.ctx.viewer.id or "", now)
    return True
