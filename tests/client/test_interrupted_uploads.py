"""Uploads under which a connection, a hub or the client itself breaks away."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from freehold import (
    Cancellation,
    CommitOperationAdd,
    CommitOperationDelete,
    CorruptedFileError,
    Event,
    HfApi,
    HubConnectionError,
    InternalError,
    TransferCancelledError,
    UncertainCommitError,
)
from freehold.client import retries
from freehold.server.core.lfs import MIN_PART_SIZE
from tests.client.folders import count_commits, list_files, new_repo, read_file
from tests.client.relay import NO_FAULT, Fault, Relay, Seen
from tests.conftest import NewHub
from tests.live import Account, LiveHub

MIB = 1024 * 1024
TRIALS = 200
HIDDEN = frozenset({"x-hub-capabilities"})

LOST = Fault(lose="answer")
LOSSES = [LOST, Fault(lose="request"), Fault(lose="end of answer"), Fault(answer=(502, {}, b""))]


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    return new_repo(api, alice)


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries that come soon after another."""
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.02)


def once(
    fault: Fault, is_meant: Callable[[Seen], bool] = Seen.is_commit
) -> Callable[[Seen], Fault]:
    """The fault for the first request that is meant."""
    left = [fault]
    return lambda seen: left.pop() if left and is_meant(seen) else NO_FAULT


# The answer to a commit is lost


