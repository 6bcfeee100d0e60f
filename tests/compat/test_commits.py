"""Commits of every kind of operation: all or nothing, with every client on both databases."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat.environments import VERSIONS
from tests.compat.stored import head_of, stored_file, stored_files
from tests.conftest import BACKENDS

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

on_both_databases = pytest.mark.parametrize("hub", BACKENDS, indirect=True)

# The scripts make large files of these: the same bytes for the same number, each time.
LARGE = """
import random
from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from compat_script import api, error_of, repo, tell

def large(number):
    return random.Random(number).randbytes(20_000)

def add(path, content):
    return CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)

def commit(*operations, **options):
    return api.create_commit(
        repo, operations=list(operations), commit_message=options.pop("title", "Change"), **options
    )

api.create_repo(repo)
"""


def large(number: int) -> bytes:
    return random.Random(number).randbytes(20_000)


MIXED = (
    LARGE
    + """
first = commit(
    add("a.txt", b"a"),
    add("keep/b.txt", b"b"),
    add("old/c.txt", b"c"),
    add("old/d/e.bin", large(1)),
    add("w.bin", large(2)),
    add("gone.bin", large(3)),
    add("Name.txt", b"name"),
)
second = commit(
    add("a.txt", b"new a"),
    add("keep/f.txt", b"f"),
    add("w.bin", large(4)),
    add("name.txt", b"name"),
    add("empty.bin", b""),
    CommitOperationDelete(path_in_repo="Name.txt"),
    CommitOperationDelete(path_in_repo="gone.bin"),
    CommitOperationDelete(path_in_repo="old/", is_folder=True),
    title="Everything at once",
    commit_description="Line one\\n\\nLine two",
    parent_commit=first.oid,
)
log = api.list_repo_commits(repo)
tell(
    oids=[first.oid, second.oid],
    url=second.commit_url,
    log=[[c.commit_id, c.title, c.message, c.authors] for c in log],
)
"""
)


@on_both_databases
def test_one_commit_adds_changes_and_deletes(client: Client, hub: LiveHub, alice: Account) -> None:
    repo = f"{alice.name}/mixed"
    told = client.run(MIXED, hub.url, alice.token, REPO=repo)
    first, second = told["oids"]
    assert head_of(hub, repo) == second
    assert told["url"] == f"{hub.url}/{repo}/commit/{second}"
    assert stored_files(hub, repo) == {
        "a.txt": b"new a",
        "keep/b.txt": b"b",
        "keep/f.txt": b"f",
        "w.bin": large(4),
        "name.txt": b"name",
        "empty.bin": b"",
    }
    assert stored_file(hub, repo, "old/d/e.bin", revision=first) == large(1)
    assert stored_file(hub, repo, "w.bin", revision=first) == large(2)
    entry = [second, "Everything at once", "Line one\n\nLine two", [alice.name]]
    assert told["log"][0] == entry
    assert [row[1] for row in told["log"][1:]] == ["Change", "initial commit"]


CONFLICT = (
    LARGE
    + """
first = commit(add("a.txt", b"first"), add("b.bin", large(1)))
second = commit(add("a.txt", b"second"))
stale = error_of(commit, add("a.txt", b"lost"), add("c.bin", large(2)), parent_commit=first.oid)
missing = error_of(commit, add("d.txt", b"d"), CommitOperationDelete(path_in_repo="not there.txt"))
folder = error_of(
    commit, add("d.txt", b"d"), CommitOperationDelete(path_in_repo="no folder/", is_folder=True)
)
branch = error_of(commit, add("d.txt", b"d"), revision="no-branch")
below = error_of(commit, add("e.txt", b"e"), add("a.txt/below.txt", b"a file is no folder"))
errors = {"missing": missing, "folder": folder, "branch": branch, "below": below}
tell(oids=[first.oid, second.oid], stale=stale, **errors)
"""
)


@on_both_databases
def test_a_commit_that_cannot_be_made_changes_nothing(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/conflict"
    told = client.run(CONFLICT, hub.url, alice.token, REPO=repo)
    assert_failed(told["stale"], "HfHubHTTPError", 412)
    assert "A commit has happened since" in told["stale"]["text"]
    assert_failed(told["missing"], "EntryNotFoundError", 404)
    assert "not there.txt" in told["missing"]["text"]
    assert_failed(told["folder"], "EntryNotFoundError", 404)
    assert_failed(told["branch"], "RevisionNotFoundError", 404)
    assert_failed(told["below"], "BadRequestError", 400)
    assert head_of(hub, repo) == told["oids"][1]
    assert stored_files(hub, repo) == {"a.txt": b"second", "b.bin": large(1)}


def assert_failed(error: dict[str, Any], kind: str, status: int) -> None:
    assert kind in error["is"], error
    assert error["status"] == status, error


NOTHING_NEW = (
    LARGE
    + """
