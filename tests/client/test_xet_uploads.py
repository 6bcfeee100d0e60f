"""Large files sent through hf_xet: the same repository as by LFS, and nothing when it fails."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from freehold import (
    Cancellation,
    CommitOperationAdd,
    Event,
    FileChangedError,
    ForbiddenError,
    HfApi,
    HubConnectionError,
    InvalidAnswerError,
    TransferCancelledError,
    UnavailableError,
)
from freehold.client import retries
from freehold.client.hash_cache import Fingerprint
from tests.client.folders import count_commits, list_files, new_repo, read_file, write_files
from tests.client.relay import NO_FAULT, Fault, Relay, Seen
from tests.live import Account, LiveHub

MIB = 1024 * 1024

pytestmark = pytest.mark.usefixtures("xet")


@pytest.fixture
def large() -> bytes:
    """Three MiB that no hub has yet."""
    return os.urandom(3 * MIB)


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    return new_repo(api, alice)


def by_lfs(hub: LiveHub, account: Account, monkeypatch: pytest.MonkeyPatch) -> HfApi:
    """The calls of the account, which send large files by LFS."""
    with monkeypatch.context() as patch:
        patch.setenv("HF_HUB_DISABLE_XET", "1")
        api = HfApi(hub.url, account.token)
        api.whoami()
    return api


def is_xorb(seen: Seen) -> bool:
    return seen.method == "POST" and "/v1/xorbs/" in seen.path


def is_shard(seen: Seen) -> bool:
    return seen.path.endswith("/shards")


def is_token(seen: Seen) -> bool:
    return "/xet-write-token/" in seen.path


def count(relay: Relay, is_meant: Callable[[Seen], bool]) -> int:
    return sum(is_meant(seen) for seen in relay.seen)


def wait_until_rested(path: Path) -> None:
    """Returns once a change of the file can be told from the last one."""
    while not ((found := Fingerprint.of(str(path))) and found.has_rested()):
        time.sleep(0.01)


def when(is_meant: Callable[[Seen], bool], fault: Fault) -> Callable[[Seen], Fault]:
    """The fault for each request that is meant."""
    return lambda seen: fault if is_meant(seen) else NO_FAULT


def status(code: int) -> Fault:
    return Fault(answer=(code, {"content-type": "application/json"}, b'{"error":"no"}'))


# The same as by LFS


def test_both_ways_make_the_same_repository(
    hub: LiveHub,
    alice: Account,
    repo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    large: bytes,
) -> None:
    """Contents of each kind: the tree is the same, and the second way finds nothing to change."""
    path = tmp_path / "on disk.bin"
    path.write_bytes(os.urandom(2 * MIB))
    files = {"path.bin": path.read_bytes(), "bytes.bin": large, "a/file.bin": large[: 2 * MIB]}
    opened = io.BytesIO(b"before" + files["a/file.bin"])
    opened.seek(6)
    operations = [
        CommitOperationAdd("path.bin", path),
        CommitOperationAdd("bytes.bin", large),
        CommitOperationAdd("a/file.bin", opened),
        CommitOperationAdd("a/small.txt", b"small"),
        CommitOperationAdd("a/empty.bin", b""),
    ]
    lfs = by_lfs(hub, alice, monkeypatch)
    other = new_repo(lfs, alice)
    with Relay(hub.url) as relay:
        xet = HfApi(relay.url, alice.token)
        landed = xet.create_commit(repo, operations, "m")
        assert count(relay, is_xorb) >= 1
        assert count(relay, is_shard) >= 1
        assert relay.puts() == []
    assert opened.tell() == 6
    lfs.create_commit(other, operations, "m")
    assert lfs.create_commit(repo, operations, "again").oid == landed.oid
    assert xet.create_commit(other, operations, "again").oid == lfs.repo_info(other).sha
    trees = [
        [(entry.path, getattr(entry, "lfs", None), getattr(entry, "blob_id", None)) for entry in t]
        for t in (lfs.list_repo_tree(r, recursive=True) for r in (repo, other))
    ]
    assert trees[0] == trees[1]
    for name, data in files.items():
        assert read_file(hub, alice, repo, name) == read_file(hub, alice, other, name) == data


def test_a_folder_goes_the_same_way(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    files = {f"{n}.bin": os.urandom(200_000 + n) for n in range(20)}
    folder = write_files(tmp_path / "folder", {**files, "same.bin": files["0.bin"]})
    with Relay(hub.url) as relay:
        HfApi(relay.url, alice.token).upload_folder(repo_id=repo, folder_path=folder)
        assert count(relay, is_token) == 1
        assert relay.puts() == []
    assert len(list_files(api, repo)) == 21
    assert {name: read_file(hub, alice, repo, name) for name in files} == files


def test_only_what_is_new_is_sent(hub: LiveHub, alice: Account, repo: str, large: bytes) -> None:
    """Of a file that has changed a little, the chunks around the change."""
    changed = large[:MIB] + b"something else" + large[MIB:]
    with Relay(hub.url) as relay:
        api = HfApi(relay.url, alice.token)
        api.upload_file(large, "a.bin", repo)
        before = len(relay.seen)
        api.upload_file(changed, "a.bin", repo)
        sent = sum(seen.received for seen in relay.seen[before:] if is_xorb(seen))
        assert 0 < sent < MIB
    assert read_file(hub, alice, repo, "a.bin") == changed


def test_what_the_hub_holds_is_not_sent_at_all(
    hub: LiveHub, alice: Account, repo: str, large: bytes
) -> None:
    events: list[Event] = []
    with Relay(hub.url) as relay:
        api = HfApi(relay.url, alice.token)
        api.upload_file(large, "a.bin", repo)
        before = len(relay.seen)
        api.upload_file(large, "b.bin", repo, on_event=events.append)
        assert not any(is_token(seen) or is_xorb(seen) for seen in relay.seen[before:])
    assert [event.path for event in events if event.kind == "skip"] == ["b.bin"]


def test_progress_is_told_up_to_the_whole_size(
    hub: LiveHub, alice: Account, repo: str, large: bytes
) -> None:
    events: list[Event] = []
    files = {"a.bin": large, "b.bin": os.urandom(MIB)}
    operations = [CommitOperationAdd(name, data) for name, data in files.items()]
    HfApi(hub.url, alice.token).create_commit(repo, operations, "m", on_event=events.append)
    for name, data in files.items():
        told = [event for event in events if event.path == name and event.kind == "upload"]
        assert [event.done for event in told] == sorted(event.done for event in told)
        assert {event.total for event in told} == {len(data)}
        assert told[-1].done == len(data)
    assert events[-1].kind == "commit"


# Whether it is used


def test_nobody_is_told_that_anything_was_transferred(
    hub: LiveHub, alice: Account, repo: str, large: bytes
) -> None:
    with Relay(hub.url) as relay:
        HfApi(relay.url, alice.token).upload_file(large, "a.bin", repo)
        assert count(relay, is_xorb) == 1
        assert not any("telemetry" in seen.path for seen in relay.seen)


def run_client(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


WITHOUT = {
    "switched off": "import os; os.environ['HF_HUB_DISABLE_XET'] = '1'",
    "not offered": "import os; os.environ['FREEHOLD_EXTENSIONS'] = '0'",
    "not there": "import sys; sys.modules['hf_xet'] = None",
    "too old": "import sys; sys.path.insert(0, sys.argv[4])",
}


@pytest.mark.parametrize("reason", WITHOUT)
def test_without_xet_the_same_is_sent_by_lfs(
    hub: LiveHub, alice: Account, repo: str, tmp_path: Path, reason: str, large: bytes
) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(large)
    (tmp_path / "hf_xet.py").write_text("def upload_files(): ...")
    script = f"""
    {WITHOUT[reason]}
    import sys
    from freehold import HfApi
    HfApi(sys.argv[1], sys.argv[2]).upload_file(sys.argv[5], "a.bin", sys.argv[3])
    """
    with Relay(hub.url) as relay:
        run_client(script, relay.url, alice.token, repo, str(tmp_path), str(file))
        assert len(relay.puts()) == 1
        assert not any("xet" in seen.path for seen in relay.seen)
    assert read_file(hub, alice, repo, "a.bin") == large


@pytest.mark.parametrize(
    ("endpoint", "names", "chosen"),
    [
        ("https://hub.example.org", {}, True),
        ("https://hub.example.org", {"SSL_CERT_FILE": "a"}, True),
        ("https://hub.example.org", {"SSL_CERT_FILE": "a", "REQUESTS_CA_BUNDLE": "a"}, True),
        ("https://hub.example.org", {"SSL_CERT_FILE": "a", "REQUESTS_CA_BUNDLE": "b"}, False),
        ("https://hub.example.org", {"REQUESTS_CA_BUNDLE": "a"}, False),
        ("https://hub.example.org", {"FREEHOLD_CLIENT_CERT": "a"}, False),
        ("http://127.0.0.1:8080", {"REQUESTS_CA_BUNDLE": "a"}, True),
    ],
)
def test_certificates_that_hf_xet_would_not_know_keep_it_out(
    endpoint: str, names: dict[str, str], chosen: bool
) -> None:
    from freehold.client.session import Session
    from freehold.client.settings import ClientSettings
    from freehold.client.xet import is_chosen
    from freehold.wire.capabilities import Extensions, Xet

    session = Session(endpoint, settings=ClientSettings.load(names))
    session.extensions = Extensions(xet=Xet())
    assert is_chosen(session) is chosen


def test_the_library_is_loaded_for_the_first_large_file(
    hub: LiveHub, alice: Account, repo: str
) -> None:
    script = """
    import sys
    from freehold import HfApi
    api = HfApi(sys.argv[1], sys.argv[2])
    api.upload_file(b"x", "small.txt", sys.argv[3])
    print("hf_xet" in sys.modules)
    api.upload_file(b"x" * 2_000_000, "large.bin", sys.argv[3])
    print("hf_xet" in sys.modules)
    """
    assert run_client(script, hub.url, alice.token, repo) == "False\nTrue\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")
def test_a_forked_process_may_send_as_well(hub: LiveHub, alice: Account, repo: str) -> None:
    script = """
    import os, sys
    from freehold import HfApi
    api = HfApi(sys.argv[1], sys.argv[2])
    api.upload_file(os.urandom(2_000_000), "a.bin", sys.argv[3])
    child = os.fork()
    api.upload_file(os.urandom(2_000_000), "b.bin" if child else "c.bin", sys.argv[3])
    if not child:
        os._exit(0)
    print(os.waitpid(child, 0)[1])
    """
    with Relay(hub.url) as relay:
        assert run_client(script, relay.url, alice.token, repo) == "0\n"
        assert count(relay, is_xorb) == 3
        assert relay.puts() == []
    api = HfApi(hub.url, alice.token)
    assert list_files(api, repo) == ["a.bin", "b.bin", "c.bin"]


# Tokens


def test_a_token_that_ends_is_renewed_at_the_same_place(
    hub: LiveHub, alice: Account, repo: str, large: bytes
) -> None:
    def shorten(seen: Seen) -> Fault:
        if not is_token(seen) or count(relay, is_token) > 1:
            return NO_FAULT
        given = hub.call("GET", seen.target, token=alice.token).json()
        short = {**given, "casUrl": given["casUrl"].replace(hub.url, relay.url)}
        short["exp"] = int(time.time()) + 5
        return Fault(answer=(200, {}, json.dumps(short).encode()))

    with Relay(hub.url, shorten) as relay:
        HfApi(relay.url, alice.token).upload_file(large, "a.bin", repo)
        tokens = [seen for seen in relay.seen if is_token(seen)]
        assert len(tokens) > 1
        assert {seen.headers["authorization"] for seen in tokens} == {f"Bearer {alice.token}"}
        rest = [seen for seen in relay.seen if seen.path.startswith("/xet/")]
        assert not any(alice.token in seen.headers.get("authorization", "") for seen in rest)
    assert read_file(hub, alice, repo, "a.bin") == large


def test_who_may_not_write_gets_the_error_of_the_hub(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, large: bytes
) -> None:
    with Relay(hub.url, when(is_token, status(403))) as relay, pytest.raises(ForbiddenError):
        HfApi(relay.url, alice.token).upload_file(large, "a.bin", repo)
    assert count_commits(api, repo) == 0


def test_a_hub_cannot_have_bytes_written_to_this_machine(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path, large: bytes
) -> None:
    """hf_xet takes such an address for a folder."""
    folder = tmp_path / "store"
    given = {"accessToken": "t", "exp": int(time.time()) + 3600, "casUrl": f"local://{folder}"}
    answer = Fault(answer=(200, {}, json.dumps(given).encode()))
    with (
        Relay(hub.url, when(is_token, answer)) as relay,
        pytest.raises(InvalidAnswerError, match="no store"),
    ):
        HfApi(relay.url, alice.token).upload_file(large, "a.bin", repo)
    assert not folder.exists()
    assert count_commits(api, repo) == 0


# What goes wrong


@pytest.mark.parametrize(
    "fault", [when(is_xorb, status(400)), when(is_shard, status(400)), when(is_xorb, status(404))]
)
def test_what_hf_xet_cannot_send_is_sent_by_lfs(
    hub: LiveHub,
    alice: Account,
    repo: str,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[Seen], Fault],
    large: bytes,
) -> None:
    """It remembers chunks for weeks, and a hub may not have them any more."""
    events: list[Event] = []
    with Relay(hub.url, fault) as relay, caplog.at_level(logging.WARNING, "freehold"):
        HfApi(relay.url, alice.token).upload_file(large, "a.bin", repo, on_event=events.append)
        assert len(relay.puts()) == 1
    assert "'a.bin' could not be sent through hf_xet" in caplog.text
    assert "HF_HUB_DISABLE_XET" in caplog.text
    assert [event.path for event in events if event.kind == "retry"] == ["a.bin"]
    assert read_file(hub, alice, repo, "a.bin") == large


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (when(is_xorb, status(503)), UnavailableError),
        (when(is_xorb, Fault(lose="request")), HubConnectionError),
        (when(is_shard, Fault(lose="answer")), HubConnectionError),
    ],
)
def test_a_hub_that_is_away_is_an_error_that_says_what_to_do(
    hub: LiveHub,
    alice: Account,
    api: HfApi,
    repo: str,
    fault: Callable[[Seen], Fault],
    error: type[Exception],
) -> None:
    operations = [CommitOperationAdd(f"{name}.bin", os.urandom(MIB)) for name in "ab"]
    with Relay(hub.url, fault) as relay:
        other = HfApi(relay.url, alice.token)
        with pytest.raises(error, match=r"'a\.bin' and 1 more could not be sent.*call again"):
            other.create_commit(repo, operations, "m")
        assert relay.puts() == []
        assert relay.commits() == []
        relay.choose = lambda _: NO_FAULT
        other.create_commit(repo, operations, "m")
    assert count_commits(api, repo) == 1
    assert list_files(api, repo) == ["a.bin", "b.bin"]


def test_what_has_arrived_before_an_interrupt_is_not_sent_again(
    hub: LiveHub, alice: Account, repo: str, large: bytes
) -> None:
    with Relay(hub.url, when(is_shard, status(503))) as relay:
        api = HfApi(relay.url, alice.token)
        with pytest.raises(UnavailableError):
            api.upload_file(large, "a.bin", repo)
        relay.choose = lambda _: NO_FAULT
        before = len(relay.seen)
        api.upload_file(large, "a.bin", repo)
        assert sum(seen.received for seen in relay.seen[before:] if is_xorb(seen)) < len(large) / 4
    assert read_file(hub, alice, repo, "a.bin") == large


@pytest.mark.parametrize("rested", [True, False])
def test_a_file_that_changes_meanwhile_is_noticed(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path, rested: bool, large: bytes
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(large)
    if rested:
        wait_until_rested(path)

    def change(seen: Seen) -> Fault:
        if is_token(seen):
            with path.open("r+b") as file:
                file.write(b"other")
        return NO_FAULT

    with Relay(hub.url, change) as relay, pytest.raises(FileChangedError):
        HfApi(relay.url, alice.token).upload_file(path, "a.bin", repo)
    assert not any(is_shard(seen) for seen in relay.seen)
    assert count_commits(api, repo) == 0


def test_an_open_file_that_changes_meanwhile_is_noticed(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, large: bytes
) -> None:
    """Nothing but the bytes themselves tells it."""
    file = io.BytesIO(large)

    def change(seen: Seen) -> Fault:
        if is_token(seen):
            file.getbuffer()[MIB] ^= 1
        return NO_FAULT

    with Relay(hub.url, change) as relay, pytest.raises(FileChangedError, match=r"'a\.bin'"):
        HfApi(relay.url, alice.token).upload_file(file, "a.bin", repo)
    assert not any(is_shard(seen) for seen in relay.seen)
    assert count_commits(api, repo) == 0


def test_an_error_of_who_watches_ends_the_upload(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, large: bytes
) -> None:
    def watch(event: Event) -> None:
        if event.kind == "upload":
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        api.upload_file(large, "a.bin", repo, on_event=watch)
    assert count_commits(api, repo) == 0


def test_a_cancelled_upload_ends_soon_and_can_be_repeated(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, large: bytes
) -> None:
    cancel = Cancellation()

    def on_bytes(seen: Seen) -> None:
        if is_xorb(seen):
            cancel.cancel()

    with Relay(hub.url, when(is_xorb, Fault(delay=30)), on_bytes=on_bytes) as relay:
        other = HfApi(relay.url, alice.token)
        started = time.monotonic()
        with pytest.raises(TransferCancelledError):
            other.upload_file(large, "a.bin", repo, cancel=cancel)
        assert time.monotonic() - started < 10
        assert relay.commits() == []
    assert count_commits(api, repo) == 0
    api.upload_file(large, "a.bin", repo)
    assert read_file(hub, alice, repo, "a.bin") == large


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_an_interrupted_program_ends_at_once_and_leaves_no_commit(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    script = """
    import sys
    from freehold import HfApi
    try:
        HfApi(sys.argv[1], sys.argv[2]).upload_file(b"x" * 3_000_000, "a.bin", sys.argv[3])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    """
    programs: list[subprocess.Popen[str]] = []

    def interrupt(seen: Seen) -> Fault:
        if not is_xorb(seen):
            return NO_FAULT
        programs[0].send_signal(signal.SIGINT)
        return Fault(delay=30)

    with Relay(hub.url, interrupt) as relay:
        arguments = [sys.executable, "-c", textwrap.dedent(script), relay.url, alice.token, repo]
        programs.append(subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True))
        started = time.monotonic()
        out, _ = programs[0].communicate(timeout=60)
        assert out == "interrupted\n"
        assert time.monotonic() - started < 20
        assert relay.commits() == []
    assert count_commits(api, repo) == 0


def test_a_hub_that_breaks_down_meanwhile_is_waited_for(
    hub: LiveHub, alice: Account, repo: str, monkeypatch: pytest.MonkeyPatch, large: bytes
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.02)
    left = [status(503), Fault(lose="answer")]
    with Relay(hub.url, lambda seen: left.pop() if left and is_xorb(seen) else NO_FAULT) as relay:
        HfApi(relay.url, alice.token).upload_file(large, "a.bin", repo)
        assert count(relay, is_xorb) == 3
        assert relay.puts() == []
    assert read_file(hub, alice, repo, "a.bin") == large
