"""The gate of a repository on every path to its bytes: shut, opened by a grant, and shut again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from freehold.formats.xet.chunking import split_chunks
from freehold.formats.xet.hashing import hash_to_string
from tests.clones import clone, fail_git, url_of
from tests.gates import Gate, gated_repo
from tests.live import Account, LiveHub
from tests.repos import Repo, file, lfs_file, new_repo, sha256
from tests.xet import Store, build_file, build_xorb, name_of, pack_shard, wait_for_proofs

SIZE = 100_000

Ask = Callable[[Repo], httpx2.Response]


@pytest.fixture
def weights() -> bytes:
    return secrets.token_bytes(SIZE)


@pytest.fixture
def gate(hub: LiveHub, alice: Account, weights: bytes) -> Gate:
    """A gate before a small file, and a large one that was sent in chunks."""
    repo = new_repo(hub, alice, file("a.txt", "x"))
    Store.open(repo).commit("w.bin", weights)
    wait_for_proofs(hub)
    repo.put("/settings", {"gated": "manual"})
    return Gate(repo)


def doors(weights: bytes) -> dict[str, Ask]:
    """Every call that gives bytes of the files, and those that give the right to them."""
    fetch = {"git-protocol": "version=2", "content-type": "application/x-git-upload-pack-request"}
    return {
        "resolve": lambda repo: repo.resolve("w.bin"),
        "raw": lambda repo: repo.raw("a.txt"),
        "download": lambda repo: repo.post("/download/main", {"paths": ["a.txt", "w.bin"]}),
        "refs": lambda repo: repo.call("GET", f"{repo.page}.git/info/refs?service=git-upload-pack"),
        "fetch": lambda repo: repo.call(
            "POST", f"{repo.page}.git/git-upload-pack", content=b"0000", headers=fetch
        ),
        "batch": lambda repo: repo.batch("download", (sha256(weights), SIZE)),
        "xet": lambda repo: repo.get("/xet-read-token/main"),
        "compare": lambda repo: repo.get("/compare/main..main"),
        "check": lambda repo: repo.get("/auth-check"),
    }


def outcomes(gate: Gate, account: Account, weights: bytes) -> set[tuple[int, str | None]]:
    """What the account gets at all the doors."""
    repo = replace(gate.repo, account=account)
    answers = [ask(repo) for ask in doors(weights).values()]
    return {(answer.status_code, answer.headers.get("x-error-code")) for answer in answers}


OPEN = {(200, None)}
SHUT = {(403, "GatedRepo")}


def test_a_gate_opens_all_doors_at_once_and_shuts_them_at_once(
    gate: Gate, bob: Account, weights: bytes
) -> None:
    stranger = Account("nobody", "")
    assert outcomes(gate, bob, weights) == SHUT
    assert outcomes(gate, stranger, weights) == {(401, "GatedRepo")}
    gate.ask(bob)
    assert outcomes(gate, bob, weights) == SHUT
    for status, expected in (("accepted", OPEN), ("pending", SHUT), ("accepted", OPEN)):
        gate.handle(bob, status)
        assert outcomes(gate, bob, weights) == expected, status
    assert outcomes(gate, stranger, weights) == {(401, "GatedRepo")}
    gate.handle(bob, "rejected")
    assert outcomes(gate, bob, weights) == SHUT
    gate.handle(bob, "accepted")
    assert gate.withdraw(bob).status_code == 200
    assert outcomes(gate, bob, weights) == SHUT


def test_a_grant_is_no_key_to_a_private_repository(gate: Gate, bob: Account) -> None:
    gate.grant(bob)
    assert gate.opens(bob)
    gate.repo.put("/settings", {"private": True})
    answer = replace(gate.repo, account=bob).resolve("a.txt")
    assert (answer.status_code, answer.headers["x-error-code"]) == (404, "RepoNotFound")
    gate.repo.put("/settings", {"private": False})
    assert gate.opens(bob)


def test_the_lists_outlive_the_gate(gate: Gate, bob: Account, hub: LiveHub) -> None:
    """Who was let in is so again; a gate that comes back is shut for all others."""
    gate.grant(bob)
    other = hub.user()
    for setting, others_in in ((False, True), ("auto", False), ("manual", False)):
        gate.repo.put("/settings", {"gated": setting})
        assert (gate.opens(bob), gate.opens(other)) == (True, others_in), setting


def test_a_grant_is_for_one_repository_and_opens_no_more_than_reading(
    hub: LiveHub, gate: Gate, alice: Account, bob: Account
) -> None:
    other = Gate(gated_repo(hub, alice))
    gate.grant(bob)
    assert not other.opens(bob)
    repo = replace(gate.repo, account=bob)
    for answer in (
        repo.send_commit(file("b.txt", "x")),
        repo.put("/settings", {"gated": False}),
        repo.get("/user-access-request/accepted"),
        replace(gate, repo=repo).grant(hub.user()),
        repo.call("GET", f"{repo.page}/user-access-report"),
    ):
        assert answer.status_code == 403 and "x-error-code" not in answer.headers


def test_git_clones_a_gated_repository_with_a_grant(
    gate: Gate, bob: Account, tmp_path: Path
) -> None:
    url = url_of(gate.repo)
    assert "is restricted" in fail_git(tmp_path, bob, "clone", url, "refused")
    gate.grant(bob)
    cloned = clone(gate.repo, tmp_path / "granted", "-c", "filter.lfs.smudge=cat", account=bob)
    assert (cloned.folder / "a.txt").read_text() == "x"
    gate.handle(bob, "pending")
    assert "awaiting a review" in cloned.refuse("fetch", "--depth=1", "origin", "main")


def test_a_signed_address_keeps_its_time_when_the_grant_ends(
    hub: LiveHub, gate: Gate, bob: Account, weights: bytes
) -> None:
    """It stands for the caller, as it does when their token ends; there is no new one."""
    gate.grant(bob)
    repo = replace(gate.repo, account=bob)
    [item] = repo.batch("download", (sha256(weights), SIZE)).json()["objects"]
    gate.handle(bob, "rejected")
    assert hub.call("GET", item["actions"]["download"]["href"]).content == weights
    assert repo.batch("download", (sha256(weights), SIZE)).status_code == 403


def test_a_token_of_xet_ends_with_the_grant(gate: Gate, bob: Account, weights: bytes) -> None:
    gate.grant(bob)
    store, name = Store.open(gate.repo, "read", bob), name_of(weights)
    assert store.fetch(name) == weights
    gate.handle(bob, "pending")
    for version in (1, 2):
        answer = store.reconstruct(name, version=version)
        assert (answer.status_code, answer.headers["x-error-code"]) == (403, "GatedRepo")
    gate.handle(bob, "accepted")
    assert store.fetch(name) == weights


def test_a_hash_finds_what_is_behind_a_gate_only_with_a_grant(
    hub: LiveHub, gate: Gate, bob: Account, weights: bytes
) -> None:
    """Neither a chunk in a query, nor chunks in a shard, nor a sha256 in a batch or a commit."""
    own = new_repo(hub, bob)
    store, built = Store.open(own), build_xorb(*split_chunks([weights]))
    first = hash_to_string(built.xorb.chunks[0].hash)
    shard = pack_shard([build_file(weights, (built, 0, len(built.xorb.chunks)))])

    def finds() -> list[bool]:
        query = store.call("GET", f"/v1/chunks/default/{first}").status_code == 200
        [item] = own.batch("upload", (sha256(weights), SIZE)).json()["objects"]
        return [query, "actions" not in item]

    assert finds() == [False, False]
    assert store.send_shard(shard).status_code == 400
    assert own.send_commit(lfs_file("w.bin", sha256(weights), SIZE)).status_code == 400
    gate.ask(bob)
    assert finds() == [False, False]
    gate.handle(bob, "accepted")
    assert finds() == [True, True]
    gate.handle(bob, "rejected")
    assert finds() == [False, False]
    assert store.send_shard(shard).status_code == 400
    gate.handle(bob, "accepted")
    assert store.send_shard(shard).status_code == 200
    own.commit(lfs_file("w.bin", sha256(weights), SIZE))
    assert own.resolve("w.bin").content == weights


def test_a_gated_repository_is_duplicated_by_nobody(gate: Gate, bob: Account) -> None:
    """A copy would have no gate."""
    body = {"repository": f"{bob.name}/copy"}
    repo = replace(gate.repo, account=bob)
    refused = repo.post("/duplicate", body)
    assert (refused.status_code, refused.headers["x-error-code"]) == (403, "GatedRepo")
    gate.grant(bob)
    refused = repo.post("/duplicate", body)
    assert (refused.status_code, refused.headers.get("x-error-code")) == (403, None)
    assert "cannot be duplicated" in refused.json()["error"]


def test_a_disabled_repository_stays_disabled_for_the_granted(
    hub: LiveHub, gate: Gate, bob: Account
) -> None:
    gate.grant(bob)
    with hub.inside.db.write() as tx:
        sql = "UPDATE repo SET disabled = TRUE WHERE id = :id"
        tx.run(sql, id=gate.repo.get().json()["_id"])
    answer = replace(gate.repo, account=bob).resolve("a.txt")
    assert answer.headers["x-error-message"] == "Access to this resource is disabled."
