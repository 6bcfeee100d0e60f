"""Likes, users and organisations through the client."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import freehold
from freehold import (
    HfApi,
    HFValidationError,
    NotFoundError,
    Organization,
    RepositoryNotFoundError,
    UnauthorizedError,
    User,
    UserLikes,
)
from tests.client.hostile import HostileServer, in_turn, reply
from tests.live import fresh_name

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

TEXT = "2024-01-02T03:04:05.678Z"


@pytest.fixture
def visitor(hub: LiveHub, bob: Account) -> HfApi:
    """The calls of `bob`."""
    return HfApi(endpoint=hub.url, token=bob.token)


def test_like_and_unlike(hub: LiveHub, api: HfApi, visitor: HfApi, bob: Account) -> None:
    repos = {
        type: api.create_repo(fresh_name("repo"), repo_type=type, space_sdk="static").repo_id
        for type in ("model", "dataset", "space", "kernel")
    }
    for type, repo in repos.items():
        visitor.like(repo, repo_type=type)
        visitor.like(repo, repo_type=type)
    assert api.dataset_info(repos["dataset"]).likes == 1
    liked = visitor.list_liked_repos()
    assert liked == api.list_liked_repos(bob.name)
    assert liked == UserLikes(
        user=bob.name,
        total=4,
        datasets=[repos["dataset"]],
        kernels=[repos["kernel"]],
        models=[repos["model"]],
        spaces=[repos["space"]],
    )
    assert [user.username for user in api.list_repo_likers(repos["space"], repo_type="space")] == [
        bob.name
    ]
    for _ in range(2):
        visitor.unlike(repos["model"])
    assert visitor.list_liked_repos().models == []
    assert list(HfApi(endpoint=hub.url).list_repo_likers(repos["model"])) == []
    api.update_repo_settings(repos["dataset"], repo_type="dataset", private=True)
    assert api.list_liked_repos(bob.name).total == 3
    assert visitor.list_liked_repos(user=bob.name, token=False).datasets == []


def test_like_of_what_is_not_there(hub: LiveHub, visitor: HfApi, alice: Account) -> None:
    missing = f"{alice.name}/{fresh_name('repo')}"
    for call in (visitor.like, visitor.unlike, lambda repo: list(visitor.list_repo_likers(repo))):
        with pytest.raises(RepositoryNotFoundError):
            call(missing)
    with pytest.raises(NotFoundError, match="no user named 'nobody'"):
        visitor.list_liked_repos("nobody")
    with pytest.raises(UnauthorizedError):
        HfApi(endpoint=hub.url).list_liked_repos()


def test_like_on_a_hub_that_refuses_a_second_one() -> None:
    with HostileServer(lambda _: reply(409, {"error": "already liked"})) as server:
        HfApi(endpoint=server.url, token="hf_x").like("a/b")
        assert [request.target for request in server.requests] == ["/api/models/a/b/like"]


def test_list_liked_repos_counts_types_of_tomorrow_and_needs_a_user() -> None:
    items = [{"repo": {"name": f"a/{type}", "type": type}} for type in ("model", "bucket")]
    with HostileServer(in_turn(reply(200, items), reply(200, {"type": "org"}))) as server:
        api = HfApi(endpoint=server.url, token="hf_x")
        liked = api.list_liked_repos("a")
        assert (liked.total, liked.models, liked.spaces) == (2, ["a/model"], [])
        with pytest.raises(HFValidationError, match="pass `user`"):
            api.list_liked_repos()


def test_list_repo_likers_asks_for_pages_as_they_are_needed() -> None:
    def answer(request: object) -> bytes:
        target = getattr(request, "target", "")
        place = int(target.partition("cursor=")[2] or 0)
        link = f'<{server.url}/api/models/a/b/likers?cursor={place + 1}>; rel="next"'
        entry = {"user": f"u{place}", "fullname": "U", "avatarUrl": "/x.svg"}
        return reply(200, [entry], link=link)

    with HostileServer(answer) as server:
        likers = HfApi(endpoint=server.url).list_repo_likers("a/b")
        assert [next(likers).username for _ in range(3)] == ["u0", "u1", "u2"]
        assert len(server.requests) == 3


def test_get_user_overview(
    hub: LiveHub, api: HfApi, visitor: HfApi, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice)
    repo = api.create_repo(fresh_name("repo"), private=True).repo_id
    visitor.like(api.create_repo(fresh_name("repo")).repo_id)
    assert hub.call("POST", f"/api/users/{alice.name}/follow", token=bob.token).status_code == 200
    seen, own = visitor.get_user_overview(alice.name), api.get_user_overview(alice.name)
    assert (seen.username, seen.fullname, seen.user_type) == (alice.name, alice.name, "user")
    assert (seen.num_models, own.num_models, seen.num_likes) == (1, 2, 0)
    assert (seen.is_following, own.is_following, seen.num_followers) == (True, False, 1)
    assert [one.name for one in seen.orgs] == [org]
    assert seen.avatar_url.startswith("/avatars/")
    assert isinstance(seen.created_at, datetime)
    assert visitor.get_user_overview(bob.name).num_likes == 1
    assert HfApi(endpoint=hub.url).get_user_overview(alice.name).is_following is None
    for name in (org, repo, "nobody"):
        with pytest.raises(NotFoundError):
            api.get_user_overview(name)
    for useless in ("", "..", 7):
        with pytest.raises(HFValidationError):
            api.get_user_overview(useless)  # type: ignore[arg-type]


def test_get_organization_overview_and_its_members(
    hub: LiveHub, api: HfApi, visitor: HfApi, alice: Account, bob: Account
) -> None:
    member = hub.user()
    org = hub.org(owner=alice, members={member.name: "write"})
    api.create_repo(f"{org}/{fresh_name('repo')}", repo_type="dataset", private=True)
    assert hub.call("POST", f"/api/organizations/{org}/follow", token=bob.token).is_success
    seen, own = visitor.get_organization_overview(org), api.get_organization_overview(org)
    assert (seen.name, seen.num_users, seen.num_datasets, own.num_datasets) == (org, 2, 0, 1)
    assert (seen.is_following, seen.is_verified, seen.num_followers) == (True, False, 1)
    assert [user.username for user in api.list_organization_followers(org)] == [bob.name]
    roles = {user.username: user.role for user in api.list_organization_members(org)}
    assert roles == {alice.name: "admin", member.name: "write"}
    assert {user.role for user in visitor.list_organization_members(org)} == {None}
    with pytest.raises(NotFoundError):
        api.get_organization_overview(alice.name)
    with pytest.raises(NotFoundError):
        list(api.list_organization_members(alice.name))


def test_list_user_followers_and_list_user_following(
    hub: LiveHub, api: HfApi, alice: Account, bob: Account
) -> None:
    assert hub.call("POST", f"/api/users/{alice.name}/follow", token=bob.token).is_success
    [follower] = api.list_user_followers(alice.name)
    [followed] = api.list_user_following(bob.name)
    assert (follower.username, followed.username) == (bob.name, alice.name)
    assert list(api.list_user_following(alice.name)) == []
    for listing in (api.list_user_followers, api.list_user_following):
        with pytest.raises(NotFoundError):
            list(listing("nobody"))


def test_a_user_has_documented_names_and_fields_of_newer_hubs() -> None:
    user = User(
        user="alice",
        fullname="Alice",
        avatarUrl="/a.svg",
        type="user",
        isPro=True,
        createdAt=TEXT,
        numModels=3,
        orgs=[{"id": "1", "name": "acme", "fullname": "Acme", "avatarUrl": "/b.svg"}],
        somethingNew=7,
    )
    assert (user.username, user.user_type, user.is_pro) == ("alice", "user", True)
    assert user.created_at == datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert (user.num_models, user.num_likes, user.details) == (3, None, None)
    assert (user.orgs[0].name, user.orgs[0].num_users) == ("acme", None)
    assert user.somethingNew == 7  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(user)) == user
    assert User(username="alice").orgs == []
    assert Organization(name="acme", isVerified=True).is_verified is True
    assert "num_likes" not in repr(user)


def test_the_calls_are_functions_as_well(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freehold.client.root._api._opened", None)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert freehold.get_user_overview(alice.name).username == alice.name
    assert freehold.list_liked_repos(token=alice.token).total == 0
    monkeypatch.setattr("freehold.client.root._api._opened", None)
