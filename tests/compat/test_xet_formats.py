"""Chunks, hashes, xorbs and shards are those of hf_xet, in both directions and byte for byte."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from pathlib import Path
from typing import Any

import pytest

from freehold.formats.xet.chunking import split_chunks
from freehold.formats.xet.compression import Scheme
from freehold.formats.xet.hashing import (
    Node,
    chunk_hash,
    file_hash,
    hash_from_string,
    hash_to_string,
)
from freehold.formats.xet.shard import check_file, check_xorb, read_shard
from freehold.formats.xet.shard_footer import parse_footer
from freehold.formats.xet.shard_writing import build_shard
from freehold.formats.xet.xorb import Xorb, XorbReader, XorbWriter, read_chunks
from freehold.formats.xet.xorb_footer import build_footer
from tests.compat import environments
from tests.compat.conftest import Client

NOWHERE = "http://127.0.0.1:9"

HASH = """
import hf_xet, json, sys
from pathlib import Path
paths = sorted(str(path) for path in Path("files").iterdir())
print(json.dumps({Path(p).name: r.hash for p, r in zip(paths, hf_xet.hash_files(paths))}))
"""

# The client can keep what it would upload in a folder.
UPLOAD = """
import hf_xet, json
from pathlib import Path
store = Path("store").resolve()
store.mkdir()
with hf_xet.XetSession().new_upload_commit(endpoint=f"local://{store}") as commit:
    for path in sorted(Path("files").iterdir()):
        commit.start_upload_file(str(path))
print("null")
"""

DOWNLOAD = """
import hf_xet, json, os
from pathlib import Path
wanted = json.loads(os.environ["WANTED"])
store = Path("store").resolve()
with hf_xet.XetSession().new_file_download_group(endpoint=f"local://{store}") as group:
    for name, (text, size) in wanted.items():
        info = hf_xet.XetFileInfo(text, size)
        group.start_download_file(info, str(Path("fetched", name).resolve()))
print("null")
"""


@pytest.fixture
def hf_xet(tmp_path: Path) -> Client:
    """The newest client, with the files of `contents` in its home."""
    (tmp_path / "files").mkdir()
    for name, data in contents().items():
        (tmp_path / "files" / name).write_bytes(data)
    return Client(environments.VERSIONS[-1], tmp_path)


def contents() -> dict[str, bytes]:
    """Files of all kinds: text, numbers, noise, runs, repetitions, and sizes at the limits."""
    source = random.Random(7)
    text = b" ".join(b"%d bottles" % source.randrange(1000) for _ in range(40_000))
    numbers = struct.pack("<100000f", *(source.gauss(0, 1) for _ in range(100_000)))
    noise = source.randbytes(700_000)
    sizes = {f"size-{size}": noise[:size] for size in (1, 63, 64, 8191, 8192, 8193, 131072)}
    return {
        "text": text,
        "numbers": numbers,
        "noise": noise,
        "zeros": bytes(500_000),
        "again": text[:200_000] + noise,
        **sizes,
    }


def nodes_of(data: bytes) -> list[Node]:
    return [(chunk_hash(chunk), len(chunk)) for chunk in split_chunks([data])]


def stored(home: Path, kind: str) -> list[Path]:
    found = sorted(home.glob(f"store/**/{kind}"))
    assert found
    return found


def read_xorbs(home: Path) -> dict[Path, Xorb]:
    """Every xorb of the store, checked against the name of its file."""
    xorbs = {}
    for path in stored(home, "default.*"):
        if path.suffix != ".tagset":
            reader = XorbReader(hash_from_string(path.name.removeprefix("default.")))
            reader.feed(path.read_bytes())
            xorbs[path] = reader.close()
    return xorbs


def test_every_file_has_the_hash_that_the_client_gives_it(hf_xet: Client) -> None:
    hashes: dict[str, Any] = hf_xet.run(HASH, NOWHERE)
    assert hashes == {
        name: hash_to_string(file_hash(nodes_of(data))) for name, data in contents().items()
    }


def test_what_the_client_stores_is_read_and_checked(hf_xet: Client) -> None:
    """Xorbs with their footers, and shards with and without tables behind them."""
    hf_xet.run(UPLOAD, NOWHERE)
    xorbs = {xorb.hash: xorb.nodes for xorb in read_xorbs(hf_xet.home).values()}
    expected = {
        (file_hash(nodes_of(data)), hashlib.sha256(data).digest()) for data in contents().values()
    }
    for path in stored(hf_xet.home, "*.mdb"):
        files, described = read_shard(path.read_bytes())
        assert {(file.hash, file.sha256) for file in files} == expected
        for file in files:
            check_file(file, xorbs.get)
        for xorb in described:
            check_xorb(xorb, xorbs[xorb.hash])


def test_a_shard_is_written_as_the_client_writes_it(hf_xet: Client) -> None:
    """The one that was sent, which has no tables."""
    hf_xet.run(UPLOAD, NOWHERE)
    for path in stored(hf_xet.home, "shards/*.mdb"):
        data = path.read_bytes()
        assert b"".join(build_shard(*read_shard(data), parse_footer(data))) == data


@pytest.mark.parametrize("scheme", Scheme)
def test_the_client_reads_what_is_packed_here(hf_xet: Client, scheme: Scheme) -> None:
    """The same chunks take the place of those that the client packed itself."""
    hf_xet.run(UPLOAD, NOWHERE)
    for path, xorb in read_xorbs(hf_xet.home).items():
        chunks = list(read_chunks([path.read_bytes()[: stored_size(path, xorb)]]))
        writer = XorbWriter(scheme)
        packed = b"".join([writer.add(chunk) for chunk in chunks])
        rows = [(chunk.hash, chunk.length, chunk.size) for chunk in writer.finish().chunks]
        path.chmod(0o644)
        path.write_bytes(packed + build_footer(xorb.hash, rows))
    (hf_xet.home / "fetched").mkdir()
    hf_xet.run(DOWNLOAD, NOWHERE, WANTED=wanted())
    for name, data in contents().items():
        assert (hf_xet.home / "fetched" / name).read_bytes() == data


def stored_size(path: Path, xorb: Xorb) -> int:
    """The bytes of the chunks as the client packed them: all but the footer."""
    return path.stat().st_size - (96 + 40 * len(xorb.chunks))


def wanted() -> str:
    """The hash and the size of each file, as the script takes them."""
    return json.dumps(
        {
            name: (hash_to_string(file_hash(nodes_of(data))), len(data))
            for name, data in contents().items()
        }
    )
