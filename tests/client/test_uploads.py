"""`upload_file`, from whatever a file may come, and what it refuses."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from freehold import (
    CommitOperationAdd,
    Event,
    FileChangedError,
    HfApi,
    HFValidationError,
    LocalFileError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    upload_file,
)
from tests.client.folders import count_commits, list_files, new_repo, read_file
from tests.client.relay import Fault, Relay, Seen
from tests.live import Account, LiveHub

MIB = 1024 * 1024


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    return new_repo(api, alice)


# The documented examples


def test_upload_file_gives_the_address_of_the_page_of_the_file(
    hub: LiveHub, alice: Account, api: HfApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    dataset = new_repo(api, alice, repo_type="dataset")
    model = new_repo(api, alice)
    local = tmp_path / "filepath"
    local.write_bytes(b"weights")
    own = HfApi()
    with local.open("rb") as fobj:
        url = own.upload_file(
            path_or_fileobj=fobj,
            path_in_repo="remote/file/path.h5",
            repo_id=dataset,
            repo_type="dataset",
            token=alice.token,
        )
    assert url == f"{hub.url}/datasets/{dataset}/blob/main/remote/file/path.h5"
    url = own.upload_file(
        path_or_fileobj=str(local),
        path_in_repo="remote/file/path.h5",
        repo_id=model,
        token=alice.token,
    )
    assert url == f"{hub.url}/{model}/blob/main/remote/file/path.h5"
    assert isinstance(url, str)
    assert url.oid == api.repo_info(model).sha
    assert url.commit_url == f"{hub.url}/{model}/commit/{url.oid}"


def test_upload_file_writes_names_in_addresses_as_documented(
    hub: LiveHub, api: HfApi, repo: str
) -> None:
    api.create_branch(repo, branch="team/new-work")
    url = api.upload_file(b"x", "a b/ü#?.txt", repo, revision="team/new-work")
    assert url == f"{hub.url}/{repo}/blob/team%2Fnew-work/a%20b/%C3%BC%23%3F.txt"
    assert list_files(api, repo, "team/new-work") == ["a b/ü#?.txt"]


def test_a_pull_request_is_named_by_its_quoted_revision(hub: LiveHub, alice: Account) -> None:
    """What a hub with pull requests answers: ours has none yet."""

    def answer(seen: Seen) -> Any:
        if not seen.is_commit():
            return Fault(answer=(200, {}, b'{"files":[%s]}' % mode))
        body = b'{"commitUrl":"%s/a/b/commit/1","commitOid":"1","pullRequestUrl":"%s"}'
        url = relay.url.encode()
        return Fault(answer=(200, {}, body % (url, url + b"/a/b/discussions/1")))

    mode = b'{"path":"remote/file/path.h5","uploadMode":"regular"}'
    with Relay(hub.url, answer) as relay:
        url = HfApi(relay.url, alice.token).upload_file(
            b"x", "remote/file/path.h5", "a/b", create_pr=True
        )
        assert all(seen.target.endswith("?create_pr=1") for seen in relay.seen)
        assert url == f"{relay.url}/a/b/blob/refs%2Fpr%2F1/remote/file/path.h5"
    assert (url.pr_num, url.pr_revision) == (1, "refs/pr/1")
    assert url.pr_url == f"{relay.url}/a/b/discussions/1"


def test_upload_file_is_a_function_as_well(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from freehold import upload_file;"
        f"print(upload_file(path_or_fileobj=b'x', path_in_repo='a', repo_id={repo!r}))"
    )
    environ = {**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": alice.token}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{hub.url}/{repo}/blob/main/a\n"
    assert callable(upload_file)


def test_upload_file_takes_its_old_arguments_in_their_order(api: HfApi, alice: Account) -> None:
    repo = new_repo(api, alice, repo_type="space", space_sdk="static")
    parent = api.repo_info(repo, repo_type="space").sha
    HfApi(api.endpoint).upload_file(
        b"x", "a", repo, alice.token, "space", "main", "title", "text", None, parent
    )
    [commit, *_] = api.list_repo_commits(repo, repo_type="space")
    assert (commit.title, commit.message) == ("title", "text")
    api.upload_file(b"y", "a", repo, repo_type="space")
    [commit, *_] = api.list_repo_commits(repo, repo_type="space")
    assert commit.title == "Upload a with freehold"


# Contents


@pytest.mark.parametrize("size", [0, 1, 2, 3, 511, 512, 513, 70_000, 3 * MIB])
@pytest.mark.parametrize("kind", ["text", "data"])
def test_contents_of_any_size_arrive(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path, size: int, kind: str
) -> None:
    data = b"a" * size if kind == "text" else os.urandom(size)
    path = tmp_path / "local"
    path.write_bytes(data)
    stream = io.BytesIO(b"before" + data)
    stream.seek(6)
    with path.open("rb") as opened:
        for name, source in {"str": str(path), "Path": path, "open": opened}.items():
            api.upload_file(source, name, repo)
            assert read_file(hub, alice, repo, name) == data
        assert opened.tell() == 0
    api.upload_file(bytes(data) + b"!", "bytes", repo)
    assert read_file(hub, alice, repo, "bytes") == data + b"!"
    api.upload_file(stream, "stream", repo)
    assert stream.tell() == 6
    assert read_file(hub, alice, repo, "stream") == data


def test_a_file_in_parts_may_come_from_an_open_file_that_is_not_at_its_beginning(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    data = os.urandom(33 * MIB)
    stream = io.BytesIO(b"12345" + data)
    stream.seek(5)
    with Relay(hub.url) as relay:
        HfApi(relay.url, alice.token).upload_file(stream, "large.bin", repo)
        assert len(relay.puts()) == 3
    assert stream.tell() == 5
    got = read_file(hub, alice, repo, "large.bin")
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()


def test_a_token_never_goes_to_the_store(hub: LiveHub, alice: Account, repo: str) -> None:
    with Relay(hub.url) as relay:
        HfApi(relay.url, alice.token).upload_file(os.urandom(1000), "a.bin", repo)
        [put] = relay.puts()
    assert "authorization" not in put.headers


def test_an_upload_holds_little_of_the_file(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    text, large = tmp_path / "text", tmp_path / "large"
    text.write_bytes(b"0123456789abcde\n" * (9 * MIB // 16))
    with large.open("wb") as file:
        for _ in range(64):
            file.write(os.urandom(MIB))
    api.upload_file(b"warm", "warm", repo)
    tracemalloc.start()
    try:
        operations = [CommitOperationAdd(f"{n}.txt", text) for n in range(8)]
        api.create_commit(repo, operations, "72 MiB of text")
        api.upload_file(large, "large.bin", repo)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 * MIB
    assert len(list_files(api, repo)) == 10


# Bad input: a typed error, and nothing is changed


def test_what_is_not_there_is_refused(
    api: HfApi, alice: Account, repo: str, tmp_path: Path
) -> None:
    for arguments, error in (
        ((tmp_path / "missing", "a", repo), LocalFileError),
        ((tmp_path, "a", repo), LocalFileError),
        ((b"x", "../a", repo), HFValidationError),
        ((b"x", "a", "a/b/c"), HFValidationError),
        ((b"x", "a", f"{alice.name}/missing"), RepositoryNotFoundError),
        ((os.urandom(99), "a", f"{alice.name}/missing"), RepositoryNotFoundError),
    ):
        with pytest.raises(error):
            api.upload_file(*arguments)  # type: ignore[arg-type]
    with pytest.raises(RevisionNotFoundError):
        api.upload_file(b"x", "a", repo, revision="missing")
    assert count_commits(api, repo) == 0


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


def rewrite(path: Path) -> None:
    path.write_bytes(bytes(reversed(path.read_bytes())))


def replace(path: Path) -> None:
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").replace(path)


CHANGES = [grow, rewrite, replace, Path.unlink, lambda path: os.truncate(path, 10)]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("size", "when"),
    [(5000, "preupload"), (9_000_000, "commit"), (40_000_000, "PUT"), (300_000, "PUT")],
)
def test_a_file_that_changes_meanwhile_is_not_committed(
    hub: LiveHub,
    alice: Account,
    api: HfApi,
    repo: str,
    tmp_path: Path,
    change: Any,
    size: int,
    when: str,
) -> None:
    path = tmp_path / "file"
    path.write_bytes(
        os.urandom(1000) * (size // 1000) if when == "PUT" else b"text\n" * (size // 5)
    )
    changed: list[int] = []

    def spoil(seen: Seen) -> None:
        if (seen.method == when or f"/{when}/" in seen.path) and not changed:
            changed.append(1)
            change(path)

    with Relay(hub.url, on_bytes=spoil) as relay, pytest.raises(FileChangedError, match="file"):
        HfApi(relay.url, alice.token).upload_file(path, "a", repo, num_threads=1)
    assert changed
    assert count_commits(api, repo) == 0


def test_a_file_that_changed_since_the_operation_was_made_is_not_committed(
    api: HfApi, repo: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")
    operation = CommitOperationAdd("a", path)
    grow(path)
    with pytest.raises(FileChangedError):
        api.create_commit(repo, [operation], "m")
    stream = io.BytesIO(b"before")
    operation = CommitOperationAdd("a", stream)
    stream.truncate(3)
    with pytest.raises(FileChangedError, match="shorter"):
        api.create_commit(repo, [operation], "m")
    assert count_commits(api, repo) == 0


# What is told


def test_the_steps_that_are_told_make_sense(
    hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    events: list[Event] = []
    large = os.urandom(40 * MIB)
    operations = [
        CommitOperationAdd("large.bin", large),
        CommitOperationAdd("other.bin", os.urandom(3 * MIB)),
        CommitOperationAdd("small.txt", b"text"),
    ]
    api = HfApi(hub.url, alice.token)
    info = api.create_commit(repo, operations, "m", on_event=events.append)
    assert events[-1] == Event("commit", info.oid)
    for operation in operations:
        size = operation.size
        steps = [event for event in events if event.path == operation.path_in_repo]
        assert all(0 <= event.done <= size == event.total for event in steps)
        kinds = [event.kind for event in steps]
        assert kinds == sorted(kinds), "hashed first, uploaded then"
        for kind in set(kinds):
            done = [event.done for event in steps if event.kind == kind]
            assert done == sorted(done)
            assert done[-1] == size
    assert {event.kind for event in events} == {"hash", "upload", "commit"}
    events.clear()
    api.create_commit(repo, operations, "again", on_event=events.append)
    assert {event.path for event in events if event.kind == "skip"} == {
        "large.bin",
        "other.bin",
        "small.txt",
    }


def test_an_error_of_the_listener_is_raised(api: HfApi, repo: str) -> None:
    def refuse(event: Event) -> None:
        raise KeyError(event.kind)

    with pytest.raises(KeyError):
        api.upload_file(os.urandom(1000), "a.bin", repo, on_event=refuse)
    assert count_commits(api, repo) == 0
