"""`HfFileSystem`: a hub as folders and files, for whatever reads and writes through fsspec."""

from __future__ import annotations

import gzip
import io
import json
import logging
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
import torch

from freehold import (
    CommitOperationAdd,
    CorruptedFileError,
    EntryNotFoundError,
    GatedRepoError,
    HfApi,
    HfFileSystem,
    HFValidationError,
    HubConnectionError,
    InvalidAnswerError,
    PreconditionFailedError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from freehold.client.filesystem_changes import IN_MEMORY
from freehold.client.filesystem_paths import parse_path
from tests.client.downloading import LARGE, cut, file_reply, git_id, serve_range, sha256
from tests.client.hostile import HostileServer, Received

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

BYTES = bytes(range(256)) * 400
"""A large file: it is not text."""

FILES = {
    "a.txt": b"text",
    "empty.txt": b"",
    "sub/b.txt": b"b",
    "sub/deep/c.bin": BYTES,
}


def new_fs(hub: LiveHub, account: Account | None = None, **options: Any) -> HfFileSystem:
    token = account.token if account else False
    return HfFileSystem(endpoint=hub.url, token=token, skip_instance_cache=True, **options)


@pytest.fixture
def fs(hub: LiveHub, alice: Account) -> HfFileSystem:
    return new_fs(hub, alice)


def new_repo(api: HfApi, name: str, files: dict[str, bytes], repo_type: str = "model") -> str:
    api.create_repo(name, repo_type=repo_type)
    operations = [CommitOperationAdd(path, data) for path, data in files.items()]
    api.create_commit(name, operations, "Files", repo_type=repo_type)
    return name


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    return new_repo(api, f"{alice.name}/files", FILES)


def stored(api: HfApi, repo: str, **options: Any) -> dict[str, bytes]:
    """What the repository holds, but for the attributes that every new one has."""
    fs = HfFileSystem(endpoint=api.endpoint, token=api.token, skip_instance_cache=True)
    names = api.list_repo_files(repo, **options)
    revision = options.get("revision")
    kind = "datasets/" if options.get("repo_type") == "dataset" else ""
    return {
        name: fs.cat_file(f"{kind}{repo}/{name}", revision=revision)
        for name in names
        if name != ".gitattributes"
    }


def titles(api: HfApi, repo: str) -> list[str]:
    """The commits that a test has made, newest first."""
    return [commit.title for commit in api.list_repo_commits(repo)][:-2]


@pytest.fixture
def asked(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """The requests since the last time."""
    with caplog.at_level(logging.DEBUG, logger="freehold"):

        def take() -> list[str]:
            found = [r.getMessage() for r in caplog.records if r.msg == "%s %s"]
            caplog.clear()
            return found

        yield take


# Paths


@pytest.mark.parametrize(
    ("path", "kind", "revision", "inside"),
    [
        ("hf://lab/tiny", "model", "main", ""),
        ("hf://lab/tiny/", "model", "main", ""),
        ("lab/tiny/a/b.txt", "model", "main", "a/b.txt"),
        ("datasets/lab/tiny/a.txt", "dataset", "main", "a.txt"),
        ("spaces/lab/tiny/app.py", "space", "main", "app.py"),
        ("kernels/lab/tiny/k.py", "kernel", "main", "k.py"),
        ("lab/tiny@v1/a.txt", "model", "v1", "a.txt"),
        ("lab/tiny@side%2Fline/a.txt", "model", "side/line", "a.txt"),
        ("lab/tiny@refs/pr/1/a.txt", "model", "refs/pr/1", "a.txt"),
        ("lab/tiny@refs/pr/1", "model", "refs/pr/1", ""),
        ("lab/tiny@refs/convert/parquet/a.txt", "model", "refs/convert/parquet", "a.txt"),
        ("lab/tiny/mail@home/a@b.txt", "model", "main", "mail@home/a@b.txt"),
    ],
)
def test_a_path_names_a_repository_a_revision_and_a_file(
    path: str, kind: str, revision: str, inside: str
) -> None:
    place = HfFileSystem(skip_instance_cache=True).resolve_path(path)
    assert (place.repo_type, place.repo_id) == (kind, "lab/tiny")
    assert (place.revision, place.path_in_repo) == (revision, inside)
    assert place.unresolve() == path.removeprefix("hf://").rstrip("/")


def test_a_revision_may_stand_beside_the_path() -> None:
    assert parse_path("lab/tiny/a.txt", "side/line").unresolve() == "lab/tiny@side%2Fline/a.txt"
    assert parse_path("lab/tiny/a.txt", "refs/pr/1").unresolve() == "lab/tiny@refs/pr/1/a.txt"
    assert parse_path("lab/tiny/a.txt", "main").unresolve() == "lab/tiny/a.txt"
    assert parse_path("lab/tiny@v1/a.txt", "v1").revision == "v1"


@pytest.mark.parametrize("path", ["", "lab", "datasets", "datasets/lab", "lab//a", "lab/tiny@/a"])
def test_a_path_outside_of_repositories_is_refused(path: str) -> None:
    fs = HfFileSystem(skip_instance_cache=True)
    with pytest.raises(HFValidationError):
        fs.ls(path)
    assert not fs.exists(path)


def test_two_revisions_are_refused() -> None:
    with pytest.raises(HFValidationError, match="disagree"):
        parse_path("lab/tiny@v1/a.txt", "v2")


def test_a_path_cannot_leave_its_repository(fs: HfFileSystem, repo: str) -> None:
    with pytest.raises(HFValidationError):
        fs.cat_file(f"{repo}/../../api/whoami-v2")
    with pytest.raises(HFValidationError):
        fs.pipe_file(f"{repo}/../x", b"")


# What is there


def test_folders_are_listed(fs: HfFileSystem, repo: str) -> None:
    names = [".gitattributes", "a.txt", "empty.txt", "sub"]
    assert fs.ls(repo, detail=False) == [f"{repo}/{name}" for name in names]
    file, folder = fs.ls(f"hf://{repo}/sub/")
    assert (file["name"], file["type"], file["size"]) == (f"{repo}/sub/b.txt", "file", 1)
    assert (file["blob_id"], file["lfs"], file["last_commit"]) == (git_id(b"b"), None, None)
    assert (folder["name"], folder["type"], folder["size"]) == (f"{repo}/sub/deep", "directory", 0)
    assert fs.ls(f"{repo}/a.txt", detail=False) == [f"{repo}/a.txt"]
    (large,) = fs.ls(f"{repo}/sub/deep", expand_info=True)
    assert (large["lfs"]["size"], large["lfs"].sha256) == (len(BYTES), sha256(BYTES))
    assert large["last_commit"].title == "Files"


def test_other_kinds_and_revisions_keep_their_names(
    fs: HfFileSystem, api: HfApi, alice: Account
) -> None:
    name = new_repo(api, f"{alice.name}/rows", {"x/rows.csv": b"1"}, "dataset")
    api.create_branch(name, branch="side/line", repo_type="dataset")
    at = f"datasets/{name}@side%2Fline"
    assert fs.find(f"hf://{at}") == [f"{at}/.gitattributes", f"{at}/x/rows.csv"]
    assert fs.glob(f"datasets/{name}/*/*.csv", revision="side/line") == [f"{at}/x/rows.csv"]
    assert fs.ls(f"datasets/{name}/x", detail=False, revision="main") == [
        f"datasets/{name}/x/rows.csv"
    ]
    assert fs.cat_file(f"{at}/x/rows.csv") == b"1"


def test_a_tree_is_found_with_one_question(
    fs: HfFileSystem, repo: str, asked: Callable[[], list[str]]
) -> None:
    files = [f"{repo}/{name}" for name in [".gitattributes", *FILES]]
    asked()
    assert fs.find(repo) == files
    assert len(asked()) == 1
    # All of this is known now.
    assert fs.du(f"{repo}/sub") == len(BYTES) + 1
    assert [(root, dirs, names) for root, dirs, names in fs.walk(f"{repo}/sub")] == [
        (f"{repo}/sub", ["deep"], ["b.txt"]),
        (f"{repo}/sub/deep", [], ["c.bin"]),
    ]
    assert fs.glob(f"{repo}/**/*.bin") == [f"{repo}/sub/deep/c.bin"]
    assert fs.info(f"{repo}/sub/deep")["type"] == "directory"
    assert fs.isfile(f"{repo}/a.txt")
    assert asked() == []


def test_without_remembered_listings_a_tree_still_costs_one_question(
    hub: LiveHub, alice: Account, repo: str, asked: Callable[[], list[str]]
) -> None:
    fs = new_fs(hub, alice, use_listings_cache=False)
    asked()
    assert fs.du(repo, total=False)[f"{repo}/sub/deep/c.bin"] == len(BYTES)
    assert fs.glob(f"{repo}/*/*.txt") == [f"{repo}/sub/b.txt"]
    assert len(asked()) == 2


def test_find_goes_as_deep_as_it_is_told(fs: HfFileSystem, repo: str) -> None:
    assert fs.find(f"{repo}/sub", maxdepth=1) == [f"{repo}/sub/b.txt"]
    assert fs.find(f"{repo}/sub", maxdepth=1, withdirs=True) == [
        f"{repo}/sub",
        f"{repo}/sub/b.txt",
        f"{repo}/sub/deep",
    ]
    assert fs.find(repo, maxdepth=2)[-1] == f"{repo}/sub/b.txt"
    assert fs.find(f"{repo}/a.txt", withdirs=True) == [f"{repo}/a.txt"]
    assert fs.find(repo, detail=True)[f"{repo}/a.txt"]["size"] == 4
    with pytest.raises(ValueError, match="maxdepth"):
        fs.find(repo, maxdepth=0)


def test_patterns(fs: HfFileSystem, repo: str) -> None:
    assert fs.glob(f"{repo}/*.txt") == [f"{repo}/a.txt", f"{repo}/empty.txt"]
    assert fs.glob(f"hf://{repo}/*/") == [f"{repo}/sub"]
    assert fs.glob(f"{repo}/no/*") == []
    assert list(fs.glob(f"{repo}/sub/?.txt", detail=True)) == [f"{repo}/sub/b.txt"]


def test_what_is_not_there(fs: HfFileSystem, repo: str) -> None:
    for name in (f"{repo}/no", f"{repo}/a.txt/no", f"{repo}-no", f"{repo}@no/a.txt"):
        assert not (fs.exists(name) or fs.isfile(name) or fs.isdir(name))
        for call in (fs.info, fs.ls, fs.open, fs.cat_file, fs.rm):
            with pytest.raises(FileNotFoundError):
                call(name)
    assert fs.find(f"{repo}/no") == []
    causes = {
        f"{repo}/no": EntryNotFoundError,
        f"{repo}-no/a.txt": RepositoryNotFoundError,
        f"{repo}@no/a.txt": RevisionNotFoundError,
    }
    for name, cause in causes.items():
        with pytest.raises(FileNotFoundError) as caught:
            fs.open(name)
        assert isinstance(caught.value.__cause__, cause)
        assert caught.value.filename == name
    with pytest.raises(FileNotFoundError):
        fs.find(f"{repo}-no")


def test_a_folder_is_not_a_file(fs: HfFileSystem, repo: str) -> None:
    for name in (repo, f"{repo}/sub"):
        assert fs.isdir(name)
        for call in (fs.open, fs.rm):
            with pytest.raises(IsADirectoryError):
                call(name)
    with pytest.raises(IsADirectoryError):
        fs.open(repo, "wb")


def test_permissions(hub: LiveHub, api: HfApi, bob: Account, repo: str) -> None:
    stranger = new_fs(hub, bob)
    assert stranger.cat_file(f"{repo}/a.txt") == b"text"
    with pytest.raises(PermissionError):
        stranger.pipe_file(f"{repo}/a.txt", b"no")
    api.update_repo_settings(repo, gated="auto")
    with pytest.raises(PermissionError) as caught:
        stranger.open(f"{repo}/a.txt")
    assert isinstance(caught.value.__cause__, GatedRepoError)
    api.update_repo_settings(repo, private=True)
    stranger.invalidate_cache()
    assert not stranger.exists(repo)
    with pytest.raises(FileNotFoundError):
        new_fs(hub).open(f"{repo}/a.txt")


def test_a_hub_that_is_away_is_not_an_empty_one(fs: HfFileSystem, repo: str) -> None:
    away = HfFileSystem(endpoint="http://127.0.0.1:9", token=False, skip_instance_cache=True)
    with pytest.raises(HubConnectionError):
        away.exists(repo)


def test_what_says_that_a_file_has_changed(fs: HfFileSystem, api: HfApi, repo: str) -> None:
    name = f"{repo}/a.txt"
    assert fs.ukey(name) == git_id(b"text")
    before = fs.checksum(name), fs.checksum(repo), fs.checksum(f"{repo}/sub")
    api.upload_file(b"other", "a.txt", repo)
    assert fs.ukey(name) == git_id(b"other")
    after = fs.checksum(name), fs.checksum(repo), fs.checksum(f"{repo}/sub")
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True, False]
    for path in (name, f"{repo}/sub", repo):
        assert timedelta(0) <= datetime.now(UTC) - fs.modified(path) < timedelta(minutes=5)
    assert fs.info(repo, expand_info=True)["last_commit"].title == "Upload a.txt with freehold"


def test_addresses(fs: HfFileSystem, hub: LiveHub, repo: str, http: Callable[..., Any]) -> None:
    address = fs.url(f"{repo}/sub/b.txt")
    assert address == f"{hub.url}/{repo}/resolve/main/sub/b.txt"
    assert http("GET", address).content == b"b"
    assert fs.url(f"{repo}@a%2Fb/sub") == f"{hub.url}/{repo}/tree/a%2Fb/sub"
    assert fs.url(repo) == f"{hub.url}/{repo}/tree/main"


# Listings that are remembered


def test_a_listing_is_remembered_until_it_is_refreshed(
    fs: HfFileSystem, api: HfApi, repo: str
) -> None:
    before = fs.ls(repo, detail=False)
    api.upload_file(b"new", "new.txt", repo)
    assert fs.ls(repo, detail=False) == before
    assert fs.exists(f"{repo}/new.txt"), "what is not remembered is asked for"
    assert f"{repo}/new.txt" in fs.ls(repo, detail=False, refresh=True)
    api.upload_file(b"new", "newer.txt", repo)
    fs.invalidate_cache(f"{repo}/a.txt")
    assert f"{repo}/newer.txt" in fs.ls(repo, detail=False)
    api.upload_file(b"new", "newest.txt", repo)
    fs.invalidate_cache()
    assert f"{repo}/newest.txt" in fs.ls(repo, detail=False)


def test_own_changes_are_seen_at_once_under_every_revision(fs: HfFileSystem, repo: str) -> None:
    for name in (repo, f"{repo}@main"):
        fs.find(name)
    fs.pipe_file(f"{repo}/new.txt", b"new")
    assert f"{repo}/new.txt" in fs.ls(repo, detail=False)
    assert f"{repo}@main/new.txt" in fs.find(f"{repo}@main")
    fs.rm(f"{repo}/new.txt")
    assert f"{repo}/new.txt" not in fs.ls(repo, detail=False)


# Reading


def test_pieces_of_a_file(fs: HfFileSystem, repo: str) -> None:
    with fs.open(f"{repo}/sub/deep/c.bin", block_size=1000) as file:
        assert (file.size, file.info()["etag"]) == (len(BYTES), sha256(BYTES))
        for place in (10_000, 0, 50_000, len(BYTES) - 3):
            file.seek(place)
            assert file.read(10) == BYTES[place : place + 10]
        file.seek(-7, 2)
        assert file.read() == BYTES[-7:]
        file.seek(len(BYTES) + 5)
        assert file.read(4) == b""
    with fs.open(f"{repo}/empty.txt") as file:
        assert file.read() == b""
    assert fs.read_text(f"{repo}/a.txt") == "text"
    assert (fs.head(f"{repo}/a.txt", 2), fs.tail(f"{repo}/a.txt", 2)) == (b"te", b"xt")


def test_a_small_file_costs_two_requests_and_a_whole_one_one(
    fs: HfFileSystem, repo: str, asked: Callable[[], list[str]]
) -> None:
    asked()
    assert fs.read_bytes(f"{repo}/a.txt") == b"text"
    assert [line.split()[0] for line in asked()] == ["GET"]
    with fs.open(f"{repo}/a.txt") as file:
        assert file.read() == b"text"
    assert [line.split()[0] for line in asked()] == ["HEAD", "GET"]
    with fs.open(f"{repo}/a.txt", block_size=0) as file:
        assert file.read() == b"text"
    fs.get_file(f"{repo}/a.txt", io.BytesIO())
    assert [line.split()[0] for line in asked()] == ["GET", "GET"]


def test_an_open_file_stays_as_it_was(fs: HfFileSystem, api: HfApi, repo: str) -> None:
    name = f"{repo}/sub/deep/c.bin"
    with fs.open(name, block_size=100) as file, fs.open(name, block_size=0) as stream:
        first = file.read(100), stream.read(100)
        api.upload_file(b"x" * len(BYTES), "sub/deep/c.bin", repo)
        there = pickle.loads(pickle.dumps(file))
        assert there.tell() == 100
        assert there.read() == BYTES[100:]
        assert first[0] + file.read() == first[1] + stream.read() == BYTES
    assert fs.cat_file(name) == b"x" * len(BYTES)


def test_a_stream_can_be_read_from_anywhere(fs: HfFileSystem, repo: str) -> None:
    with fs.open(f"{repo}/sub/deep/c.bin", block_size=0) as file:
        assert file.read(300) == BYTES[:300]
        assert file.tell() == 300
        assert file.seek(-10, io.SEEK_END) == len(BYTES) - 10
        assert file.read() == BYTES[-10:]
        assert file.read() == b""
        file.seek(5000)
        assert file.read() == BYTES[5000:]
        with pytest.raises(ValueError, match="before the beginning"):
            file.seek(-1)
    with fs.open(f"{repo}/empty.txt", block_size=0) as file:
        assert (file.size, file.read()) == (0, b"")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (None, None),
        (0, 1),
        (1, 3),
        (2, None),
        (None, 2),
        (-2, None),
        (-9, None),
        (-3, -1),
        (1, -1),
        (None, -1),
        (-3, 3),
        (4, None),
        (9, 12),
        (3, 3),
        (3, 1),
        (2, 99),
    ],
)
def test_ranges_count_as_in_slices(
    fs: HfFileSystem, repo: str, start: int | None, end: int | None
) -> None:
    assert fs.cat_file(f"{repo}/a.txt", start=start, end=end) == b"text"[start:end]
    assert fs.cat_file(f"{repo}/empty.txt", start=start, end=end) == b""


