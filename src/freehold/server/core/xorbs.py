"""Xorbs: taking them in, and the tables of their chunks.

A xorb becomes visible once every chunk was unpacked and hashed and their tree has the hash that was
announced. Only who has sent all its bytes, or can read a file with them, may make files of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from freehold.errors import BadRequestError, InternalError
from freehold.formats.xet.chunk_table import ChunkTable, table_of
from freehold.formats.xet.errors import XetFormatError
from freehold.formats.xet.hashing import hash_from_string, hash_to_string
from freehold.formats.xet.xorb import Xorb as FoundXorb
from freehold.formats.xet.xorb import XorbReader
from freehold.formats.xet.xorb_footer import footer_size
from freehold.server.core.access import Viewer
from freehold.server.core.arrivals import expect_bytes, keep_bytes
from freehold.server.db import xet_files, xorbs
from freehold.server.db.database import Transaction
from freehold.server.db.xorbs import ChunkPlace, Span, Xorb
from freehold.server.hub import Hub, new_id, now_ms
from freehold.server.objects.keys import xorb_key
from freehold.server.objects.store import ObjectWriter

# Clients remember for 21 days which chunks they need not send again, and the answers to their
# queries for a week longer; the rest is for clocks and for uploads that take their time.
KEEP_SECONDS = 31 * 24 * 3600


def parse_hash(text: str) -> str:
    """The hash string in lower case; raises `BadRequestError` unless it has 64 digits."""
    try:
        return hash_to_string(hash_from_string(text))
    except XetFormatError as error:
        raise BadRequestError(f"The path names no hash: {error}") from error


class XorbArrival:
    """A xorb on its way in; nobody can see it before `finish` returns. Always ends with `abort`.

    It is written to a key that nobody else has: the same chunks may come in another form, and those
    that are stored must not change under the files that need them.
    """

    def __init__(self, hub: Hub, sender: Viewer | None, xorb_hash: str) -> None:
        """A xorb that is stored already is only checked. Without a `sender`, nobody owns it."""
        self._hub = hub
        self._sender = sender
        self._reader = XorbReader(hash_from_string(xorb_hash))
        self._key = xorb_key(xorb_hash, new_id())
        self._writer: ObjectWriter | None = None
        with hub.db.read() as tx:
            known = xorbs.find_xorb(tx, xorb_hash)
        if known is None or not _has_object(hub, known):
            with hub.db.write() as tx:
                expect_bytes(tx, hub, self._key)
            self._writer = hub.objects.open_write(self._key)

    def take(self, block: bytes) -> None:
        """Checks and writes what has arrived; raises `BadRequestError` for what is no xorb."""
        try:
            kept = self._reader.feed(block)
        except XetFormatError as error:
            raise BadRequestError(f"Not a xorb: {error}") from error
        if self._writer is not None:
            self._writer.write(kept)

    def finish(self) -> bool:
        """Publishes the xorb; whether the sender had not sent it before.

        That says nothing about others, so nobody learns what they have. Raises `BadRequestError`
        unless it is whole and the one that was announced.
        """
        try:
            found = self._reader.close()
        except XetFormatError as error:
            raise BadRequestError(f"Not the xorb: {error}") from error
        name = hash_to_string(found.hash)
        table = None if self._writer is None else _end_object(self._writer, found)
        with self._hub.db.write() as tx:
            if table is not None:
                self._publish(tx, found, table)
            if not xorbs.use_xorbs(tx, [name], now_ms()):
                raise InternalError("The xorb is gone again: please send it once more.")
            if self._sender is None:
                return False
            return xorbs.add_sender(tx, name, self._sender.id or "", now_ms())

    def _publish(self, tx: Transaction, found: FoundXorb, table: bytes) -> None:
        count = len(found.chunks)
        row = Xorb(hash_to_string(found.hash), self._key, found.size, found.length, count)
        if self._record(tx, row, ChunkTable.parse(table)):
            keep_bytes(tx, self._hub, self._key, row.size + len(table))

    def _record(self, tx: Transaction, row: Xorb, table: ChunkTable) -> bool:
        """Whether the new object is the xorb now; else it stays marked as trash."""
        if xorbs.insert_xorb(tx, row, now_ms()):
            # The first one too: who was interrupted before their shard finds what they have sent.
            places = sorted({0, *table.shared_places()})
            xorbs.put_chunks(tx, place_chunks(row.hash, table, places))
            return True
        xorbs.use_xorbs(tx, [row.hash], now_ms())
        known = xorbs.find_xorb(tx, row.hash)
        if known is None or _has_object(self._hub, known):
            return False
        _replace(tx, row, table)
        return True

    def abort(self) -> None:
        """Forgets what was not published."""
        if self._writer is not None:
            self._writer.abort()


def _end_object(writer: ObjectWriter, found: FoundXorb) -> bytes:
    """Writes the table behind the chunks, makes all of it durable, and gives the table."""
    table = table_of(found)
    writer.write(table)
    writer.commit()
    return table


def _has_object(hub: Hub, xorb: Xorb) -> bool:
    """Whether the bytes of a xorb are where its row says; a store may have lost them."""
    return hub.objects.size(xorb.object_key) == xorb.size + footer_size(xorb.chunk_count)


def _replace(tx: Transaction, row: Xorb, table: ChunkTable) -> None:
    """Gives a xorb whose object is lost another one, and the files that need it its places."""
    xorbs.replace_xorb(tx, row)
    for run in xet_files.list_runs_of_xorb(tx, row.hash):
        places = (table.start(run.first_chunk), table.start(run.end_chunk))
        xet_files.place_run(tx, run, *places)


def place_chunks(xorb_hash: str, table: ChunkTable, places: Iterable[int]) -> list[ChunkPlace]:
    """These chunks of a xorb, as they are found by their hashes."""
    return [ChunkPlace(hash_to_string(table[place][0]), xorb_hash, place) for place in places]


def has_sent(hub: Hub, sender: Viewer, xorb_hash: str) -> bool:
    """Whether the sender has sent the xorb, and need not again; its time begins now."""
    with hub.db.read() as tx:
        sent = xorbs.list_sent(tx, [xorb_hash], sender.id or "")
        known = xorbs.find_xorb(tx, xorb_hash) if sent else None
    if known is None or not _has_object(hub, known):
        return False
    with hub.db.write() as tx:
        return xorbs.use_xorbs(tx, [xorb_hash], now_ms()) == 1


def load_table(hub: Hub, xorb: Xorb) -> ChunkTable:
    """The chunks of a stored xorb; raises `ObjectMissingError` when its bytes are lost."""
    known = hub.chunk_tables.get(xorb.object_key)
    if known is not None:
        return known
    size = footer_size(xorb.chunk_count)
    table = ChunkTable.parse(b"".join(hub.objects.read(xorb.object_key, xorb.size, size)))
    return hub.chunk_tables.put(xorb.object_key, table, table.weight)


class UsableChunks(NamedTuple):
    """What a viewer may make files of: xorbs that they have sent, and chunks they can read.

    The spans of a xorb are in order, and do not touch.
    """

    sent: set[str]
    readable: dict[str, list[Span]]

    def has(self, xorb_hash: str, wanted: Span) -> bool:
        """Whether all these chunks are among them."""
        if xorb_hash in self.sent:
            return True
        spans = self.readable.get(xorb_hash, [])
        before = bisect_right(spans, wanted.first, key=attrgetter("first"))
        return before > 0 and wanted.end <= spans[before - 1].end

    def mask(self, xorb_hash: str, count: int) -> bytearray:
        """For each of the `count` chunks of a xorb, 1 if it is among them, else 0."""
        if xorb_hash in self.sent:
            return bytearray(b"\1" * count)
        mask = bytearray(count)
        for first, end in self.readable.get(xorb_hash, ()):
            mask[first:end] = b"\1" * (end - first)
        return mask


def find_usable_chunks(tx: Transaction, viewer: Viewer, hashes: Sequence[str]) -> UsableChunks:
    """What the viewer may make files of, among the chunks of these xorbs."""
    sent = xorbs.list_sent(tx, list(hashes), viewer.id or "")
    others = [xorb_hash for xorb_hash in hashes if xorb_hash not in sent]
    readable = xorbs.list_readable_spans(tx, others, viewer.id or "", viewer.is_admin)
    return UsableChunks(sent, {name: _merge(spans) for name, spans in readable.items()})


def _merge(spans: Sequence[Span]) -> list[Span]:
    """The same chunks in spans that do not touch; both are in the order of their first chunks."""
    merged: list[Span] = []
    for span in spans:
        if merged and span.first <= merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged
