"""Commits with `create_pr`, and what goes on at the revision of the pull request."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from freehold import (
    BadRequestError,
    CommitOperationAdd,
    CommitOperationDelete,
    EntryNotFoundError,
    ForbiddenError,
    HfApi,
    HfFileSystem,
    PreconditionFailedError,
    UncertainCommitError,
)
from freehold.client import retries
from tests.client.folders import count_commits, list_files, new_repo, read_file, write_files
from tests.client.relay import NO_FAULT, Fault, Relay, Seen
from tests.live import Account, LiveHub

Add = CommitOperationAdd
LARGE = os.urandom(200_000)


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    repo = new_repo(api, alice)
    api.create_commit(repo, [Add("a.txt", b"a"), Add("old/b.txt", b"b")], "Begin")
    return repo


@pytest.fixture
def reader(hub: LiveHub, bob: Account) -> HfApi:
    """The calls of somebody who may only read the repository."""
    return HfApi(endpoint=hub.url, token=bob.token)


def statuses(api: HfApi, repo: str) -> dict[str, str]:
    """The titles of all pull requests, newest first, and what has become of them."""
    return {found.title: found.status for found in api.get_repo_discussions(repo)}


def test_a_reader_proposes_small_and_large_files(
    hub: LiveHub, alice: Account, api: HfApi, reader: HfApi, repo: str
) -> None:
    head = api.repo_info(repo).sha
    operations = [Add("a.txt", b"better"), Add("w.bin", LARGE), CommitOperationDelete("old/")]
    info = reader.create_commit(repo, operations, "Improve", "By far", create_pr=True)
    assert (info.pr_num, info.pr_revision) == (1, "refs/pr/1")
    assert info.pr_url == f"{hub.url}/{repo}/discussions/1"
    assert info == info.commit_url == f"{hub.url}/{repo}/commit/{info.oid}"
    assert api.repo_info(repo).sha == head
    assert list_files(api, repo, "refs/pr/1") == ["a.txt", "w.bin"]
    assert read_file(hub, alice, repo, "w.bin", "refs%2Fpr%2F1") == LARGE
    found = api.get_discussion_details(repo, 1)
    assert (found.title, found.status, found.head_commit_oid) == ("Improve", "open", info.oid)
    assert found.author == reader.whoami()["name"]
    api.merge_pull_request(repo, 1)
    assert read_file(hub, alice, repo, "w.bin") == LARGE
    assert list_files(api, repo) == ["a.txt", "w.bin"]


@pytest.mark.usefixtures("xet")
def test_a_reader_proposes_large_files_through_xet(
    hub: LiveHub, bob: Account, api: HfApi, repo: str
) -> None:
    new = os.urandom(200_000)
    with Relay(hub.url) as relay:
        reader = HfApi(relay.url, bob.token)
        info = reader.upload_file(new, "w.bin", repo, create_pr=True)
        reader.upload_file(b"\0" + new, "w.bin", repo, revision=info.pr_revision)
        tokens = [seen.target for seen in relay.seen if "/xet-write-token/" in seen.path]
        assert relay.puts() == []
    place = f"/api/models/{repo}/xet-write-token/"
    assert tokens == [f"{place}main?create_pr=1", f"{place}refs%2Fpr%2F1"]
    path = api.hf_hub_download(repo, "w.bin", revision=info.pr_revision)
    assert Path(path).read_bytes() == b"\0" + new


def test_further_commits_go_to_the_pull_request(api: HfApi, reader: HfApi, repo: str) -> None:
    first = reader.upload_file(b"one", "new.txt", repo, create_pr=True)
    revision = first.pr_revision
    assert revision is not None
    second = reader.upload_file(LARGE, "w.bin", repo, revision=revision, parent_commit=first.oid)
    third = reader.delete_file("a.txt", repo, revision=revision)
    assert (second.pr_num, third.pr_num) == (None, None)
    assert list_files(api, repo, revision) == ["new.txt", "old/b.txt", "w.bin"]
    assert list_files(api, repo) == ["a.txt", "old/b.txt"]
    events = api.get_discussion_details(repo, 1).events
    oids = [event.oid for event in events if event.type == "commit"]  # type: ignore[attr-defined]
    assert oids == [first.oid, second.oid, third.oid]
    unchanged = reader.upload_file(LARGE, "w.bin", repo, revision=revision)
    assert unchanged.oid == third.oid
    api.change_discussion_status(repo, 1, "closed")
    with pytest.raises(BadRequestError, match="over"):
        reader.upload_file(b"late", "late.txt", repo, revision=revision)


def test_a_pull_request_is_read_like_any_revision(
    hub: LiveHub, alice: Account, reader: HfApi, repo: str, tmp_path: Path
) -> None:
    operations = [Add("a.txt", b"proposed"), Add("sub/w.bin", LARGE)]
    info = reader.create_commit(repo, operations, "m", create_pr=True)
    assert info.pr_revision is not None
    for _ in range(2):
        path = reader.hf_hub_download(repo, "a.txt", revision=info.pr_revision)
        assert Path(path).read_bytes() == b"proposed"
    folder = Path(reader.snapshot_download(repo, revision=info.pr_revision))
    assert folder.name == info.oid
    assert (folder / "sub" / "w.bin").read_bytes() == LARGE
    assert (folder.parent.parent / "refs" / "refs" / "pr" / "1").read_text() == info.oid
    local = reader.snapshot_download(repo, revision="refs/pr/1", local_dir=tmp_path / "local")
    assert (Path(local) / "a.txt").read_bytes() == b"proposed"

    fs = HfFileSystem(endpoint=hub.url, token=alice.token, skip_instance_cache=True)
    assert fs.cat_file(f"{repo}@refs/pr/1/a.txt") == b"proposed"
    assert fs.cat_file(f"hf://{repo}@refs%2Fpr%2F1/sub/w.bin", start=10, end=20) == LARGE[10:20]
    assert fs.find(f"{repo}@refs/pr/1") == [
        f"{repo}@refs/pr/1/{name}" for name in (".gitattributes", "a.txt", "old/b.txt", "sub/w.bin")
    ]
    assert fs.cat_file(f"{repo}/a.txt") == b"a"
    refs = reader.list_repo_refs(repo, include_pull_requests=True).pull_requests
    assert refs is not None
    assert [(ref.ref, ref.target_commit) for ref in refs] == [("refs/pr/1", info.oid)]


def test_a_file_written_through_the_file_system_is_proposed(
    hub: LiveHub, bob: Account, api: HfApi, repo: str
) -> None:
    fs = HfFileSystem(endpoint=hub.url, token=bob.token, skip_instance_cache=True)
    with fs.open(f"{repo}/a.txt", "wb", create_pr=True) as file:
        file.write(b"written")
    assert fs.cat_file(f"{repo}/a.txt") == b"a"
    with fs.open(f"{repo}@refs/pr/1/c.txt", "w") as file:
        file.write("more")
    assert fs.cat_file(f"{repo}@refs/pr/1/a.txt") == b"written"
    assert statuses(api, repo) == {"Upload a.txt with freehold": "open"}
    assert "c.txt" in list_files(api, repo, "refs/pr/1")


def test_upload_folder_as_a_pull_request(
    hub: LiveHub, api: HfApi, reader: HfApi, repo: str, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / "run", {"a.txt": b"new", "w.bin": LARGE, "sub/c": b"c"})
    info = reader.upload_folder(
        repo, folder, create_pr=True, delete_patterns="old/*", commit_message="A run"
    )
    assert info == f"{hub.url}/{repo}/tree/refs%2Fpr%2F1/"
    assert list_files(api, repo, "refs/pr/1") == ["a.txt", "sub/c", "w.bin"]
    # That the pull request has the folder says nothing about the branch.
    assert reader.upload_folder(repo, folder, create_pr=True).pr_num == 2
    again = reader.upload_folder(repo, folder, revision="refs/pr/1")
    assert (again.oid, again.pr_num) == (info.oid, None)
    landed = api.upload_folder(repo, folder)
    assert list_files(api, repo) == ["a.txt", "old/b.txt", "sub/c", "w.bin"]
    # Nothing is left to propose.
    nothing = reader.upload_folder(repo, folder, create_pr=True)
    assert (nothing.oid, nothing.pr_url) == (landed.oid, None)
    assert len(statuses(api, repo)) == 2


def test_deletions_as_pull_requests(api: HfApi, reader: HfApi, repo: str) -> None:
    one = reader.delete_file("a.txt", repo, create_pr=True)
    two = reader.delete_folder("old", repo, create_pr=True)
    three = reader.delete_files(repo, ["*.txt"], create_pr=True)
    assert [info.pr_num for info in (one, two, three)] == [1, 2, 3]
    assert list_files(api, repo, "refs/pr/1") == ["old/b.txt"]
    assert list_files(api, repo, "refs/pr/2") == ["a.txt"]
    assert list_files(api, repo, "refs/pr/3") == []
    assert list_files(api, repo) == ["a.txt", "old/b.txt"]


def test_large_files_sent_before_they_are_proposed(
    hub: LiveHub, alice: Account, reader: HfApi, repo: str
) -> None:
    addition = Add("w.bin", LARGE)
    reader.preupload_lfs_files(repo, [addition], create_pr=True)
    assert addition.path_or_fileobj == b""
    info = reader.create_commit(repo, [addition], "m", create_pr=True)
    assert info.pr_revision is not None
    assert read_file(hub, alice, repo, "w.bin", "refs%2Fpr%2F1") == LARGE


def test_a_pull_request_for_another_branch(api: HfApi, reader: HfApi, repo: str) -> None:
    api.create_branch(repo, "dev/1")
    info = reader.upload_file(b"d", "d.txt", repo, revision="dev/1", create_pr=True)
    assert info.pr_num is not None
    found = api.get_discussion_details(repo, info.pr_num)
    assert found.target_branch == "refs/heads/dev/1"
    api.merge_pull_request(repo, info.pr_num)
    assert "d.txt" in list_files(api, repo, "dev/1")
    assert "d.txt" not in list_files(api, repo)


def test_what_cannot_be_committed_is_not_proposed_either(
    api: HfApi, reader: HfApi, repo: str
) -> None:
    old = api.list_repo_commits(repo)[-1].commit_id
    with pytest.raises(ForbiddenError, match="create_pr"):
        reader.upload_file(b"new", "new.txt", repo)
    with pytest.raises(EntryNotFoundError):
        reader.create_commit(repo, [CommitOperationDelete("nope")], "m", create_pr=True)
    with pytest.raises(PreconditionFailedError):
        reader.upload_file(b"x", "x.txt", repo, create_pr=True, parent_commit=old)
    with pytest.raises(BadRequestError):
        reader.upload_file(b"---\nlicense: [\n---\n", "README.md", repo, create_pr=True)
    assert statuses(api, repo) == {}


@pytest.mark.parametrize("lose", ["answer", "end of answer"])
def test_a_pull_request_whose_answer_is_lost_is_opened_once(
    hub: LiveHub,
    bob: Account,
    api: HfApi,
    repo: str,
    monkeypatch: pytest.MonkeyPatch,
    lose: str,
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.02)
    left = [Fault(lose=lose), Fault(lose=lose)]  # type: ignore[arg-type]

    def choose(seen: Seen) -> Fault:
        return left.pop() if left and seen.is_commit() else NO_FAULT

    with Relay(hub.url, choose) as relay:
        info = HfApi(relay.url, bob.token).upload_file(b"x", "x.txt", repo, create_pr=True)
        assert len(relay.commits()) == 3
        assert {seen.target.partition("?")[2] for seen in relay.commits()} == {"create_pr=1"}
    assert info.pr_num == 1
    assert len(statuses(api, repo)) == 1
    assert count_commits(api, repo, "refs/pr/1") == count_commits(api, repo) + 1


def test_a_hub_that_cannot_tell_is_never_asked_for_two_pull_requests(
    hub: LiveHub, bob: Account, api: HfApi, repo: str
) -> None:
    def choose(seen: Seen) -> Fault:
        return Fault(lose="answer") if seen.is_commit() else NO_FAULT

    with Relay(hub.url, choose, hidden=frozenset({"x-hub-capabilities"})) as relay:
        with pytest.raises(UncertainCommitError, match="Look at the pull requests"):
            HfApi(relay.url, bob.token).upload_file(b"x", "x.txt", repo, create_pr=True)
        assert len(relay.commits()) == 1
    assert len(statuses(api, repo)) == 1
