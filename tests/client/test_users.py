"""Who is asking, through the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freehold import (
    ForbiddenError,
    GatedRepoError,
    HfApi,
    RepositoryNotFoundError,
    UnauthorizedError,
)
from tests.client.hostile import HostileServer, reply
from tests.live import fresh_name

if TYPE_CHECKING:
    from tests.live import Account, LiveHub


def test_whoami(hub: LiveHub, api: HfApi, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice)
    me = api.whoami()
    assert (me["name"], me["type"]) == (alice.name, "user")
    assert [one["name"] for one in me["orgs"]] == [org]
    assert me["auth"]["accessToken"]["role"] == "write"
    assert api.whoami(bob.token)["name"] == bob.name
    assert api.whoami(token=hub.token(alice, "read"))["auth"]["accessToken"]["role"] == "read"


def test_whoami_without_a_valid_token(hub: LiveHub) -> None:
    with pytest.raises(UnauthorizedError, match="login"):
        HfApi(endpoint=hub.url).whoami()
    with pytest.raises(UnauthorizedError) as caught:
        HfApi(endpoint=hub.url, token="hf_wrong").whoami()
    assert caught.value.status == 401
    assert "hf_wrong" not in str(caught.value)


def test_whoami_is_asked_once_when_its_answer_may_be_kept() -> None:
    with HostileServer(lambda _: reply(200, {"name": "alice"})) as server:
        api = HfApi(endpoint=server.url, token="hf_a")
        for _ in range(3):
            assert api.whoami(cache=True)["name"] == "alice"
        assert len(server.requests) == 1
        api.whoami(token="hf_b", cache=True)
        api.whoami()
        assert len(server.requests) == 3


def test_get_full_repo_name(api: HfApi, alice: Account) -> None:
    assert api.get_full_repo_name("model") == f"{alice.name}/model"
    assert api.get_full_repo_name("model", "org") == "org/model"
    assert api.get_full_repo_name("model", organization="org") == "org/model"
    assert api.get_full_repo_name("a/model", token=alice.token) == "a/model"


def test_auth_check(hub: LiveHub, api: HfApi, alice: Account, bob: Account) -> None:
    repo = api.create_repo(fresh_name("repo"), repo_type="dataset").repo_id
    visitor = HfApi(endpoint=hub.url, token=bob.token)
    api.auth_check(repo, repo_type="dataset")
    api.auth_check(repo, repo_type="dataset", write=True)
    visitor.auth_check(repo, repo_type="dataset")
    with pytest.raises(ForbiddenError):
        visitor.auth_check(repo, repo_type="dataset", write=True)
    with pytest.raises(ForbiddenError):
        api.auth_check(repo, repo_type="dataset", write=True, token=hub.token(alice, "read"))
    api.update_repo_settings(repo, repo_type="dataset", gated="manual")
    with pytest.raises(GatedRepoError):
        visitor.auth_check(repo, repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        visitor.auth_check(repo)
