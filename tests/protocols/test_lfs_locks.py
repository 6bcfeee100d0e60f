"""Locks on files: what is locked, who may make, see and remove a lock, and in what order."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from freehold.errors import RepositoryNotFoundError
from freehold.server.core import lfs_locks
from freehold.server.core.access import Context, Viewer
from freehold.server.core.lfs_locks import MAX_LOCKS
from freehold.server.core.paging import encode_cursor
from freehold.server.db import accounts
from freehold.wire.lfs_locks import CreateLock
from tests.live import Account, LiveHub, fresh_name, wait_for_lock
from tests.locks import (
    PLACEHOLDER,
    add_locks,
    as_user,
    create,
    listed,
    listing,
    lock,
    shared_repo,
    stored,
    unlock,
    verify,
)
from tests.repos import LFS_JSON, Repo, assert_error, new_repo


def paths(locks: list[dict[str, Any]]) -> list[str]:
    return [item["path"] for item in locks]


def delete_repo(repo: Repo) -> httpx2.Response:
    body = {"name": repo.full_name.partition("/")[2], "type": repo.type}
    return repo.call("DELETE", "/api/repos/delete", json=body)


def together(*actions: Callable[[], httpx2.Response]) -> list[httpx2.Response]:
    """Run the actions at the same moment and return their answers."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], httpx2.Response]) -> httpx2.Response:
        barrier.wait(30)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice)


@pytest.fixture
def shared(hub: LiveHub, alice: Account, bob: Account) -> Repo:
    return shared_repo(hub, alice, bob)


# Making