files = [add("a.txt", b"a"), add("b.bin", large(1)), add("empty.txt", b"")]
oids = [commit(*files).oid]
again = [add("a.txt", b"a"), add("b.bin", large(1)), add("empty.txt", b"")]
oids.append(commit(*again).oid)
oids.append(api.list_repo_commits(repo)[0].commit_id)
tell(oids=oids, commits=len(api.list_repo_commits(repo)))
"""
)


def test_the_same_files_again_make_no_commit(client: Client, hub: LiveHub, alice: Account) -> None:
    told = client.run(NOTHING_NEW, hub.url, alice.token, REPO=f"{alice.name}/again")
    assert len(set(told["oids"])) == 1
    assert told["commits"] == 2


COPIES = (
    LARGE
    + """
from huggingface_hub import CommitOperationCopy

first = commit(add("a.txt", b"a"), add("w.bin", large(1)), add("w.txt", b"t"))
commit(add("a.txt", b"later"), add("w.bin", large(2)), CommitOperationDelete(path_in_repo="w.txt"))
commit(
    CommitOperationCopy("a.txt", "copies/a.txt"),
    CommitOperationCopy("w.bin", "copies/w.bin"),
    CommitOperationCopy("w.bin", "copies/old-w.bin", src_revision=first.oid),
    CommitOperationCopy("w.txt", "copies/back.txt", src_revision=first.oid),
)
missing = error_of(commit, CommitOperationCopy("nowhere.bin", "copies/x.bin"))
infos = api.get_paths_info(repo, ["copies/w.bin", "copies/old-w.bin"])
tell(missing=missing, lfs={info.path: [info.lfs.sha256, info.lfs.size] for info in infos})
"""
)


@on_both_databases
@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_files_are_copied_from_any_revision(client: Client, hub: LiveHub, alice: Account) -> None:
    """0.13 knows no copies."""
    repo = f"{alice.name}/copies"
    told = client.run(COPIES, hub.url, alice.token, REPO=repo)
    assert stored_files(hub, repo) == {
        "a.txt": b"later",
        "w.bin": large(2),
        "copies/a.txt": b"later",
        "copies/w.bin": large(2),
        "copies/old-w.bin": large(1),
        "copies/back.txt": b"t",
    }
    assert "EntryNotFoundError" in told["missing"]["is"], told["missing"]
    hashes = {"copies/w.bin": large(2), "copies/old-w.bin": large(1)}
    assert told["lfs"] == {
        path: [hashlib.sha256(content).hexdigest(), 20_000] for path, content in hashes.items()
    }


SINGLE_FILES = (
    LARGE
    + """
import io
api.upload_file(path_or_fileobj=io.BytesIO(large(1)), path_in_repo="a/b.bin", repo_id=repo)
api.upload_file(path_or_fileobj=b"text", path_in_repo="a/c.txt", repo_id=repo)
api.upload_file(path_or_fileobj=b"x", path_in_repo="d/e/f.txt", repo_id=repo)
api.upload_file(path_or_fileobj=b"y", path_in_repo="d/g.txt", repo_id=repo)
api.delete_file("a/c.txt", repo)
api.delete_folder("d/e", repo)
tell(commits=len(api.list_repo_commits(repo)))
"""
)


def test_files_and_folders_come_and_go_one_by_one(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/single"
    told = client.run(SINGLE_FILES, hub.url, alice.token, REPO=repo)
    assert stored_files(hub, repo) == {"a/b.bin": large(1), "d/g.txt": b"y"}
    assert told["commits"] == 7


IN_BACKGROUND = (
    LARGE
    + """
futures = [
    api.upload_file(
        path_or_fileobj=large(n), path_in_repo=f"{n}.bin", repo_id=repo, run_as_future=True
    )
    for n in range(5)
]
urls = [future.result().commit_url for future in futures]
name = api.run_as_future(api.whoami).result()["name"]
api.delete_files(repo, ["0.*", "1.*"])
tell(urls=len(set(urls)), name=name)
"""
)


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_uploads_run_in_the_background(client: Client, hub: LiveHub, alice: Account) -> None:
    repo = f"{alice.name}/background"
    told = client.run(IN_BACKGROUND, hub.url, alice.token, REPO=repo)
    assert told == {"urls": 5, "name": alice.name}
    assert stored_files(hub, repo) == {f"{n}.bin": large(n) for n in (2, 3, 4)}


SCHEDULED = """
from pathlib import Path
from huggingface_hub import CommitScheduler, hf_hub_download
from compat_script import repo, tell

def pushed():
    scheduler.trigger().result()
    return Path(hf_hub_download(repo, "log.jsonl", repo_type="dataset")).read_text()

folder = Path("watched")
folder.mkdir()
# The schedule is not waited for: only what is asked for is pushed.
scheduler = CommitScheduler(repo_id=repo, repo_type="dataset", folder_path=folder, every=60)
with scheduler.lock:
    (folder / "log.jsonl").write_text("one\\n")
first = pushed()
with scheduler.lock, (folder / "log.jsonl").open("a") as file:
    file.write("two\\n")
second = pushed()
scheduler.stop()
tell(first=first, second=second)
"""


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_a_scheduler_pushes_what_a_file_has_gained(
    client: Client, hub: LiveHub, alice: Account
) -> None:
    repo = f"{alice.name}/scheduled"
    told = client.run(SCHEDULED, hub.url, alice.token, REPO=repo)
    assert told == {"first": "one\n", "second": "one\ntwo\n"}
    assert stored_files(hub, repo, prefix="datasets/") == {"log.jsonl": b"one\ntwo\n"}
