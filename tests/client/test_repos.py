"""Repositories through the client: creating, describing, changing, moving, deleting."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import freehold
from freehold import (
    BadRequestError,
    ConflictError,
    DatasetInfo,
    ForbiddenError,
    HfApi,
    HfHubHTTPError,
    HFValidationError,
    KernelInfo,
    ModelInfo,
    NotSupportedError,
    RepositoryNotFoundError,
    RepoUrl,
    RevisionNotFoundError,
    SpaceInfo,
)
from freehold.client import deprecation
from tests.client.hostile import dead_port
from tests.live import fresh_name
from tests.repos import file, new_repo

if TYPE_CHECKING:
    from tests.conftest import NewHub
    from tests.live import Account, LiveHub

TYPES = {"model": ModelInfo, "dataset": DatasetInfo, "space": SpaceInfo, "kernel": KernelInfo}


def as_user(hub: LiveHub, account: Account) -> HfApi:
    return HfApi(endpoint=hub.url, token=account.token)


@pytest.mark.parametrize("repo_type", TYPES)
def test_create_repo_gives_its_address(api: HfApi, alice: Account, repo_type: str) -> None:
    name = fresh_name("repo")
    sdk = "static" if repo_type == "space" else None
    url = api.create_repo(name, repo_type=repo_type, space_sdk=sdk)
    assert isinstance(url, RepoUrl)
    assert (url.repo_id, url.repo_type) == (f"{alice.name}/{name}", repo_type)
    assert (url.namespace, url.repo_name, url.endpoint) == (alice.name, name, api.endpoint)
    found = api.repo_info(url.repo_id, repo_type=repo_type)
    assert type(found) is TYPES[repo_type]
    assert found.id == url.repo_id


def test_create_repo_takes_the_documented_positions(api: HfApi, alice: Account) -> None:
    name = f"{alice.name}/{fresh_name('repo')}"
    url = api.create_repo(name, alice.token, True, "dataset", False, None, None)
    assert url.repo_id == name
    assert api.dataset_info(name).private is True
    assert api.create_repo(name, alice.token, True, "dataset", True) == url


@pytest.mark.parametrize("arguments", [{"private": True}, {"visibility": "private"}])
def test_create_repo_is_private_in_either_spelling(api: HfApi, arguments: dict[str, Any]) -> None:
    url = api.create_repo(fresh_name("repo"), **arguments)
    assert api.model_info(url.repo_id).private is True


def test_create_repo_that_exists(api: HfApi, alice: Account) -> None:
    name = fresh_name("repo")
    url = api.create_repo(name)
    with pytest.raises(ConflictError, match="already"):
        api.create_repo(name)
    assert api.create_repo(name, exist_ok=True) == url
    assert api.create_repo(f"{alice.name}/{name}", exist_ok=True).repo_id == url.repo_id


def test_create_repo_that_exists_is_fine_for_who_may_only_see_it(
    hub: LiveHub, api: HfApi, bob: Account
) -> None:
    url = api.create_repo(fresh_name("repo"))
    hidden = api.create_repo(fresh_name("repo"), private=True)
    visitor = as_user(hub, bob)
    assert visitor.create_repo(url.repo_id, exist_ok=True) == url
    with pytest.raises(ForbiddenError):
        visitor.create_repo(url.repo_id)
    with pytest.raises(ForbiddenError):
        visitor.create_repo(hidden.repo_id, exist_ok=True)


def test_create_repo_from_many_threads_at_once(api: HfApi) -> None:
    name = fresh_name("repo")
    start = threading.Barrier(8)

    def create(_: int) -> RepoUrl:
        start.wait(30)
        return api.create_repo(name, exist_ok=True)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(8)))) == 1


@pytest.mark.parametrize(
    "repo_id", ["", "a/b/c", "a b", "-a", "a--b", "a..b", "x.git", "a" * 97, "a/", "/b", 7, None]
)
def test_an_id_that_no_hub_accepts_is_refused_here(api: HfApi, repo_id: Any) -> None:
    for call in (api.create_repo, api.delete_repo, api.model_info, api.repo_exists):
        with pytest.raises(HFValidationError):
            call(repo_id)


def test_arguments_that_cannot_be(api: HfApi) -> None:
    name = fresh_name("repo")
    with pytest.raises(HFValidationError, match="repo_type"):
        api.create_repo(name, repo_type="library")
    with pytest.raises(HFValidationError, match="space_sdk"):
        api.create_repo(name, repo_type="space")
    with pytest.raises(NotSupportedError, match="hardware"):
        api.create_repo(name, repo_type="space", space_sdk="static", space_hardware="t4-medium")
    with pytest.raises(BadRequestError):
        api.create_repo(name, repo_type="space", space_sdk="cobol")
    assert not api.repo_exists(name)


def test_the_plural_of_a_type_is_understood(api: HfApi) -> None:
    url = api.create_repo(fresh_name("repo"), repo_type="datasets")
    assert url.repo_type == "dataset"
    assert api.repo_exists(url.repo_id, repo_type="datasets")


def test_a_hub_may_know_itself_by_another_address(fresh_hub: NewHub) -> None:
    """What was created is not reported as an error because its address is elsewhere."""
    with dead_port() as port:
        pass
    hub = fresh_hub(public_url=f"https://hub.example:{port}", port=port)
    # The hub names its public address only; here it is reached at its own.
    hub.url = f"http://127.0.0.1:{port}"
    api = as_user(hub, hub.user("alice"))
    url = api.create_repo("first", repo_type="dataset")
    assert url == f"{hub.url}/datasets/alice/first"
    assert api.create_repo("first", repo_type="dataset", exist_ok=True) == url


def test_repo_info_at_a_revision(hub: LiveHub, api: HfApi, alice: Account) -> None:
    repo = new_repo(hub, alice, file("README.md", "---\nlicense: mit\n---\n"))
    first = repo.head()
    repo.commit(file("x.txt", "x"))
    info = api.model_info(repo.full_name)
    assert info.sha == repo.head()
    assert info.card_data is not None and info.card_data.license == "mit"
    assert info.author == alice.name
    old = api.repo_info(repo.full_name, first)
    assert (old.sha, "x.txt" in [f.rfilename for f in old.siblings or ()]) == (first, False)
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo.full_name, revision="missing")


def test_repo_info_with_files(hub: LiveHub, api: HfApi, alice: Account) -> None:
    repo = new_repo(hub, alice, file("x.txt", "four"))
    repo.commit_lfs("w.bin", b"large" * 10)
    plain = api.model_info(repo.full_name)
    assert {(f.rfilename, f.size) for f in plain.siblings or ()} >= {("x.txt", None)}
    info = api.model_info(repo.full_name, None, None, True, True)
    files = {f.rfilename: f for f in info.siblings or ()}
    assert (files["x.txt"].size, files["x.txt"].lfs) == (4, None)
    assert files["w.bin"].lfs is not None and files["w.bin"].lfs.size == 50
    assert info.security_repo_status is not None


def test_repo_info_with_expand(api: HfApi) -> None:
    repo = api.create_repo(fresh_name("repo")).repo_id
    info = api.model_info(repo, expand=["likes", "tags"])
    assert (info.likes, info.sha) == (0, None)
    assert api.model_info(repo, expand="sha").sha is not None
    with pytest.raises(HFValidationError, match="expand"):
        api.model_info(repo, expand=["likes"], files_metadata=True)


def test_what_is_missing_or_hidden_is_not_found(hub: LiveHub, api: HfApi, bob: Account) -> None:
    hidden = api.create_repo(fresh_name("repo"), private=True).repo_id
    for other in (as_user(hub, bob), HfApi(endpoint=hub.url, token=False)):
        with pytest.raises(RepositoryNotFoundError) as caught:
            other.model_info(hidden)
        assert caught.value.hint is not None
        assert caught.value.request_id
        assert other.repo_exists(hidden) is False
        assert other.revision_exists(hidden, "main") is False
    assert api.repo_exists(hidden) is True


def test_a_model_is_no_dataset(api: HfApi) -> None:
    repo = api.create_repo(fresh_name("repo")).repo_id
    assert api.repo_exists(repo, repo_type="model") is True
    assert api.repo_exists(repo, repo_type="dataset") is False
    with pytest.raises(RepositoryNotFoundError):
        api.dataset_info(repo)


def test_revision_exists(hub: LiveHub, api: HfApi, alice: Account) -> None:
    repo = new_repo(hub, alice)
    assert api.revision_exists(repo.full_name, "main") is True
    assert api.revision_exists(repo.full_name, repo.head()) is True
    assert api.revision_exists(repo.full_name, "missing") is False


def test_delete_repo(hub: LiveHub, api: HfApi, bob: Account, alice: Account) -> None:
    repo = api.create_repo(fresh_name("repo"), repo_type="dataset").repo_id
    with pytest.raises(HfHubHTTPError):
        as_user(hub, bob).delete_repo(repo, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(repo)
    api.delete_repo(repo, alice.token, "dataset")
    assert not api.repo_exists(repo, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(repo, repo_type="dataset")
    api.delete_repo(repo, repo_type="dataset", missing_ok=True)


def test_move_repo(hub: LiveHub, api: HfApi, alice: Account) -> None:
    old = api.create_repo(fresh_name("repo")).repo_id
    new = f"{alice.name}/{fresh_name('repo')}"
    api.move_repo(old, new)
    assert api.model_info(old).id == new
    api.create_tag(old, tag="v1")
    assert [tag.name for tag in api.list_repo_refs(new).tags] == ["v1"]
    taken = api.create_repo(fresh_name("repo")).repo_id
    with pytest.raises(ConflictError):
        api.move_repo(from_id=new, to_id=taken)
    with pytest.raises(RepositoryNotFoundError):
        api.move_repo(f"{alice.name}/missing", f"{alice.name}/{fresh_name('repo')}")
    with pytest.raises(HFValidationError, match="namespace/name"):
        api.move_repo(new, "no-namespace")


def test_update_repo_settings(hub: LiveHub, api: HfApi, bob: Account) -> None:
    repo = api.create_repo(fresh_name("repo")).repo_id
    assert api.update_repo_settings(repo, private=True) == {"private": True}
    assert api.model_info(repo).private is True
    assert api.update_repo_settings(repo, gated="auto", visibility="public")["gated"] == "auto"
    found = api.model_info(repo)
    assert (found.private, found.gated) == (False, "auto")
    api.update_repo_settings(repo, gated=False)
    assert api.model_info(repo).gated is False
    with pytest.raises(HFValidationError, match="Nothing"):
        api.update_repo_settings(repo)
    with pytest.raises(ForbiddenError):
        as_user(hub, bob).update_repo_settings(repo, private=True)
    with pytest.raises(BadRequestError):
        api.update_repo_settings(repo, gated="sometimes")  # type: ignore[arg-type]


def test_update_repo_visibility_is_the_old_name(
    api: HfApi, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deprecation, "_told", set())
    repo = api.create_repo(fresh_name("repo"), repo_type="dataset").repo_id
    with pytest.warns(FutureWarning, match="update_repo_settings") as told:
        assert api.update_repo_visibility(repo, True, repo_type="dataset") == {"private": True}
    assert told[0].filename == __file__
    name = repo.partition("/")[2]
    again = api.update_repo_visibility(
        name, False, alice.token, organization=alice.name, repo_type="dataset"
    )
    assert again == {"private": False}
    assert api.dataset_info(repo).private is False


def test_duplicate_repo(hub: LiveHub, api: HfApi, alice: Account, bob: Account) -> None:
    repo = new_repo(hub, alice, file("x.txt", "x"))
    visitor = as_user(hub, bob)
    url = visitor.duplicate_repo(repo.full_name)
    assert url.repo_id == f"{bob.name}/{repo.full_name.partition('/')[2]}"
    assert "x.txt" in visitor.list_repo_files(url.repo_id)
    other = visitor.duplicate_repo(repo.full_name, fresh_name("copy"), private=True)
    assert visitor.model_info(other.repo_id).private is True
    with pytest.raises(ConflictError):
        visitor.duplicate_repo(repo.full_name)
    assert visitor.duplicate_repo(repo.full_name, exist_ok=True) == url
    with pytest.raises(RepositoryNotFoundError):
        visitor.duplicate_repo(f"{alice.name}/missing")


def test_an_error_of_a_live_hub_tells_all_that_it_said(api: HfApi) -> None:
    with pytest.raises(RepositoryNotFoundError) as caught:
        api.model_info("nobody/nothing")
    error = caught.value
    assert (error.status, error.code) == (404, "RepoNotFound")
    assert error.response.status_code == 404
    assert error.response.json()["error"] == error.server_message
    assert error.request_id and error.request_id in str(error)


# Functions at the root, and calls in the background


def test_functions_at_the_root_use_the_environment(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(freehold.create_repo.__self__, "_opened", None)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", alice.token)
    url = freehold.create_repo(fresh_name("repo"))
    assert url.endpoint == hub.url
    assert freehold.whoami()["name"] == alice.name
    assert freehold.list_repo_files(url.repo_id) == [".gitattributes"]
    monkeypatch.setattr(freehold.create_repo.__self__, "_opened", None)


def test_run_as_future_keeps_the_order_and_gives_errors(api: HfApi) -> None:
    repo = api.create_repo(fresh_name("repo")).repo_id
    order: list[int] = []
    futures = [api.run_as_future(order.append, n) for n in range(20)]
    failing = api.run_as_future(api.model_info, "nobody/nothing")
    info = api.run_as_future(api.model_info, repo_id=repo)
    assert info.result(60).id == repo
    with pytest.raises(RepositoryNotFoundError):
        failing.result(60)
    assert all(future.done() for future in futures)
    assert order == list(range(20))
