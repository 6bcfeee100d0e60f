"""`upload_folder`: which files it takes, what it costs, and what it refuses."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from freehold import (
    BadRequestError,
    CommitInfo,
    HfApi,
    HFValidationError,
    LocalFileError,
    PreconditionFailedError,
    RepositoryNotFoundError,
)
from freehold.client import upload
from freehold.client.folders import list_additions
from freehold.client.hash_cache import Fingerprint
from freehold.client.pushes import PushMemory
from freehold.client.targets import Target
from tests.client.folders import count_commits, list_files, new_repo, read_file, write_files
from tests.client.relay import NO_FAULT, Fault, Relay, Seen
from tests.live import Account, LiveHub

FILES = {
    "a.txt": b"text",
    "b.bin": os.urandom(3000),
    "empty": b"",
    "sub/empty.bin": b"",
    "sub/c.md": b"# title",
    "sub/deeper/d.log": b"log",
    "über uns/naïve 文件 🤗.txt": "ünicode".encode(),
    ".hidden": b"hidden",
    # Windows has no such names.
    "con": b"1",
    "a:b?.txt": b"2",
    "dot.": b"3",
}
TOOLS = {
    ".git/config": b"[core]",
    ".git/objects/aa/bb": b"x",
    "sub/module/.git": b"gitdir: ../..",
    ".cache/huggingface/download/a.metadata": b"x",
    "sub/.cache/huggingface/x": b"x",
}


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    return new_repo(api, alice)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "local" / "checkpoints", FILES | TOOLS)


def test_upload_folder_uploads_every_file_and_nothing_that_tools_keep(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, folder: Path
) -> None:
    api.upload_folder(repo_id=repo, folder_path=folder)
    assert list_files(api, repo) == sorted(FILES)
    for path, data in FILES.items():
        assert read_file(hub, alice, repo, quote(path)) == data
    assert count_commits(api, repo) == 1


def test_upload_folder_gives_the_address_of_the_page_of_the_folder(
    hub: LiveHub, alice: Account, api: HfApi, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The documented example."""
    repo = new_repo(api, alice, repo_type="dataset")
    write_files(folder, {"logs/x.txt": b"", "sub/logs/y.txt": b""})
    monkeypatch.chdir(folder.parent.parent)
    place = "remote/experiment/checkpoints"
    url = HfApi(hub.url).upload_folder(
        folder_path="local/checkpoints",
        path_in_repo=place,
        repo_id=repo,
        repo_type="datasets",
        token=alice.token,
        ignore_patterns="**/logs/*.txt",
    )
    assert url == f"{hub.url}/datasets/{repo}/tree/main/{place}"
    assert url.oid == api.repo_info(repo, repo_type="dataset").sha
    found = api.list_repo_files(repo, None, "dataset")
    # As in a shell without its own rules for `**`: there must be something before `/logs`.
    assert f"{place}/sub/logs/y.txt" not in found
    assert f"{place}/a.txt" in found


def test_upload_folder_takes_its_old_arguments_in_their_order(
    api: HfApi, alice: Account, folder: Path
) -> None:
    repo = new_repo(api, alice, repo_type="dataset")
    parent = api.repo_info(repo, repo_type="dataset").sha
    HfApi(api.endpoint).upload_folder(
        repo,
        str(folder),
        "here",
        "title",
        "text",
        alice.token,
        "dataset",
        "main",
        None,
        parent,
        ["*.txt", "*.md"],
        "sub/*",
    )
    assert sorted(api.list_repo_files(repo, None, "dataset")) == [
        ".gitattributes",
        "here/a.txt",
        "here/a:b?.txt",
        "here/über uns/naïve 文件 🤗.txt",
    ]
    [commit, *_] = api.list_repo_commits(repo, repo_type="dataset")
    assert (commit.title, commit.message) == ("title", "text")


@pytest.mark.parametrize("place", [None, "", ".", "/", "./"])
def test_the_root_may_be_named_in_several_ways(
    hub: LiveHub, api: HfApi, repo: str, tmp_path: Path, place: str | None
) -> None:
    folder = write_files(tmp_path / "local", {"a": b"a"})
    url = api.upload_folder(repo_id=repo, folder_path=folder, path_in_repo=place)
    assert url.rstrip("/") == f"{hub.url}/{repo}/tree/main"
    assert list_files(api, repo) == ["a"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ({"allow_patterns": "*.bin"}, ["b.bin", "sub/empty.bin"]),
        ({"allow_patterns": ["sub/"]}, ["sub/c.md", "sub/deeper/d.log", "sub/empty.bin"]),
        ({"allow_patterns": ["sub/"], "ignore_patterns": ["*.log", "*.bin"]}, ["sub/c.md"]),
        ({"allow_patterns": []}, []),
    ],
)
def test_patterns_choose_among_the_files(
    api: HfApi, repo: str, folder: Path, patterns: dict[str, Any], expected: list[str]
) -> None:
    api.upload_folder(repo_id=repo, folder_path=folder, **patterns)
    assert list_files(api, repo) == expected


