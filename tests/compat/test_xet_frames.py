"""What the hub keeps of a chunk is read by hf-xet to the same bytes, however odd its frame is."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

from freehold.formats.xet.compression import Scheme, compress, decompress, is_portable
from freehold.formats.xet.errors import XorbError
from freehold.formats.xet.hashing import chunk_hash, xorb_hash
from freehold.formats.xet.xorb import Xorb, XorbChunk, build_header
from freehold.server.db.xorbs import find_xorb
from tests.compat import environments
from tests.compat.conftest import Client
from tests.live import LiveHub
from tests.repos import lfs_file, new_repo, sha256
from tests.xet import BuiltXorb, Store, build_file, pack_shard

FRAMES = 1500

FETCH = """
import hashlib
from huggingface_hub import hf_hub_download
from compat_script import repo, tell
with open(hf_hub_download(repo, "odd.bin"), "rb") as file:
    tell(sha256=hashlib.sha256(file.read()).hexdigest())
"""

Frame = tuple[bytes, Scheme, bytes]


def contents(source: random.Random) -> list[tuple[bytes, Scheme]]:
    floats = struct.pack("<4000f", *(source.gauss(0, 0.02) for _ in range(4000)))
    text = b" ".join(b"word%d" % source.randrange(50) for _ in range(1500))
    sparse = bytes(source.choice((0, 0, 0, 1, 2, 255)) for _ in range(5000))
    kinds = ((floats, Scheme.GROUPED_LZ4), (text, Scheme.LZ4), (sparse, Scheme.LZ4))
    return [*kinds, (text, Scheme.GROUPED_LZ4)]


def damage(frame: bytes, source: random.Random) -> bytes:
    """A few bytes of the block are others, zeros above all."""
    damaged = bytearray(frame)
    for _ in range(source.choice((1, 1, 1, 2, 3))):
        place = source.randrange(11, len(frame) - 4)
        flipped = damaged[place] ^ (1 << source.randrange(8))
        damaged[place] = source.choice((0, 0, 1, 255, source.randrange(256), flipped))
    return bytes(damaged)


def odd_frames(source: random.Random) -> Iterator[Frame]:
    """Frames that no compressor has made, that are whole all the same, and that are kept."""
    while True:
        for data, scheme in contents(source):
            frame = compress(data, scheme)
            for _ in range(60):
                odd = damage(frame, source)
                try:
                    unpacked = decompress(odd, scheme, len(data))
                except XorbError:
                    continue
                kept = is_portable(odd, scheme, unpacked.content)
                if kept and unpacked.data != data:
                    yield odd, scheme, unpacked.data


def build(frames: list[Frame]) -> BuiltXorb:
    """A xorb of these frames as they are."""
    data, rows = b"", []
    for payload, scheme, raw in frames:
        size = 8 + len(payload)
        rows.append(XorbChunk(chunk_hash(raw), len(raw), len(data), size))
        data += build_header(len(payload), scheme, len(raw)) + payload
    name = xorb_hash((row.hash, row.length) for row in rows)
    return BuiltXorb(data, Xorb(name, tuple(rows)))


def test_odd_frames_that_are_kept_are_read_by_the_client(hub: LiveHub, tmp_path: Path) -> None:
    found = odd_frames(random.Random(6))
    frames = [next(found) for _ in range(FRAMES)]
    repo = new_repo(hub, hub.user())
    store, built = Store.open(repo), build(frames)
    assert store.send_xorb(built).status_code == 200
    with hub.inside.db.read() as tx:
        stored = find_xorb(tx, built.name)
    assert stored is not None
    kept = b"".join(hub.inside.objects.read(stored.object_key, 0, stored.size))
    assert kept == built.data, "nothing was packed anew"
    whole = b"".join(raw for _, _, raw in frames)
    assert store.send_shard(pack_shard([build_file(whole, (built, 0, FRAMES))])).status_code == 200
    repo.commit(lfs_file("odd.bin", sha256(whole), len(whole)))
    client = Client(environments.VERSIONS[-1], tmp_path)
    told = client.run(FETCH, hub.url, repo.account.token, REPO=repo.full_name)
    assert told == {"sha256": sha256(whole)}
