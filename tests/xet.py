"""A client of Xet in raw requests, which can also say what no honest client would."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx2

from freehold.formats.xet.chunking import split_chunks
from freehold.formats.xet.compression import Scheme
from freehold.formats.xet.hashing import file_hash, hash_to_string, range_hash
from freehold.formats.xet.shard import ShardChunk, ShardFile, ShardXorb, Term
from freehold.formats.xet.shard_writing import build_shard
from freehold.formats.xet.xorb import Xorb, XorbWriter, read_chunks
from freehold.server.core.jobs import FOREVER
from freehold.server.db.xet_files import list_unproven_files
from freehold.server.db.xorbs import find_xorb
from tests.live import Account, LiveHub
from tests.repos import Repo, lfs_file, sha256


@dataclass(frozen=True)
class BuiltXorb:
    """A xorb: its bytes, and what they are."""

    data: bytes
    xorb: Xorb

    @property
    def name(self) -> str:
        """Its hash as a string."""
        return hash_to_string(self.xorb.hash)

    def term(self, start: int = 0, end: int | None = None) -> Term:
        """A run of its chunks, with an honest proof."""
        end = len(self.xorb.chunks) if end is None else end
        run = self.xorb.chunks[start:end]
        proof = range_hash(chunk.hash for chunk in run)
        return Term(self.xorb.hash, start, end, sum(chunk.length for chunk in run), proof)

    def describe(self) -> ShardXorb:
        """As a shard describes it."""
        offset, rows = 0, []
        for chunk in self.xorb.chunks:
            rows.append(ShardChunk(chunk.hash, offset, chunk.length))
            offset += chunk.length
        return ShardXorb(self.xorb.hash, tuple(rows), offset)


def build_xorb(*chunks: bytes, scheme: Scheme | None = Scheme.NONE) -> BuiltXorb:
    """A xorb of these chunks."""
    writer = XorbWriter(scheme)
    data = b"".join([writer.add(chunk) for chunk in chunks])
    return BuiltXorb(data, writer.finish())


def build_file(data: bytes, *runs: tuple[BuiltXorb, int, int], sha: str | None = None) -> ShardFile:
    """A file of these runs as a shard lists it, with the sha256 of `data` unless one is given."""
    nodes = [
        (chunk.hash, chunk.length)
        for built, start, end in runs
        for chunk in built.xorb.chunks[start:end]
    ]
    terms = tuple(built.term(start, end) for built, start, end in runs)
    return ShardFile(file_hash(nodes), terms, bytes.fromhex(sha or sha256(data)))


def pack_shard(files: Sequence[ShardFile], xorbs: Sequence[BuiltXorb] = ()) -> bytes:
    """A shard as newer clients send it."""
    return b"".join(build_shard(files, [built.describe() for built in xorbs]))


@dataclass(frozen=True)
class Store:
    """The content-addressed store of a hub, as a token for one repository sees it."""

    repo: Repo
    purpose: str = "write"
    token: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, repo: Repo, purpose: str = "write", account: Account | None = None) -> Store:
        """With a token that `account` asks for, the repository's own one unless given."""
        who = repo if account is None else replace(repo, account=account)
        answer = who.get(f"/xet-{purpose}-token/main")
        assert answer.status_code == 200, answer.text
        return cls(who, purpose, answer.json())

    @property
    def base(self) -> str:
        """The path of the store."""
        return urlsplit(self.token["casUrl"]).path

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request to a path below that of the store."""
        text = self.token["accessToken"]
        return self.repo.hub.call(method, self.base + path, token=text, **options)

    # Sending

    def send_xorb(self, built: BuiltXorb, data: bytes | None = None) -> httpx2.Response:
        """Send a xorb, or other bytes in its name."""
        content = built.data if data is None else data
        return self.call("POST", f"/v1/xorbs/default/{built.name}", content=content)

    def send_shard(self, shard: bytes) -> httpx2.Response:
        """Send a shard."""
        return self.call("POST", "/v1/shards", content=shard)

    def send_shard_v2(self, shard: bytes) -> dict[str, Any]:
        """Send a shard and return the last event."""
        answer = self.call("POST", "/v2/shards", content=shard)
        assert answer.status_code == 200, answer.text
        events = [json.loads(line) for line in answer.text.splitlines()]
        last: dict[str, Any] = events[-1]
        return last

    def upload(self, data: bytes, sha: str | None = None) -> BuiltXorb:
        """Send a file as one xorb and register it, perhaps under a sha256 that is not its own."""
        built = build_xorb(*split_chunks([data]))
        assert self.send_xorb(built).status_code == 200
        file = build_file(data, (built, 0, len(built.xorb.chunks)), sha=sha)
        answer = self.send_shard(pack_shard([file], [built]))
        assert answer.status_code == 200, answer.text
        return built

    def commit(self, path: str, data: bytes) -> BuiltXorb:
        """Send a file as one xorb and commit it."""
        built = self.upload(data)
        self.repo.commit(lfs_file(path, sha256(data), len(data)))
        return built

    # Fetching

    def reconstruct(
        self, name: str, wanted: str | None = None, version: int = 1
    ) -> httpx2.Response:
        """Ask what the file of that hash consists of."""
        headers = {} if wanted is None else {"range": wanted}
        return self.call("GET", f"/v{version}/reconstructions/{name}", headers=headers)

    def fetch(self, name: str, wanted: str | None = None) -> bytes:
        """The bytes of a file, put together as a client does it by version 1."""
        answer = self.reconstruct(name, wanted)
        assert answer.status_code == 200, answer.text
        plan = answer.json()
        data = b"".join(self._fetch_terms(plan))[plan["offset_into_first_range"] :]
        if wanted is None:
            return data
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        return data[: int(last) - int(first) + 1]

    def _fetch_terms(self, plan: dict[str, Any]) -> Iterator[bytes]:
        for term in plan["terms"]:
            span = term["range"]
            [info] = [
                info
                for info in plan["fetch_info"][term["hash"]]
                if info["range"]["start"] <= span["start"] and span["end"] <= info["range"]["end"]
            ]
            wanted = f"bytes={info['url_range']['start']}-{info['url_range']['end']}"
            answer = self.repo.hub.call("GET", info["url"], headers={"range": wanted})
            assert answer.status_code == 206, answer.text
            chunks = list(read_chunks([answer.content]))
            run = chunks[span["start"] - info["range"]["start"] :][: span["end"] - span["start"]]
            assert sum(map(len, run)) == term["unpacked_length"]
            yield from run


def object_of(hub: LiveHub, built: BuiltXorb) -> str | None:
    """The key under which the hub has the xorb, None while it has none."""
    with hub.inside.db.read() as tx:
        found = find_xorb(tx, built.name)
    if found is None or hub.inside.objects.size(found.object_key) is None:
        return None
    return found.object_key


def wait_for_proofs(hub: LiveHub) -> None:
    """Return when the hub has proven the sha256 of every file."""
    deadline = time.monotonic() + 60
    while True:
        with hub.inside.db.read() as tx:
            if not list_unproven_files(tx, FOREVER, 1):
                return
        assert time.monotonic() < deadline, "a file was not proven"
        time.sleep(0.01)


def damage(hub: LiveHub, built: BuiltXorb, place: int = 1000) -> None:
    """Flip a bit of a stored xorb."""
    key = object_of(hub, built)
    assert key is not None
    path = hub.inside.objects.local_path(key)
    assert path is not None
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def name_of(data: bytes, *xorbs: BuiltXorb) -> str:
    """The hash string of a file that consists of all chunks of these xorbs, or is cut anew."""
    if not xorbs:
        xorbs = (build_xorb(*split_chunks([data])),)
    file = build_file(data, *((built, 0, len(built.xorb.chunks)) for built in xorbs))
    return hash_to_string(file.hash)