def test_delete_patterns_delete_what_is_not_uploaded(api: HfApi, repo: str, tmp_path: Path) -> None:
    old = {
        "run/a.txt": b"old",
        "run/b.txt": b"",
        "run/sub/c.txt": b"",
        "run/d.md": b"",
        "e.txt": b"",
    }
    api.upload_folder(repo_id=repo, folder_path=write_files(tmp_path / "old", old))
    new = write_files(tmp_path / "new", {"a.txt": b"new"})
    options: dict[str, Any] = {"path_in_repo": "run", "delete_patterns": "*.txt"}
    api.upload_folder(repo_id=repo, folder_path=new, **options)
    assert list_files(api, repo) == ["e.txt", "run/a.txt", "run/d.md"]
    assert count_commits(api, repo) == 2
    api.upload_folder(repo_id=repo, folder_path=new, delete_patterns=["*"])
    assert api.list_repo_files(repo) == [".gitattributes", "a.txt"]
    assert count_commits(api, repo) == 3


def test_links_to_files_and_folders_are_followed(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    """As in the cache of downloads, where every file is a link."""
    write_files(tmp_path / "blobs", {"x": b"x", "more/y": b"y"})
    folder = write_files(tmp_path / "local", {})
    (folder / "x.txt").symlink_to("../blobs/x")
    (folder / "once").symlink_to("../blobs/more")
    (folder / "twice").symlink_to("../blobs/more")
    api.upload_folder(repo_id=repo, folder_path=folder)
    assert list_files(api, repo) == ["once/y", "twice/y", "x.txt"]
    assert read_file(hub, alice, repo, "x.txt") == b"x"


def test_an_empty_folder_changes_nothing(api: HfApi, repo: str, tmp_path: Path) -> None:
    info = api.upload_folder(repo_id=repo, folder_path=write_files(tmp_path / "empty", {}))
    assert info.oid == api.repo_info(repo).sha
    assert count_commits(api, repo) == 0


def test_ignored_files_and_metadata_follow_the_rules_of_the_repository(
    api: HfApi, repo: str, tmp_path: Path
) -> None:
    files = {".gitignore": b"*.log\n/tmp/\n", "a.log": b"", "tmp/x": b"", "a": b""}
    folder = write_files(tmp_path / "local", files)
    api.upload_folder(repo_id=repo, folder_path=folder)
    assert list_files(api, repo) == [".gitignore", "a"]
    write_files(folder, {"README.md": b"---\ntags: {\n---\n", "b": b""})
    with pytest.raises(BadRequestError):
        api.upload_folder(repo_id=repo, folder_path=folder)
    assert list_files(api, repo) == [".gitignore", "a"]


# What it costs


def write_many(folder: Path) -> Path:
    return write_files(folder, {f"{n % 20}/{n}.txt": b"number %d" % n for n in range(2000)})


def test_two_thousand_files_are_one_commit_in_few_requests(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    folder = write_many(tmp_path / "many")
    with Relay(hub.url) as relay:
        other = HfApi(relay.url, alice.token)
        other.upload_folder(repo_id=repo, folder_path=folder)
        assert relay.count("POST") <= 4
        assert relay.count() == relay.count("POST")
        seen = relay.count()
        (folder / "0" / "0.txt").write_bytes(b"changed")
        other.upload_folder(repo_id=repo, folder_path=folder)
        assert relay.count() - seen <= 5
        assert relay.commits()[-1].received < 1000
    assert len(list_files(api, repo)) == 2000
    assert read_file(hub, alice, repo, "0/0.txt") == b"changed"


COUNT_OPENED = """
import sys
from pathlib import Path
folder = sys.argv[3]
from freehold import HfApi
api = HfApi(sys.argv[1], sys.argv[2])
opened = []
sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == "open" else None)
print(api.upload_folder(repo_id=sys.argv[4], folder_path=folder).oid)
print(sum(name.startswith(folder) for name in opened))
"""


def push(relay: Relay, account: Account, folder: Path, repo: str) -> list[str]:
    """Push in a process of its own; gives the commit, and how many files were opened."""
    command = [sys.executable, "-c", COUNT_OPENED, relay.url, account.token, str(folder), repo]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_folder_that_was_pushed_just_so_is_not_read_again(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    folder = write_many(tmp_path / "many")
    with Relay(hub.url) as relay:
        first, opened = push(relay, alice, folder, repo)
        assert int(opened) >= 2000
        seen = relay.count()
        again, opened = push(relay, alice, folder, repo)
        assert (again, opened) == (first, "0")
        assert relay.count() - seen <= 2
        seen = relay.count()
        (folder / "new").write_bytes(b"x")
        third, _ = push(relay, alice, folder, repo)
        assert third != first
        api.delete_file("new", repo)
        fourth, _ = push(relay, alice, folder, repo)
    assert fourth == api.repo_info(repo).sha
    assert "new" in list_files(api, repo), "what others changed is put right again"


def test_large_files_that_were_read_once_are_not_read_again(
    hub: LiveHub, alice: Account, api: HfApi, tmp_path: Path
) -> None:
    files = {f"{n}.bin": os.urandom(100_000) for n in range(3)}
    folder = write_files(tmp_path / "large", files)
    [file] = [Fingerprint.of(str(folder / "2.bin"))]
    assert file is not None
    while not file.has_rested():
        pass
    first, second = new_repo(api, alice), new_repo(api, alice)
    with Relay(hub.url) as relay:
        _, before = push(relay, alice, folder, first)
        _, after = push(relay, alice, folder, second)
    # The first bytes of each are sent when the hub is asked how it wants them.
    assert (int(before), int(after)) == (9, 3)
    assert list_files(api, second) == sorted(files)


def test_a_folder_is_remembered_once_its_next_change_can_be_told_from_the_last(
    api: HfApi, repo: str, tmp_path: Path
) -> None:
    """A file may change twice within one tick of the clock of its file system."""
    target = Target.of(api._session, repo, None, None, None, None)
    folder = write_files(tmp_path / "local", {"a": b"0"})
    for number in range(5):
        (folder / "a").write_bytes(b"%d" % number)
        memory = PushMemory(target, "", list_additions(folder, ""))
        seen = Fingerprint.of(str(folder / "a"))
        assert seen is not None
        assert seen.has_rested()
        assert memory.find_commit() is None
        memory.remember(CommitInfo("", oid=str(number)))
        assert PushMemory(target, "", list_additions(folder, "")).find_commit() == str(number)
    now = time.time_ns() // 1_000_000_000 * 1_000_000_000
    assert not Fingerprint(1, 1, 1, now, now).has_rested(), "a clock that shows whole seconds"
    assert Fingerprint(1, 1, 1, now, now - 2_500_000_000).rested_at > now


def test_a_branch_that_moves_while_the_hub_is_asked_gets_all_files(
    hub: LiveHub,
    alice: Account,
    api: HfApi,
    repo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upload, "FILES_PER_PREUPLOAD", 2)
    folder = write_files(tmp_path / "local", {name: name.encode() for name in "abcd"})
    api.upload_folder(repo_id=repo, folder_path=folder, path_in_repo="x")

    def move(seen: Seen) -> Fault:
        if relay.count() == 2:
            api.upload_file(b"another", "x/a", repo)
        return NO_FAULT

    with Relay(hub.url, move) as relay:
        other = HfApi(relay.url, alice.token)
        other.upload_folder(repo_id=repo, folder_path=folder, path_in_repo="x")
    assert read_file(hub, alice, repo, "x/a") == b"a"
    assert count_commits(api, repo) == 3


def test_a_home_that_is_of_no_use_only_costs_time(
    api: HfApi, repo: str, tmp_path: Path, isolated_home: Path
) -> None:
    folder = write_files(tmp_path / "local", {"a.bin": os.urandom(1000)})
    for spoil in (
        lambda: isolated_home.write_bytes(b"a file"),
        lambda: (
            isolated_home.unlink(),
            write_files(isolated_home / "freehold", {"hashes.sqlite3": b"no database" * 99}),
        ),
    ):
        spoil()
        (folder / "a.bin").write_bytes(os.urandom(1000))
        first = api.upload_folder(repo_id=repo, folder_path=folder)
        assert api.upload_folder(repo_id=repo, folder_path=folder).oid == first.oid
    assert count_commits(api, repo) == 2


def test_what_was_remembered_needs_its_parent_all_the_same(
    api: HfApi, repo: str, tmp_path: Path
) -> None:
    old = api.repo_info(repo).sha
    folder = write_files(tmp_path / "local", {"a": b"a"})
    api.upload_folder(repo_id=repo, folder_path=folder)
    with pytest.raises(PreconditionFailedError):
        api.upload_folder(repo_id=repo, folder_path=folder, parent_commit=old)


def test_a_repository_that_was_made_anew_gets_all_files(
    api: HfApi, alice: Account, tmp_path: Path
) -> None:
    repo = new_repo(api, alice)
    folder = write_files(tmp_path / "local", {"a": b"a", "b.bin": os.urandom(100)})
    api.upload_folder(repo_id=repo, folder_path=folder)
    api.delete_repo(repo)
    with pytest.raises(RepositoryNotFoundError):
        api.upload_folder(repo_id=repo, folder_path=folder)
    api.create_repo(repo)
    api.upload_folder(repo_id=repo, folder_path=folder)
    assert list_files(api, repo) == ["a", "b.bin"]


# Bad input: a typed error, and nothing is changed


def refused(api: HfApi, repo: str, folder: Path, **options: Any) -> str:
    with pytest.raises(LocalFileError) as caught:
        api.upload_folder(repo_id=repo, folder_path=folder, **options)
    assert count_commits(api, repo) == 0
    assert isinstance(caught.value, ValueError)
    return str(caught.value)


def test_what_is_no_folder_is_refused(api: HfApi, repo: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert "is not a folder" in refused(api, repo, tmp_path / "file")
    assert "is not a folder" in refused(api, repo, tmp_path / "missing")
    for place in ("../x", "a//b", "a/.git"):
        with pytest.raises(HFValidationError):
            api.upload_folder(repo_id=repo, folder_path=tmp_path, path_in_repo=place)


def test_what_is_no_file_is_refused_unless_it_is_ignored(
    api: HfApi, repo: str, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "local", {"a": b"a"})
    (folder / "link").symlink_to("nowhere")
    assert "'" + str(folder / "link") + "' is a link that leads nowhere" in refused(
        api, repo, folder
    )
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    assert "pipe' is not a file" in refused(api, repo, folder)
    (folder / "pipe").unlink()
    short = Path(tempfile.mkdtemp(dir="/tmp"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(short / "socket"))
        assert "socket' is not a file" in refused(api, repo, short)
        (short / "a").write_bytes(b"")
        api.upload_folder(repo_id=repo, folder_path=short, ignore_patterns="socket")
    shutil.rmtree(short)
    assert list_files(api, repo) == ["a"]


def test_links_that_lead_round_in_circles_are_refused(
    api: HfApi, repo: str, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "local", {"a/b/x": b"", "c/d/y": b""})
    for link, target in (("up", "."), ("a/b/up", ".."), ("a/b/out", "../../.."), ("self", "self")):
        (folder / link).symlink_to(target)
        refused(api, repo, folder)
        (folder / link).unlink()
    (folder / "a/to-c").symlink_to("../c")
    (folder / "c/to-a").symlink_to("../a")
    assert "is a link to a folder that holds it" in refused(api, repo, folder)


@pytest.mark.parametrize(
    "name",
    [b"caf\xe9.txt", b"back\\slash", b"new\nline", b"tab\t", b"\xff\xfe", b"git~1"],
)
def test_names_that_no_repository_can_hold_are_refused(
    api: HfApi, repo: str, tmp_path: Path, name: bytes
) -> None:
    folder = write_files(tmp_path / "local", {"a": b"a"})
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"x")
    message = refused(api, repo, folder)
    assert "cannot be uploaded" in message
    message.encode()


UNREADABLE = """
import os, sys
from freehold import HfApi, LocalFileError
from freehold.client import commit_request, pushes, session, upload
os.setgid(65534); os.setuid(65534)
api = HfApi(sys.argv[1], sys.argv[2])
try:
    api.upload_folder(repo_id=sys.argv[4], folder_path=sys.argv[3])
except LocalFileError as error:
    print(error)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_what_may_not_be_read_is_refused(
    api: HfApi, hub: LiveHub, alice: Account, repo: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = write_files(Path(name), {"a": b"a", "sub/b": b"b"})
        folder.chmod(0o755)
        for locked in ("a", "sub"):
            mode = (folder / locked).stat().st_mode
            (folder / locked).chmod(0)
            command = [sys.executable, "-c", UNREADABLE, hub.url, alice.token, name, repo]
            environ = {**os.environ, "HF_HOME": f"{name}/home"}
            done = subprocess.run(command, env=environ, capture_output=True, text=True)
            assert f"{name}/{locked}' cannot be read: " in done.stdout, done.stderr
            (folder / locked).chmod(mode)
    assert count_commits(api, repo) == 0


def test_a_file_that_is_deleted_meanwhile_is_refused(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "local", {"a": b"a", "b": b"b"})
    with Relay(hub.url, on_bytes=lambda _: (folder / "b").unlink(missing_ok=True)) as relay:
        other = HfApi(relay.url, alice.token)
        with pytest.raises(LocalFileError, match=r"b' changed while it was being uploaded"):
            other.upload_folder(repo_id=repo, folder_path=folder)
    assert count_commits(api, repo) == 0
