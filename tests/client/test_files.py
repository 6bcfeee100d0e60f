"""What files a repository has, through the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freehold import (
    EntryNotFoundError,
    GatedRepoError,
    HfApi,
    HFValidationError,
    RepoFile,
    RepoFolder,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from freehold.client import files
from tests.repos import Repo, blob_id, file, new_repo, sha256

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

LARGE = b"large" * 100


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    made = new_repo(hub, alice, file("x.txt", "four"), file("d/e/y ü%?#.txt", "y"))
    made.commit_lfs("d/w.bin", LARGE)
    return made


PATHS = [".gitattributes", "d/e/y ü%?#.txt", "d/w.bin", "x.txt"]


def test_list_repo_files(api: HfApi, repo: Repo, alice: Account) -> None:
    assert sorted(api.list_repo_files(repo.full_name)) == PATHS
    again = api.list_repo_files(repo.full_name, "main", "model", 30, alice.token)
    assert sorted(again) == PATHS
    first = api.list_repo_commits(repo.full_name)[-1].commit_id
    assert api.list_repo_files(repo.full_name, revision=first) == [".gitattributes"]


def test_list_repo_tree(api: HfApi, repo: Repo) -> None:
    entries = {entry.path: entry for entry in api.list_repo_tree(repo.full_name)}
    assert sorted(entries) == [".gitattributes", "d", "x.txt"]
    assert isinstance(entries["d"], RepoFolder) and len(entries["d"].tree_id) == 40
    plain = entries["x.txt"]
    assert isinstance(plain, RepoFile)
    assert (plain.size, plain.blob_id, plain.lfs) == (4, blob_id(b"four"), None)
    deep = {e.path: e for e in api.list_repo_tree(repo.full_name, "d/", recursive=True)}
    assert sorted(deep) == ["d/e", "d/e/y ü%?#.txt", "d/w.bin"]
    large = deep["d/w.bin"]
    assert isinstance(large, RepoFile) and large.lfs is not None
    assert (large.size, large.lfs.sha256) == (len(LARGE), sha256(LARGE))
    assert large.digest == sha256(LARGE)


def test_list_repo_tree_with_the_last_commits(api: HfApi, repo: Repo) -> None:
    commits = {c.commit_id: c.title for c in api.list_repo_commits(repo.full_name)}
    for entry in api.list_repo_tree(repo.full_name, recursive=True, expand=True):
        assert entry.last_commit is not None
        assert commits[entry.last_commit.oid] == entry.last_commit.title


def test_list_repo_tree_reads_every_page(hub: LiveHub, api: HfApi, alice: Account) -> None:
    repo = new_repo(hub, alice, *(file(f"f{n:04}", str(n)) for n in range(1100)))
    found = [entry.path for entry in api.list_repo_tree(repo.full_name)]
    assert found == sorted(found)
    assert len(found) == len(set(found)) == 1101


def test_a_tree_that_is_not_there(api: HfApi, repo: Repo) -> None:
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(repo.full_name, "missing"))
    with pytest.raises(RevisionNotFoundError):
        api.list_repo_files(repo.full_name, revision="missing")
    with pytest.raises(RepositoryNotFoundError):
        api.list_repo_files("nobody/nothing")


def test_get_paths_info(api: HfApi, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PATHS_PER_CALL", 2)
    wanted = ["x.txt", "missing", "d", "d/e/y ü%?#.txt", "d/w.bin"]
    found = api.get_paths_info(repo.full_name, wanted, expand=True)
    assert sorted(entry.path for entry in found) == ["d", "d/e/y ü%?#.txt", "d/w.bin", "x.txt"]
    assert all(entry.last_commit is not None for entry in found)
    (one,) = api.get_paths_info(repo.full_name, "x.txt", revision="main", repo_type="model")
    assert isinstance(one, RepoFile) and one.size == 4
    assert api.get_paths_info(repo.full_name, []) == []


def test_file_exists(hub: LiveHub, api: HfApi, repo: Repo, alice: Account, bob: Account) -> None:
    name = repo.full_name
    for path in PATHS:
        assert api.file_exists(name, path) is True
    assert api.file_exists(name, "d") is False
    assert api.file_exists(name, "missing") is False
    assert api.file_exists(name, "x.txt", "model", "missing", alice.token) is False
    assert api.file_exists("nobody/nothing", "x") is False
    with pytest.raises(HFValidationError):
        api.file_exists(name, "")
    api.update_repo_settings(name, gated="manual")
    with pytest.raises(GatedRepoError):
        HfApi(endpoint=hub.url, token=bob.token).file_exists(name, "x.txt")


def test_large_files_are_listed_and_deleted_for_ever(api: HfApi, repo: Repo) -> None:
    name = repo.full_name
    repo.commit_lfs("other.bin", b"other" * 100)
    listed = {item.filename: item for item in api.list_lfs_files(name)}
    assert {path: (item.oid, item.size) for path, item in listed.items()} == {
        "d/w.bin": (sha256(LARGE), len(LARGE)),
        "other.bin": (sha256(b"other" * 100), 500),
    }
    api.permanently_delete_lfs_files(name, [listed["d/w.bin"]])
    assert [item.filename for item in api.list_lfs_files(name)] == ["other.bin"]
    assert "d/w.bin" not in api.list_repo_files(name)
    api.permanently_delete_lfs_files(name, api.list_lfs_files(name), rewrite_history=False)
    assert list(api.list_lfs_files(name)) == []
