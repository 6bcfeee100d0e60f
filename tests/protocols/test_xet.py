"""The store of Xet, call by call: what it takes, what it gives, and what it refuses."""

from __future__ import annotations

import secrets
import time
from urllib.parse import urlsplit

import pytest

from freehold.formats.xet.chunking import split_chunks
from freehold.formats.xet.compression import Scheme
from freehold.formats.xet.hashing import (
    ZERO_HASH,
    hash_to_string,
    keyed_chunk_hash,
)
from freehold.formats.xet.shard import ShardFile, read_shard
from freehold.formats.xet.shard_footer import parse_footer
from freehold.formats.xet.xorb import MAX_UPLOAD
from freehold.formats.xet.xorb_footer import build_footer
from tests.live import Account, LiveHub
from tests.repos import Repo, lfs_file, new_repo, sha256
from tests.xet import Store, build_file, build_xorb, name_of, object_of, pack_shard

SIZE = 400_000


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice)


@pytest.fixture
def store(repo: Repo) -> Store:
    return Store.open(repo)


def some_chunks(count: int = 5, size: int = 3000) -> list[bytes]:
    return [secrets.token_bytes(size) for _ in range(count)]


# Tokens


def test_xet_read_token_is_told_in_the_body_and_in_headers(repo: Repo) -> None:
    answer = repo.get("/xet-read-token/main")
    told = answer.json()
    assert told.keys() == {"accessToken", "exp", "casUrl"}
    assert told["exp"] - time.time() > 900
    assert told["casUrl"].startswith(f"{repo.hub.url}/xet/") and not told["casUrl"].endswith("/")
    headers = {name: answer.headers[f"x-xet-{name}"] for name in ("cas-url", "access-token")}
    assert headers == {"cas-url": told["casUrl"], "access-token": told["accessToken"]}
    assert answer.headers["x-xet-token-expiration"] == str(told["exp"])


def test_xet_write_token_is_given_for_any_revision(repo: Repo) -> None:
    for revision in ("main", "None", "refs%2Fpr%2F1", "a" * 40):
        assert repo.get(f"/xet-write-token/{revision}").status_code == 200


