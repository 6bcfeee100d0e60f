"""The last 200 bytes of some shards: where the sections are, the key of the hashes, and times."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from freehold.formats.xet.errors import ShardError
from freehold.formats.xet.hashing import ZERO_HASH
from freehold.formats.xet.shard import RECORD_SIZE

FOOTER_SIZE: Final = 200

_FOOTER: Final = struct.Struct("<9Q32sQQ48xQQQQ")
_VERSION: Final = 1
# The bytes of a row in each of the tables for files, xorbs and chunks.
_ROWS: Final = (12, 12, 16)


class ShardFooter(NamedTuple):
    """What holds for a whole shard.

    `key` is what its chunk hashes are hidden with, 32 zero bytes for plain ones. The times are
    seconds since 1970: when the shard was made, and until when it may be used.
    """

    key: bytes = ZERO_HASH
    created: int = 0
    expires: int = 0


class Totals(NamedTuple):
    """How much a shard describes, in bytes: xorbs as stored, files, xorbs as raw bytes."""

    on_disk: int
    materialized: int
    stored: int


def build_footer(footer: ShardFooter, xorbs_at: int, end: int, totals: Totals) -> bytes:
    """The footer of a shard whose xorbs begin at `xorbs_at` and whose sections end at `end`.

    There are no tables, but all offsets are set: a published client stops at the first of them.
    """
    tables = (end, 0, end, 0, end, 0)
    times = (footer.created, footer.expires)
    return _FOOTER.pack(_VERSION, RECORD_SIZE, xorbs_at, *tables, footer.key, *times, *totals, end)


def parse_footer(shard: bytes) -> ShardFooter:
    """The footer of a whole shard; `ShardError` when it ends with none."""
    if len(shard) < 3 * RECORD_SIZE + FOOTER_SIZE:
        raise ShardError("a shard too short to have a footer")
    fields = _FOOTER.unpack(shard[-FOOTER_SIZE:])
    version, start = fields[0], fields[-1]
    if version != _VERSION:
        raise ShardError(f"a footer of the unknown version {version}")
    if start != len(shard) - FOOTER_SIZE:
        raise ShardError(f"a footer at byte {start} of a shard of {len(shard)}")
    _check_places(fields[1:9], start)
    return ShardFooter(*fields[9:12])


def _check_places(places: tuple[int, ...], end: int) -> None:
    files, xorbs, *tables = places
    if files != RECORD_SIZE or not files < xorbs < end:
        raise ShardError(f"a footer that has files at byte {files} and xorbs at {xorbs}")
    for start, count, row in zip(tables[::2], tables[1::2], _ROWS, strict=True):
        if not xorbs < start <= end or count * row > end - start:
            raise ShardError(f"a footer with a table of {count} rows at byte {start}")