def test_several_files_and_ranges_at_once(fs: HfFileSystem, repo: str) -> None:
    large, small = f"{repo}/sub/deep/c.bin", f"{repo}/a.txt"
    assert fs.cat_ranges([large, small, large], [0, 1, -4], [3, 2, None]) == [
        BYTES[:3],
        b"e",
        BYTES[-4:],
    ]
    pieces = fs.cat_ranges([small, f"{repo}/no"], 0, 2)
    assert pieces[0] == b"te"
    assert isinstance(pieces[1], FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        fs.cat_ranges([small, f"{repo}/no"], 0, 2, on_error="raise")
    assert fs.cat(f"{repo}/a.txt") == b"text"
    assert fs.cat(f"{repo}/*.txt") == {small: b"text", f"{repo}/empty.txt": b""}
    assert fs.cat(f"{repo}/sub", recursive=True) == {f"{repo}/sub/b.txt": b"b", large: BYTES}
    assert fs.cat([small, f"{repo}/no"], on_error="omit") == {small: b"text"}
    assert fs.get_mapper(repo)["sub/b.txt"] == b"b"


def test_files_are_fetched(fs: HfFileSystem, repo: str, tmp_path: Path) -> None:
    told = fsspec.callbacks.Callback()
    fs.get_file(f"{repo}/sub/deep/c.bin", str(tmp_path / "new" / "c.bin"), callback=told)
    assert (tmp_path / "new" / "c.bin").read_bytes() == BYTES
    assert (told.size, told.value) == (len(BYTES), len(BYTES))
    fs.get(f"{repo}/sub", str(tmp_path / "sub"), recursive=True)
    assert (tmp_path / "sub" / "b.txt").read_bytes() == b"b"
    assert (tmp_path / "sub" / "deep" / "c.bin").read_bytes() == BYTES
    into = io.BytesIO()
    fs.get_file(f"{repo}/a.txt", into)
    assert into.getvalue() == b"text"
    with pytest.raises(FileNotFoundError):
        fs.get_file(f"{repo}/no", str(tmp_path / "no"))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "hf-home") == [
        "new",
        "sub",
    ]


