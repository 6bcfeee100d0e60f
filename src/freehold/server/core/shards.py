"""Shards: registering the files that a client has made of chunks.

Everything that a shard says is checked against the xorbs that are here, except the sha256 of each
file: that is only somebody's word until the file was put together and hashed (`proofs.py`). Until
then it holds in the repository that the shard was sent to, and nobody else relies on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from threading import Lock
from typing import BinaryIO, NamedTuple

from freehold.errors import BadRequestError, ConflictError, InternalError, UnavailableError
from freehold.formats.xet.chunk_table import ChunkTable
from freehold.formats.xet.errors import XetFormatError
from freehold.formats.xet.hashing import ZERO_HASH, hash_to_string
from freehold.formats.xet.shard import ShardFile, ShardReader, ShardXorb, check_file, check_xorb
from freehold.formats.xet.shard import Term as ShardTerm
from freehold.server.core.xet_files import EMPTY_SHA256, make_run, place_first_chunk
from freehold.server.core.xet_tokens import XetContext
from freehold.server.core.xorbs import UsableChunks, find_usable_chunks, load_table
from freehold.server.db import lfs, repos, xet_files, xorbs
from freehold.server.db.database import Transaction
from freehold.server.db.lfs import StoredObject
from freehold.server.db.xet_files import Term, XetFile
from freehold.server.db.xorbs import ChunkPlace, Span, Xorb
from freehold.server.hub import Hub, new_id, now_ms

# What one shard may say, so that nobody keeps a thread, the memory or the database busy for long:
# clients send far less. A file of 500 GiB has about 8 million chunks.
MAX_FILES = 100_000
MAX_TERMS = 250_000
MAX_XORBS = 10_000
MAX_CHUNKS = 12_000_000

# The runs of a file: no honest chunk but the last is shorter than this many bytes.
SHORTEST_RUN = 4096
SPARE_RUNS = 1024

# From here on, only one shard at a time is checked by this process.
HEAVY_TERMS = 25_000
HEAVY_CHUNKS = 1_000_000

FILES_AT_ONCE = 1000

# Each time that somebody else changes the same rows takes one.
MAX_ATTEMPTS = 10

_BLOCK = 1024 * 1024

_NOT_YOURS = (
    "It needs chunks that are not here, or that you have neither sent nor may read. If hf-xet has"
    " left them out because it remembers an earlier upload, delete its cache (HF_XET_CACHE, or the"
    " folder xet in HF_HOME) and upload again."
)

_one_heavy = Lock()


class _Declared(NamedTuple):
    """The files of a shard as it lists them, and their chunks, together."""

    files: list[ShardFile]
    terms: int
    chunks: int


class _Arrived(NamedTuple):
    """A file of a shard that was checked, with its runs, and its first chunk."""

    file: XetFile
    runs: list[Term]
    claimed: str
    first: list[ChunkPlace]


def upload_shard(xet: XetContext, body: BinaryIO) -> bool:
    """Registers the files of a shard for the repository; whether any of them is new there.

    Raises `BadRequestError` for what is no shard, is not true, or needs chunks that the caller may
    not use: then nothing is registered. Raises `UnavailableError` when the hub has to be asked
    again a little later.
    """
    try:
        declared = _read_shard(xet, body)
        files = _check_files(xet, declared)
    except XetFormatError as error:
        raise BadRequestError(f"The shard was refused: {error}") from error
    _settle(xet, files)
    # A few at a time: others wait for each transaction.
    batches = [files[n : n + FILES_AT_ONCE] for n in range(0, len(files), FILES_AT_ONCE)]
    return sum(_register(xet, batch) for batch in batches) > 0


# Reading and checking


def _read_shard(xet: XetContext, body: BinaryIO) -> _Declared:
    """What the shard lists; the xorbs that it describes are those that the caller has sent."""
    files: list[ShardFile] = []
    claims: dict[bytes, bytes | None] = {}
    terms = chunks = xorb_count = 0
    for entry in _read_entries(body):
        if isinstance(entry, ShardXorb):
            xorb_count += 1
            _check_limit(xorb_count, MAX_XORBS, "xorbs")
            check_xorb(entry, _find_sent(xet, entry.hash))
            continue
        terms += len(entry.terms)
        chunks += entry.chunk_count
        _check_limit(len(files) + 1, MAX_FILES, "files")
        _check_limit(terms, MAX_TERMS, "terms")
        _check_limit(chunks, MAX_CHUNKS, "chunks")
        _check_file(xet.ctx.hub, entry)
        if claims.setdefault(entry.hash, entry.sha256) != entry.sha256:
            raise BadRequestError("The shard was refused: a file has two sha256.")
        files.append(entry)
    return _Declared(files, terms, chunks)


def _check_limit(count: int, limit: int, what: str) -> None:
    if count > limit:
        raise BadRequestError(f"The shard was refused: it has more than {limit} {what}.")


def _check_file(hub: Hub, file: ShardFile) -> None:
    if file.length > hub.config.object_limit:
        raise BadRequestError(f"Files over {hub.config.object_limit} bytes are refused.")
    if len(file.terms) > SPARE_RUNS + file.length // SHORTEST_RUN:
        raise BadRequestError("The shard was refused: the runs of a file are too short.")
    if file.sha256 is None:
        raise BadRequestError("A file without a sha256, by which a commit would find it.")


def _read_entries(body: BinaryIO) -> Iterator[ShardFile | ShardXorb]:
    reader = ShardReader()
    while block := body.read(_BLOCK):
        yield from reader.feed(block)
    reader.close()


def _find_sent(xet: XetContext, raw: bytes) -> ChunkTable | None:
    name = hash_to_string(raw)
    with xet.ctx.hub.db.read() as tx:
        sent = xorbs.list_sent(tx, [name], xet.ctx.viewer.id or "")
        found = xorbs.find_xorb(tx, name) if sent else None
    return None if found is None else load_table(xet.ctx.hub, found)


def _check_files(xet: XetContext, declared: _Declared) -> list[_Arrived]:
    """The files, each of which is what it says, but for its sha256; in the order of their hashes.

    So everybody locks files in the same order.
    """
    if declared.terms <= HEAVY_TERMS and declared.chunks <= HEAVY_CHUNKS:
        return _check_each(xet, declared.files)
    if not _one_heavy.acquire(blocking=False):
        raise UnavailableError("The hub is checking another large upload: please try again.")
    try:
        return _check_each(xet, declared.files)
    finally:
        _one_heavy.release()


def _check_each(xet: XetContext, files: list[ShardFile]) -> list[_Arrived]:
    names = sorted({hash_to_string(term.xorb) for file in files for term in file.terms})
    with xet.ctx.hub.db.read() as tx:
        usable = find_usable_chunks(tx, xet.ctx.viewer, names)
        found = xorbs.find_xorbs(tx, names)
    checker = _Checker(xet.ctx.hub, usable, found)
    checked = {file.hash: checker.check(file) for file in files}
    return [checked[name] for name in sorted(checked)]


class _Checker:
    """Checks files against the xorbs that are here and that the caller may use."""

    def __init__(self, hub: Hub, usable: UsableChunks, found: dict[str, Xorb]) -> None:
        self._hub = hub
        self._usable = usable
        self._found = found

    def check(self, file: ShardFile) -> _Arrived:
        """The file with its runs, once every term is there, allowed, and makes the file."""
        for term in file.terms:
            if not self._usable.has(hash_to_string(term.xorb), Span(term.start, term.end)):
                raise BadRequestError(f"The shard was refused. {_NOT_YOURS}")
        check_file(file, self._find_table)
        runs = list(self._make_runs(file.terms))
        is_empty = file.hash == ZERO_HASH
        claimed = EMPTY_SHA256 if is_empty else (file.sha256 or b"").hex()
        proven = EMPTY_SHA256 if is_empty else None
        found = XetFile(hash_to_string(file.hash), file.length, proven)
        return _Arrived(found, runs, claimed, place_first_chunk(self._hub, runs))

    def _find_table(self, raw: bytes) -> ChunkTable | None:
        xorb = self._found.get(hash_to_string(raw))
        return None if xorb is None else load_table(self._hub, xorb)

    def _make_runs(self, terms: tuple[ShardTerm, ...]) -> Iterator[Term]:
        """The terms in order; those that follow one another in a xorb as one."""
        start = 0
        for name, first, end in _join_terms(terms):
            run = make_run(self._hub, start, self._found[hash_to_string(name)], first, end)
            start = run.file_end
            yield run


def _join_terms(terms: Sequence[ShardTerm]) -> Iterator[tuple[bytes, int, int]]:
    """Xorb, first and end chunk of each run of terms that follow one another in a xorb."""
    last: tuple[bytes, int, int] | None = None
    for term in terms:
        if last is not None and (last[0], last[2]) == (term.xorb, term.start):
            last = (last[0], last[1], term.end)
            continue
        if last is not None:
            yield last
        last = (term.xorb, term.start, term.end)
    if last is not None:
        yield last


# Registering


def _settle(xet: XetContext, files: list[_Arrived]) -> None:
    """Raises unless what is known of the files already leaves nothing to find out first."""
    with xet.ctx.hub.db.read() as tx:
        known = xet_files.find_files(tx, [item.file.hash for item in files])
        linked = lfs.find_linked(tx, xet.repo.id, [item.claimed for item in files])
        for item in files:
            _check_claim(item, known)
            _check_dispute(tx, xet, item, linked.get(item.claimed))


def _check_claim(item: _Arrived, known: dict[str, XetFile]) -> None:
    file = known.get(item.file.hash)
    if file is not None and file.sha256 not in {None, item.claimed}:
        raise BadRequestError(
            f"The shard was refused: a file has the sha256 {file.sha256}, not {item.claimed}."
        )


def _check_dispute(
    tx: Transaction, xet: XetContext, item: _Arrived, linked: StoredObject | None
) -> None:
    """Raises `UnavailableError` while the repository has another file with that sha256, unproven.

    That one is proven first: either it is the same, or it goes away.
    """
    if linked is None or linked.xet_hash in {None, item.file.hash}:
        return
    if not lfs.is_proven(tx, linked.id):
        xet.ctx.hub.unproven.put((linked.size, linked.xet_hash or ""))
        raise UnavailableError(
            f"The hub is still checking another file with the sha256 {item.claimed}: please try"
            " again."
        )


def _register(xet: XetContext, files: list[_Arrived]) -> bool:
    for _ in range(MAX_ATTEMPTS):
        with suppress(ConflictError):
            return _register_once(xet, files)
        # What the other call has done may be a reason to refuse this one.
        _settle(xet, files)
    raise UnavailableError("The repository is too busy: please try again.")


def _register_once(xet: XetContext, files: list[_Arrived]) -> bool:
    hub = xet.ctx.hub
    used = {run.xorb.hash for item in files for run in item.runs}
    with hub.db.write() as tx:
        repos.lock_repo(tx, xet.repo.id)
        if xorbs.use_xorbs(tx, used, now_ms()) != len(used):
            raise InternalError("A xorb is gone again: please send the shard once more.")
        linked = lfs.find_linked(tx, xet.repo.id, [item.claimed for item in files])
        new = [item for item in files if _link(tx, xet, item, linked.get(item.claimed))]
    for item in new:
        hub.unproven.put((item.file.size, item.file.hash))
    return bool(new)


def _link(tx: Transaction, xet: XetContext, item: _Arrived, linked: StoredObject | None) -> bool:
    """Lets the repository serve the file, unless it serves these bytes already; then false."""
    file, now = item.file, now_ms()
    if linked is not None:
        lfs.renew_links(tx, xet.repo.id, [item.claimed], now)
        if linked.xet_hash == file.hash:
            return False
        # A dispute that has begun since is for the next attempt of the client.
        _check_dispute(tx, xet, item, linked)
        return False
    xet_files.insert_file(tx, file, item.runs, now)
    xorbs.put_chunks(tx, item.first)
    wanted = StoredObject(new_id(), item.claimed, file.size, file.hash)
    stored = lfs.put_chunked_object(tx, wanted, now)
    lfs.link_object(tx, xet.repo.id, stored, xet.ctx.viewer.id or "", now)
    return True
