"""Users and organisations as others see them: overviews, members, followers."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import quote

import pytest

from freehold.server.core import orgs
from tests.live import Account, LiveHub, fresh_name
from tests.pages import follow_pages
from tests.repos import assert_error, new_repo

TYPES = ("model", "dataset", "space", "kernel")
COUNTS = ("numModels", "numDatasets", "numSpaces", "numKernels")


def overview(hub: LiveHub, name: str, viewer: Account | str | None = None) -> dict[str, Any]:
    """What the viewer, an account or a token, is told about the user of that name or id."""
    token = viewer.token if isinstance(viewer, Account) else viewer
    answer = hub.call("GET", f"/api/users/{name}/overview", token=token)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def org_overview(hub: LiveHub, name: str, viewer: Account | None = None) -> dict[str, Any]:
    answer = hub.call("GET", f"/api/organizations/{name}/overview", token=viewer and viewer.token)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def counts(told: dict[str, Any]) -> list[int]:
    return [told[name] for name in COUNTS]


def listed(hub: LiveHub, path: str, viewer: Account | None = None) -> list[str]:
    """The names of a list of users."""
    answer = hub.call("GET", f"/api/{path}", token=viewer and viewer.token)
    assert answer.status_code == 200, answer.text
    return [user["user"] for user in answer.json()]


def follow(hub: LiveHub, follower: Account, path: str) -> None:
    assert hub.call("POST", f"/api/{path}/follow", token=follower.token).status_code == 200


# Overviews


def test_get_user_overview_describes_the_user(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice)
    org_id = org_overview(hub, org)["_id"]
    told = overview(hub, alice.name)
    identifier = told["_id"]
    assert told.pop("createdAt").endswith("Z")
    assert told == {
        "_id": identifier,
        "user": alice.name,
        "fullname": alice.name,
        "avatarUrl": f"/avatars/{identifier}.svg",
        "isPro": False,
        "type": "user",
        "orgs": [
            {"id": org_id, "name": org, "fullname": org, "avatarUrl": f"/avatars/{org_id}.svg"}
        ],
        "numModels": 0,
        "numDatasets": 0,
        "numSpaces": 0,
        "numKernels": 0,
        "numDiscussions": 0,
        "numPapers": 0,
        "numUpvotes": 0,
        "numLikes": 0,
        "numFollowers": 0,
        "numFollowing": 0,
        "numFollowingOrgs": 0,
    }
    for name in (alice.name.upper(), identifier):
        assert overview(hub, name)["user"] == alice.name
    assert overview(hub, bob.name)["orgs"] == []


def test_get_user_overview_counts_what_the_viewer_may_see(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repos = [new_repo(hub, alice, type=type) for type in TYPES]
    new_repo(hub, alice, private=True)
    secret = new_repo(hub, bob, private=True)
    for repo in (*repos, secret):
        assert hub.call("POST", f"{repo.api}/like", token=bob.token).status_code == 200
    for viewer in (None, bob):
        assert counts(overview(hub, alice.name, viewer)) == [1, 1, 1, 1]
    for viewer in (alice, hub.user(admin=True)):
        assert counts(overview(hub, alice.name, viewer)) == [2, 1, 1, 1]
    assert overview(hub, bob.name)["numLikes"] == 4
    assert overview(hub, bob.name, bob)["numLikes"] == 5
    repos[0].put("/settings", {"private": True})
    for viewer, models, likes in ((None, 0, 3), (bob, 0, 4), (alice, 2, 4)):
        assert overview(hub, alice.name, viewer)["numModels"] == models
        assert overview(hub, bob.name, viewer)["numLikes"] == likes


def test_get_user_overview_shows_the_address_to_the_user_and_to_administrators(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    hub.org(owner=bob, members={alice.name: "admin"})
    address = f"{alice.name}@example.org"
    for viewer in (alice, hub.token(alice, "read"), hub.user(admin=True)):
        assert overview(hub, alice.name, viewer)["email"] == address
    for viewer in (None, bob):
        assert "email" not in overview(hub, alice.name, viewer)


def test_get_organization_overview_describes_it_and_counts_what_the_viewer_may_see(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    member = hub.user()
    org = hub.org(owner=alice, members={member.name: "read"})
    for type in TYPES:
        new_repo(hub, alice, namespace=org, type=type)
    new_repo(hub, alice, namespace=org, type="dataset", private=True)
    told = org_overview(hub, org)
    identifier = told["_id"]
    assert told.pop("createdAt").endswith("Z")
    assert told == {
        "_id": identifier,
        "name": org,
        "fullname": org,
        "avatarUrl": f"/avatars/{identifier}.svg",
        "type": "org",
        "isVerified": False,
        "numUsers": 2,
        "numModels": 1,
        "numDatasets": 1,
        "numSpaces": 1,
        "numKernels": 1,
        "numPapers": 0,
        "numFollowers": 0,
    }
    assert counts(org_overview(hub, org.upper(), bob)) == [1, 1, 1, 1]
    for viewer in (alice, member, hub.user(admin=True)):
        assert counts(org_overview(hub, identifier, viewer)) == [1, 2, 1, 1]


def test_get_organization_overview_and_all_other_calls_know_users_from_organisations(
    hub: LiveHub, alice: Account
) -> None:
    org = hub.org(owner=alice)
    org_id, user_id = org_overview(hub, org)["_id"], overview(hub, alice.name)["_id"]
    calls = [("GET", "overview"), ("GET", "followers"), ("POST", "follow"), ("DELETE", "follow")]
    for method, call in calls:
        for name in ("no-such-name", "0" * 24, org, org_id):
            answer = hub.call(method, f"/api/users/{name}/{call}", token=alice.token)
            assert_error(answer, 404, f"There is no user named {name!r}.")
        for name in ("no-such-name", "0" * 24, alice.name, user_id):
            answer = hub.call(method, f"/api/organizations/{name}/{call}", token=alice.token)
            assert_error(answer, 404, f"There is no organisation named {name!r}.")
    for path in ("users/nobody/following", "organizations/nobody/members"):
        assert hub.call("GET", f"/api/{path}").status_code == 404


# Following


def test_follow_user_can_be_repeated(hub: LiveHub, alice: Account, bob: Account) -> None:
    path = f"/api/users/{alice.name}/follow"
    for _ in range(2):
        answer = hub.call("POST", path, token=bob.token)
        assert (answer.status_code, answer.json()) == (
            200,
            {"isFollowing": True, "numFollowers": 1},
        )
    told = overview(hub, alice.name, bob)
    assert (told["isFollowing"], told["numFollowers"]) == (True, 1)
    assert overview(hub, bob.name)["numFollowing"] == 1
    assert overview(hub, alice.name, alice)["isFollowing"] is False
    assert "isFollowing" not in overview(hub, alice.name)


def test_unfollow_user_can_be_repeated(hub: LiveHub, alice: Account, bob: Account) -> None:
    follow(hub, bob, f"users/{alice.name}")
    for _ in range(2):
        answer = hub.call("DELETE", f"/api/users/{alice.name}/follow", token=bob.token)
        assert (answer.status_code, answer.json()) == (
            200,
            {"isFollowing": False, "numFollowers": 0},
        )
    assert listed(hub, f"users/{alice.name}/followers") == []


def test_follow_organization_is_counted_apart(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice)
    follow(hub, bob, f"organizations/{org}")
    follow(hub, bob, f"users/{alice.name}")
    told = overview(hub, bob.name)
    assert (told["numFollowing"], told["numFollowingOrgs"]) == (1, 1)
    assert listed(hub, f"users/{bob.name}/following") == [alice.name]
    seen = org_overview(hub, org, bob)
    assert (seen["isFollowing"], seen["numFollowers"]) == (True, 1)


def test_unfollow_organization(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice)
    follow(hub, bob, f"organizations/{org}")
    answer = hub.call("DELETE", f"/api/organizations/{org}/follow", token=bob.token)
    assert (answer.status_code, answer.json()) == (200, {"isFollowing": False, "numFollowers": 0})
    assert org_overview(hub, org, bob)["isFollowing"] is False


def test_follow_user_refuses_the_caller_themselves(hub: LiveHub, alice: Account) -> None:
    answer = hub.call("POST", f"/api/users/{alice.name.upper()}/follow", token=alice.token)
    assert_error(answer, 400, "Nobody can follow themselves.")
    assert overview(hub, alice.name)["numFollowers"] == 0


def test_list_user_followers_and_list_user_following_have_the_newest_first(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    users = [hub.user() for _ in range(4)]
    for user in users:
        follow(hub, user, f"users/{alice.name}")
        follow(hub, bob, f"users/{user.name}")
    wanted = [user.name for user in reversed(users)]
    paths = [f"/api/users/{alice.name}/followers", f"/api/users/{bob.name}/following"]
    first = [hub.call("GET", f"{path}?limit=3") for path in paths]
    newest = hub.user()
    follow(hub, newest, f"users/{alice.name}")
    follow(hub, bob, f"users/{newest.name}")
    for path, answer in zip(paths, first, strict=True):
        assert [user["user"] for user in answer.json()] == wanted[:3]
        [rest] = follow_pages(hub, answer.links["next"]["url"])
        assert [user["user"] for user in rest] == wanted[3:]
        assert listed(hub, path.removeprefix("/api/")) == [newest.name, *wanted]
        for query in ("limit=0", "limit=1001", "cursor=YQ"):
            assert hub.call("GET", f"{path}?{query}").status_code == 400


def test_list_user_following_tells_the_caller_whom_they_follow_too(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    other = hub.user()
    for user in (alice, other):
        follow(hub, bob, f"users/{user.name}")
    follow(hub, alice, f"users/{other.name}")
    answer = hub.call("GET", f"/api/users/{bob.name}/following", token=alice.token)
    assert [(user["user"], user["isFollowing"]) for user in answer.json()] == [
        (other.name, True),
        (alice.name, False),
    ]


def test_list_organization_followers(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice)
    for user in (alice, bob):
        follow(hub, user, f"organizations/{org}")
    assert listed(hub, f"organizations/{org}/followers") == [bob.name, alice.name]
    pages = follow_pages(hub, f"/api/organizations/{org}/followers?limit=1")
    assert [[user["user"] for user in page] for page in pages] == [[bob.name], [alice.name]]


# Members


@pytest.fixture
def big_org(hub: LiveHub, alice: Account) -> tuple[str, list[str]]:
    """An organisation with 25 members, and their names in the order of the list."""
    names = [fresh_name("member") for _ in range(24)]
    for name in names:
        hub.user(name)
    org = hub.org(owner=alice, members=dict.fromkeys(names, "read"))
    return org, sorted([*names, alice.name])


def test_list_organization_members_pages_are_right_while_members_join(
    hub: LiveHub, big_org: tuple[str, list[str]]
) -> None:
    org, names = big_org
    path = f"/api/organizations/{org}/members"
    assert listed(hub, f"organizations/{org}/members") == names
    first = hub.call("GET", f"{path}?limit=10")
    early, late = hub.user(fresh_name("0early")).name, hub.user(fresh_name("zlate")).name
    for name in (early, late):
        orgs.set_member(hub.inside, org, name, "read")
    rest = follow_pages(hub, first.links["next"]["url"])
    met = [user["user"] for page in [first.json(), *rest] for user in page]
    assert met == [*names, late]
    assert [len(page) for page in rest] == [10, 6]
    for query in ("limit=9", "limit=10001", "limit=x", "cursor=!", f"search={'x' * 201}"):
        assert hub.call("GET", f"{path}?{query}").status_code == 400


def test_list_organization_members_tells_roles_to_members_alone(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    reader = hub.user()
    org = hub.org(owner=alice, members={reader.name: "read"})
    path = f"/api/organizations/{org}/members"
    for viewer in (alice, reader, hub.user(admin=True)):
        members = hub.call("GET", path, token=viewer.token).json()
        roles = {member["user"]: member["role"] for member in members}
        assert roles == {alice.name: "admin", reader.name: "read"}
    for token in (None, bob.token):
        members = hub.call("GET", path, token=token).json()
        assert {member["user"] for member in members} == {alice.name, reader.name}
        assert not any("role" in member or "email" in member for member in members)


def test_list_organization_members_finds_a_part_of_a_name(hub: LiveHub, alice: Account) -> None:
    one, other = hub.user(fresh_name("Xa_b")), hub.user(fresh_name("xaXb"))
    org = hub.org(owner=alice, members={one.name: "read", other.name: "read"})
    with hub.inside.db.write() as tx:
        tx.run(
            "UPDATE account SET fullname = :fullname WHERE name = :name",
            fullname="Ann 100%",
            name=one.name,
        )

    def found(text: str) -> list[str]:
        return listed(hub, f"organizations/{org}/members?search={text}")

    assert found("XA") == sorted([one.name, other.name], key=str.lower)
    assert found("a_b") == found("ann") == found("100%25") == [one.name]
    assert found("%25a") == found("!") == found("axb_") == []


def test_list_organization_members_finds_an_address_for_admins_alone(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice, members={bob.name: "write"})
    path = f"organizations/{org}/members?email={bob.name.upper()}@example.org"
    everybody = sorted([alice.name, bob.name])
    for viewer in (alice, hub.user(admin=True)):
        assert listed(hub, path, viewer) == [bob.name]
        assert listed(hub, f"organizations/{org}/members?email=example.org", viewer) == []
    for viewer in (None, bob):
        assert listed(hub, path, viewer) == everybody


@pytest.mark.parametrize("text", ["\0", "\ud800", "ü" * 50, "'; --", "\\", "%"])
def test_list_organization_members_finds_nobody_by_odd_texts(
    hub: LiveHub, alice: Account, text: str
) -> None:
    """Some of them are refused, and an address by PostgreSQL alone."""
    org = hub.org(owner=alice)
    path, quoted = f"/api/organizations/{org}/members", quote(text, errors="surrogatepass")
    for query in (f"search={quoted}", f"email={quoted}"):
        answer = hub.call("GET", f"{path}?{query}", token=alice.token)
        assert answer.status_code == 400 or answer.json() == []
    cursor = base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()
    assert hub.call("GET", f"{path}?cursor={cursor}").status_code in (200, 400)


def set_role(hub: LiveHub, org: str, user: str, role: Any, token: str | None) -> Any:
    path = f"/api/organizations/{org}/members/{user}/role"
    return hub.call("PUT", path, token=token, json={"role": role})


def roles_in(hub: LiveHub, org: str, viewer: Account) -> dict[str, str]:
    answer = hub.call("GET", f"/api/organizations/{org}/members", token=viewer.token)
    return {member["user"]: member["role"] for member in answer.json()}


def test_set_member_role_is_for_admins(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice, members={bob.name: "write"})
    for role in ("read", "contributor", "admin", "write"):
        answer = set_role(hub, org, bob.name.upper(), role, alice.token)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert roles_in(hub, org, bob) == {alice.name: "admin", bob.name: role}
    stranger = hub.user()
    for token, status in (
        (None, 401),
        (bob.token, 403),
        (stranger.token, 403),
        (hub.token(alice, "read"), 403),
    ):
        assert set_role(hub, org, bob.name, "admin", token).status_code == status
    assert set_role(hub, org, bob.name, "read", hub.user(admin=True).token).status_code == 200
    assert roles_in(hub, org, bob) == {alice.name: "admin", bob.name: "read"}


def test_set_member_role_refuses_what_cannot_be(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice)
    for role in ("owner", "", None, 1):
        assert set_role(hub, org, alice.name, role, alice.token).status_code == 400
    assert_error(
        set_role(hub, org, bob.name, "read", alice.token),
        404,
        f"{bob.name} is no member of {org}.",
    )
    assert set_role(hub, org, "nobody", "read", alice.token).status_code == 404
    assert set_role(hub, alice.name, alice.name, "read", alice.token).status_code == 404
    assert roles_in(hub, org, alice) == {alice.name: "admin"}


def test_set_member_role_leaves_an_admin(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice, members={bob.name: "admin"})
    together = Barrier(2)

    def resign(user: Account) -> int:
        together.wait(30)
        status: int = set_role(hub, org, user.name, "read", user.token).status_code
        return status

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(resign, (alice, bob))) == [200, 409]
    roles = roles_in(hub, org, alice)
    assert sorted(roles.values()) == ["admin", "read"]
    [last] = [user for user in (alice, bob) if roles[user.name] == "admin"]
    answer = set_role(hub, org, last.name, "write", hub.user(admin=True).token)
    assert_error(answer, 409, f"{last.name} is the only admin of {org}.")
    assert set_role(hub, org, last.name, "admin", last.token).status_code == 200
