"""A commit that is sent again under its key is answered again, and made once."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from freehold.server.core import jobs
from tests.conftest import BACKENDS, NewHub
from tests.live import Account, LiveHub, fresh_name
from tests.repos import (
    NDJSON,
    Operation,
    Repo,
    assert_error,
    deleted,
    file,
    header_line,
    lfs_file,
    new_repo,
    put_ref,
    sha256,
)

RULE = "An Idempotency-Key is one header of 1 to 200 printable ASCII characters."


def body_of(*operations: Operation, **header: Any) -> bytes:
    return b"".join(
        json.dumps(line).encode() + b"\n" for line in (header_line(**header), *operations)
    )


def send(
    repo: Repo, key: str, *operations: Operation, revision: str = "main", **header: Any
) -> httpx2.Response:
    """Send a commit under a key."""
    return repo.post(
        f"/commit/{revision}",
        content=body_of(*operations, **header),
        headers={"content-type": NDJSON, "idempotency-key": key},
    )


def oid_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    oid: str = answer.json()["commitOid"]
    return oid


def titles(repo: Repo) -> list[str]:
    """The titles of all commits, newest first."""
    return [commit["title"] for commit in repo.get("/commits/main?limit=1000").json()]


def test_create_commit_under_a_key_is_made_once(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    first = send(repo, "key", file("a.txt", "mine"), summary="once")
    repo.commit(file("a.txt", "theirs"), summary="then")
    again = send(repo, "key", file("a.txt", "mine"), summary="once")
    assert oid_of(again) == oid_of(first)
    assert again.json() == first.json()
    assert repo.resolve("a.txt").text == "theirs"
    assert titles(repo) == ["then", "once", "initial commit"]
    assert oid_of(send(repo, "key 2", file("a.txt", "mine"))) == repo.head() != oid_of(first)


def test_a_key_answers_where_the_commit_could_not_be_made_again(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    deletion = deleted("deletedFile", "a.txt")
    parent = repo.head()
    made = oid_of(send(repo, "deletion", deletion, parentCommit=parent))
    assert oid_of(send(repo, "deletion", deletion, parentCommit=parent)) == made
    broken = {"content-type": NDJSON, "idempotency-key": "deletion"}
    assert oid_of(repo.post("/commit/main", content=b"no line", headers=broken)) == made
    assert send(repo, "another", deletion, parentCommit=parent).status_code == 412
    assert send(repo, "another", deletion).status_code == 404


def test_a_key_covers_a_commit_that_changed_nothing(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "x"))
    head = repo.head()
    assert oid_of(send(repo, "key", file("a.txt", "x"))) == head
    repo.commit(file("a.txt", "y"))
    assert oid_of(send(repo, "key", file("a.txt", "x"))) == head
    assert repo.resolve("a.txt").text == "y"


def test_a_key_covers_large_files_and_the_body_of_the_oldest_clients(
    hub: LiveHub, alice: Account
) -> None:
    repo = new_repo(hub, alice)
    data = fresh_name("weights").encode() * 100
    repo.upload(data)
    made = oid_of(send(repo, "large", lfs_file("a.bin", sha256(data))))
    repo.commit(deleted("deletedFile", "a.bin"))
    assert oid_of(send(repo, "large", lfs_file("a.bin", sha256(data)))) == made
    body = {"summary": "old", "files": [{"path": "o.txt", "content": "", "encoding": "utf-8"}]}
    old = oid_of(repo.post("/commit/main", body, headers={"idempotency-key": "old"}))
    repo.commit(deleted("deletedFile", "o.txt"))
    assert oid_of(repo.post("/commit/main", body, headers={"idempotency-key": "old"})) == old
    assert repo.paths() == []


def test_a_refused_commit_does_not_use_its_key(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    assert send(repo, "key", deleted("deletedFile", "a.txt")).status_code == 404
    assert send(repo, "key", file("../a.txt", "x")).status_code == 400
    assert oid_of(send(repo, "key", file("a.txt", "x"))) == repo.head()


def test_a_key_belongs_to_one_ref(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    put_ref(repo, "refs/heads/other", repo.head())
    made = oid_of(send(repo, "key", file("a.txt", "x")))
    answer = send(repo, "key", file("a.txt", "x"), revision="other")
    assert_error(answer, 422, "This Idempotency-Key was used for a commit to another ref.")
    assert oid_of(send(repo, "key", file("a.txt", "x"), revision="refs%2Fheads%2Fmain")) == made
    assert repo.paths("other") == []


def test_a_key_belongs_to_one_account_and_one_repository(hub: LiveHub, alice: Account) -> None:
    colleague = hub.user()
    org = hub.org(owner=alice, members={colleague.name: "write"})
    first, second = (new_repo(hub, alice, namespace=org) for _ in range(2))
    mine = oid_of(send(first, "key", file("a.txt", "mine")))
    assert oid_of(send(second, "key", file("a.txt", "mine"))) == second.head()
    theirs = oid_of(send(Repo(hub, colleague, first.full_name), "key", file("a.txt", "theirs")))
    assert theirs != mine
    assert first.resolve("a.txt").text == "theirs"


def test_a_key_is_no_right_to_write(hub: LiveHub, alice: Account, bob: Account) -> None:
    repo = new_repo(hub, alice)
    send(repo, "key", file("a.txt", "x"))
    assert send(Repo(hub, bob, repo.full_name), "key", file("a.txt", "x")).status_code == 403
    reader = Account(alice.name, hub.token(alice, "read"))
    assert send(Repo(hub, reader, repo.full_name), "key", file("a.txt", "x")).status_code == 403


@pytest.mark.parametrize("key", ["x" * 200, "!", "~ ~", '"8e03978e-40d5-43e8-bc93-6894a57f9324"'])
def test_a_key_is_printable_ascii(hub: LiveHub, alice: Account, key: str) -> None:
    repo = new_repo(hub, alice)
    assert oid_of(send(repo, key, file("a.txt", "x"))) == repo.head()


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb", "clé"])
def test_another_key_is_refused(hub: LiveHub, alice: Account, key: str) -> None:
    repo = new_repo(hub, alice)
    headers = {b"content-type": NDJSON.encode(), b"idempotency-key": key.encode()}
    answer = repo.post("/commit/main", content=body_of(file("a.txt", "x")), headers=headers)
    assert_error(answer, 400, RULE)
    assert repo.paths() == []


def test_two_keys_are_refused(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    headers = [
        ("authorization", f"Bearer {alice.token}"),
        ("content-type", NDJSON),
        ("idempotency-key", "a"),
        ("idempotency-key", "b"),
    ]
    url = f"{hub.url}{repo.api}/commit/main"
    answer = httpx2.post(url, content=body_of(file("a.txt", "x")), headers=headers, trust_env=False)
    assert_error(answer, 400, RULE)


def test_a_key_ends_after_a_day_and_with_its_repository(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    found = repo.get().json()["_id"]
    keys = "SELECT idempotency_key FROM commit_key WHERE repo_id = :repo_id"
    for key in ("old", "older"):
        send(repo, key, file("a.txt", "x"))
    repo.commit(file("a.txt", "y"))
    with hub.inside.db.write() as tx:
        tx.run("UPDATE commit_key SET created_at = 0 WHERE repo_id = :repo_id", repo_id=found)
    assert oid_of(send(repo, "old", file("a.txt", "x"))) == repo.head()
    assert repo.resolve("a.txt").text == "x"
    jobs.forget_commit_keys(hub.inside)
    with hub.inside.db.read() as tx:
        assert [row.idempotency_key for row in tx.all(keys, repo_id=found)] == ["old"]
    body = {"name": repo.full_name.partition("/")[2], "organization": alice.name}
    assert repo.call("DELETE", "/api/repos/delete", json=body).status_code == 200
    with hub.inside.db.read() as tx:
        assert tx.all(keys, repo_id=found) == []


# Answers that are lost

RETRIES = 50


def send_and_leave(repo: Repo, key: str, content: bytes) -> None:
    """Send a commit and close the connection, whatever is answered."""
    place = urlsplit(repo.hub.url)
    head = (
        f"POST {repo.api}/commit/main HTTP/1.1\r\nhost: {place.netloc}\r\n"
        f"authorization: Bearer {repo.account.token}\r\ncontent-type: {NDJSON}\r\n"
        f"idempotency-key: {key}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((place.hostname, place.port), timeout=60) as connection:
        connection.sendall(head.encode() + content)


@pytest.mark.parametrize("header", [{}, {"parent": True}], ids=["on any head", "on one parent"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_retries_of_a_commit_whose_answer_is_lost_land_once(
    fresh_hub: NewHub, backend: str, header: dict[str, bool]
) -> None:
    hub = fresh_hub(backend)
    repo = new_repo(hub, hub.user())
    parent = {"parentCommit": repo.head()} if header else {}
    content = body_of(file("a.txt", "mine"), summary="once", **parent)

    def retry(number: int) -> None:
        if not header and number % 5 == 0:
            repo.commit(file("a.txt", f"theirs {number}"), summary="other")
        send_and_leave(repo, "key", content)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(retry, range(RETRIES)))
        keyed = {"content-type": NDJSON, "idempotency-key": "key"}
        answers = list(
            pool.map(lambda _: repo.post("/commit/main", content=content, headers=keyed), range(8))
        )
    hub.restart()  # what was still on its way has ended
    [made] = {oid_of(answer) for answer in answers}
    log = repo.get("/commits/main?limit=1000").json()
    assert [commit["id"] for commit in log if commit["title"] == "once"] == [made]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_commit_that_a_crash_cuts_off_lands_once_however_often_it_is_sent(
    fresh_hub: NewHub, backend: str
) -> None:
    hub = fresh_hub(backend)
    repo = new_repo(hub, hub.user())
    for number in range(5):
        content = body_of(file("a.txt", f"{number}"), summary=f"commit {number}")
        for _ in range(number):
            send_and_leave(repo, f"key {number}", content)
        hub.kill()
        hub.start()
        oid_of(send(repo, f"key {number}", file("a.txt", f"{number}"), summary=f"commit {number}"))
    assert titles(repo) == [f"commit {number}" for number in reversed(range(5))] + [
        "initial commit"
    ]