@pytest.mark.parametrize(
    ("status", "told", "body"),
    [
        (206, "bytes 7-9/100", b"xyz"),
        (206, "bytes \u00b2-3/100", b"xyz"),
        (206, f"bytes {'9' * 5000}-1/100", b"xyz"),
        (206, "", b"xyz"),
    ],
)
def test_a_range_that_was_not_asked_for_is_refused(status: int, told: str, body: bytes) -> None:
    answer = file_reply(body, status=status, content_range="RANGE")
    answer = answer.replace(b"RANGE", told.encode("latin-1"))
    with HostileServer(lambda _: answer) as server:
        fs = HfFileSystem(endpoint=server.url, token=False, skip_instance_cache=True)
        with pytest.raises(InvalidAnswerError):
            fs.cat_file("a/b/f", 2, 5)


@pytest.mark.parametrize("status", [200, 206])
def test_no_more_is_read_than_was_asked_for(status: int) -> None:
    sent = 0

    def endless(_: Received) -> Iterator[bytes]:
        nonlocal sent
        yield b"HTTP/1.1 %d Whatever\r\ncontent-range: bytes 2-4/9\r\n\r\n0123456789" % status
        while sent < 256 << 20:
            yield b"x" * 65536
            sent += 65536

    with HostileServer(endless) as server:
        fs = HfFileSystem(endpoint=server.url, token=False, skip_instance_cache=True)
        assert fs.cat_file("a/b/f", 2, 5) == (b"234" if status == 200 else b"012")
    assert sent < 64 << 20


