"""The bytes of large files: in one piece or in parts, checked on arrival, several at once."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold import (
    CommitOperationAdd,
    CorruptedFileError,
    Event,
    ForbiddenError,
    HfApi,
    HfHubHTTPError,
    InvalidAnswerError,
    PayloadTooLargeError,
)
from freehold.client import large_files, retries
from freehold.client.large_files import PARTS_AT_ONCE
from tests.client.folders import count_commits, list_files, new_repo, read_file
from tests.client.hostile import HostileServer, Received, reply
from tests.client.relay import NO_FAULT, Fault, Relay, Seen
from tests.conftest import NewHub
from tests.live import Account, LiveHub

KIB = 1024
MIB = 1024 * KIB
TRIALS = 50


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    return new_repo(api, alice)


@pytest.fixture
def parted(fresh_hub: NewHub) -> LiveHub:
    """A hub that takes everything over 64 KiB in parts of 64 KiB."""
    return fresh_hub(multipart_threshold=64 * KIB, part_size=64 * KIB)


class Puts:
    """Holds each PUT for `delay` seconds, and until `together` of them are under way.

    `most` is how many were under way at once, at the most.
    """

    def __init__(self, together: int, delay: float = 0) -> None:
        self.most = 0
        self._delay = delay
        self._together = threading.Barrier(together, timeout=60)
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Fault:
        if seen.method == "PUT":
            self._count(1)
            self._together.wait()
            time.sleep(self._delay)
            self._count(-1)
        return NO_FAULT

    def _count(self, change: int) -> None:
        with self._lock:
            self._now += change
            self.most = max(self.most, self._now)


# How much at once


@pytest.mark.parametrize("threads", [1, 5, 8])
def test_parts_go_side_by_side_whatever_the_number_of_files(parted: LiveHub, threads: int) -> None:
    account = parted.user()
    repo = new_repo(HfApi(parted.url, account.token), account)
    puts = Puts(PARTS_AT_ONCE)
    data = os.urandom(16 * 64 * KIB)
    with Relay(parted.url, puts) as relay:
        HfApi(relay.url, account.token).upload_file(data, "a.bin", repo, num_threads=threads)
        assert len(relay.puts()) == 16
    assert puts.most == PARTS_AT_ONCE
    assert read_file(parted, account, repo, "a.bin") == data


@pytest.mark.parametrize("threads", [1, 2, 12])
def test_no_more_files_are_sent_at_once_than_asked_for(
    hub: LiveHub, alice: Account, repo: str, threads: int
) -> None:
    puts = Puts(threads)
    operations = [CommitOperationAdd(f"{n}.bin", os.urandom(1000)) for n in range(24)]
    with Relay(hub.url, puts) as relay:
        api = HfApi(relay.url, alice.token)
        api.create_commit(repo, operations, "m", num_threads=threads)
        assert len(relay.puts()) == 24
    assert puts.most == threads


def test_files_in_parts_share_the_places(parted: LiveHub) -> None:
    account = parted.user()
    api = HfApi(parted.url, account.token)
    repo = new_repo(api, account)
    puts = Puts(5, delay=0.05)
    files = {f"{n}.bin": os.urandom(10 * 64 * KIB - n) for n in range(5)}
    with Relay(parted.url, puts) as relay:
        operations = [CommitOperationAdd(path, data) for path, data in files.items()]
        HfApi(relay.url, account.token).create_commit(repo, operations, "m")
    assert puts.most <= PARTS_AT_ONCE
    assert {path: read_file(parted, account, repo, path) for path in files} == files


def test_the_same_bytes_are_sent_once(hub: LiveHub, alice: Account, api: HfApi, repo: str) -> None:
    data = os.urandom(2000)
    with Relay(hub.url) as relay:
        operations = [CommitOperationAdd(f"{n}.bin", data) for n in range(5)]
        other = HfApi(relay.url, alice.token)
        other.create_commit(repo, operations, "m")
        other.upload_file(data, "again.bin", repo)
        assert len(relay.puts()) == 1
        names = [seen.path.rpartition("/")[2] for seen in relay.seen]
    assert "verify" not in names, "the answer to the bytes has said already what arrived"
    assert len(list_files(api, repo)) == 6


def test_more_files_than_one_question_takes(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_files, "OBJECTS_PER_BATCH", 4)
    operations = [CommitOperationAdd(f"{n}.bin", os.urandom(600)) for n in range(10)]
    with Relay(hub.url) as relay:
        HfApi(relay.url, alice.token).create_commit(repo, operations, "m")
        assert sum(seen.path.endswith("/batch") for seen in relay.seen) == 3
    assert len(list_files(api, repo)) == 10


# Damaged on the way


def flip_first(chance: random.Random, damaged: set[str], times: int) -> Callable[[Seen], Fault]:
    """Changes a byte of the body of each PUT, the first `times` times."""
    seen_before: dict[str, int] = {}

    def flip(seen: Seen) -> Fault:
        if seen.method != "PUT":
            return NO_FAULT
        count = seen_before[seen.path] = seen_before.get(seen.path, 0) + 1
        if count > times:
            return NO_FAULT
        damaged.add(seen.path)
        return Fault(flip=chance.randrange(int(seen.headers["content-length"])))

    return flip


def test_bytes_that_arrive_damaged_are_sent_again(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    damaged: set[str] = set()
    events: list[Event] = []
    with Relay(hub.url, flip_first(random.Random(5), damaged, 1)) as relay:
        other = HfApi(relay.url, alice.token)
        for number in range(TRIALS):
            data = os.urandom(600 + number)
            name = f"{number}.bin"
            other.upload_file(data, name, repo, on_event=events.append)
            assert read_file(hub, alice, repo, name) == data
        statuses = [seen.status for seen in relay.puts()]
    assert statuses == [422, 200] * TRIALS
    assert len(damaged) == TRIALS
    assert sum(event.kind == "retry" for event in events) == TRIALS


def test_only_the_part_that_arrived_damaged_is_sent_again(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    data = os.urandom(40 * MIB)
    damaged: set[str] = set()
    events: list[Event] = []
    flip = flip_first(random.Random(5), damaged, 1)
    with Relay(hub.url, lambda seen: flip(seen) if seen.path.endswith("/2") else NO_FAULT) as relay:
        HfApi(relay.url, alice.token).upload_file(data, "a.bin", repo, on_event=events.append)
        assert len(relay.puts()) == 4
    assert len(damaged) == 1
    got = read_file(hub, alice, repo, "a.bin")
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
    assert all(0 <= event.done <= len(data) for event in events if event.path == "a.bin")


@pytest.mark.parametrize("size", [700, 40 * MIB])
def test_what_arrives_damaged_twice_is_not_committed(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, size: int
) -> None:
    data = os.urandom(size)
    with Relay(hub.url, flip_first(random.Random(5), set(), 99)) as relay:
        with pytest.raises(CorruptedFileError, match=r"a\.bin"):
            HfApi(relay.url, alice.token).upload_file(data, "a.bin", repo)
        assert relay.commits() == []
    assert count_commits(api, repo) == 0
    api.upload_file(data, "a.bin", repo)
    assert read_file(hub, alice, repo, "a.bin") == data


# What the hub says is out of date


def test_an_address_that_has_expired_is_asked_for_again(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    data = os.urandom(5000)
    expired = [Fault(answer=(403, {}, b"expired"))]

    def expire(seen: Seen) -> Fault:
        return expired.pop() if seen.method == "PUT" and expired else NO_FAULT

    with Relay(hub.url, expire) as relay:
        HfApi(relay.url, alice.token).upload_file(data, "a.bin", repo)
        assert len(relay.puts()) == 2
    assert read_file(hub, alice, repo, "a.bin") == data


@pytest.mark.parametrize(("status", "error"), [(403, ForbiddenError), (413, PayloadTooLargeError)])
def test_what_the_store_refuses_is_raised(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, status: int, error: type[HfHubHTTPError]
) -> None:
    def refuse(seen: Seen) -> Fault:
        return Fault(answer=(status, {}, b"no")) if seen.method == "PUT" else NO_FAULT

    with Relay(hub.url, refuse) as relay, pytest.raises(error) as caught:
        HfApi(relay.url, alice.token).upload_file(os.urandom(5000), "a.bin", repo)
    assert caught.value.status == status
    assert count_commits(api, repo) == 0


def test_a_file_over_the_limit_of_the_hub_is_refused_before_it_is_sent(
    fresh_hub: NewHub, tmp_path: Path
) -> None:
    hub = fresh_hub(object_limit=100_000)
    account = hub.user()
    api = HfApi(hub.url, account.token)
    repo = new_repo(api, account)
    with Relay(hub.url) as relay:
        operations = [
            CommitOperationAdd("small.bin", os.urandom(100)),
            CommitOperationAdd("big.bin", os.urandom(100_001)),
        ]
        with pytest.raises(PayloadTooLargeError, match=r"big\.bin"):
            HfApi(relay.url, account.token).create_commit(repo, operations, "m")
        assert relay.puts() == []
    assert count_commits(api, repo) == 0


# Hubs without extensions, and stores that are somewhere else


def test_a_hub_without_extensions_hears_nothing_of_them(parted: LiveHub) -> None:
    account = parted.user()
    repo = new_repo(HfApi(parted.url, account.token), account)
    data = os.urandom(300 * KIB)
    with Relay(parted.url, hidden=frozenset({"x-hub-capabilities"})) as relay:
        HfApi(relay.url, account.token).upload_file(data, "a.bin", repo)
        assert len(relay.puts()) == 5
    assert read_file(parted, account, repo, "a.bin") == data


def test_parts_go_to_a_bucket(fresh_hub: NewHub, bucket_url: str) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    bucket = bucket_url.format(prefix=os.urandom(4).hex())
    hub = fresh_hub(object_store=bucket, environ=environ)
    account = hub.user()
    api = HfApi(hub.url, account.token)
    repo = new_repo(api, account)
    data = os.urandom(33 * MIB)
    api.upload_file(data, "a.bin", repo)
    got = read_file(hub, account, repo, "a.bin")
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()


class ForeignHub:
    """Answers as a hub of another make that keeps large files in a bucket of its own."""

    def __init__(self, part_size: int | None) -> None:
        self.part_size = part_size
        self.bodies: dict[str, list[Received]] = {}
        self.url = ""

    def __call__(self, request: Received) -> bytes:
        path = request.target.partition("?")[0]
        self.bodies.setdefault(path, []).append(request)
        if "/preupload/" in path:
            names = [item["path"] for item in json.loads(request.body)["files"]]
            files = [{"path": n, "uploadMode": "lfs", "shouldIgnore": False} for n in names]
            return reply(200, {"files": files})
        if path.endswith("/batch"):
            return reply(
                200, {"transfer": "any", "objects": [self._order(json.loads(request.body))]}
            )
        if request.method == "PUT":
            return reply(200, b"", etag='"0123456789abcdef0123456789abcdef"')
        if "/commit/" in path:
            return reply(200, {"commitUrl": f"{self.url}/a/b/commit/1", "commitOid": "1"})
        return reply(200, {})

    def _order(self, body: dict[str, Any]) -> dict[str, Any]:
        [wanted] = body["objects"]
        upload: dict[str, Any] = {"href": f"{self.url}/store/object?X-Amz-Signature=s"}
        if self.part_size is not None:
            count = math.ceil(wanted["size"] / self.part_size)
            parts = {f"{n:05}": f"{self.url}/store/{n}?X-Amz=s" for n in range(1, count + 1)}
            upload["header"] = {"chunk_size": str(self.part_size), **parts}
        verify = {"href": f"{self.url}/a/b.git/info/lfs/objects/verify", "header": {}}
        return {**wanted, "actions": {"upload": upload, "verify": verify}}


@pytest.mark.parametrize("part_size", [None, 1000])
def test_another_hub_is_spoken_to_as_it_expects(part_size: int | None) -> None:
    foreign = ForeignHub(part_size)
    data = os.urandom(2500)
    with HostileServer(foreign) as server:
        foreign.url = server.url
        HfApi(server.url, "hf_secret").upload_file(data, "a.bin", "a/b")
    [batch] = foreign.bodies["/a/b.git/info/lfs/objects/batch"]
    sha256 = hashlib.sha256(data).hexdigest()
    assert json.loads(batch.body) == {
        "operation": "upload",
        "transfers": ["basic", "multipart"],
        "objects": [{"oid": sha256, "size": 2500}],
        "hash_algo": "sha256",
        "ref": {"name": "main"},
    }
    stored = {path: found for path, found in foreign.bodies.items() if path.startswith("/store/")}
    sent = [request for found in stored.values() for request in found]
    assert all("authorization" not in request.headers for request in sent)
    put = {r.target: r.body for r in sent if r.method == "PUT"}
    assert b"".join(put[target] for target in sorted(put)) == data
    assert len(put) == (1 if part_size is None else 3)
    [verify] = foreign.bodies["/a/b.git/info/lfs/objects/verify"]
    assert json.loads(verify.body) == {"oid": sha256, "size": 2500}
    assert verify.headers["authorization"] == "Bearer hf_secret"
    if part_size is not None:
        [done] = [r for r in stored["/store/object"] if r.method == "POST"]
        etag = "0123456789abcdef0123456789abcdef"
        parts = [{"partNumber": n, "etag": etag} for n in (1, 2, 3)]
        assert json.loads(done.body) == {"oid": sha256, "parts": parts}


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"error": {"code": 422, "message": "no"}}, HfHubHTTPError),
        ({"error": {"code": 507, "message": "full"}}, HfHubHTTPError),
        ({"error": {"message": "no code"}}, HfHubHTTPError),
        ({"error": "text"}, InvalidAnswerError),
        ({"actions": {"upload": {}}}, InvalidAnswerError),
        ({"actions": {"upload": {"href": 5}}}, InvalidAnswerError),
        ({"actions": []}, None),
        ({"actions": "text"}, InvalidAnswerError),
        (
            {"actions": {"upload": {"href": "U/x", "header": {"chunk_size": "0"}}}},
            InvalidAnswerError,
        ),
        (
            {"actions": {"upload": {"href": "U/x", "header": {"chunk_size": "x"}}}},
            InvalidAnswerError,
        ),
        (
            {"actions": {"upload": {"href": "U/x", "header": {"chunk_size": "1", "1": "U"}}}},
            InvalidAnswerError,
        ),
        (
            {"actions": {"upload": {"href": "U/x", "header": {"chunk_size": "9999"}, "held": [5]}}},
            InvalidAnswerError,
        ),
    ],
)
def test_answers_that_make_no_sense_are_typed_errors(
    order: dict[str, Any], error: type[Exception] | None
) -> None:
    foreign = ForeignHub(None)
    foreign._order = lambda body: {**body["objects"][0], **order}  # type: ignore[method-assign]
    with HostileServer(foreign) as server:
        foreign.url = server.url
        api = HfApi(server.url, "hf_secret")
        if error is None:
            api.upload_file(os.urandom(900), "a.bin", "a/b")
        else:
            with pytest.raises(error):
                api.upload_file(os.urandom(900), "a.bin", "a/b")
            assert not [path for path in foreign.bodies if "/commit/" in path]


@pytest.mark.parametrize(
    "answer",
    [
        {"files": []},
        {"files": [{"path": "a.bin"}]},
        {"files": [{"path": "other.bin", "uploadMode": "lfs"}]},
        {"files": 5},
        {"files": ["a.bin"]},
        {},
        [],
        "text",
    ],
)
def test_a_hub_that_does_not_say_how_is_a_typed_error(answer: Any) -> None:
    with HostileServer(lambda _: reply(200, answer)) as server:
        with pytest.raises(InvalidAnswerError):
            HfApi(server.url, "hf_secret").upload_file(os.urandom(900), "a.bin", "a/b")
        assert len(server.requests) == 1


def test_batches_that_are_about_something_else_are_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    foreign = ForeignHub(None)
    foreign._order = lambda _: {"oid": "0" * 64, "size": 1}  # type: ignore[method-assign]
    with HostileServer(foreign) as server:
        foreign.url = server.url
        with pytest.raises(InvalidAnswerError, match="not about"):
            HfApi(server.url, "hf_secret").upload_file(os.urandom(900), "a.bin", "a/b")
