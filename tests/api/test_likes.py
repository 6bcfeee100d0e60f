"""Likes: who has marked which repository, and that the counter is always their number."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from freehold.server.db import likes
from tests.live import Account, LiveHub, fresh_name
from tests.pages import follow_pages
from tests.repos import Repo, assert_error, new_repo

TOGGLES = 100


def as_user(repo: Repo, account: Account) -> Repo:
    """The repository, spoken to by somebody else."""
    return Repo(repo.hub, account, repo.full_name, repo.type)


def like(repo: Repo, *accounts: Account) -> None:
    for account in accounts:
        assert as_user(repo, account).post("/like").status_code == 200


def unlike(repo: Repo, account: Account) -> None:
    assert as_user(repo, account).delete("/like").status_code == 200


def counter(repo: Repo) -> int:
    number: int = repo.get().json()["likes"]
    return number


def likers(repo: Repo) -> list[str]:
    return [user["user"] for user in repo.get("/likers").json()]


def rows(repo: Repo) -> int:
    with repo.hub.inside.db.read() as tx:
        found = tx.one(
            "SELECT COUNT(*) AS found FROM repo_like WHERE repo_id = :id",
            id=repo.get().json()["_id"],
        )
    assert found is not None
    return int(found.found)


def liked(hub: LiveHub, user: Account, viewer: Account | None = None) -> list[tuple[str, str]]:
    """The type and the name of what the user likes, as the viewer sees it."""
    answer = hub.call("GET", f"/api/users/{user.name}/likes", token=viewer and viewer.token)
    assert answer.status_code == 200, answer.text
    return [(item["repo"]["type"], item["repo"]["name"]) for item in answer.json()]


def test_like_and_unlike_count_each_user_once(hub: LiveHub, alice: Account, bob: Account) -> None:
    repo = new_repo(hub, alice)
    before = repo.get().json()
    assert before["likes"] == 0
    for _ in range(2):
        answer = as_user(repo, bob).post("/like")
        assert (answer.status_code, answer.json()) == (200, {"likes": 1, "isLikedByUser": True})
    assert repo.post("/like").json() == {"likes": 2, "isLikedByUser": True}
    for _ in range(2):
        answer = as_user(repo, bob).delete("/like")
        assert (answer.status_code, answer.json()) == (200, {"likes": 1, "isLikedByUser": False})
    assert likers(repo) == [alice.name]
    assert repo.get().json() == {**before, "likes": 1}, "a like is no change of the repository"


def test_like_needs_a_write_token_and_a_repository_that_the_caller_may_see(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    public, private = new_repo(hub, alice), new_repo(hub, alice, private=True)
    for method in ("POST", "DELETE"):
        refused = hub.call(method, f"{public.api}/like", token=hub.token(bob, "read"))
        assert_error(refused, 403, "This token can only read: use one with the role write.")
        assert_error(
            hub.call(method, f"{public.api}/like"),
            401,
            "Invalid username or password.",
            "RepoNotFound",
        )
        hidden = hub.call(method, f"{private.api}/like", token=bob.token)
        assert_error(hidden, 404, "Repository not found", "RepoNotFound")
    assert (counter(public), counter(private), rows(private)) == (0, 0, 0)


def test_like_of_a_gated_repository_needs_no_access_to_its_files(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    repo.put("/settings", {"gated": "manual"})
    assert as_user(repo, bob).post("/like").json()["likes"] == 1


def test_unlike_of_what_was_never_liked_changes_nothing(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    answer = repo.delete("/like")
    assert (answer.status_code, answer.json()) == (200, {"likes": 0, "isLikedByUser": False})


def test_like_and_unlike_by_many_at_once_leave_the_counter_right(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    users = [alice, *(hub.user() for _ in range(4))]
    # Every user comes from several places at once, so their own calls race as well.
    chosen = random.Random(7)
    calls = [(chosen.choice(users), chosen.choice(["POST", "DELETE"])) for _ in range(TOGGLES)]

    def toggle(call: tuple[Account, str]) -> int:
        user, method = call
        return as_user(repo, user).call(method, f"{repo.api}/like").status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(toggle, calls))
    assert statuses == [200] * TOGGLES
    assert counter(repo) == len(likers(repo)) == rows(repo)
    like(repo, *users)
    assert counter(repo) == len(likers(repo)) == rows(repo) == len(users)


def test_like_of_what_is_being_deleted_counts_or_finds_nothing(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    repo_id, name = repo.get().json()["_id"], repo.full_name.partition("/")[2]
    together = Barrier(9)

    def toggle(method: str) -> int:
        together.wait(30)
        return as_user(repo, bob).call(method, f"{repo.api}/like").status_code

    def delete() -> int:
        together.wait(30)
        return repo.call("DELETE", "/api/repos/delete", json={"name": name}).status_code

    with ThreadPoolExecutor(9) as pool:
        deletion = pool.submit(delete)
        statuses = set(pool.map(toggle, ["POST", "DELETE"] * 4))
        assert deletion.result() == 200
    assert statuses <= {200, 404}
    with hub.inside.db.read() as tx:
        assert tx.one("SELECT 1 FROM repo_like WHERE repo_id = :id", id=repo_id) is None


def test_like_ends_with_its_repository_and_stays_when_that_is_moved(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    like(repo, bob)
    moved = f"{alice.name}/{fresh_name('moved')}"
    body = {"fromRepo": repo.full_name, "toRepo": moved, "type": "model"}
    assert repo.call("POST", "/api/repos/move", json=body).status_code == 200
    assert liked(hub, bob) == [("model", moved)]
    there = Repo(hub, alice, moved)
    assert (counter(there), likers(there)) == (1, [bob.name])
    name = moved.partition("/")[2]
    deleted = repo.call("DELETE", "/api/repos/delete", json={"name": name, "type": "model"})
    assert deleted.status_code == 200
    assert liked(hub, bob) == []
    again = repo.call("POST", "/api/repos/create", json={"name": name})
    assert again.status_code == 200
    assert (counter(there), likers(there)) == (0, [])


def test_a_copy_of_a_repository_begins_without_likes(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    like(repo, alice)
    copy = f"{alice.name}/{fresh_name('copy')}"
    assert repo.post("/duplicate", {"repository": copy}).status_code == 200
    assert counter(Repo(hub, alice, copy)) == 0


def test_list_repo_likers_tells_who_they_are_and_no_more(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    like(repo, alice, bob)
    followed = hub.call("GET", f"{repo.api}/likers", token=bob.token).json()
    assert [user.pop("isFollowing") for user in followed] == [False, False]
    listed = hub.call("GET", f"{repo.api}/likers").json()
    assert listed == followed
    assert [user["user"] for user in listed] == [bob.name, alice.name]
    assert listed[0] == {
        "_id": listed[0]["_id"],
        "user": bob.name,
        "fullname": bob.name,
        "avatarUrl": f"/avatars/{listed[0]['_id']}.svg",
        "isPro": False,
        "type": "user",
    }


def test_list_repo_likers_pages_meet_everybody_once_while_likes_come_and_go(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    users = [hub.user() for _ in range(5)]
    like(repo, *users)
    first = hub.call("GET", f"{repo.api}/likers?limit=2")
    assert [user["user"] for user in first.json()] == [users[4].name, users[3].name]
    like(repo, alice)
    unlike(repo, users[4])
    link = first.links["next"]["url"]
    assert link.startswith(f"{hub.url}{repo.api}/likers?limit=2&cursor=")
    rest = follow_pages(hub, link)
    assert [[user["user"] for user in page] for page in rest] == [
        [users[2].name, users[1].name],
        [users[0].name],
    ]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "cursor=!", "cursor=YQ"])
def test_list_repo_likers_refuses_pages_that_cannot_be(
    hub: LiveHub, alice: Account, query: str
) -> None:
    repo = new_repo(hub, alice)
    for path in (f"{repo.api}/likers", f"/api/users/{alice.name}/likes"):
        assert hub.call("GET", f"{path}?{query}").status_code == 400


def test_list_liked_repos_has_all_types_and_the_newest_first(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repos = [new_repo(hub, alice, type=type) for type in ("model", "dataset", "space", "kernel")]
    for repo in repos:
        like(repo, bob)
    wanted = [(repo.type, repo.full_name) for repo in reversed(repos)]
    assert liked(hub, bob) == liked(hub, bob, alice) == wanted
    [first, *_] = hub.call("GET", f"/api/users/{bob.name.upper()}/likes").json()
    assert first.keys() == {"createdAt", "repo"}
    assert first["createdAt"].endswith("Z")
    unlike(repos[0], bob)
    like(repos[0], bob)
    assert liked(hub, bob) == [wanted[3], *wanted[:3]], "who likes it again has done so just now"


def test_list_liked_repos_shows_what_the_viewer_may_see(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    member, admin = hub.user(), hub.user(admin=True)
    org = hub.org(owner=alice, members={member.name: "read"})
    hidden, open_repo = new_repo(hub, alice, namespace=org), new_repo(hub, alice)
    like(hidden, bob, alice)
    like(open_repo, bob, alice)
    both = [("model", open_repo.full_name), ("model", hidden.full_name)]
    assert liked(hub, alice) == liked(hub, bob, bob) == both
    hidden.put("/settings", {"private": True})
    for viewer in (None, bob):
        assert liked(hub, alice, viewer) == both[:1]
    assert liked(hub, bob, bob) == both[:1], "not even their own, once they may not see it"
    for viewer in (alice, member, admin):
        assert liked(hub, bob, viewer) == both
    hidden.put("/settings", {"private": False})
    assert liked(hub, alice) == both


def test_list_liked_repos_pages_are_full_although_some_are_hidden(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repos = [new_repo(hub, alice) for _ in range(6)]
    for repo in repos:
        like(repo, bob)
    for repo in repos[1::2]:
        repo.put("/settings", {"private": True})
    first = hub.call("GET", f"/api/users/{bob.name}/likes?limit=2")
    assert [item["repo"]["name"] for item in first.json()] == [
        repos[4].full_name,
        repos[2].full_name,
    ]
    newest = new_repo(hub, alice)
    like(newest, bob)
    [rest] = follow_pages(hub, first.links["next"]["url"])
    assert [item["repo"]["name"] for item in rest] == [repos[0].full_name]


def test_list_liked_repos_that_began_at_the_same_time_are_all_met(
    hub: LiveHub, alice: Account
) -> None:
    repos = [new_repo(hub, alice) for _ in range(5)]
    ids = {repo.get().json()["_id"]: repo.full_name for repo in repos}
    user_id = hub.call("GET", "/api/whoami-v2", token=alice.token).json()["id"]
    with hub.inside.db.write() as tx:
        for repo_id in ids:
            likes.insert_like(tx, repo_id, user_id, 1_700_000_000_000)
    pages = follow_pages(hub, f"/api/users/{alice.name}/likes?limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {item["repo"]["name"] for page in pages for item in page} == set(ids.values())


def test_list_liked_repos_of_nobody_is_404(hub: LiveHub, alice: Account) -> None:
    org = hub.org(owner=alice)
    for name in ("no-such-user", org, "0" * 24):
        answer = hub.call("GET", f"/api/users/{name}/likes")
        assert_error(answer, 404, f"There is no user named {name!r}.")