def test_the_address_of_the_store_is_the_same_for_one_user_and_for_nobody_else(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    """Clients remember by it what they need not send."""
    repos = [new_repo(hub, alice), new_repo(hub, alice), new_repo(hub, bob)]
    first, second, other = (Store.open(repo).token["casUrl"] for repo in repos)
    assert first == second != other
    assert Store.open(repos[0], "read").token["casUrl"] == first
    assert Store.open(repos[0], "read", bob).token["casUrl"] == other


@pytest.mark.parametrize("text", ["", "x", "a.b.c.d.e", "read.1.2.3"])
def test_what_is_no_token_is_refused_with_401(store: Store, text: str) -> None:
    answer = store.repo.hub.call("GET", f"{store.base}/v1/reconstructions/{'0' * 64}", token=text)
    assert answer.status_code == 401


def test_a_token_that_was_altered_is_refused(store: Store) -> None:
    parts = store.token["accessToken"].split(".")
    for place, text in ((0, "read"), (1, "0" * 24), (2, "-"), (3, "9999999999"), (4, "0" * 64)):
        forged = ".".join([*parts[:place], text, *parts[place + 1 :]])
        path = f"{store.base}/v1/chunks/default/{'0' * 64}"
        assert store.repo.hub.call("GET", path, token=forged).status_code == 401, text


def test_a_token_for_reading_sends_nothing(repo: Repo) -> None:
    reader = Store.open(repo, "read")
    built = build_xorb(*some_chunks())
    assert reader.send_xorb(built).status_code == 403
    assert reader.send_shard(pack_shard([])).status_code == 403
    assert reader.call("GET", f"/v1/chunks/default/{built.name}").status_code == 403


def test_a_right_that_ended_ends_the_token(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice, members={bob.name: "write"})
    repo = new_repo(hub, alice, namespace=org, private=True)
    data = secrets.token_bytes(SIZE)
    Store.open(repo).commit("a.bin", data)
    store = Store.open(repo, "write", bob)
    assert store.fetch(name_of(data)) == data
    with hub.inside.db.write() as tx:
        tx.run(
            "DELETE FROM org_member WHERE user_id = (SELECT id FROM account WHERE name = :name)",
            name=bob.name,
        )
    assert store.reconstruct(name_of(data)).status_code == 404
    assert store.send_xorb(build_xorb(*some_chunks())).status_code == 404


# Xorbs


@pytest.mark.parametrize(
    "path", ["/v1/xorbs/default/", "/xorbs/default/", "/xorb/default-merkledb/"]
)
def test_upload_xorb_at_each_of_its_paths(store: Store, path: str) -> None:
    built = build_xorb(*some_chunks())
    first = store.call("POST", path + built.name, content=built.data)
    again = store.call("POST", path + built.name.upper(), content=built.data)
    assert (first.status_code, first.json()) == (200, {"was_inserted": True})
    assert (again.status_code, again.json()) == (200, {"was_inserted": False})


@pytest.mark.parametrize("scheme", Scheme)
def test_upload_xorb_of_each_kind_of_compression(store: Store, scheme: Scheme) -> None:
    data = b"".join(b"%08d" % number for number in range(50_000))
    built = build_xorb(*split_chunks([data]), scheme=scheme)
    assert store.send_xorb(built).status_code == 200
    file = build_file(data, (built, 0, len(built.xorb.chunks)))
    assert store.send_shard(pack_shard([file])).json() == {"result": 1}
    assert store.fetch(name_of(data, built)) == data


def test_upload_xorb_with_the_footer_of_old_clients(store: Store) -> None:
    built = build_xorb(*some_chunks())
    rows = [(chunk.hash, chunk.length, chunk.size) for chunk in built.xorb.chunks]
    data = built.data + build_footer(built.xorb.hash, rows)
    assert store.send_xorb(built, data).status_code == 200


DAMAGES = {
    "nothing": lambda data: b"",
    "one byte short": lambda data: data[:-1],
    "one byte long": lambda data: data + b"\0",
    "a flipped bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "a chunk short": lambda data: data[: -(3000 + 8)],
    "another version": lambda data: b"\1" + data[1:],
    "another compression": lambda data: data[:4] + b"\7" + data[5:],
    "a page": lambda data: b"<html></html>",
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_xorb_is_refused_and_leaves_nothing(store: Store, name: str) -> None:
    built = build_xorb(*some_chunks())
    answer = store.send_xorb(built, DAMAGES[name](built.data))
    assert answer.status_code == 400
    assert object_of(store.repo.hub, built) is None
    assert store.send_xorb(built).json() == {"was_inserted": True}


def test_a_xorb_over_the_limit_is_refused_before_it_is_read(store: Store) -> None:
    built = build_xorb(*some_chunks())
    assert store.send_xorb(built, bytes(MAX_UPLOAD + 1)).status_code == 413


def test_a_full_xorb_is_more_than_64_mib_of_body(store: Store) -> None:
    piece = secrets.token_bytes(131072)
    built = build_xorb(*[piece[place:] + piece[:place] for place in range(512)])
    assert len(built.data) > 64 * 1024 * 1024
    assert store.send_xorb(built).status_code == 200


def test_a_path_without_a_hash_is_refused(store: Store) -> None:
    for name in ("x", "0" * 63, "g" * 64):
        for method, path in (
            ("POST", f"/v1/xorbs/default/{name}"),
            ("GET", f"/v1/chunks/default/{name}"),
            ("GET", f"/v2/reconstructions/{name}"),
        ):
            assert store.call(method, path, content=None).status_code == 400


def test_request_xorb_grant_says_only_what_the_caller_has_sent(
    store: Store, hub: LiveHub, bob: Account
) -> None:
    built = build_xorb(*some_chunks())
    path = f"/v1/xorb-grants/default/{built.name}"
    body = {"length": len(built.data), "checksum": {"algo": "crc64nvme", "value": "1"}}
    assert store.call("POST", path, json=body).status_code == 404
    assert store.send_xorb(built).status_code == 200
    assert store.call("POST", path, json=body).status_code == 200
    other = Store.open(new_repo(hub, bob))
    assert other.call("POST", path, json=body).status_code == 404


# Shards


@pytest.mark.parametrize("path", ["/v1/shards", "/shards", f"/shard/default/{'0' * 64}"])
def test_upload_shard_at_each_of_its_paths(store: Store, path: str) -> None:
    chunks = some_chunks()
    built = build_xorb(*chunks)
    assert store.send_xorb(built).status_code == 200
    shard = pack_shard([build_file(b"".join(chunks), (built, 0, 5))], [built])
    answers = [store.call("POST", path, content=shard) for _ in range(2)]
    assert [(a.status_code, a.json()) for a in answers] == [
        (200, {"result": 1}),
        (200, {"result": 0}),
    ]


def test_put_shard_is_what_the_oldest_documents_say(store: Store) -> None:
    answer = store.call("PUT", f"/shard/default/{'0' * 64}", content=pack_shard([]))
    assert (answer.status_code, answer.json()) == (200, {"result": 0})


def test_a_shard_beyond_its_limits_is_refused(store: Store) -> None:
    """Whatever little it takes to say much."""
    built = build_xorb(b"x", b"y")
    assert store.send_xorb(built).status_code == 200
    file = build_file(b"xy", (built, 0, 2))
    claims = [file._replace(sha256=secrets.token_bytes(32)) for _ in range(2)]
    assert "two sha256" in store.send_shard(pack_shard(claims)).json()["error"]
    short = build_file(b"x", *[(built, 0, 1)] * 2000)
    assert "too short" in store.send_shard(pack_shard([short])).json()["error"]
    long = file._replace(terms=(build_xorb(bytes(131072)).term(),) * 250_001)
    assert "250000 terms" in store.send_shard(pack_shard([long])).json()["error"]
    assert store.send_shard(pack_shard([file, file])).json() == {"result": 1}, "twice is once"


def test_runs_that_follow_one_another_are_fetched_as_one(store: Store) -> None:
    chunks = some_chunks(6)
    built = build_xorb(*chunks)
    assert store.send_xorb(built).status_code == 200
    file = build_file(b"".join(chunks), *((built, place, place + 1) for place in range(6)))
    assert store.send_shard(pack_shard([file])).status_code == 200
    [term] = store.reconstruct(hash_to_string(file.hash)).json()["terms"]
    assert term["range"] == {"start": 0, "end": 6}
    assert store.fetch(hash_to_string(file.hash)) == b"".join(chunks)


def test_upload_shard_v2_tells_its_end_in_a_line(store: Store) -> None:
    data = secrets.token_bytes(SIZE)
    built = build_xorb(*split_chunks([data]))
    assert store.send_xorb(built).status_code == 200
    shard = pack_shard([build_file(data, (built, 0, len(built.xorb.chunks)))], [built])
    assert store.send_shard_v2(shard) == {"type": "result", "result": 1}
    assert store.send_shard_v2(shard) == {"type": "result", "result": 0}


def test_upload_shard_v2_tells_why_it_was_refused(store: Store) -> None:
    built = build_xorb(*some_chunks())
    event = store.send_shard_v2(pack_shard([build_file(b"", (built, 0, 5))]))
    assert (event["type"], event["retryable"]) == ("error", False)
    assert "HF_XET_CACHE" in event["message"]


def test_a_shard_that_is_not_true_is_refused(store: Store) -> None:
    built, other = build_xorb(*some_chunks()), build_xorb(*some_chunks())
    assert store.send_xorb(built).status_code == 200
    honest = build_file(b"x", (built, 1, 4))
    [term] = honest.terms
    lies = {
        "another file hash": honest._replace(hash=secrets.token_bytes(32)),
        "another proof": with_term(honest, proof=secrets.token_bytes(32)),
        "another length": with_term(honest, length=term.length + 1),
        "more chunks": with_term(honest, end=6),
        "another xorb": with_term(honest, xorb=other.xorb.hash),
        "no sha256": honest._replace(sha256=None),
        "no chunks": honest._replace(terms=()),
    }
    for lie, file in lies.items():
        answer = store.send_shard(pack_shard([honest, file], [built]))
        assert answer.status_code == 400, lie
    assert store.reconstruct(hash_to_string(honest.hash)).status_code == 404, "all or none"
    assert store.send_shard(pack_shard([honest], [other])).status_code == 400
    assert store.send_shard(pack_shard([honest], [built])).status_code == 200


def with_term(file: ShardFile, **changes: object) -> ShardFile:
    [term] = file.terms
    return file._replace(terms=(term._replace(**changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", [0, 10, 48, 96, 150, -48, -1])
def test_a_shard_that_was_cut_is_refused(store: Store, cut: int) -> None:
    built = build_xorb(*some_chunks())
    assert store.send_xorb(built).status_code == 200
    shard = pack_shard([build_file(b"x", (built, 0, 5))], [built])
    assert store.send_shard(shard[:cut]).status_code == 400


def test_an_empty_file_is_registered_under_the_sha256_of_nothing(store: Store) -> None:
    """Clients say that its sha256 is zero."""
    file = ShardFile(ZERO_HASH, (), bytes(32))
    assert store.send_shard(pack_shard([file])).status_code == 200
    store.repo.commit(lfs_file("empty.bin", sha256(b""), 0))
    assert store.repo.resolve("empty.bin").content == b""
    assert store.reconstruct("0" * 64).json()["terms"] == []


def test_an_empty_shard_registers_nothing(store: Store) -> None:
    assert store.send_shard(pack_shard([])).json() == {"result": 0}


# Dedup queries


@pytest.mark.parametrize("path", ["/v1/chunks/default/", "/chunks/default/", "/chunk/default/"])
def test_find_chunk_describes_the_xorb_of_a_first_chunk(store: Store, path: str) -> None:
    data = secrets.token_bytes(SIZE)
    built = store.upload(data)
    chunks = built.xorb.chunks
    answer = store.call("GET", path + hash_to_string(chunks[0].hash))
    assert answer.status_code == 200
    key = parse_footer(answer.content).key
    assert key != ZERO_HASH
    files, [described] = read_shard(answer.content)
    assert files == []
    assert described.hash == built.xorb.hash
    assert [c.hash for c in described.chunks] == [keyed_chunk_hash(key, c.hash) for c in chunks]
    assert [c.length for c in described.chunks] == [c.length for c in chunks]
    assert hash_to_string(chunks[0].hash) not in answer.text
    unknown = store.call("GET", path + "0" * 64)
    assert unknown.status_code == 404


def test_a_dedup_answer_describes_the_other_xorbs_of_the_file(store: Store) -> None:
    """So a machine that knows nothing of the file sends nothing of it again."""
    chunks = some_chunks(7)
    first, second = build_xorb(*chunks[:3]), build_xorb(*chunks[3:])
    for built in (first, second):
        assert store.send_xorb(built).status_code == 200
    file = build_file(b"".join(chunks), (first, 0, 3), (second, 0, 4))
    assert store.send_shard(pack_shard([file])).status_code == 200
    name = hash_to_string(first.xorb.chunks[0].hash)
    answer = store.call("GET", f"/v1/chunks/default/{name}")
    key = parse_footer(answer.content).key
    _, described = read_shard(answer.content)
    assert [xorb.hash for xorb in described] == [first.xorb.hash, second.xorb.hash]
    hashes = [chunk.hash for chunk in described[1].chunks]
    assert hashes == [keyed_chunk_hash(key, chunk.hash) for chunk in second.xorb.chunks]


# Reconstructions and fetching


@pytest.mark.parametrize("path", ["/v1/reconstructions/", "/reconstructions/", "/reconstruction/"])
def test_reconstruct_file_at_each_of_its_paths(store: Store, path: str) -> None:
    data = secrets.token_bytes(SIZE)
    built = store.upload(data)
    plan = store.call("GET", path + name_of(data)).json()
    assert plan["offset_into_first_range"] == 0
    [term] = plan["terms"]
    count = len(built.xorb.chunks)
    assert term == {
        "hash": built.name,
        "unpacked_length": SIZE,
        "range": {"start": 0, "end": count},
    }
    [info] = plan["fetch_info"][built.name]
    assert info["range"] == {"start": 0, "end": count}
    assert info["url_range"] == {"start": 0, "end": len(built.data) - 1}


def test_reconstruct_file_v2_names_the_same_places(store: Store) -> None:
    data = secrets.token_bytes(SIZE)
    built = store.upload(data)
    first = store.reconstruct(name_of(data), "bytes=100000-250000").json()
    second = store.reconstruct(name_of(data), "bytes=100000-250000", version=2).json()
    assert second["terms"] == first["terms"]
    assert second["offset_into_first_range"] == first["offset_into_first_range"]
    [info], [fetch] = first["fetch_info"][built.name], second["xorbs"][built.name]
    assert fetch["ranges"] == [{"chunks": info["range"], "bytes": info["url_range"]}]


def test_a_range_of_a_file_needs_only_its_chunks(store: Store) -> None:
    data = secrets.token_bytes(SIZE)
    store.upload(data)
    name = name_of(data)
    whole = store.reconstruct(name).json()["terms"][0]["range"]["end"]
    for first, last in ((0, 0), (0, 9), (SIZE - 1, SIZE - 1), (SIZE // 2, SIZE // 2 + 70_000)):
        wanted = f"bytes={first}-{last}"
        assert store.fetch(name, wanted) == data[first : last + 1]
        [term] = store.reconstruct(name, wanted).json()["terms"]
        assert term["range"]["end"] - term["range"]["start"] < whole
    assert store.fetch(name, f"bytes=1000-{SIZE + 10**9}") == data[1000:]


def test_a_range_behind_the_end_is_416(store: Store) -> None:
    data = secrets.token_bytes(SIZE)
    store.upload(data)
    for version in (1, 2):
        answer = store.reconstruct(name_of(data), f"bytes={SIZE}-{SIZE + 5}", version)
        assert answer.status_code == 416
    assert store.reconstruct("1" * 64).status_code == 404


def test_a_file_of_many_runs_is_put_together_in_order(store: Store) -> None:
    """Runs that overlap or follow one another are fetched together, and each range once."""
    chunks = some_chunks(12)
    first, second = build_xorb(*chunks[:8]), build_xorb(*chunks[8:])
    for built in (first, second):
        assert store.send_xorb(built).status_code == 200
    spans = ((0, 3), (9, 12), (2, 5), (7, 8), (8, 9), (0, 1))
    data = b"".join(b"".join(chunks[a:b]) for a, b in spans)
    runs = [(first, a, b) if b <= 8 else (second, a - 8, b - 8) for a, b in spans]
    file = build_file(data, *runs)
    assert store.send_shard(pack_shard([file], [first, second])).status_code == 200
    store.repo.commit(lfs_file("runs.bin", sha256(data), len(data)))
    name = hash_to_string(file.hash)
    plan = store.reconstruct(name).json()
    fetched = [info["range"] for info in plan["fetch_info"][first.name]]
    assert fetched == [{"start": 0, "end": 5}, {"start": 7, "end": 8}]
    urls = [info["url"] for infos in plan["fetch_info"].values() for info in infos]
    assert len(set(urls)) == len(urls) == 3
    assert store.fetch(name) == data
    for first_byte in range(0, len(data), 1777):
        last = min(first_byte + 5000, len(data) - 1)
        wanted = f"bytes={first_byte}-{last}"
        assert store.fetch(name, wanted) == data[first_byte : last + 1]
        answer = store.repo.resolve("runs.bin", headers={"range": wanted})
        assert answer.status_code == 206
        assert answer.content == data[first_byte : last + 1]


def test_fetch_xorb_gives_the_signed_range_and_no_other(store: Store) -> None:
    data = secrets.token_bytes(SIZE)
    built = store.upload(data)
    plan = store.reconstruct(name_of(data), "bytes=200000-250000").json()
    [info] = plan["fetch_info"][built.name]
    url, start, end = info["url"], info["url_range"]["start"], info["url_range"]["end"]
    assert 0 < start < end < len(built.data) - 1
    call = store.repo.hub.call
    answer = call("GET", url, headers={"range": f"bytes={start}-{end}"})
    assert (answer.status_code, answer.content) == (206, built.data[start : end + 1])
    inner = call("GET", url, headers={"range": f"bytes={start + 5}-{start + 9}"})
    assert inner.content == built.data[start + 5 : start + 10]
    assert call("GET", url).content == built.data[start : end + 1], "not the whole xorb"
    for first, last in ((start - 1, end), (0, 10), (start, end + 1000), (end + 1, end + 2)):
        other = call("GET", url, headers={"range": f"bytes={first}-{last}"})
        assert other.status_code == 403


def test_an_altered_fetch_url_is_refused_with_403(store: Store) -> None:
    """That is what clients take for one that has expired."""
    data = secrets.token_bytes(SIZE)
    built = store.upload(data)
    [info] = store.reconstruct(name_of(data)).json()["fetch_info"][built.name]
    parts = urlsplit(info["url"])
    call = store.repo.hub.call
    for name in ("form", "start", "end", "exp", "sig"):
        altered = f"{parts.path}?{parts.query.replace(f'{name}=', f'{name}=1')}"
        assert call("GET", altered).status_code == 403, name
    assert call("GET", parts.path).status_code == 403
    other = build_xorb(*some_chunks())
    assert call("GET", f"/xet/xorbs/{other.name}?{parts.query}").status_code == 403


# The files, for everybody else


def test_xet_telemetry_is_taken_at_once(hub: LiveHub) -> None:
    assert hub.call("POST", "/v1/telemetry", json={"event": "x"}).status_code == 200
    assert hub.call("POST", "/v1/telemetry", content=bytes(2 << 20)).status_code == 413


def test_a_file_of_chunks_is_a_plain_file_to_everybody_else(store: Store) -> None:
    data = secrets.token_bytes(3_000_000)
    store.commit("w.bin", data)
    repo = store.repo
    answer = repo.resolve("w.bin")
    assert answer.content == data
    assert answer.headers["etag"] == f'"{sha256(data)}"'
    for first, last in ((0, 0), (2_999_999, 2_999_999), (1_234_567, 2_345_678)):
        part = repo.resolve("w.bin", headers={"range": f"bytes={first}-{last}"})
        assert (part.status_code, part.content) == (206, data[first : last + 1])
        assert part.headers["content-range"] == f"bytes {first}-{last}/3000000"
    assert repo.resolve("w.bin", headers={"range": "bytes=3000000-"}).status_code == 416
    [item] = repo.batch("download", (sha256(data), len(data))).json()["objects"]
    assert repo.hub.call("GET", item["actions"]["download"]["href"]).content == data
    small = repo.post("/download/main", json={"paths": ["w.bin"]})
    assert b"TooLarge" in small.content


def test_headers_and_listings_name_a_file_of_chunks(store: Store) -> None:
    data = secrets.token_bytes(SIZE)
    store.commit("w.bin", data)
    repo, name = store.repo, name_of(data)
    head = repo.resolve("w.bin", method="HEAD")
    assert head.status_code == 200
    assert head.headers["x-xet-hash"] == name
    assert head.headers["x-linked-size"] == str(SIZE)
    auth, chunks = head.headers["link"].split(", ")
    commit = head.headers["x-repo-commit"]
    assert auth == f'<{repo.hub.url}{repo.api}/xet-read-token/{commit}>; rel="xet-auth"'
    url = f"{store.token['casUrl']}/v1/reconstructions/{name}"
    assert chunks == f'<{url}>; rel="xet-reconstruction-info"'
    [entry] = [e for e in repo.get("/tree/main").json() if e["path"] == "w.bin"]
    assert entry["xetHash"] == name
    assert repo.post("/paths-info/main", json={"paths": ["w.bin"]}).json()[0]["xetHash"] == name


def test_a_plain_large_file_has_no_hash_of_chunks(repo: Repo) -> None:
    repo.commit_lfs("plain.bin", b"\0weights" * 1000)
    assert "x-xet-hash" not in repo.resolve("plain.bin").headers
    [entry] = [e for e in repo.get("/tree/main").json() if e["path"] == "plain.bin"]
    assert "xetHash" not in entry


def test_who_asks_for_the_headers_of_a_file_of_chunks_gets_no_bytes(store: Store) -> None:
    """As the JavaScript client does."""
    data = secrets.token_bytes(SIZE)
    store.commit("w.bin", data)
    accept = "application/vnd.xet-fileinfo+json, */*"
    answer = store.repo.resolve("w.bin", headers={"accept": accept, "range": "bytes=0-0"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.xet-fileinfo+json"
    assert answer.headers["x-xet-hash"] == name_of(data)
    assert len(answer.content) < 100


def test_a_batch_offers_xet_to_clients_that_name_it(repo: Repo) -> None:
    data = secrets.token_bytes(SIZE)
    transfers = ["basic", "multipart", "xet"]
    answer = repo.batch("upload", (sha256(data), SIZE), transfers=transfers).json()
    assert answer["transfer"] == "xet"
    action = answer["objects"][0]["actions"]["upload"]
    assert action["href"] == f"{repo.hub.url}{repo.api}/xet-write-token/main"
    assert action["header"].keys() == {
        "X-Xet-Cas-Url",
        "X-Xet-Access-Token",
        "X-Xet-Token-Expiration",
    }
    Store.open(repo).commit("w.bin", data)
    again = repo.batch("upload", (sha256(data), SIZE), transfers=transfers).json()
    assert "actions" not in again["objects"][0]


def test_a_commit_of_chunks_that_were_not_sent_is_refused(repo: Repo) -> None:
    data = secrets.token_bytes(SIZE)
    store = Store.open(repo)
    assert repo.send_commit(lfs_file("w.bin", sha256(data), SIZE)).status_code == 400
    store.upload(data)
    assert repo.send_commit(lfs_file("w.bin", sha256(data), SIZE + 1)).status_code == 400
    assert repo.send_commit(lfs_file("w.bin", sha256(data), SIZE)).status_code == 200


def test_the_storage_of_a_repository_counts_its_files_of_chunks(store: Store) -> None:
    before = store.repo.get("?expand=usedStorage").json()["usedStorage"]
    store.upload(secrets.token_bytes(SIZE))
    assert store.repo.get("?expand=usedStorage").json()["usedStorage"] - before == SIZE


def test_unknown_paths_of_the_store_are_not_found(store: Store) -> None:
    """A client takes anything else for an answer."""
    for method, path in (
        ("HEAD", "/v1/xorbs/default/" + "0" * 64),
        ("GET", "/v1/xorb-grants/default/" + "0" * 64),
        ("GET", "/v2/file-chunk-hashes/" + "0" * 64),
        ("POST", "/v3/shards"),
        ("POST", "/v1/xorb-commits/default/x/grant/y"),
    ):
        assert store.call(method, path).status_code == 404
