"""Xorbs: taking them in, and the tables of their chunks.

A xorb becomes visible once every chunk was unpacked and hashed and their tree has the hash that was
announced. Only who has sent all its bytes, or can read a file with them, may make files of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from freehold.errors import BadRequestError, InternalError, NotFoundError
from freehold.formats.xet.chunk_table import ChunkTable, table_of
from freehold.formats.xet.errors import XetFormatError
from freehold.formats.xet.hashing import hash_from_string, hash_to_string
from freehold.formats.xet.xorb import XorbReader
from freehold.formats.xet.xorb_footer import footer_size
from freehold.server.core.access import Viewer
from freehold.server.core.arrivals import expect_bytes, keep_bytes
from freehold.server.db import xorbs
from freehold.server.db.database import Transaction
from freehold.server.db.xorbs import ChunkPlace, Span, Xorb
from freehold.server.hub import Hub, now_ms
from freehold.server.objects.keys import xorb_key
from freehold.server.objects.store import ObjectWriter

UNUSED_AT_ONCE = 1000

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
    """A xorb on its way in; nobody can see it before `finish` returns. Always ends with `abort`."""

    def __init__(self, hub: Hub, sender: Viewer | None, xorb_hash: str) -> None:
        """A xorb that is stored already is only checked. Without a `sender`, nobody owns it."""
        self._hub = hub
        self._sender = sender
        self._key = xorb_key(xorb_hash)
        self._reader = XorbReader(hash_from_string(xorb_hash))
        self._writer: ObjectWriter | None = None
        with hub.db.write() as tx:
            is_stored = xorbs.use_xorbs(tx, [xorb_hash], now_ms()) == 1
            if not is_stored:
                expect_bytes(tx, hub, self._key, is_stored=False)
        if not is_stored:
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
        table = table_of(found)
        row = Xorb(hash_to_string(found.hash), found.size, found.length, len(found.chunks))
        if self._writer is not None:
            self._writer.write(table)
            self._writer.commit()
        with self._hub.db.write() as tx:
            self._record(tx, row, ChunkTable.parse(table))
            if self._sender is None:
                return False
            return xorbs.add_sender(tx, row.hash, self._sender.id or "", now_ms())

    def _record(self, tx: Transaction, row: Xorb, table: ChunkTable) -> None:
        if self._writer is not None:
            keep_bytes(tx, self._hub, self._key, row.size + footer_size(row.chunk_count))
            xorbs.put_xorb(tx, row, now_ms())
            # The first one too: who was interrupted before their shard finds what they have sent.
            places = sorted({0, *table.shared_places()})
            xorbs.put_chunks(tx, place_chunks(row.hash, table, places))
        elif not xorbs.use_xorbs(tx, [row.hash], now_ms()):
            raise InternalError("The xorb is gone again: please send it once more.")

    def abort(self) -> None:
        """Forgets what was not published."""
        if self._writer is not None:
            self._writer.abort()


def place_chunks(xorb_hash: str, table: ChunkTable, places: Iterable[int]) -> list[ChunkPlace]:
    """These chunks of a xorb, as they are found by their hashes."""
    return [ChunkPlace(hash_to_string(table[place][0]), xorb_hash, place) for place in places]


def has_sent(hub: Hub, sender: Viewer, xorb_hash: str) -> bool:
    """Whether the sender has sent the xorb, and need not again; its time begins now."""
    with hub.db.read() as tx:
        sent = xorbs.list_sent(tx, [xorb_hash], sender.id or "")
    if not sent:
        return False
    with hub.db.write() as tx:
        return xorbs.use_xorbs(tx, [xorb_hash], now_ms()) == 1


def load_table(hub: Hub, xorb_hash: str) -> ChunkTable:
    """The chunks of a stored xorb; raises `NotFoundError` without one."""
    known = hub.chunk_tables.get(xorb_hash)
    if known is not None:
        return known
    with hub.db.read() as tx:
        row = xorbs.find_xorb(tx, xorb_hash)
    if row is None:
        raise NotFoundError(f"There is no xorb {xorb_hash}.")
    size = footer_size(row.chunk_count)
    table = ChunkTable.parse(b"".join(hub.objects.read(xorb_key(xorb_hash), row.size, size)))
    return hub.chunk_tables.put(xorb_hash, table, table.weight)


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