@pytest.mark.usefixtures("short_pauses")
def test_commits_whose_answers_are_lost_land_exactly_once(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    """Each commit loses the request, its answer or half of it, up to three times in a row."""
    chance = random.Random(11)
    faults = {
        f"trial {n}": chance.choices(LOSSES[:3], k=chance.randint(1, 3)) for n in range(TRIALS)
    }
    left = {key: list(reversed(found)) for key, found in faults.items()}
    by_key: dict[str, str] = {}
    lock = threading.Lock()

    def lose(seen: Seen) -> Fault:
        if not seen.is_commit():
            return NO_FAULT
        with lock:
            trial = by_key.setdefault(seen.headers["idempotency-key"], f"trial {len(by_key)}")
            return left[trial].pop() if left[trial] else NO_FAULT

    def commit(number: int) -> str:
        operation = CommitOperationAdd(f"{number}.txt", f"{number}".encode())
        return HfApi(relay.url, alice.token).create_commit(repo, [operation], f"{number}").oid

    with Relay(hub.url, lose) as relay, ThreadPoolExecutor(8) as pool:
        oids = list(pool.map(commit, range(TRIALS)))
    assert not any(left.values())
    history = {commit.commit_id: commit.title for commit in api.list_repo_commits(repo)}
    assert [history[oid] for oid in oids] == [f"{number}" for number in range(TRIALS)]
    assert count_commits(api, repo) == TRIALS


@pytest.mark.usefixtures("short_pauses")
def test_a_deletion_whose_answer_is_lost_is_made_once(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    """It is the first that the hub is told, so nobody knows yet what the hub can do."""
    api.upload_file(b"x", "a", repo)
    with Relay(hub.url, once(LOST)) as relay:
        HfApi(relay.url, alice.token).create_commit(repo, [CommitOperationDelete("a")], "m")
        assert len(relay.commits()) == 2
    assert list_files(api, repo) == []
    assert count_commits(api, repo) == 2


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("fault", LOSSES)
def test_a_hub_that_cannot_tell_is_never_sent_a_commit_twice(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, fault: Fault
) -> None:
    with Relay(hub.url, once(fault), hidden=HIDDEN) as relay:
        other = HfApi(relay.url, alice.token)
        with pytest.raises(UncertainCommitError, match="may have landed") as caught:
            other.upload_file(b"x", "a", repo)
        assert isinstance(caught.value, HubConnectionError)
        assert len(relay.commits()) == 1
        landed = count_commits(api, repo)
        assert landed == (fault.lose in {"answer", "end of answer"})
        other.upload_file(b"x", "a", repo)
        assert len(relay.commits()) == 2 - landed, "what has landed is seen to be there"
    assert count_commits(api, repo) == 1


@pytest.mark.usefixtures("short_pauses")
def test_an_answer_that_is_never_given_leaves_the_commit_uncertain(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    with Relay(hub.url, lambda seen: LOST if seen.is_commit() else NO_FAULT) as relay:
        with pytest.raises(UncertainCommitError):
            HfApi(relay.url, alice.token).upload_file(b"x", "a", repo)
        assert len(relay.commits()) == retries.MAX_RETRIES + 1
        assert len({seen.headers["idempotency-key"] for seen in relay.commits()}) == 1
    assert count_commits(api, repo) == 1


@pytest.mark.usefixtures("short_pauses")
def test_a_hub_that_fails_is_asked_again_only_if_it_knows_the_commit_by_its_key(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    failed = Fault(answer=(500, {}, b""))
    with Relay(hub.url, once(failed)) as relay:
        HfApi(relay.url, alice.token).upload_file(b"x", "a", repo)
        assert len(relay.commits()) == 2
    with Relay(hub.url, once(failed), hidden=HIDDEN) as relay:
        with pytest.raises(InternalError):
            HfApi(relay.url, alice.token).upload_file(b"x", "b", repo)
        assert len(relay.commits()) == 1
    busy = Fault(answer=(503, {"retry-after": "0"}, b""))
    with Relay(hub.url, once(busy), hidden=HIDDEN) as relay:
        HfApi(relay.url, alice.token).upload_file(b"x", "c", repo)
        assert len(relay.commits()) == 2
    assert count_commits(api, repo) == 2


def test_a_commit_survives_a_hub_that_is_started_again_meanwhile(fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    account = hub.user()
    api = HfApi(hub.url, account.token)
    repo = new_repo(api, account)

    killed = threading.Event()

    def kill(seen: Seen) -> Fault:
        if seen.is_commit() and not killed.is_set():
            hub.kill()
            killed.set()
        return NO_FAULT

    with Relay(hub.url, kill) as relay, ThreadPoolExecutor(1) as pool:
        other = HfApi(relay.url, account.token)
        uploading = pool.submit(other.upload_file, os.urandom(1000), "a.bin", repo)
        assert killed.wait(60)
        hub.start()
        uploading.result(60)
    assert count_commits(api, repo) == 1


# The connection breaks while bytes are sent


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("size", [300_000, 40 * MIB])
def test_bytes_whose_connection_breaks_are_sent_again(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, size: int
) -> None:
    data = os.urandom(size)
    events: list[Event] = []
    with Relay(
        hub.url, lambda seen: LOST if len(relay.puts()) == 1 and seen.method == "PUT" else NO_FAULT
    ) as relay:
        HfApi(relay.url, alice.token).upload_file(data, "a.bin", repo, on_event=events.append)
    assert read_file(hub, alice, repo, "a.bin") == data
    assert all(0 <= event.done <= size for event in events if event.path == "a.bin")
    assert [event.done for event in events if event.kind == "upload"][-1] == size


# The client is killed

UPLOAD = """
import sys
from freehold import HfApi
from freehold.client import large_files
large_files.PART_SIZE = int(sys.argv[5])
HfApi(sys.argv[1], sys.argv[2]).upload_file(sys.argv[3], "large.bin", sys.argv[4])
"""


def start_upload(relay: Relay, account: Account, path: Path, repo: str) -> subprocess.Popen[bytes]:
    values = [relay.url, account.token, str(path), repo, str(MIN_PART_SIZE)]
    return subprocess.Popen([sys.executable, "-c", UPLOAD, *values], start_new_session=True)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_an_upload_that_was_killed_goes_on_where_it_was(
    fresh_hub: NewHub, tmp_path: Path, backend: str
) -> None:
    hub = fresh_hub(backend)
    account = hub.user()
    api = HfApi(hub.url, account.token)
    repo = new_repo(api, account)
    size = 24 * MIN_PART_SIZE - 12_345
    path = tmp_path / "large"
    path.write_bytes(os.urandom(size))

    def kill_at_sixty_percent(_: Seen) -> None:
        if sum(seen.received for seen in relay.seen if seen.method == "PUT") > 0.6 * size:
            process.kill()
            process.wait()

    with Relay(hub.url, on_bytes=kill_at_sixty_percent) as relay:
        process = start_upload(relay, account, path, repo)
        assert process.wait(60) == -signal.SIGKILL
        first = list(relay.puts())
        done = {seen.path for seen in first if seen.status == 200}
        assert count_commits(api, repo) == 0
        relay.on_bytes = lambda _: None
        while any(seen.status is None and seen.received == MIN_PART_SIZE for seen in first):
            time.sleep(0.01)
        done |= {seen.path for seen in first if seen.status == 200}
        assert start_upload(relay, account, path, repo).wait(60) == 0
        second = relay.puts()[len(first) :]
    assert 4 <= len(done) < 24
    assert done.isdisjoint(seen.path for seen in second)
    assert sorted([*done, *(seen.path for seen in second)]) == sorted(
        {seen.path for seen in (*first, *second)}
    )
    twice = sum(seen.received for seen in (*first, *second)) - size
    assert twice <= 8 * MIN_PART_SIZE
    assert read_file(hub, account, repo, "large.bin") == path.read_bytes()
    staging = hub.data / "objects" / "staging"
    assert not [found for found in staging.rglob("*") if found.is_file()]


# The caller stops it


def stop_when(
    reached: threading.Event, call: Callable[[], object], stop: Callable[[], None], error: Any
) -> float:
    """The seconds from `stop`, called as soon as that is reached, until the call raises."""
    asked: list[float] = []

    def watch() -> None:
        reached.wait(60)
        asked.append(time.monotonic())
        stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    with pytest.raises(error):
        call()
    seconds = time.monotonic() - asked[0]
    watcher.join()
    return seconds


SLOW = {
    "asking": lambda seen: "/preupload/" in seen.path,
    "batch": lambda seen: seen.path.endswith("/batch"),
    "bytes": lambda seen: seen.method == "PUT",
    "verify": lambda seen: "/uploads/" in seen.path and seen.method == "POST",
    "commit": Seen.is_commit,
}


@pytest.mark.parametrize("stage", SLOW)
@pytest.mark.parametrize("how", ["cancel", "interrupt"])
def test_an_upload_that_is_stopped_ends_within_a_second_and_can_go_on(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, stage: str, how: str
) -> None:
    data = os.urandom(33 * MIB)
    cancel = Cancellation()
    reached = threading.Event()
    stops: dict[str, Callable[[], None]] = {
        "cancel": cancel.cancel,
        "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT),
    }
    error = TransferCancelledError if how == "cancel" else KeyboardInterrupt
    options: dict[str, Any] = {"cancel": cancel} if how == "cancel" else {}

    def slow(seen: Seen) -> Fault:
        if not SLOW[stage](seen):
            return NO_FAULT
        reached.set()
        return Fault(delay=4)

    with Relay(hub.url, slow) as relay:
        other = HfApi(relay.url, alice.token)
        call = partial(other.upload_file, data, "a.bin", repo, **options)
        assert stop_when(reached, call, stops[how], error) < 1
        relay.choose = lambda _: NO_FAULT
        other.upload_file(data, "a.bin", repo)
    assert read_file(hub, alice, repo, "a.bin") == data
    assert count_commits(api, repo) == 1


def test_hashing_stops_within_a_second(api: HfApi, repo: str, tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write(os.urandom(1000))
        file.truncate(200 * 1024 * MIB)
    cancel = Cancellation()
    reached = threading.Event()

    def call() -> None:
        api.upload_file(path, "a", repo, cancel=cancel, on_event=lambda _: reached.set())

    assert stop_when(reached, call, cancel.cancel, TransferCancelledError) < 1
    for thread in threading.enumerate():
        if thread.name == "freehold-transfer":
            thread.join(5)
            assert not thread.is_alive(), "nobody goes on reading for a call that is over"
    assert count_commits(api, repo) == 0


def test_what_is_cancelled_before_is_not_begun(hub: LiveHub, alice: Account, repo: str) -> None:
    cancel = Cancellation()
    cancel.cancel()
    with Relay(hub.url) as relay:
        with pytest.raises(TransferCancelledError):
            HfApi(relay.url, alice.token).upload_file(b"x", "a", repo, cancel=cancel)
        assert relay.seen == []


# What arrives damaged


@pytest.mark.usefixtures("short_pauses")
def test_a_commit_that_arrives_damaged_is_sent_again(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    chance = random.Random(9)

    def flip_first(seen: Seen) -> Fault:
        is_first = seen.is_commit() and len(relay.commits()) % 2 == 1
        return (
            Fault(flip=chance.randrange(int(seen.headers["content-length"])))
            if is_first
            else NO_FAULT
        )

    with Relay(hub.url, flip_first) as relay:
        other = HfApi(relay.url, alice.token)
        for number in range(TRIALS // 4):
            data = f"text {number}\n".encode() * 50
            other.upload_file(data, f"{number}.txt", repo)
            assert read_file(hub, alice, repo, f"{number}.txt") == data
        statuses = [seen.status for seen in relay.commits()]
    assert statuses == [422, 200] * (TRIALS // 4)
    assert count_commits(api, repo) == TRIALS // 4


def test_a_commit_that_always_arrives_damaged_is_not_made(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    def flip(seen: Seen) -> Fault:
        return Fault(flip=100) if seen.is_commit() else NO_FAULT

    with Relay(hub.url, flip) as relay, pytest.raises(CorruptedFileError, match="damaged"):
        HfApi(relay.url, alice.token).upload_file(b"text", "a.txt", repo)
    assert count_commits(api, repo) == 0
