"""Parts for git-lfs: real pushes of git-lfs, and the protocol as it may go wrong."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from freehold import HfApi, login
from tests.client.folders import new_repo, read_file
from tests.client.relay import NO_FAULT, Fault, Relay, Seen
from tests.client.worktrees import Worktree

if TYPE_CHECKING:
    from tests.conftest import NewHub
    from tests.live import Account, LiveHub

MIB = 1024 * 1024
CONTENT = random.Random(5).randbytes(11 * MIB + 5)
OID = hashlib.sha256(CONTENT).hexdigest()
INIT = {"event": "init", "operation": "upload", "remote": "origin", "concurrent": False}


@pytest.fixture
def hub(fresh_hub: NewHub) -> LiveHub:
    """A hub that wants files of more than a megabyte in parts of 5 MiB."""
    return fresh_hub(multipart_threshold=1_000_000, part_size=5 * MIB)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "weights"
    path.write_bytes(CONTENT)
    return path


def ask_batch(hub: LiveHub, account: Account, repo: str, content: bytes) -> dict[str, Any]:
    """The event with which git-lfs asks for an upload."""
    oid = hashlib.sha256(content).hexdigest()
    answer = hub.call(
        "POST",
        f"/{repo}.git/info/lfs/objects/batch",
        token=account.token,
        json={
            "operation": "upload",
            "transfers": ["multipart", "basic"],
            "objects": [{"oid": oid, "size": len(content)}],
        },
        headers={"content-type": "application/vnd.git-lfs+json"},
    )
    action = answer.json()["objects"][0]["actions"]["upload"]
    return {"event": "upload", "oid": oid, "size": len(content), "action": action}


def talk(*events: dict[str, Any] | str) -> list[dict[str, Any]]:
    """What the program answers to these lines."""
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    done = subprocess.run(
        [sys.executable, "-m", "freehold", "lfs-multipart-upload"],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_whole(hub: LiveHub, account: Account, repo: str, content: bytes) -> bool:
    """Whether the hub needs no upload of the content any more."""
    oid = hashlib.sha256(content).hexdigest()
    answer = hub.call(
        "POST",
        f"/{repo}.git/info/lfs/objects/batch",
        token=account.token,
        json={"operation": "download", "objects": [{"oid": oid, "size": len(content)}]},
        headers={"content-type": "application/vnd.git-lfs+json"},
    )
    return "actions" in answer.json()["objects"][0]


# Pushes


def test_a_push_sends_large_files_in_parts_and_small_ones_in_one(
    git_config: Path, hub: LiveHub, alice: Account, api: HfApi, tmp_path: Path
) -> None:
    login(alice.token, endpoint=hub.url)
    repo = new_repo(api, alice, private=True)
    made = Worktree(api.clone_repo(repo, tmp_path / "c"))
    head = made.commit({"large.bin": CONTENT, "small.bin": b"\0" * 1000})
    done = made.try_git("push")
    assert done.returncode == 0, done.stderr
    assert api.repo_info(repo).sha == head
    assert read_file(hub, alice, repo, "large.bin") == CONTENT
    assert read_file(hub, alice, repo, "small.bin") == b"\0" * 1000
    log = hub.log()
    assert log.count('"route":"lfs_upload_part"') == 4
    assert '"route":"lfs_upload"' not in log
    # It comes back as it went.
    assert Worktree(api.clone_repo(repo, tmp_path / "d")).read("large.bin") == CONTENT


# The protocol


def test_progress_is_told_and_then_the_end(
    hub: LiveHub, alice: Account, api: HfApi, file: Path
) -> None:
    repo = new_repo(api, alice)
    upload = ask_batch(hub, alice, repo, CONTENT) | {"path": str(file)}
    first, *progress, last = talk(INIT, upload, {"event": "terminate"}, "never read")
    assert first == {}
    assert last == {"event": "complete", "oid": OID}
    assert {event["event"] for event in progress} == {"progress"}
    assert sum(event["bytesSinceLast"] for event in progress) == len(CONTENT)
    assert progress[-1]["bytesSoFar"] == len(CONTENT)
    assert is_whole(hub, alice, repo, CONTENT)


def test_a_file_of_a_hub_that_wants_no_parts_is_sent_whole(
    hub: LiveHub, alice: Account, api: HfApi, file: Path
) -> None:
    repo = new_repo(api, alice)
    file.write_bytes(b"small")
    upload = ask_batch(hub, alice, repo, b"small") | {"path": str(file)}
    assert "header" not in upload["action"]
    *_, last = talk(INIT, upload)
    assert "error" not in last
    assert is_whole(hub, alice, repo, b"small")


def test_a_file_that_cannot_be_sent_does_not_end_the_others(
    hub: LiveHub, alice: Account, api: HfApi, file: Path
) -> None:
    repo = new_repo(api, alice)
    good = ask_batch(hub, alice, repo, CONTENT) | {"path": str(file)}
    forged = json.loads(json.dumps(good))
    forged["action"]["href"] += "0"
    broken = [
        (good | {"path": f"{file}.none"}, "cannot be read|No such file|is no file"),
        (good | {"action": {"href": good["action"]["href"], "header": {"chunk_size": "x"}}}, "num"),
        (good | {"action": {"href": "ftp://there"}}, "https://host"),
        ({"event": "upload", "oid": OID}, "lacks something"),
        (forged, ""),
    ]
    events = talk(INIT, *(message for message, _ in broken), good)
    ends = [event for event in events if event.get("event") == "complete"]
    assert [event["oid"] for event in ends] == [OID] * (len(broken) + 1)
    assert all(event["error"]["message"] for event in ends[:-1])
    assert ends[-2]["error"]["code"] in {400, 403, 404}
    assert "error" not in ends[-1]


def test_what_is_damaged_is_not_said_to_have_arrived(
    hub: LiveHub, alice: Account, api: HfApi, file: Path
) -> None:
    repo = new_repo(api, alice)
    upload = ask_batch(hub, alice, repo, CONTENT) | {"path": str(file)}
    file.write_bytes(CONTENT[:-1] + b"\0" if CONTENT[-1] else CONTENT[:-1] + b"\1")
    *_, last = talk(INIT, upload)
    assert last["error"]["code"] == 422
    assert not is_whole(hub, alice, repo, CONTENT)


@pytest.mark.parametrize("fault", [Fault(lose="answer"), Fault(answer=(503, {}, b""))])
def test_a_part_that_was_lost_is_sent_again(
    hub: LiveHub, alice: Account, api: HfApi, file: Path, fault: Fault
) -> None:
    repo = new_repo(api, alice)
    upload = ask_batch(hub, alice, repo, CONTENT) | {"path": str(file)}
    lost: list[str] = []

    def choose(seen: Seen) -> Fault:
        if seen.path in lost or seen.method != "PUT":
            return NO_FAULT
        lost.append(seen.path)
        return fault

    with Relay(hub.url, choose) as relay:
        text = json.dumps(upload).replace(hub.url, relay.url)
        *progress, last = talk(INIT, text)
        assert last == {"event": "complete", "oid": OID}
        assert len(relay.puts()) == 6
    assert sum(event["bytesSinceLast"] for event in progress[1:]) == len(CONTENT)
    assert is_whole(hub, alice, repo, CONTENT)


def test_no_token_is_sent_with_the_parts(
    hub: LiveHub, alice: Account, api: HfApi, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = new_repo(api, alice)
    upload = ask_batch(hub, alice, repo, CONTENT) | {"path": str(file)}
    with Relay(hub.url) as relay:
        monkeypatch.setenv("HF_TOKEN", alice.token)
        monkeypatch.setenv("HF_ENDPOINT", relay.url)
        talk(INIT, json.dumps(upload).replace(hub.url, relay.url))
        assert len(relay.seen) == 4
        assert not any("authorization" in seen.headers for seen in relay.seen)


def test_only_uploads_are_taken() -> None:
    (answer,) = talk(INIT | {"operation": "download"})
    assert answer["error"]["message"]


@pytest.mark.parametrize("line", ["{", "[]", '{"oid": 1}'])
def test_somebody_else_than_git_lfs_is_told_so(line: str) -> None:
    command = [sys.executable, "-m", "freehold", "lfs-multipart-upload"]
    done = subprocess.run(command, input=f"{line}\n", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "started by git-lfs" in done.stderr
