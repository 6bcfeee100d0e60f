"""A right that ends is seen by the very next request, over a connection that was just answered."""

from __future__ import annotations

import httpx2

from tests.live import LiveHub
from tests.repos import Repo, file, new_repo

STATEMENTS = {
    "token deleted": "DELETE FROM access_token WHERE user_id = :user_id",
    "token expired": "UPDATE access_token SET expires_at = 1 WHERE user_id = :user_id",
    "left the organisation": "DELETE FROM org_member WHERE user_id = :user_id",
}


def outcome(answer: httpx2.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.headers.get("x-error-code")


def change(hub: LiveHub, repo: Repo, statement: str) -> None:
    """Run one of `STATEMENTS` for the account that uses the repository."""
    with hub.inside.db.write() as tx:
        row = tx.one("SELECT id FROM account WHERE name = :name", name=repo.account.name)
        assert row is not None
        assert tx.run(STATEMENTS[statement], user_id=row.id) == 1


def test_a_token_that_ends_is_a_stranger_from_then_on(hub: LiveHub) -> None:
    for statement in ("token deleted", "token expired"):
        repo = new_repo(hub, hub.user(), file("a.txt", "x"), private=True)
        assert [repo.get().status_code for _ in range(3)] == [200] * 3
        change(hub, repo, statement)
        assert outcome(repo.get()) == (401, "RepoNotFound"), statement
        assert outcome(repo.resolve("a.txt")) == (401, "RepoNotFound"), statement


def test_a_token_that_ends_still_reads_what_everybody_may(hub: LiveHub) -> None:
    for statement in ("token deleted", "token expired"):
        repo = new_repo(hub, hub.user(), file("a.txt", "x"))
        assert repo.get().status_code == 200
        change(hub, repo, statement)
        assert repo.get().status_code == 200
        assert repo.put("/settings", {"private": True}).status_code == 401, statement


def test_visibility_that_changes_counts_for_the_next_request(hub: LiveHub) -> None:
    owner, other = hub.user(), hub.user()
    repo = new_repo(hub, owner, file("a.txt", "x"))
    for private, expected in ((True, [401, 404, 200]), (False, [200] * 3)) * 2:
        assert repo.put("/settings", {"private": private}).status_code == 200
        callers = (None, other.token, owner.token)
        got = [hub.call("GET", repo.api, token=token).status_code for token in callers]
        assert got == expected


def test_a_member_who_left_is_a_stranger_to_the_organisation(hub: LiveHub) -> None:
    owner, member = hub.user(), hub.user()
    org = hub.org(owner=owner, members={member.name: "read"})
    made = new_repo(hub, owner, namespace=org, private=True)
    repo = Repo(hub, member, made.full_name)
    assert repo.get().status_code == 200
    change(hub, repo, "left the organisation")
    assert outcome(repo.get()) == (404, "RepoNotFound")


def test_an_admin_sees_all_only_as_long_as_they_are_one(hub: LiveHub) -> None:
    made = new_repo(hub, hub.user(), private=True)
    admin = hub.user(admin=True)
    repo = Repo(hub, admin, made.full_name)
    assert repo.get().status_code == 200
    with hub.inside.db.write() as tx:
        tx.run("UPDATE account SET is_admin = FALSE WHERE name = :name", name=admin.name)
    assert outcome(repo.get()) == (404, "RepoNotFound")