@pytest.mark.parametrize(
    ("start", "end"), [(2, 5), (0, 3), (None, 4), (70_000, 70_003), (-2, None), (99_990, None)]
)
def test_a_hub_that_knows_no_ranges_is_read_as_far_as_needed(
    start: int | None, end: int | None
) -> None:
    digits = b"0123456789" + b"".join(b"%d" % (n % 10) * 10 for n in range(9999))
    with HostileServer(lambda _: file_reply(digits)) as server:
        fs = HfFileSystem(endpoint=server.url, token=False, skip_instance_cache=True)
        assert fs.cat_file("a/b/f", start, end) == digits[start:end]


def test_a_remembered_folder_of_many_files_is_searched_quickly(fs: HfFileSystem) -> None:
    names = [f"a/b/f{number}" for number in range(20_000)]
    entries = [{"name": name, "type": "file", "size": 1, "last_commit": None} for name in names]
    fs.dircache["a/b"] = entries
    start = time.process_time()
    assert [fs.info(name) for name in names] == entries
    assert time.process_time() - start < 2
    fs.dircache["a/b"] = [{**entries[0], "size": 2}]
    assert fs.info(names[0])["size"] == 2


def test_a_broken_connection_goes_on_where_it_broke(tmp_path: Path) -> None:
    """Each answer breaks after two blocks; no byte is asked for twice."""

    def script(received: Received) -> bytes:
        return cut(serve_range(LARGE, received), 2 << 20)

    with HostileServer(script) as server:
        fs = HfFileSystem(endpoint=server.url, token=False, skip_instance_cache=True)
        fs.get_file("a/b/large.bin", str(tmp_path / "large.bin"))
        wanted = [request.headers.get("range") for request in server.requests]
    assert (tmp_path / "large.bin").read_bytes() == LARGE
    assert wanted == [None, "bytes=2097152-", "bytes=4194304-"]


