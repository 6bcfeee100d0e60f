"""Large files fetched through hf_xet: the same bytes as by plain requests, whatever goes wrong."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from freehold import (
    Cancellation,
    CommitOperationAdd,
    Event,
    HfApi,
    TransferCancelledError,
)
from freehold.client import xet_downloads
from tests.client.downloading import leftovers, sha256
from tests.client.folders import new_repo
from tests.client.relay import NO_FAULT, Fault, Relay, Seen
from tests.live import Account, LiveHub

MIB = 1024 * 1024
DATA = os.urandom(6 * MIB)

pytestmark = pytest.mark.usefixtures("xet")


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every connection counts as slow from its first bytes on, and every rest as long."""
    # A test that has left a download behind may not have ended it yet.
    assert xet_downloads._turn.acquire(timeout=30)
    xet_downloads._turn.release()
    monkeypatch.setattr(xet_downloads, "JUDGED_SECONDS", 0.0)
    monkeypatch.setattr(xet_downloads, "FAST", float("inf"))
    monkeypatch.setattr(xet_downloads, "SMALLEST", 1)


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    """A repository with a file that was sent in chunks."""
    repo = new_repo(api, alice)
    api.upload_file(DATA, "a.bin", repo)
    return repo


def is_chunks(seen: Seen) -> bool:
    return seen.path.startswith("/xet/xorbs/")


def is_plain(seen: Seen) -> bool:
    return seen.method == "GET" and "/resolve/" in seen.path


def is_token(seen: Seen) -> bool:
    return "/xet-read-token/" in seen.path


def count(relay: Relay, is_meant: Callable[[Seen], bool]) -> int:
    return sum(is_meant(seen) for seen in relay.seen)


def when(is_meant: Callable[[Seen], bool], fault: Fault) -> Callable[[Seen], Fault]:
    """The fault for each request that is meant."""
    return lambda seen: fault if is_meant(seen) else NO_FAULT


