"""Commits of any operations, through the library."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from freehold import (
    BadRequestError,
    CommitInfo,
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    EntryNotFoundError,
    HfApi,
    HFValidationError,
    HubConnectionError,
    PreconditionFailedError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    UnauthorizedError,
)
from freehold.client import retries
from tests.client.folders import count_commits, list_files, new_repo, read_file
from tests.client.relay import Relay
from tests.conftest import NewHub
from tests.live import Account, LiveHub

Add = CommitOperationAdd
Delete = CommitOperationDelete
Copy = CommitOperationCopy

LARGE = os.urandom(200_000)


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    return new_repo(api, alice)


def head(api: HfApi, repo: str, revision: str = "main") -> str:
    sha = api.repo_info(repo, revision).sha
    assert sha is not None
    return sha


# What a commit does


def test_create_commit_adds_and_deletes_in_one_commit(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, tmp_path: Path
) -> None:
    (tmp_path / "local.txt").write_bytes(b"from a file")
    api.create_commit(
        repo,
        [Add("old.txt", b"x"), Add("old/a", b"x"), Add("old/b/c", b"x"), Add("kept", b"x")],
        "before",
    )
    info = api.create_commit(
        repo_id=repo,
        operations=iter(
            [
                Add("from/path.txt", tmp_path / "local.txt"),
                Add("from/bytes.txt", b"bytes"),
                Add("from/stream.txt", io.BytesIO(b"stream")),
                Add("large.bin", LARGE),
                Delete("old.txt"),
                Delete("old/"),
            ]
        ),
        commit_message="All at once",
        commit_description="In one commit.",
    )
    expected = {
        "from/path.txt": b"from a file",
        "from/bytes.txt": b"bytes",
        "from/stream.txt": b"stream",
        "large.bin": LARGE,
        "kept": b"x",
    }
    assert {path: read_file(hub, alice, repo, path) for path in list_files(api, repo)} == expected
    [commit, *_] = api.list_repo_commits(repo)
    assert (commit.commit_id, commit.title) == (info.oid, "All at once")
    assert commit.message == "In one commit."
    assert count_commits(api, repo) == 2


def test_create_commit_tells_what_it_made(api: HfApi, hub: LiveHub, repo: str) -> None:
    info = api.create_commit(repo, [Add("a", b"a")], "A title", "A text")
    assert isinstance(info, CommitInfo)
    assert info.oid == head(api, repo)
    assert info == info.commit_url == f"{hub.url}/{repo}/commit/{info.oid}"
    assert (info.commit_message, info.commit_description) == ("A title", "A text")
    assert (info.pr_url, info.pr_num, info.pr_revision) == (None, None, None)
    assert info.repo_url.repo_id == repo


def test_create_commit_takes_its_old_arguments_in_their_order(api: HfApi, alice: Account) -> None:
    repo = new_repo(api, alice, repo_type="dataset")
    api.create_branch(repo, branch="dev", repo_type="dataset")
    parent = api.repo_info(repo, "dev", "dataset").sha
    assert parent is not None
    HfApi(api.endpoint).create_commit(
        repo, [Add("a", b"a")], "title", "text", alice.token, "dataset", "dev", None, 2, parent[:7]
    )
    assert api.list_repo_files(repo, "dev", "dataset") == [".gitattributes", "a"]
    assert api.list_repo_files(repo, "main", "dataset") == [".gitattributes"]


def test_the_last_of_several_additions_at_one_path_counts(
    api: HfApi, hub: LiveHub, alice: Account, repo: str
) -> None:
    api.create_commit(repo, [Add("a", b"first"), Add("a", b"second")], "m")
    assert read_file(hub, alice, repo, "a") == b"second"


def test_what_is_deleted_and_added_unchanged_is_still_there(
    api: HfApi, hub: LiveHub, alice: Account, repo: str
) -> None:
    files = {"a/x": b"x", "a/y": b"y", "b": b"b", "a/large.bin": LARGE}
    api.create_commit(repo, [Add(path, data) for path, data in files.items()], "m")
    del files["a/y"]
    again = [Add(path, data) for path, data in files.items()]
    api.create_commit(repo, [*again, Delete("a/"), Delete("b")], "m")
    assert {path: read_file(hub, alice, repo, path) for path in list_files(api, repo)} == files


def test_create_commit_copies_files_of_any_size(
    api: HfApi, hub: LiveHub, alice: Account, repo: str
) -> None:
    first = api.create_commit(repo, [Add("s", b"old"), Add("l.bin", LARGE)], "m")
    api.create_tag(repo, tag="v1")
    api.create_commit(repo, [Add("s", b"new"), Delete("l.bin")], "m")
    api.create_commit(
        repo,
        [
            Copy("s", "copies/now"),
            Copy("s", "copies/then", src_revision="v1"),
            Copy("l.bin", "copies/large.bin", src_revision=first.oid),
            Copy("s", "moved"),
            Delete("s"),
        ],
        "m",
    )
    found = {path: read_file(hub, alice, repo, path) for path in list_files(api, repo)}
    assert found == {
        "copies/now": b"new",
        "copies/then": b"old",
        "copies/large.bin": LARGE,
        "moved": b"new",
    }


def test_copies_of_one_revision_are_asked_for_together(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    paths = [f"{n}.bin" for n in range(20)]
    api.create_commit(repo, [Add(path, LARGE) for path in paths], "m")
    with Relay(hub.url) as relay:
        HfApi(relay.url, alice.token).create_commit(
            repo, [Copy(path, f"copy/{path}") for path in paths], "m"
        )
        assert [seen.path.split("/")[-2] for seen in relay.seen] == ["paths-info", "commit"]
    assert len(list_files(api, repo)) == 40


@pytest.mark.parametrize("source", ["missing", "folder"])
def test_a_copy_of_what_is_no_file_is_refused(api: HfApi, repo: str, source: str) -> None:
    api.create_commit(repo, [Add("folder/a", b"a")], "m")
    with pytest.raises(EntryNotFoundError, match=source):
        api.create_commit(repo, [Add("b", b"b"), Copy(source, "c")], "m")
    assert list_files(api, repo) == ["folder/a"]


def test_a_copy_from_a_revision_that_is_not_there_is_refused(api: HfApi, repo: str) -> None:
    with pytest.raises(RevisionNotFoundError):
        api.create_commit(repo, [Copy("a", "b", "nope")], "m")


# Commits that change nothing


def test_what_the_branch_holds_already_makes_no_commit(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    operations = [Add("small", b"small"), Add("large.bin", LARGE), Add("empty", b"")]
    first = api.create_commit(repo, operations, "m")
    with Relay(hub.url) as relay:
        again = HfApi(relay.url, alice.token).create_commit(repo, operations, "another")
        assert [(s.method, s.path.rpartition("/")[0]) for s in relay.seen] == [
            ("POST", f"/api/models/{repo}/preupload")
        ]
    assert again.oid == first.oid
    assert again == f"{relay.url}/{repo}/commit/{first.oid}"
    assert api.create_commit(repo, [], "nothing").oid == first.oid
    assert count_commits(api, repo) == 1


def test_only_what_differs_is_sent(hub: LiveHub, alice: Account, api: HfApi, repo: str) -> None:
    api.create_commit(repo, [Add("a", b"a" * 50_000), Add("b", b"b")], "m")
    with Relay(hub.url) as relay:
        other = HfApi(relay.url, alice.token)
        other.create_commit(repo, [Add("a", b"a" * 50_000), Add("b", b"B")], "m")
        [commit] = relay.commits()
    assert commit.received < 1000
    assert read_file(hub, alice, repo, "b") == b"B"


def test_a_commit_that_would_change_nothing_still_needs_its_parent(api: HfApi, repo: str) -> None:
    old = head(api, repo)
    info = api.create_commit(repo, [Add("a", b"a")], "m")
    with pytest.raises(PreconditionFailedError):
        api.create_commit(repo, [Add("a", b"a")], "m", parent_commit=old)
    same = api.create_commit(repo, [Add("a", b"a")], "m", parent_commit=info.oid)
    assert same.oid == info.oid
    rebased = api.create_commit(repo, [Add("a", b"a")], "m", parent_commit=old, rebase=True)
    assert rebased.oid == info.oid


# Rules of the repository


def test_ignored_files_are_left_out(
    api: HfApi, repo: str, caplog: pytest.LogCaptureFixture
) -> None:
    api.create_commit(repo, [Add(".gitignore", b"*.log\n")], "m")
    assert caplog.messages == []
    api.create_commit(repo, [Add("a.log", b"x"), Add("b.log", LARGE), Add("a.txt", b"x")], "m")
    assert list_files(api, repo) == [".gitignore", "a.txt"]
    assert sum("left out" in message for message in caplog.messages) == 2


def test_a_gitignore_of_the_same_commit_counts(api: HfApi, repo: str) -> None:
    api.create_commit(repo, [Add("a.log", b"x"), Add(".gitignore", b"*.log\n")], "m")
    assert list_files(api, repo) == [".gitignore"]
    api.create_commit(repo, [Add("a.log", b"x"), Add(".gitignore", b"")], "m")
    assert list_files(api, repo) == [".gitignore", "a.log"]


def test_metadata_that_breaks_a_rule_is_refused(api: HfApi, repo: str) -> None:
    card = b"---\nlicense: [unclosed\n---\n"
    with pytest.raises(BadRequestError):
        api.create_commit(repo, [Add("README.md", card), Add("a", b"a")], "m")
    assert list_files(api, repo) == []


# Parents, and other writers


def test_parent_commit_must_be_the_head(api: HfApi, repo: str) -> None:
    old = head(api, repo)
    info = api.create_commit(repo, [Add("a", b"a")], "m", parent_commit=old)
    with pytest.raises(PreconditionFailedError) as caught:
        api.create_commit(repo, [Add("b", b"b")], "m", parent_commit=old)
    assert caught.value.status == 412
    api.create_commit(repo, [Add("b", b"b")], "m", parent_commit=info.oid[:7].upper())
    assert list_files(api, repo) == ["a", "b"]


def test_rebase_goes_on_top_of_changes_of_other_paths(api: HfApi, repo: str) -> None:
    old = head(api, repo)
    api.create_commit(repo, [Add("a", b"a")], "m")
    api.create_commit(repo, [Add("b", b"b")], "m", parent_commit=old, rebase=True)
    with pytest.raises(PreconditionFailedError):
        api.create_commit(repo, [Add("a", b"A")], "m", parent_commit=old, rebase=True)
    assert list_files(api, repo) == ["a", "b"]


def write_beside(api: HfApi, repo: str, writer: int, commits: int, parent: str | None) -> None:
    for number in range(commits):
        name = f"{writer}/{number}.txt"
        stale = {} if parent is None else {"parent_commit": parent, "rebase": True}
        api.create_commit(repo, [Add(name, name.encode())], name, **stale)  # type: ignore[arg-type]


def run_at_once(jobs: list[Callable[[], None]]) -> None:
    errors: list[BaseException] = []

    def guard(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - the test fails with it
            errors.append(error)

    threads = [threading.Thread(target=guard, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


WRITERS, COMMITS = 4, 15


@pytest.mark.parametrize("with_stale_parent", [False, True])
def test_commits_of_many_writers_all_land(
    api: HfApi, hub: LiveHub, alice: Account, repo: str, with_stale_parent: bool
) -> None:
    parent = head(api, repo) if with_stale_parent else None

    def job(writer: int) -> Callable[[], None]:
        own = HfApi(hub.url, alice.token)
        return lambda: write_beside(own, repo, writer, COMMITS, parent)

    run_at_once([job(writer) for writer in range(WRITERS)])
    names = [f"{w}/{n}.txt" for w in range(WRITERS) for n in range(COMMITS)]
    assert list_files(api, repo) == sorted(names)
    assert count_commits(api, repo) == WRITERS * COMMITS
    titles = {commit.title for commit in api.list_repo_commits(repo)}
    assert titles >= set(names)


# Large files before the commit


def test_preupload_lfs_files_sends_what_a_later_commit_names(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    with Relay(hub.url) as relay:
        other = HfApi(relay.url, alice.token)
        additions = []
        for number in range(3):
            addition = Add(f"{number}.bin", bytes([number]) + LARGE)
            additions.append(addition)
            other.preupload_lfs_files(repo, additions=[addition])
            assert addition.path_or_fileobj == b""
            assert addition.size == len(LARGE) + 1
        assert list_files(api, repo) == []
        sent = len(relay.puts())
        other.preupload_lfs_files(repo, additions)
        other.create_commit(repo, operations=additions, commit_message="Commit all")
        assert len(relay.puts()) == sent == 3
    assert read_file(hub, alice, repo, "2.bin") == b"\x02" + LARGE


def test_preupload_lfs_files_leaves_small_and_ignored_files_alone(
    hub: LiveHub, alice: Account, api: HfApi, repo: str
) -> None:
    data = os.urandom(20_000)
    small, ignored, kept = Add("a.txt", b"text"), Add("x.bin", data), Add("y.bin", data)
    with Relay(hub.url) as relay:
        HfApi(relay.url, alice.token).preupload_lfs_files(
            repo,
            [small, ignored, kept],
            free_memory=False,
            gitignore_content="x.*",
        )
        assert len(relay.puts()) == 1
    assert (small.sent_sha256, ignored.sent_sha256) == (None, None)
    assert ignored.is_ignored
    assert kept.path_or_fileobj == data
    api.create_commit(repo, [small, kept], "m")
    assert list_files(api, repo) == ["a.txt", "y.bin"]


# Bad input: a typed error, and nothing is changed


@pytest.mark.parametrize(
    "given",
    [
        {"commit_message": ""},
        {"commit_message": "  \n"},
        {"commit_message": None},
        {"repo_id": "a/b/c"},
        {"repo_id": "with space/b"},
        {"repo_id": 5},
        {"repo_type": "models-and-more"},
        {"parent_commit": "main"},
        {"parent_commit": "abc"},
        {"parent_commit": "0" * 41},
        {"parent_commit": 12345678},
        {"revision": "../main"},
        {"num_threads": 0},
        {"timeout": 0},
        {"timeout": float("inf")},
        {"operations": ["a text"]},
        {"token": "with space"},
        {"token": ""},
    ],
)
def test_arguments_that_no_hub_would_accept_are_refused(
    hub: LiveHub, alice: Account, api: HfApi, repo: str, given: dict[str, Any]
) -> None:
    with Relay(hub.url) as relay:
        call = {"repo_id": repo, "operations": [Add("a", b"a")], "commit_message": "m", **given}
        with pytest.raises(HFValidationError) as caught:
            HfApi(relay.url, alice.token).create_commit(**call)
        assert relay.seen == []
    assert isinstance(caught.value, ValueError)


def test_what_is_not_there_is_refused(api: HfApi, alice: Account, repo: str) -> None:
    for call, error in (
        (
            lambda: api.create_commit(f"{alice.name}/x", [Add("a", b"")], "m"),
            RepositoryNotFoundError,
        ),
        (lambda: api.create_commit(f"{alice.name}/x", [], "m"), RepositoryNotFoundError),
        (
            lambda: api.create_commit(repo, [Add("a", b"")], "m", revision="x"),
            RevisionNotFoundError,
        ),
        (lambda: api.create_commit(repo, [Delete("x")], "m"), EntryNotFoundError),
        (lambda: api.create_commit(repo, [Add("a", b""), Delete("x/")], "m"), EntryNotFoundError),
    ):
        with pytest.raises(error):
            call()
    assert list_files(api, repo) == []


def test_strangers_and_bad_tokens_change_nothing(
    api: HfApi, hub: LiveHub, alice: Account, bob: Account, repo: str
) -> None:
    reader = hub.token(alice, role="read")
    for token, status in ((bob.token, 403), ("hf_nobody", 401), (False, 401), (reader, 403)):
        with pytest.raises(Exception, match=str(status)) as caught:
            api.create_commit(repo, [Add("a", LARGE)], "m", token=token)
        assert isinstance(caught.value, UnauthorizedError | RepositoryNotFoundError) == (
            status == 401
        )
        assert alice.token not in str(caught.value)
    assert list_files(api, repo) == []


def test_a_hub_that_is_not_there_is_a_connection_error(
    fresh_hub: NewHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.02)
    hub = fresh_hub()
    account = hub.user()
    api = HfApi(hub.url, account.token)
    repo = new_repo(api, account)
    hub.stop()
    with pytest.raises(HubConnectionError):
        api.create_commit(repo, [Delete(".gitattributes")], "m", timeout=5)
    hub.start()
    assert count_commits(api, repo) == 0


# Deleting


def test_delete_file_takes_its_old_arguments_in_their_order(api: HfApi, alice: Account) -> None:
    repo = new_repo(api, alice, repo_type="dataset")
    kind: dict[str, Any] = {"repo_type": "dataset"}
    api.create_commit(repo, [Add("a/b", b""), Add("c/d", b"")], "m", **kind)
    other = HfApi(api.endpoint)
    parent = api.repo_info(repo, **kind).sha
    other.delete_file("a/b", repo, alice.token, "dataset", "main", "title", "text", None, parent)
    [commit, *_] = api.list_repo_commits(repo, repo_type="dataset")
    assert (commit.title, commit.message) == ("title", "text")
    other.delete_folder(
        "c", repo, alice.token, "dataset", "main", "t2", "text", None, commit.commit_id
    )
    assert api.list_repo_files(repo, None, "dataset") == [".gitattributes"]


def test_delete_file_and_folder_say_what_they_delete(api: HfApi, repo: str) -> None:
    api.create_commit(repo, [Add("a/b", b""), Add("a/c", b"")], "m")
    api.delete_file(path_in_repo="a/b", repo_id=repo)
    api.delete_folder(path_in_repo="a/", repo_id=repo)
    titles = [commit.title for commit in api.list_repo_commits(repo)][:2]
    assert titles == ["Delete folder a/ with freehold", "Delete a/b with freehold"]
    with pytest.raises(EntryNotFoundError):
        api.delete_file("a/b", repo)
    with pytest.raises(EntryNotFoundError):
        api.delete_folder("a", repo)


def test_delete_files_deletes_what_the_patterns_choose(api: HfApi, repo: str) -> None:
    names = ["a/1.txt", "a/2.bin", "b/3.txt", "c.txt"]
    api.create_commit(repo, [Add(name, b"") for name in names], "m")
    api.delete_files(repo, delete_patterns=["a/", "*.md"])
    assert list_files(api, repo) == ["b/3.txt", "c.txt"]
    api.delete_files(repo, "*")
    assert api.list_repo_files(repo) == [".gitattributes"]
    head = api.repo_info(repo).sha
    assert api.delete_files(repo, "*").oid == head == api.repo_info(repo).sha


# In the background


def test_run_as_future_keeps_the_order_of_the_calls(api: HfApi, repo: str) -> None:
    futures: list[Any] = [
        api.create_commit(repo, [Add("a", str(n).encode())], f"number {n}", run_as_future=True)
        for n in range(10)
    ]
    futures.append(api.upload_file(b"x", "b", repo, run_as_future=True))
    futures.append(api.run_as_future(api.delete_file, "a", repo))
    infos = [future.result(60) for future in futures]
    assert all(isinstance(info, CommitInfo) for info in infos)
    order = [commit.commit_id for commit in api.list_repo_commits(repo)][:12]
    assert order == [info.oid for info in reversed(infos)]


def test_a_future_holds_the_error_of_its_call(api: HfApi, alice: Account, repo: str) -> None:
    missing: Any = api.create_commit(
        f"{alice.name}/missing", [Add("a", b"")], "m", run_as_future=True
    )
    invalid: Any = api.create_commit(repo, [], "", run_as_future=True)
    with pytest.raises(RepositoryNotFoundError):
        missing.result(60)
    with pytest.raises(HFValidationError):
        invalid.result(60)
