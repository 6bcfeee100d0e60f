"""Branches, tags and history through the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freehold import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    HfApi,
    HfHubHTTPError,
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from tests.repos import Repo, file, new_repo, put_ref

if TYPE_CHECKING:
    from tests.live import Account, LiveHub


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice, file("x.txt", "x"), type="dataset")


@pytest.fixture
def name(repo: Repo) -> str:
    return repo.full_name


@pytest.fixture
def visitor(hub: LiveHub, bob: Account) -> HfApi:
    return HfApi(endpoint=hub.url, token=bob.token)


def branches(api: HfApi, name: str) -> dict[str, str]:
    refs = api.list_repo_refs(name, repo_type="dataset")
    return {ref.name: ref.target_commit for ref in refs.branches}


def tags(api: HfApi, name: str) -> dict[str, str]:
    refs = api.list_repo_refs(name, repo_type="dataset")
    return {ref.name: ref.target_commit for ref in refs.tags}


def test_list_repo_refs_looks_as_documented(api: HfApi, repo: Repo, alice: Account) -> None:
    refs = api.list_repo_refs(repo.full_name, "dataset", alice.token)
    assert repr(refs) == (
        "GitRefs(branches=[GitRefInfo(name='main', ref='refs/heads/main',"
        f" target_commit='{repo.head()}')], converts=[], tags=[])"
    )
    assert refs.pull_requests is None


def test_list_repo_refs_with_pull_requests(api: HfApi, repo: Repo) -> None:
    put_ref(repo, "refs/pr/1", repo.head())
    refs = api.list_repo_refs(repo.full_name, repo_type="dataset", include_pull_requests=True)
    assert refs.pull_requests is not None
    assert [ref.ref for ref in refs.pull_requests] == ["refs/pr/1"]


def test_create_branch(api: HfApi, repo: Repo, name: str, alice: Account) -> None:
    first = repo.head()
    head = repo.commit(file("y.txt", "y"))
    api.create_branch(name, branch="a", repo_type="dataset")
    api.create_branch(name, "deep/b", first, alice.token, "dataset", False)
    api.create_branch(repo_id=name, branch="c", revision="deep/b", repo_type="dataset")
    api.create_branch(name, branch="d", revision=first[:7], repo_type="dataset")
    assert branches(api, name) == {
        "main": head,
        "a": head,
        "deep/b": first,
        "c": first,
        "d": first,
    }


def test_create_branch_that_exists(api: HfApi, visitor: HfApi, name: str) -> None:
    api.create_branch(name, branch="a", repo_type="dataset")
    before = branches(api, name)
    with pytest.raises(ConflictError):
        api.create_branch(name, branch="a", repo_type="dataset")
    api.create_branch(name, branch="a", repo_type="dataset", exist_ok=True)
    visitor.create_branch(name, branch="a", repo_type="dataset", exist_ok=True)
    with pytest.raises(ForbiddenError):
        visitor.create_branch(name, branch="new", repo_type="dataset", exist_ok=True)
    assert branches(api, name) == before


@pytest.mark.parametrize("branch", ["refs/pr/5", "refs/foo/bar", "a b", "a..b", "-a"])
def test_create_branch_with_a_name_that_cannot_be(api: HfApi, name: str, branch: str) -> None:
    with pytest.raises(BadRequestError):
        api.create_branch(name, branch=branch, repo_type="dataset")


def test_create_branch_from_nowhere(api: HfApi, name: str) -> None:
    with pytest.raises(RevisionNotFoundError):
        api.create_branch(name, branch="a", revision="missing", repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.create_branch(name, branch="a")
    with pytest.raises(HFValidationError, match="branch"):
        api.create_branch(name, branch="", repo_type="dataset")


def test_delete_branch(api: HfApi, name: str, alice: Account) -> None:
    api.create_branch(name, branch="deep/a", repo_type="dataset")
    api.delete_branch(name, "deep/a", alice.token, "dataset")
    assert list(branches(api, name)) == ["main"]
    with pytest.raises(RevisionNotFoundError):
        api.delete_branch(name, branch="deep/a", repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="main"):
        api.delete_branch(name, branch="main", repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.delete_branch("nobody/nothing", branch="a")


def test_create_tag(api: HfApi, repo: Repo, name: str, alice: Account) -> None:
    first = repo.head()
    head = repo.commit(file("y.txt", "y"))
    api.create_tag(name, tag="v2", repo_type="dataset")
    api.create_tag(name, "v1", "the first", first, alice.token, "dataset", False)
    api.create_tag(name, tag="v0", tag_message="short", revision=first[:7], repo_type="dataset")
    assert {tag: api.dataset_info(name, revision=tag).sha for tag in tags(api, name)} == {
        "v2": head,
        "v1": first,
        "v0": first,
    }


def test_create_tag_that_exists(api: HfApi, name: str) -> None:
    api.create_tag(name, tag="v1", repo_type="dataset")
    with pytest.raises(ConflictError):
        api.create_tag(name, tag="v1", repo_type="dataset")
    api.create_tag(name, tag="v1", repo_type="dataset", exist_ok=True)
    with pytest.raises(RevisionNotFoundError):
        api.create_tag(name, tag="v2", revision="missing", repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.create_tag("nobody/nothing", tag="v1")


def test_delete_tag(api: HfApi, name: str, alice: Account) -> None:
    api.create_tag(name, tag="v1", repo_type="dataset")
    api.delete_tag(name, "v1", alice.token, "dataset")
    assert tags(api, name) == {}
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(name, tag="v1", repo_type="dataset")


def test_list_repo_commits(api: HfApi, repo: Repo, name: str, alice: Account) -> None:
    head = repo.commit(file("y.txt", "y"), summary="A <title>", description="and more")
    commits = api.list_repo_commits(name, "dataset", alice.token, None, True)
    assert commits[0].commit_id == head
    assert (commits[0].title, commits[0].message) == ("A <title>", "and more")
    assert commits[0].authors == [alice.name]
    assert commits[0].created_at.tzinfo is not None
    assert commits[0].formatted_title is not None
    assert "<title>" not in commits[0].formatted_title
    assert len(commits) == 3
    plain = api.list_repo_commits(name, repo_type="dataset", revision=commits[1].commit_id)
    assert [commit.commit_id for commit in plain] == [c.commit_id for c in commits[1:]]
    assert plain[0].formatted_title is None
    with pytest.raises(RevisionNotFoundError):
        api.list_repo_commits(name, repo_type="dataset", revision="missing")


def test_list_repo_commits_stops_at_the_limit(api: HfApi, name: str) -> None:
    every = api.list_repo_commits(name, repo_type="dataset")
    assert len(every) > 1
    for limit in (1, 2, 5000):
        some = api.list_repo_commits(name, repo_type="dataset", limit=limit)
        assert some == every[:limit]
    with pytest.raises(HFValidationError):
        api.list_repo_commits(name, repo_type="dataset", limit=0)


def test_list_repo_commits_reads_every_page(api: HfApi, repo: Repo, name: str) -> None:
    ids = [repo.commit(file("x.txt", str(n))) for n in range(60)]
    found = [commit.commit_id for commit in api.list_repo_commits(name, repo_type="dataset")]
    assert found[:60] == ids[::-1]
    assert len(found) == 62


def test_super_squash_history(api: HfApi, visitor: HfApi, repo: Repo, name: str) -> None:
    repo.commit(file("y.txt", "y"))
    api.create_branch(name, branch="keep", repo_type="dataset")
    before = branches(api, name)
    with pytest.raises(ForbiddenError):
        visitor.super_squash_history(name, repo_type="dataset")
    api.super_squash_history(name, commit_message="Everything", repo_type="dataset")
    commits = api.list_repo_commits(name, repo_type="dataset")
    assert [commit.title for commit in commits] == ["Everything"]
    assert "y.txt" in api.list_repo_files(name, repo_type="dataset")
    assert branches(api, name)["keep"] == before["keep"]
    with pytest.raises(HfHubHTTPError):
        api.super_squash_history(name, branch="missing", repo_type="dataset")
