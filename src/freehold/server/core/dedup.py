"""Answers to dedup queries: where a chunk is that a client is about to send.

Only chunks that the caller has sent or may read are told. The others of the same xorb have to be
counted, because chunks are known by their numbers; each has a random hash in the answer. The hashes
that are told are hidden with a key, so that only who knows them already recognises them.
"""

from __future__ import annotations

import secrets
import time

from freehold.errors import NotFoundError
from freehold.formats.xet.hashing import HASH_SIZE, hash_from_string
from freehold.formats.xet.shard import ShardChunk, ShardXorb
from freehold.formats.xet.shard_footer import ShardFooter
from freehold.formats.xet.shard_writing import build_shard
from freehold.server.core.xet_tokens import XetContext
from freehold.server.core.xorbs import (
    KEEP_SECONDS,
    UsableChunks,
    find_usable_chunks,
    load_table,
    parse_hash,
)
from freehold.server.db import xorbs
from freehold.server.db.xorbs import ChunkPlace, Span, Xorb
from freehold.server.hub import Hub, now_ms

# Places of the same chunk that are looked at, until one is found that the caller may know.
PLACES_AT_ONCE = 64

# Xorbs in one answer: what a file of 4 GiB has, in about 3 MB.
XORBS_AT_ONCE = 64

# How long a client may rely on an answer: well below the time that an unused xorb is kept.
ANSWER_SECONDS = KEEP_SECONDS // 4


def find_chunk(xet: XetContext, chunk: str) -> ChunkPlace:
    """A place of the chunk; raises `NotFoundError` without one. That is the rule, and quick."""
    chunk_hash = parse_hash(chunk)
    with xet.ctx.hub.db.read() as tx:
        places = xorbs.find_chunk(tx, chunk_hash, PLACES_AT_ONCE)
        if not places:
            raise NotFoundError("No such chunk.")
        names = sorted({place.xorb_hash for place in places})
        usable = find_usable_chunks(tx, xet.ctx.viewer, names)
    for place in places:
        if usable.has(place.xorb_hash, Span(place.place, place.place + 1)):
            return place
    raise NotFoundError("No such chunk.")


def describe_chunk(xet: XetContext, place: ChunkPlace) -> bytes:
    """A shard that describes the xorb with this chunk, and others of the same files.

    A file that has one chunk of another has most of them as a rule, and asks for few.
    """
    hub, viewer = xet.ctx.hub, xet.ctx.viewer
    with hub.db.read() as tx:
        others = xorbs.list_neighbours(
            tx, place.xorb_hash, viewer.id or "", viewer.is_admin, XORBS_AT_ONCE
        )
        names = [place.xorb_hash, *(name for name in others if name != place.xorb_hash)]
        usable = find_usable_chunks(tx, viewer, names)
        found = xorbs.find_xorbs(tx, names)
    described = [_hide(hub, found[name], usable) for name in names if name in found]
    with hub.db.write() as tx:
        if xorbs.use_xorbs(tx, found, now_ms()) != len(names):
            raise NotFoundError("No such chunk.")
    now = int(time.time())
    footer = ShardFooter(secrets.token_bytes(HASH_SIZE), now, now + ANSWER_SECONDS)
    return b"".join(build_shard([], described, footer))


def _hide(hub: Hub, xorb: Xorb, usable: UsableChunks) -> ShardXorb:
    """The xorb, with a random hash and the length 1 for each chunk that the caller may not know."""
    table = load_table(hub, xorb)
    chunks: list[ShardChunk] = []
    offset = 0
    mask = usable.mask(xorb.hash, len(table))
    for (raw, length), is_usable in zip(table, mask, strict=True):
        known = (raw, length) if is_usable else (secrets.token_bytes(HASH_SIZE), 1)
        chunks.append(ShardChunk(known[0], offset, known[1]))
        offset += known[1]
    return ShardXorb(hash_from_string(xorb.hash), tuple(chunks), offset)