@pytest.mark.parametrize("type", ("model", "dataset", "space", "kernel"))
def test_lfs_create_lock_answers_with_the_lock(hub: LiveHub, alice: Account, type: str) -> None:
    repo = new_repo(hub, alice, type=type)
    answer = create(repo, "a dir/wé.bin", ref={"name": "refs/heads/main"})
    assert answer.status_code == 201
    assert answer.headers["content-type"] == LFS_JSON
    made = answer.json()["lock"]
    id, locked_at = made.pop("id"), made.pop("locked_at")
    assert answer.json().keys() == {"lock"}
    assert made == {"path": "a dir/wé.bin", "owner": {"name": alice.name}}
    assert re.fullmatch(r"[0-9a-f]{24}", id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", locked_at)
    assert listed(repo) == [{"id": id, "locked_at": locked_at, **made}]


def test_lfs_create_lock_of_a_locked_path_answers_with_the_lock_that_is_there(
    shared: Repo, bob: Account
) -> None:
    mine = lock(shared, "w.bin")
    for repo in (shared, as_user(shared, bob)):
        answer = create(repo, "w.bin", ref={"name": "refs/heads/other"})
        message = f"w.bin is locked already, by {shared.account.name}."
        assert_error(answer, 409, message)
        assert answer.json()["lock"] == mine
        assert answer.json()["message"] == message
    assert listed(shared) == [mine]


def test_a_path_is_locked_as_it_is_written_and_in_one_repository(hub: LiveHub, repo: Repo) -> None:
    for path in ("w.bin", "W.bin", "w.bin.2", "w", "dir/w.bin", "%77.bin"):
        lock(repo, path)
    assert len(listed(repo)) == 6
    assert lock(new_repo(hub, repo.account), "w.bin")["path"] == "w.bin"
    assert lock(new_repo(hub, repo.account, type="dataset"), "w.bin")["path"] == "w.bin"


def test_the_longest_path_can_be_locked_once(repo: Repo) -> None:
    """As hex digits of chance it cannot be compressed, which is what an index would do with it."""
    path = "/".join(secrets.token_hex(127) for _ in range(16))
    path += "/" + "x" * (4096 - len(path) - 1)
    assert len(path) == 4096
    made = lock(repo, path)
    assert create(repo, path).status_code == 409
    assert create(repo, path[:-1] + "y").status_code == 201
    assert listed(repo, path=path) == [made]
    assert unlock(repo, made["id"]).status_code == 200


BAD_PATHS = {
    "empty": "",
    "root": "/",
    "absolute": "/etc/passwd",
    "outside": "../w.bin",
    "outside from within": "dir/../../w.bin",
    "here": "./w.bin",
    "folder": "dir/",
    "empty segment": "dir//w.bin",
    "backslash": "dir\\w.bin",
    "NUL": "w\0.bin",
    "line break": "w\n.bin",
    "C1 control": "w\x85.bin",
    "git folder": "dir/.git/config",
    "5000 characters": "x/" * 40 + "y" * 4920,
    "long in bytes": "é/" * 1400,
    "long segment": "x" * 256,
    "deep": "/".join("x" * 101),
}


@pytest.mark.parametrize("path", BAD_PATHS.values(), ids=BAD_PATHS.keys())
def test_a_path_that_no_file_can_have_cannot_be_locked(repo: Repo, path: str) -> None:
    answer = create(repo, path)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid path ")
    if path:
        assert listing(repo, path=path).status_code == 400
    assert listed(repo) == []


def test_half_a_character_in_a_path_is_refused(repo: Repo) -> None:
    content = b'{"path": "w\\ud800.bin"}'
    answer = repo.call("POST", f"{repo.lfs}/locks", content=content)
    assert answer.status_code == 400
    assert listed(repo) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "w.bin",
        {"path": None},
        {"path": 7},
        {"path": ["w.bin"]},
        {"path": "w.bin", "ref": "main"},
        {"path": "w.bin", "ref": {"name": 7}},
    ],
    ids=str,
)
def test_lfs_create_lock_refuses_what_is_no_lock(repo: Repo, body: Any) -> None:
    answer = repo.call("POST", f"{repo.lfs}/locks", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid JSON body")
    assert listed(repo) == []


def test_a_lock_without_any_body_is_refused(repo: Repo) -> None:
    for content in (b"", b"{", b"\xff"):
        answer = repo.call("POST", f"{repo.lfs}/locks", content=content)
        assert answer.status_code == 400


def test_of_twenty_who_lock_one_path_one_has_the_lock(shared: Repo, bob: Account) -> None:
    both = (shared, as_user(shared, bob))
    answers = together(*(lambda repo=both[n % 2]: create(repo, "w.bin") for n in range(20)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] + [409] * 19
    assert {answer.json()["lock"]["id"] for answer in answers} == {listed(shared)[0]["id"]}


def test_of_twenty_who_lock_other_paths_all_have_locks(repo: Repo) -> None:
    answers = together(*(lambda n=n: create(repo, f"{n}.bin") for n in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(paths(listed(repo))) == sorted(f"{n}.bin" for n in range(20))


def test_a_repository_has_a_limited_number_of_locks(repo: Repo) -> None:
    first = lock(repo, "first.bin")
    add_locks(repo, MAX_LOCKS - 2)
    last = lock(repo, "last.bin")
    answer = create(repo, "one more.bin")
    assert_error(answer, 403, "A repository has at most 10000 locks: remove some first.")
    assert create(repo, "last.bin").json()["lock"] == last
    assert unlock(repo, first["id"]).status_code == 200
    assert create(repo, "one more.bin").status_code == 201
    assert create(repo, "first.bin").status_code == 403


# Listing


def test_lfs_list_locks_of_a_repository_without_any(repo: Repo) -> None:
    answer = listing(repo)
    assert (answer.status_code, answer.json()) == (200, {"locks": []})
    assert answer.headers["content-type"] == LFS_JSON


def test_lfs_list_locks_finds_one_by_path_or_id(hub: LiveHub, repo: Repo) -> None:
    made = {path: lock(repo, path) for path in ("a.bin", "a é&?.bin", "b.bin")}
    elsewhere = lock(new_repo(hub, repo.account), "a.bin")
    for path, one in made.items():
        assert listed(repo, path=path) == [one]
        assert listed(repo, id=one["id"]) == [one]
        assert listed(repo, path=path, id=one["id"], refspec="refs/heads/other") == [one]
    assert listed(repo, path="A.bin") == []
    assert listed(repo, path="a") == []
    assert listed(repo, id=elsewhere["id"]) == []
    assert listed(repo, id="%") == []
    assert listed(repo, path="a.bin", id=made["b.bin"]["id"]) == []


def test_empty_pieces_of_a_query_count_as_absent(repo: Repo) -> None:
    one = lock(repo, "a.bin")
    assert listed(repo, path="", id="", cursor="", refspec="") == [one]


def walk(repo: Repo, limit: int, between: Callable[[], object] = lambda: None) -> list[str]:
    """The paths of all pages, with something done after each of them."""
    found: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        answer = listing(repo, **query).json()
        assert 1 <= len(answer["locks"]) <= limit
        found += paths(answer["locks"])
        if "next_cursor" not in answer:
            return found
        assert answer["next_cursor"] != query.get("cursor"), "no way forward"
        between()
        query["cursor"] = answer["next_cursor"]


def test_pages_hold_every_lock_once_and_the_oldest_first(repo: Repo) -> None:
    made = [lock(repo, f"{number}.bin") for number in (3, 1, 2, 5, 4)]
    by_age = paths(sorted(made, key=lambda one: (one["locked_at"], one["id"])))
    for limit in (1, 2, 3, 4, 5, 6, 1000):
        assert walk(repo, limit) == by_age


def test_pages_miss_nothing_while_locks_come_and_go(repo: Repo) -> None:
    """What a cursor names may be removed, as may what comes next."""
    ids = {f"{number}.bin": lock(repo, f"{number}.bin")["id"] for number in range(8)}
    by_age = paths(listed(repo))
    leaving = iter([[1], [3, 4]])

    def change() -> None:
        for number in next(leaving, []):
            assert unlock(repo, ids[by_age[number]]).status_code == 200
        create(repo, "new.bin")

    found = walk(repo, 2, change)
    assert found == [path for n, path in enumerate(by_age) if n != 4] + ["new.bin"]


def test_a_page_has_100_locks_unless_others_are_asked_for_and_1000_at_most(repo: Repo) -> None:
    """git-lfs asks for as many as its user wants, and follows the cursors."""
    add_locks(repo, 1001)
    assert len(listed(repo)) == 100
    assert len(verify(repo).json()["ours"]) == 100
    for limit in (1000, 1001, 5000, 2**63, 10**30):
        answer = listing(repo, limit=limit)
        assert len(answer.json()["locks"]) == 1000, limit
        assert len(listed(repo, limit=limit, cursor=answer.json()["next_cursor"])) == 1
    for limit in (1000, 5000, 10**18):
        answer = verify(repo, limit=limit)
        assert len(answer.json()["ours"]) == 1000, limit
        rest = verify(repo, limit=limit, cursor=answer.json()["next_cursor"])
        assert len(rest.json()["ours"]) == 1
        assert "next_cursor" not in rest.json()


BAD_LIMITS = ("0", "-1", "abc", "1.5", "")
BAD_CURSORS = {
    "junk": "junk",
    "no base64": "!!",
    "not ASCII": "é",
    "no bytes": encode_cursor(""),
    "a path": encode_cursor("weights.bin"),
    "of large files": encode_cursor("0" * 64),
    "no time": encode_cursor(f" {PLACEHOLDER}"),
    "another time": encode_cursor(f"-1 {PLACEHOLDER}"),
    "far in the future": encode_cursor(f"{10**19} {PLACEHOLDER}"),
    "digits of another script": encode_cursor(f"١ {PLACEHOLDER}"),
    "no id": encode_cursor("1 "),
    "more than an id": encode_cursor(f"1 {PLACEHOLDER}\n"),
    "long": encode_cursor("1" * 10_000),
}


@pytest.mark.parametrize("limit", BAD_LIMITS)
def test_a_limit_that_is_none_is_refused(repo: Repo, limit: str) -> None:
    assert listing(repo, limit=limit).status_code == 400


@pytest.mark.parametrize("cursor", BAD_CURSORS.values(), ids=BAD_CURSORS.keys())
def test_a_cursor_of_another_list_is_refused(repo: Repo, cursor: str) -> None:
    if cursor:
        message = "The cursor is not one that this hub gave."
        for answer in (listing(repo, cursor=cursor), verify(repo, cursor=cursor)):
            assert_error(answer, 400, message)
    else:
        assert listing(repo, cursor=cursor).status_code == 200


def test_a_cursor_of_another_repository_shows_nothing_of_it(hub: LiveHub, repo: Repo) -> None:
    other = new_repo(hub, hub.user(), private=True)
    for number in range(3):
        lock(other, f"secret-{number}.bin")
    cursor = listing(other, limit=1).json()["next_cursor"]
    mine = lock(repo, "mine.bin")
    assert listed(repo, cursor=cursor) in ([mine], [])


# Before a push


def test_lfs_verify_locks_tells_ones_own_from_those_of_others(shared: Repo, bob: Account) -> None:
    of_bob = as_user(shared, bob)
    for body in ({}, {"ref": {"name": "refs/heads/main"}}, {"cursor": "", "limit": 10}):
        answer = verify(shared, **body)
        assert (answer.status_code, answer.json()) == (200, {"ours": [], "theirs": []})
        assert answer.headers["content-type"] == LFS_JSON
    mine, his = lock(shared, "mine.bin"), lock(of_bob, "his.bin")
    assert verify(shared).json() == {"ours": [mine], "theirs": [his]}
    assert verify(of_bob).json() == {"ours": [his], "theirs": [mine]}


def test_lfs_verify_locks_needs_no_body(repo: Repo) -> None:
    mine = lock(repo, "mine.bin")
    answer = repo.call("POST", f"{repo.lfs}/locks/verify")
    assert (answer.status_code, answer.json()) == (200, {"ours": [mine], "theirs": []})


def test_lfs_verify_locks_gives_pages_of_both_together(shared: Repo, bob: Account) -> None:
    of_bob = as_user(shared, bob)
    made = [lock((shared, of_bob)[n % 2], f"{n}.bin") for n in range(5)]
    ours: list[str] = []
    theirs: list[str] = []
    body: dict[str, Any] = {"limit": 2}
    for size in (2, 2, 1):
        page = verify(shared, **body).json()
        assert len(page["ours"]) + len(page["theirs"]) == size
        ours += paths(page["ours"])
        theirs += paths(page["theirs"])
        body["cursor"] = page.get("next_cursor")
    assert body["cursor"] is None
    assert sorted(ours) == paths(made[::2])
    assert sorted(theirs) == paths(made[1::2])


@pytest.mark.parametrize(
    "body",
    [{"limit": 0}, {"limit": -1}, {"limit": "5"}, {"limit": 1.5}, {"cursor": 5}, {"ref": []}, []],
    ids=str,
)
def test_lfs_verify_locks_refuses_what_is_no_question(repo: Repo, body: Any) -> None:
    assert repo.call("POST", f"{repo.lfs}/locks/verify", json=body).status_code == 400


# Removing


def test_lfs_unlock_removes_a_lock_and_tells_which(repo: Repo) -> None:
    made, other = lock(repo, "w.bin"), lock(repo, "other.bin")
    answer = unlock(repo, made["id"], force=False, ref={"name": "refs/heads/main"})
    assert (answer.status_code, answer.json()) == (200, {"lock": made})
    assert answer.headers["content-type"] == LFS_JSON
    assert listed(repo) == [other]
    assert unlock(repo, made["id"]).status_code == 404
    assert lock(repo, "w.bin")["id"] != made["id"]


def test_lfs_unlock_needs_no_body(repo: Repo) -> None:
    made = lock(repo, "w.bin")
    answer = repo.call("POST", f"{repo.lfs}/locks/{made['id']}/unlock")
    assert (answer.status_code, answer.json()) == (200, {"lock": made})


def test_lfs_unlock_of_somebody_elses_lock_takes_force(shared: Repo, bob: Account) -> None:
    made, of_bob = lock(shared, "w.bin"), as_user(shared, bob)
    for body in ({}, {"force": False}):
        answer = unlock(of_bob, made["id"], **body)
        message = f"w.bin was locked by {shared.account.name}: `force` removes the lock."
        assert_error(answer, 403, message)
    assert listed(shared) == [made]
    answer = unlock(of_bob, made["id"], force=True)
    assert (answer.status_code, answer.json()) == (200, {"lock": made})
    assert listed(shared) == []


def test_lfs_unlock_of_what_is_no_lock_of_the_repository_is_not_found(
    hub: LiveHub, repo: Repo
) -> None:
    elsewhere = new_repo(hub, repo.account)
    other = lock(elsewhere, "w.bin")
    for id in (other["id"], PLACEHOLDER, "x", "%25", "é", other["id"].upper(), "1" * 5000):
        answer = unlock(repo, quote(id), force=True)
        assert_error(answer, 404, "This repository has no such lock.")
    assert listed(elsewhere) == [other]


@pytest.mark.parametrize(
    "body", [{"force": "true"}, {"force": 1}, {"force": None}, {"ref": "main"}, []], ids=str
)
def test_lfs_unlock_refuses_a_body_of_wrong_types(repo: Repo, body: Any) -> None:
    made = lock(repo, "w.bin")
    answer = repo.call("POST", f"{repo.lfs}/locks/{made['id']}/unlock", json=body)
    assert answer.status_code == 400
    assert listed(repo) == [made]


def test_of_twenty_who_remove_one_lock_one_has_removed_it(shared: Repo, bob: Account) -> None:
    made = lock(shared, "w.bin")
    both = (shared, as_user(shared, bob))
    actions = (lambda repo=both[n % 2]: unlock(repo, made["id"], force=True) for n in range(20))
    answers = together(*actions)
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 19
    assert listed(shared) == []


def test_a_lock_that_goes_while_it_is_being_removed_is_not_found(repo: Repo) -> None:
    made, hub = lock(repo, "w.bin"), repo.hub
    with ThreadPoolExecutor(1) as pool:
        with hub.inside.db.write() as tx:
            tx.run("DELETE FROM lfs_lock WHERE id = :id", id=made["id"])
            removal = pool.submit(unlock, repo, made["id"])
            if not hub.inside.db.is_sqlite:
                # There, the call has seen the lock before it waits; SQLite lets nobody in.
                wait_for_lock(hub)
        assert_error(removal.result(60), 404, "This repository has no such lock.")


# Who may


def test_locks_need_the_rights_that_each_call_is_for(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    """Seeing them takes what a listing of the files takes, asking before a push what a pull
    request takes, and all else the right to write."""
    reader = hub.user()
    org = hub.org(owner=alice, members={reader.name: "read"})
    public = new_repo(hub, alice, namespace=org)
    gated = new_repo(hub, alice, namespace=org)
    gated.put("/settings", {"gated": "manual"})
    for repo in (public, gated):
        made = lock(repo, "w.bin")
        weak = Account(alice.name, hub.token(alice, "read"))
        for user in (bob, reader, weak):
            theirs = as_user(repo, user)
            proposes = user is reader or (user is bob and repo is public)
            assert listed(theirs) == [made]
            assert create(theirs, "x.bin").status_code == 403
            assert verify(theirs).status_code == (200 if proposes else 403)
            for force in (True, False):
                assert unlock(theirs, made["id"], force=force).status_code == 403
        assert hub.call("GET", f"{repo.lfs}/locks").json() == {"locks": [made]}
        assert listed(repo) == [made]


def test_strangers_are_asked_who_they_are_in_the_way_of_git(hub: LiveHub, repo: Repo) -> None:
    made = lock(repo, "w.bin")
    for method, path in (
        ("POST", "/locks"),
        ("POST", "/locks/verify"),
        ("POST", f"/locks/{made['id']}/unlock"),
        ("POST", f"/locks/{PLACEHOLDER}/unlock"),
    ):
        answer = hub.call(method, repo.lfs + path, json={"path": "x.bin", "force": True})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Basic realm="')
        assert answer.json()["message"]
    assert listed(repo) == [made]


def test_the_locks_of_a_private_repository_are_hidden_with_it(shared: Repo, hub: LiveHub) -> None:
    made = lock(shared, "w.bin")
    carol = hub.user()
    missing = Repo(hub, carol, f"{carol.name}/{fresh_name('repo')}")
    for repo in (as_user(shared, carol), missing):
        for answer in (
            create(repo, "w.bin"),
            create(repo, "../w.bin"),
            listing(repo),
            listing(repo, path="w.bin"),
            verify(repo),
            unlock(repo, made["id"]),
            unlock(repo, made["id"], force=True),
        ):
            assert_error(answer, 404, "Repository not found", "RepoNotFound")
    assert listed(shared) == [made]


# With a repository and its people


def test_locks_move_with_their_repository(hub: LiveHub, repo: Repo) -> None:
    made = lock(repo, "w.bin")
    moved = Repo(hub, repo.account, f"{repo.account.name}/{fresh_name('moved')}")
    body = {"fromRepo": repo.full_name, "toRepo": moved.full_name, "type": "model"}
    assert repo.call("POST", "/api/repos/move", json=body).status_code == 200
    assert listed(moved) == [made]
    redirected = verify(repo)
    assert redirected.status_code == 307
    assert redirected.headers["location"] == f"{moved.lfs}/locks/verify"
    assert unlock(moved, made["id"]).status_code == 200


def test_locks_go_with_their_repository(repo: Repo) -> None:
    made, repo_id = lock(repo, "w.bin"), stored(repo).id
    assert delete_repo(repo).status_code == 200
    assert (create(repo, "x.bin").status_code, listing(repo).status_code) == (404, 404)
    with repo.hub.inside.db.read() as tx:
        assert tx.all("SELECT id FROM lfs_lock WHERE repo_id = :repo_id", repo_id=repo_id) == []
    name = repo.full_name.partition("/")[2]
    assert repo.call("POST", "/api/repos/create", json={"name": name}).status_code == 200
    assert listed(repo) == []
    assert unlock(repo, made["id"]).status_code == 404


def test_a_repository_deleted_a_moment_ago_is_not_found(repo: Repo) -> None:
    """After the right was checked, and before the lock is made."""
    row = stored(repo)
    assert delete_repo(repo).status_code == 200
    viewer = Viewer(id=row.owner_id, name=repo.account.name)
    ctx = Context(repo.hub.inside, viewer, repo.hub.url)
    with pytest.raises(RepositoryNotFoundError):
        lfs_locks.lfs_create_lock(ctx, row, CreateLock(path="w.bin"))


def test_locking_while_the_repository_is_deleted_ends_in_one_of_two_ways(repo: Repo) -> None:
    makers = [lambda n=n: create(repo, f"{n}.bin") for n in range(10)]
    *answers, deleted = together(*makers, lambda: delete_repo(repo))
    assert deleted.status_code == 200
    assert {answer.status_code for answer in answers} <= {201, 404}


def test_a_lock_ends_with_the_account_of_its_owner(shared: Repo, hub: LiveHub) -> None:
    carol = hub.user()
    org = shared.full_name.partition("/")[0]
    hub.org(owner=carol)
    with hub.inside.db.write() as tx:
        user, group = accounts.find_account(tx, carol.name), accounts.find_account(tx, org)
        assert user is not None and group is not None
        accounts.put_member(tx, group.id, user.id, "write")
    lock(as_user(shared, carol), "hers.bin")
    mine = lock(shared, "mine.bin")
    with hub.inside.db.write() as tx:
        tx.run("DELETE FROM access_token WHERE user_id = :id", id=user.id)
        tx.run("DELETE FROM org_member WHERE user_id = :id", id=user.id)
        tx.run("DELETE FROM account WHERE id = :id", id=user.id)
    assert listed(shared) == [mine]