def test_wrong_bytes_do_not_become_a_file(tmp_path: Path) -> None:
    wrong = b"\0" * len(LARGE)
    with HostileServer(lambda _: file_reply(wrong, sha256(LARGE))) as server:
        fs = HfFileSystem(endpoint=server.url, token=False, skip_instance_cache=True)
        with pytest.raises(CorruptedFileError):
            fs.get_file("a/b/large.bin", str(tmp_path / "got" / "large.bin"))
    assert list((tmp_path / "got").iterdir()) == []


# Writing


def test_a_file_is_committed_when_it_is_closed(fs: HfFileSystem, api: HfApi, repo: str) -> None:
    with fs.open(
        f"{repo}/new/w.bin", "wb", commit_message="Mine", commit_description="All"
    ) as file:
        file.write(b"12345")
        assert file.tell() == 5
        file.seek(1)
        file.write(b"x")
        assert not fs.exists(f"{repo}/new/w.bin")
    assert fs.cat_file(f"{repo}/new/w.bin") == b"1x345"
    with fs.open(f"{repo}/t.txt", "w", encoding="utf-16") as file:
        file.write("grün")
    assert fs.read_text(f"{repo}/t.txt", encoding="utf-16") == "grün"
    assert titles(api, repo) == ["Upload t.txt with freehold", "Mine"]
    with pytest.raises(ValueError, match="closed"):
        file.write("more")