def partial_of(cache: Path, repo: str) -> Path:
    name = f"models--{repo.replace('/', '--')}"
    return cache / name / "blobs" / f"{sha256(DATA)}.incomplete"


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("where", ["cache_dir", "local_dir"])
def test_both_ways_give_the_same_file(
    hub: LiveHub,
    alice: Account,
    repo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    events: list[Event] = []
    with Relay(hub.url) as relay:
        xet = HfApi(relay.url, alice.token)
        first = xet.hf_hub_download(
            repo, "a.bin", **{where: tmp_path / "xet"}, on_event=events.append
        )
        assert count(relay, is_chunks) >= 1
        assert count(relay, is_plain) == 1, "what it had begun with"
        assert not any("telemetry" in seen.path for seen in relay.seen)
        chunks = count(relay, is_chunks)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        plain = HfApi(relay.url, alice.token)
        second = plain.hf_hub_download(repo, "a.bin", **{where: tmp_path / "plain"})
        assert count(relay, is_chunks) == chunks
    relative = [
        Path(path).relative_to(tmp_path / name)
        for path, name in ((first, "xet"), (second, "plain"))
    ]
    assert relative[0] == relative[1]
    assert Path(first).read_bytes() == Path(second).read_bytes() == DATA
    assert {event.kind for event in events} == {"download"}
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert events[-1].done == len(DATA)
    assert leftovers(tmp_path) == []


def test_a_connection_that_is_fast_enough_is_kept(
    hub: LiveHub, alice: Account, repo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xet_downloads, "JUDGED_SECONDS", 0.0)
    monkeypatch.setattr(xet_downloads, "SMALLEST", 1)
    monkeypatch.setattr(xet_downloads, "FAST", 1)
    with Relay(hub.url) as relay:
        api = HfApi(relay.url, alice.token)
        path = api.hf_hub_download(repo, "a.bin", cache_dir=tmp_path)
        assert not any("xet" in seen.path for seen in relay.seen)
    assert Path(path).read_bytes() == DATA


@pytest.mark.usefixtures("always")
def test_a_download_that_was_cut_goes_on_where_it_was(
    hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    partial = partial_of(tmp_path, repo)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(DATA[: 5 * MIB])
    events: list[Event] = []
    with Relay(hub.url) as relay:
        api = HfApi(relay.url, alice.token)
        path = api.hf_hub_download(repo, "a.bin", cache_dir=tmp_path, on_event=events.append)
        assert count(relay, is_chunks) >= 1
    assert Path(path).read_bytes() == DATA
    assert all(event.done >= 5 * MIB for event in events if event.kind == "download")
    assert leftovers(tmp_path) == []


@pytest.mark.usefixtures("always")
def test_bytes_that_are_wrong_are_fetched_again_plainly(
    hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    """hf_xet does not look at them: random bytes are packed as they are."""

    def damage(seen: Seen) -> Fault:
        if not is_chunks(seen):
            return NO_FAULT
        answer = hub.call("GET", seen.target, headers={"range": seen.headers["range"]})
        data = bytearray(answer.content)
        data[-1] ^= 1
        told = {"content-range": answer.headers["content-range"]}
        return Fault(answer=(answer.status_code, told, bytes(data)))

    with Relay(hub.url, damage) as relay:
        api = HfApi(relay.url, alice.token)
        path = api.hf_hub_download(repo, "a.bin", cache_dir=tmp_path)
        assert count(relay, is_chunks) >= 1
        assert count(relay, is_plain) == 2
    assert Path(path).read_bytes() == DATA
    assert leftovers(tmp_path) == []


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    "fault",
    [
        when(is_chunks, Fault(answer=(404, {}, b""))),
        when(is_chunks, Fault(answer=(503, {}, b""))),
        when(is_chunks, Fault(lose="end of answer")),
        when(is_token, Fault(answer=(404, {}, b""))),
        when(
            is_token, Fault(answer=(200, {}, b'{"accessToken":"a","exp":1,"casUrl":"local:///"}'))
        ),
        when(lambda seen: "reconstructions" in seen.path, Fault(answer=(400, {}, b""))),
    ],
)
def test_what_hf_xet_cannot_fetch_plain_requests_do(
    hub: LiveHub,
    alice: Account,
    repo: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: Callable[[Seen], Fault],
) -> None:
    with Relay(hub.url, fault) as relay, caplog.at_level(logging.WARNING, "freehold"):
        api = HfApi(relay.url, alice.token)
        path = api.hf_hub_download(repo, "a.bin", cache_dir=tmp_path)
        plain = [seen for seen in relay.seen if is_plain(seen)]
        assert len(plain) == 2
        assert int(plain[1].headers["range"].removeprefix("bytes=").rstrip("-")) > 0
    assert Path(path).read_bytes() == DATA
    assert "Plain requests go on." in caplog.text
    assert "?" not in caplog.text.replace("?…", ""), "a query stands for an account"


@pytest.mark.usefixtures("always")
def test_a_cancelled_download_ends_soon_and_goes_on_later(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    cancel = Cancellation()
    released = threading.Event()

    def stall(seen: Seen) -> Fault:
        if is_chunks(seen):
            cancel.cancel()
            released.wait(60)
        return NO_FAULT

    with Relay(hub.url, stall) as relay:
        other = HfApi(relay.url, alice.token)
        started = time.monotonic()
        with pytest.raises(TransferCancelledError):
            other.hf_hub_download(repo, "a.bin", cache_dir=tmp_path, cancel=cancel)
        assert time.monotonic() - started < 10
        assert 0 < partial_of(tmp_path, repo).stat().st_size < len(DATA)
        path = api.hf_hub_download(repo, "a.bin", cache_dir=tmp_path)
        released.set()
    assert Path(path).read_bytes() == DATA
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_an_interrupted_program_ends_at_once(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    script = """
    import sys
    from freehold import HfApi
    from freehold.client import xet_downloads
    xet_downloads.JUDGED_SECONDS, xet_downloads.FAST = 0.0, float("inf")
    xet_downloads.SMALLEST = 1
    try:
        HfApi(sys.argv[1], sys.argv[2]).hf_hub_download(sys.argv[3], "a.bin", cache_dir=sys.argv[4])
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    """
    programs: list[subprocess.Popen[str]] = []
    released = threading.Event()

    def interrupt(seen: Seen) -> Fault:
        if is_chunks(seen):
            programs[0].send_signal(signal.SIGINT)
            released.wait(60)
        return NO_FAULT

    with Relay(hub.url, interrupt) as relay:
        arguments = [textwrap.dedent(script), relay.url, alice.token, repo, str(tmp_path)]
        programs.append(
            subprocess.Popen([sys.executable, "-c", *arguments], stdout=subprocess.PIPE, text=True)
        )
        started = time.monotonic()
        out, _ = programs[0].communicate(timeout=60)
        released.set()
        assert out == "interrupted\n"
        assert time.monotonic() - started < 20
    assert Path(api.hf_hub_download(repo, "a.bin", cache_dir=tmp_path)).read_bytes() == DATA


@pytest.mark.usefixtures("always")
def test_the_files_of_a_snapshot_take_turns(
    hub: LiveHub, alice: Account, api: HfApi, tmp_path: Path
) -> None:
    repo = new_repo(api, alice)
    files = {f"{n}.bin": os.urandom(2 * MIB + n) for n in range(4)}
    api.create_commit(repo, [CommitOperationAdd(name, data) for name, data in files.items()], "m")
    others = threading.Semaphore(0)

    def wait_for_others(seen: Seen) -> Fault:
        if is_chunks(seen) and count(relay, is_chunks) == 1:
            assert all(others.acquire(timeout=60) for _ in range(3))
        return NO_FAULT

    def tell(event: Event) -> None:
        if event.kind == "download" and event.done == event.total:
            others.release()

    with Relay(hub.url, wait_for_others) as relay:
        other = HfApi(relay.url, alice.token)
        folder = Path(other.snapshot_download(repo, cache_dir=tmp_path, on_event=tell))
        assert count(relay, is_token) == 1
    assert {name: (folder / name).read_bytes() for name in files} == files


@pytest.mark.usefixtures("always")
def test_headers_of_the_caller_are_a_reason_for_plain_requests(
    hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    with Relay(hub.url) as relay:
        api = HfApi(relay.url, alice.token)
        api.hf_hub_download(repo, "a.bin", cache_dir=tmp_path, headers={"x-gate": "open"})
        assert not any("xet" in seen.path for seen in relay.seen)


@pytest.mark.usefixtures("always")
def test_the_token_goes_to_the_hub_and_not_to_the_store(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    api.update_repo_settings(repo, private=True)

    def shorten(seen: Seen) -> Fault:
        if not is_token(seen) or count(relay, is_token) > 1:
            return NO_FAULT
        given = hub.call("GET", seen.target, token=alice.token).json()
        short = {**given, "casUrl": given["casUrl"].replace(hub.url, relay.url)}
        short["exp"] = int(time.time()) + 5
        return Fault(answer=(200, {}, json.dumps(short).encode()))

    with Relay(hub.url, shorten) as relay:
        other = HfApi(relay.url, alice.token)
        path = other.hf_hub_download(repo, "a.bin", cache_dir=tmp_path)
        assert count(relay, is_token) > 1
        store = [seen for seen in relay.seen if seen.path.startswith("/xet/")]
        assert store
        assert not any(alice.token in str(seen.headers) for seen in store)
    assert Path(path).read_bytes() == DATA


def test_the_metadata_of_a_file_names_its_chunks(api: HfApi, repo: str) -> None:
    api.upload_file(b"x", "small.txt", repo)
    found = api.get_hf_file_metadata(api.hf_hub_url(repo, "a.bin")).xet_file_data
    assert found is not None
    assert len(found.file_hash) == 64
    assert found.refresh_route.startswith(f"{api.endpoint}/api/models/{repo}/xet-read-token/")
    assert api.get_hf_file_metadata(api.hf_hub_url(repo, "small.txt")).xet_file_data is None