def test_a_file_larger_than_what_is_kept_in_memory(fs: HfFileSystem, repo: str) -> None:
    block = bytes(range(256)) * 4096
    with fs.open(f"{repo}/large.bin", "wb") as file:
        for _ in range(IN_MEMORY // len(block) + 2):
            file.write(block)
        assert file.tell() > IN_MEMORY
    assert fs.cat_file(f"{repo}/large.bin") == block * (IN_MEMORY // len(block) + 2)


@pytest.mark.parametrize("options", [{"mode": "wb"}, {"mode": "w"}, {"compression": "gzip"}])
def test_after_an_error_nothing_is_committed(
    fs: HfFileSystem, api: HfApi, repo: str, options: dict[str, str]
) -> None:
    options = {"mode": "wb", **options}
    with pytest.raises(KeyError), fs.open(f"{repo}/a.txt", **options) as file:
        file.write("half" if options["mode"] == "w" else b"half")
        raise KeyError
    assert stored(api, repo) == FILES
    assert titles(api, repo) == []


def test_a_file_that_is_never_closed_is_not_committed(
    fs: HfFileSystem, api: HfApi, repo: str
) -> None:
    with pytest.warns(ResourceWarning, match="never closed"):
        fs.open(f"{repo}/a.txt", "wb").write(b"half")
    assert titles(api, repo) == []


def test_compressed_files(fs: HfFileSystem, repo: str) -> None:
    with fs.open(f"{repo}/z.txt.gz", "wt", compression="infer") as file:
        file.write("compressed")
    assert gzip.decompress(fs.cat_file(f"{repo}/z.txt.gz")) == b"compressed"
    with fs.open(f"{repo}/z.txt.gz", "rt", compression="infer") as file:
        assert file.read() == "compressed"


def test_appending(fs: HfFileSystem, api: HfApi, repo: str) -> None:
    with fs.open(f"{repo}/a.txt", "ab") as file:
        file.write(b" and more")
    with fs.open(f"{repo}/new.txt", "a") as file:
        file.write("new")
    assert fs.cat([f"{repo}/a.txt", f"{repo}/new.txt"]) == {
        f"{repo}/a.txt": b"text and more",
        f"{repo}/new.txt": b"new",
    }
    file = fs.open(f"{repo}/a.txt", "ab")
    file.write(b" lost")
    api.upload_file(b"from elsewhere", "b.txt", repo)
    file.close()
    assert fs.cat_file(f"{repo}/a.txt") == b"text and more lost"
    file = fs.open(f"{repo}/a.txt", "ab")
    api.upload_file(b"from elsewhere", "a.txt", repo)
    file.write(b"!")
    with pytest.raises(PreconditionFailedError):
        file.close()
    assert fs.cat_file(f"{repo}/a.txt") == b"from elsewhere"


def test_new_files_only(fs: HfFileSystem, api: HfApi, repo: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(FileExistsError):
        fs.open(f"{repo}/a.txt", "xb")
    with pytest.raises(FileExistsError):
        fs.pipe_file(f"{repo}/a.txt", b"", mode="create")
    with pytest.raises(FileExistsError):
        fs.put_file(str(tmp_path / "x"), f"{repo}/a.txt", mode="create")
    assert titles(api, repo) == []
    with fs.open(f"{repo}/x.txt", "x") as file:
        file.write("x")
    assert fs.cat_file(f"{repo}/x.txt") == b"x"


def test_a_folder_is_put_in_one_commit(
    fs: HfFileSystem, api: HfApi, repo: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    for name in ("1.txt", "2.txt", "deep/3.txt"):
        (folder / name).write_text(name)
    fs.put(str(folder), f"{repo}/put", recursive=True)
    assert fs.find(f"{repo}/put") == [
        f"{repo}/put/{name}" for name in ("1.txt", "2.txt", "deep/3.txt")
    ]
    fs.pipe({f"{repo}/p/1": b"1", f"{repo}/p/2": b"2"}, commit_message="Piped")
    told = fsspec.callbacks.Callback()
    fs.put_file(str(folder / "1.txt"), f"{repo}/one.txt", callback=told)
    assert (told.size, told.value) == (5, 5)
    assert titles(api, repo) == [
        "Upload one.txt with freehold",
        "Piped",
        "Change 3 files with freehold",
    ]


def test_copies(fs: HfFileSystem, api: HfApi, alice: Account, repo: str) -> None:
    api.create_branch(repo, branch="old")
    fs.pipe_file(f"{repo}/a.txt", b"changed")
    fs.cp_file(f"{repo}@old/a.txt", f"{repo}/old.txt")
    fs.cp(f"{repo}/sub", f"{repo}/copy", recursive=True)
    new_repo(api, f"{alice.name}/other", {}, "dataset")
    fs.cp(f"{repo}/sub/", f"datasets/{alice.name}/other/", recursive=True)
    held = stored(api, repo)
    assert (held["a.txt"], held["old.txt"]) == (b"changed", b"text")
    assert (held["copy/b.txt"], held["copy/deep/c.bin"]) == (b"b", BYTES)
    other = stored(api, f"{alice.name}/other", repo_type="dataset")
    assert other == {"b.txt": b"b", "deep/c.bin": BYTES}
    assert titles(api, repo)[:2] == [
        "Change 2 files with freehold",
        "Copy a.txt to old.txt with freehold",
    ]
    with pytest.raises(FileNotFoundError):
        fs.cp_file(f"{repo}/no", f"{repo}/yes")


def test_moves(fs: HfFileSystem, api: HfApi, repo: str) -> None:
    fs.mv(f"{repo}/a.txt", f"{repo}/moved.txt")
    fs.mv(f"{repo}/sub", f"{repo}/there", recursive=True)
    assert stored(api, repo) == {
        "moved.txt": b"text",
        "empty.txt": b"",
        "there/b.txt": b"b",
        "there/deep/c.bin": BYTES,
    }
    assert len(titles(api, repo)) == 2
    fs.mv(f"hf://{repo}/moved.txt", f"{repo}@main/moved.txt")
    fs.cp_file(f"hf://{repo}/moved.txt", f"{repo}@main/moved.txt")
    assert fs.cat_file(f"{repo}/moved.txt") == b"text"


def test_deletions(fs: HfFileSystem, api: HfApi, repo: str) -> None:
    fs.rm([f"{repo}/a.txt", f"{repo}/empty.txt"], commit_message="Two")
    fs.rm(f"{repo}/sub", recursive=True)
    assert stored(api, repo) == {}
    assert titles(api, repo) == ["Change 2 files with freehold", "Two"]
    fs.pipe({f"{repo}/{number}.txt": b"x" for number in range(3)})
    api.create_branch(repo, branch="side")
    fs.rm(f"{repo}/*.txt", revision="side")
    assert (len(stored(api, repo)), len(stored(api, repo, revision="side"))) == (3, 0)
    fs.rm_file(f"{repo}/0.txt")
    fs.rm(repo, recursive=True)
    assert api.list_repo_files(repo) == []


# Transactions


def test_a_transaction_is_one_commit(fs: HfFileSystem, api: HfApi, repo: str) -> None:
    with fs.transaction:
        with fs.open(f"{repo}/1.txt", "w", commit_message="All at once") as file:
            file.write("1")
        fs.pipe_file(f"{repo}/2.txt", b"2")
        fs.pipe_file(f"{repo}/2.txt", b"second")
        fs.cp_file(f"{repo}/a.txt", f"{repo}/3.txt")
        fs.rm(f"{repo}/a.txt")
        fs.mv(f"{repo}/sub/b.txt", f"{repo}/4.txt")
        fs.rm(f"{repo}/empty.txt")
        fs.pipe_file(f"{repo}/empty.txt", b"not any more")
        assert titles(api, repo) == []
    assert stored(api, repo) == {
        "1.txt": b"1",
        "2.txt": b"second",
        "3.txt": b"text",
        "4.txt": b"b",
        "empty.txt": b"not any more",
        "sub/deep/c.bin": BYTES,
    }
    assert titles(api, repo) == ["All at once"]
    fs.pipe_file(f"{repo}/5.txt", b"5")
    assert titles(api, repo)[0] == "Upload 5.txt with freehold"


def test_a_transaction_with_an_error_is_nothing(fs: HfFileSystem, api: HfApi, repo: str) -> None:
    with pytest.raises(KeyError), fs.transaction:
        fs.pipe_file(f"{repo}/1.txt", b"1")
        fs.rm(f"{repo}/a.txt")
        raise KeyError
    assert stored(api, repo) == FILES
    assert titles(api, repo) == []
    with fs.transaction:
        with pytest.raises(KeyError), fs.open(f"{repo}/1.txt", "wb") as file:
            file.write(b"half")
            raise KeyError
        fs.pipe_file(f"{repo}/2.txt", b"2")
    assert stored(api, repo) == {**FILES, "2.txt": b"2"}


def test_a_transaction_that_the_hub_refuses_is_over(
    fs: HfFileSystem, api: HfApi, repo: str
) -> None:
    fs.start_transaction()
    fs.pipe_file(f"{repo}/1.txt", b"1")
    fs.cp_file(f"{repo}/no", f"{repo}/yes")
    with pytest.raises(FileNotFoundError):
        fs.end_transaction()
    assert titles(api, repo) == []
    fs.pipe_file(f"{repo}/1.txt", b"1")
    assert titles(api, repo) == ["Upload 1.txt with freehold"]


# Objects, and how fsspec finds them


def test_objects_are_shared_by_those_who_ask_alike(
    hub: LiveHub, alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = HfFileSystem(endpoint=hub.url, token=alice.token)
    assert HfFileSystem(endpoint=hub.url, token=alice.token) is one
    assert HfFileSystem(endpoint=hub.url, token=bob.token) is not one
    assert HfFileSystem(endpoint=hub.url) is not one
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", alice.token)
    from_environment = HfFileSystem()
    assert from_environment.endpoint == hub.url
    assert HfFileSystem() is from_environment
    monkeypatch.setenv("HF_TOKEN", bob.token)
    assert HfFileSystem() is not from_environment


def test_tokens_are_not_shown(hub: LiveHub, alice: Account, repo: str) -> None:
    fs = HfFileSystem(endpoint=hub.url, token=alice.token)
    with fs.open(f"{repo}/a.txt") as file:
        shown = [repr(fs), str(fs), repr(file), str(file), str(fs._fs_token), repr(fs.api)]
    shown.append(fs.to_json(include_password=False))
    shown.append(json.dumps(fs.to_dict(include_password=False)))
    assert [text for text in shown if alice.token in text] == []


def test_an_object_can_be_pickled(fs: HfFileSystem, repo: str) -> None:
    there = pickle.loads(pickle.dumps(fs))
    assert there.cat_file(f"{repo}/a.txt") == b"text"
    again = fsspec.AbstractFileSystem.from_json(fs.to_json())
    assert isinstance(again, HfFileSystem)
    assert again.cat_file(f"{repo}/a.txt") == b"text"


def test_fsspec_opens_addresses(hub: LiveHub, alice: Account, repo: str) -> None:
    options = {"endpoint": hub.url, "token": alice.token}
    assert fsspec.get_filesystem_class("hf") is HfFileSystem
    with fsspec.open(f"hf://{repo}/fs.txt", "wt", **options) as file:
        file.write("through fsspec")
    with fsspec.open(f"hf://{repo}@main/fs.txt", "rt", **options) as file:
        assert file.read() == "through fsspec"
    found, path = fsspec.url_to_fs(f"hf://{repo}/a.txt", **options)
    assert (type(found), path) == (HfFileSystem, f"{repo}/a.txt")


def test_ours_can_be_chosen_over_another() -> None:
    script = """
import fsspec, freehold
from fsspec.implementations.memory import MemoryFileSystem
fsspec.register_implementation("hf", MemoryFileSystem, clobber=True)
fsspec.register_implementation("hf", freehold.HfFileSystem, clobber=True)
print(fsspec.get_filesystem_class("hf").__module__)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "freehold.client.filesystem\n", done.stderr


def test_without_fsspec_only_this_name_is_missing() -> None:
    script = """
import sys
import freehold
assert "fsspec" not in sys.modules
sys.modules["fsspec"] = None
print(freehold.HfApi.__name__)
freehold.HfFileSystem
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "HfApi\n"
    assert "HfFileSystem needs fsspec: pip install 'freehold[fs]'" in done.stderr


def test_without_fsspec_everything_else_can_be_imported_at_once() -> None:
    script = (
        "import sys; sys.modules['fsspec'] = None\n"
        "from freehold import *\n"
        "print('HfApi' in globals(), 'HfFileSystem' in globals())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_torch_saves_and_loads(fs: HfFileSystem, repo: str) -> None:
    weights = {"layer": torch.arange(1000.0)}
    with fs.open(f"{repo}/weights.pt", "wb") as file:
        torch.save(weights, file)
    with fs.open(f"{repo}/weights.pt") as file:
        assert torch.equal(torch.load(file)["layer"], weights["layer"])
