"""A hash is no permission: what somebody else has can neither be read, nor linked, nor noticed."""

from __future__ import annotations

import secrets

import httpx2
import pytest

from freehold.formats.xet.chunking import split_chunks
from freehold.formats.xet.hashing import hash_to_string, keyed_chunk_hash
from freehold.formats.xet.shard import read_shard
from freehold.formats.xet.shard_footer import parse_footer
from freehold.server.core.tokens import hash_secret
from tests.live import Account, LiveHub
from tests.repos import Repo, lfs_file, new_repo, sha256
from tests.xet import BuiltXorb, Store, build_file, build_xorb, name_of, pack_shard, wait_for_proofs

SIZE = 300_000


@pytest.fixture
def secret() -> bytes:
    return secrets.token_bytes(SIZE)


@pytest.fixture
def private(hub: LiveHub, alice: Account) -> Repo:
    return new_repo(hub, alice, private=True)


@pytest.fixture
def theirs(private: Repo, secret: bytes) -> BuiltXorb:
    """The xorb of a file in a private repository of alice."""
    return Store.open(private).commit("secret.bin", secret)


@pytest.fixture
def outsider(hub: LiveHub, bob: Account) -> Store:
    """The store as bob sees it, who has a repository of his own and knows every hash."""
    return Store.open(new_repo(hub, bob))


def seen(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.text


# Reading


def test_a_file_of_another_repository_cannot_be_reconstructed(
    outsider: Store, theirs: BuiltXorb, secret: bytes
) -> None:
    for version in (1, 2):
        known = outsider.reconstruct(name_of(secret), version=version)
        unknown = outsider.reconstruct("1" * 64, version=version)
        assert seen(known) == seen(unknown)
        assert known.status_code == 404


def test_a_token_of_one_repository_reads_no_file_of_another_of_the_same_owner(
    hub: LiveHub, alice: Account, theirs: BuiltXorb, secret: bytes
) -> None:
    """Who gets such a token may be somebody else than who may read the other repository."""
    other = Store.open(new_repo(hub, alice), "read")
    assert other.reconstruct(name_of(secret)).status_code == 404


def test_no_token_is_given_for_a_repository_that_cannot_be_read(
    private: Repo, hub: LiveHub, bob: Account
) -> None:
    for kind in ("read", "write"):
        path = f"{private.api}/xet-{kind}-token/main"
        assert hub.call("GET", path, token=bob.token).status_code == 404
        assert hub.call("GET", path).status_code == 401


def test_a_gated_repository_gives_its_tokens_to_members_only(
    hub: LiveHub, alice: Account, bob: Account, secret: bytes
) -> None:
    repo = new_repo(hub, alice)
    Store.open(repo).commit("w.bin", secret)
    before = Store.open(repo, "read", bob)
    repo.put("/settings", {"gated": "manual"})
    answer = hub.call("GET", f"{repo.api}/xet-read-token/main", token=bob.token)
    assert (answer.status_code, answer.headers["x-error-code"]) == (403, "GatedRepo")
    assert before.reconstruct(name_of(secret)).status_code == 403, "the old token as well"
    assert Store.open(repo, "read").fetch(name_of(secret)) == secret


def test_an_address_for_chunks_of_a_public_file_opens_no_others_of_the_same_xorb(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    """One xorb may hold a public and a private file."""
    public, hidden = secrets.token_bytes(5000), secrets.token_bytes(5000)
    built = build_xorb(public, hidden)
    store, private = (
        Store.open(new_repo(hub, alice)),
        Store.open(new_repo(hub, alice, private=True)),
    )
    assert store.send_xorb(built).status_code == 200
    for target, data, place in ((store, public, 0), (private, hidden, 1)):
        file = build_file(data, (built, place, place + 1))
        assert target.send_shard(pack_shard([file])).status_code == 200
        target.repo.commit(lfs_file("a.bin", sha256(data), len(data)))
    reader = Store.open(store.repo, "read", bob)
    name = hash_to_string(build_file(public, (built, 0, 1)).hash)
    [info] = reader.reconstruct(name).json()["fetch_info"][built.name]
    assert info["url_range"]["end"] < built.xorb.chunks[1].offset
    everything = hub.call("GET", info["url"], headers={"range": f"bytes=0-{len(built.data) - 1}"})
    assert hidden not in everything.content


# Linking


def test_knowing_every_hash_links_nothing(
    outsider: Store, theirs: BuiltXorb, secret: bytes
) -> None:
    """Not even with the proofs, which follow from the hashes of chunks."""
    file = build_file(secret, (theirs, 0, len(theirs.xorb.chunks)))
    made_up = build_xorb(secrets.token_bytes(3000))
    unknown = build_file(b"x", (made_up, 0, 1))
    known_answer = outsider.send_shard(pack_shard([file]))
    assert seen(known_answer) == seen(outsider.send_shard(pack_shard([unknown])))
    assert known_answer.status_code == 400
    described = outsider.send_shard(pack_shard([file], [theirs]))
    assert described.status_code == 400
    assert outsider.reconstruct(name_of(secret)).status_code == 404
    assert outsider.repo.send_commit(lfs_file("x", sha256(secret), SIZE)).status_code == 400


def test_a_part_of_what_somebody_has_sent_links_nothing_else(
    outsider: Store, theirs: BuiltXorb, secret: bytes
) -> None:
    """Bob has some chunks of the file in a xorb of his own, and may use those."""
    chunks = split(theirs, secret)
    own = build_xorb(chunks[0])
    assert outsider.send_xorb(own).status_code == 200
    both = build_file(secret, (own, 0, 1), (theirs, 1, len(chunks)))
    assert outsider.send_shard(pack_shard([both])).status_code == 400
    mine = build_file(chunks[0], (own, 0, 1))
    assert outsider.send_shard(pack_shard([mine])).status_code == 200


def split(built: BuiltXorb, data: bytes) -> list[bytes]:
    chunks, start = [], 0
    for chunk in built.xorb.chunks:
        chunks.append(data[start : start + chunk.length])
        start += chunk.length
    return chunks


def test_who_has_sent_the_bytes_may_link_them(
    outsider: Store, theirs: BuiltXorb, secret: bytes
) -> None:
    assert outsider.send_xorb(theirs).json() == {"was_inserted": True}, "news to bob at least"
    file = build_file(secret, (theirs, 0, len(theirs.xorb.chunks)))
    assert outsider.send_shard(pack_shard([file], [theirs])).status_code == 200
    outsider.repo.commit(lfs_file("mine.bin", sha256(secret), SIZE))
    assert outsider.repo.resolve("mine.bin").content == secret


def test_who_can_read_a_file_may_link_its_chunks_and_no_others(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    chunks = [secrets.token_bytes(3000) for _ in range(4)]
    built = build_xorb(*chunks)
    store, public = Store.open(new_repo(hub, alice, private=True)), new_repo(hub, alice)
    assert store.send_xorb(built).status_code == 200
    shown = build_file(b"".join(chunks[1:3]), (built, 1, 3))
    assert Store.open(public).send_shard(pack_shard([shown])).status_code == 200
    reader = Store.open(new_repo(hub, bob))
    for start, end, status in ((1, 3, 200), (1, 2, 200), (2, 3, 200), (0, 3, 400), (1, 4, 400)):
        data = b"".join(chunks[start:end])
        answer = reader.send_shard(pack_shard([build_file(data, (built, start, end))]))
        assert answer.status_code == status, (start, end)
    public.put("/settings", {"private": True})
    other = build_file(chunks[1] + chunks[1], (built, 1, 2), (built, 1, 2))
    file = reader.send_shard(pack_shard([other]))
    assert file.status_code == 200, "bob has a file with that chunk himself by now"


def test_a_right_to_read_that_ended_links_nothing(
    hub: LiveHub, alice: Account, bob: Account, secret: bytes
) -> None:
    org = hub.org(owner=alice, members={bob.name: "read"})
    shared = new_repo(hub, alice, namespace=org, private=True)
    built = Store.open(shared).commit("w.bin", secret)
    own = Store.open(new_repo(hub, bob))
    file = build_file(secret, (built, 0, len(built.xorb.chunks)))
    with hub.inside.db.write() as tx:
        tx.run(
            "DELETE FROM org_member WHERE user_id = (SELECT id FROM account WHERE name = :name)",
            name=bob.name,
        )
    assert own.send_shard(pack_shard([file])).status_code == 400


# Noticing


def test_a_dedup_query_says_nothing_of_what_others_have(
    outsider: Store, private: Repo, theirs: BuiltXorb
) -> None:
    first = hash_to_string(theirs.xorb.chunks[0].hash)
    assert Store.open(private).call("GET", f"/v1/chunks/default/{first}").status_code == 200
    known = outsider.call("GET", f"/v1/chunks/default/{first}")
    unknown = outsider.call("GET", f"/v1/chunks/default/{'1' * 64}")
    assert seen(known) == seen(unknown)
    assert known.status_code == 404


def test_a_dedup_answer_hides_the_neighbours_that_the_caller_may_not_know(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    chunks = [secrets.token_bytes(3000 + place) for place in range(5)]
    built = build_xorb(*chunks)
    store = Store.open(new_repo(hub, alice))
    assert store.send_xorb(built).status_code == 200
    file = build_file(b"".join(chunks[1:3]), (built, 1, 3))
    assert store.send_shard(pack_shard([file])).status_code == 200
    first = hash_to_string(built.xorb.chunks[1].hash)
    answer = Store.open(new_repo(hub, bob)).call("GET", f"/v1/chunks/default/{first}")
    assert answer.status_code == 200
    key = parse_footer(answer.content).key
    _, [described] = read_shard(answer.content)
    told = [
        (place, chunk.length)
        for place, chunk in enumerate(described.chunks)
        if chunk.hash == keyed_chunk_hash(key, built.xorb.chunks[place].hash)
    ]
    assert told == [(1, 3001), (2, 3002)]
    assert [chunk.length for chunk in described.chunks] == [1, 3001, 3002, 1, 1]
    assert described.size == 0


def test_sending_what_others_have_says_nothing_of_them(outsider: Store, theirs: BuiltXorb) -> None:
    new = build_xorb(secrets.token_bytes(3000))
    assert seen(outsider.send_xorb(theirs)) == seen(outsider.send_xorb(new))


def test_a_file_that_is_not_what_it_says_holds_nowhere_else(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    """Mallory plants other bytes under the sha256 of what bob is going to send."""
    wanted, planted = secrets.token_bytes(SIZE), secrets.token_bytes(SIZE)
    mallory = Store.open(new_repo(hub, alice))
    mallory.upload(planted, sha=sha256(wanted))
    mallory.repo.send_commit(lfs_file("w.bin", sha256(wanted), SIZE))
    bobs = new_repo(hub, bob)
    item = bobs.batch("upload", (sha256(wanted), SIZE)).json()["objects"][0]
    assert "actions" in item, "bob is asked for the bytes"
    assert bobs.send_commit(lfs_file("w.bin", sha256(wanted), SIZE)).status_code == 400
    bobs.commit_lfs("w.bin", wanted)
    assert bobs.resolve("w.bin").content == wanted


@pytest.mark.parametrize("how", ["lfs", "xet"])
def test_a_member_of_the_same_repository_cannot_plant_either(
    hub: LiveHub, alice: Account, bob: Account, how: str
) -> None:
    org = hub.org(owner=alice, members={bob.name: "write"})
    repo = new_repo(hub, alice, namespace=org)
    wanted, planted = secrets.token_bytes(SIZE), secrets.token_bytes(SIZE)
    Store.open(repo).upload(planted, sha=sha256(wanted))
    bobs = Repo(hub, bob, repo.full_name)
    if how == "lfs":
        bobs.commit_lfs("w.bin", wanted)
    else:
        send_until_settled(Store.open(bobs), wanted)
        bobs.commit(lfs_file("w.bin", sha256(wanted), SIZE))
    assert repo.resolve("w.bin").content == wanted


def send_until_settled(store: Store, data: bytes) -> None:
    """As clients do: a hub that has to find out something first is asked again."""
    built = build_xorb(*split_chunks([data]))
    assert store.send_xorb(built).status_code == 200
    shard = pack_shard([build_file(data, (built, 0, len(built.xorb.chunks)))])
    answer = store.send_shard(shard)
    if answer.status_code == 503:
        wait_for_proofs(store.repo.hub)
        answer = store.send_shard(shard)
    assert answer.status_code == 200, answer.text


def test_a_false_sha256_is_found_and_not_served_any_more(hub: LiveHub, alice: Account) -> None:
    claimed, planted = sha256(secrets.token_bytes(10)), secrets.token_bytes(SIZE)
    store = Store.open(new_repo(hub, alice))
    store.upload(planted, sha=claimed)
    # The hub may be faster than this commit, and refuse it.
    store.repo.send_commit(lfs_file("w.bin", claimed, SIZE))
    wait_for_proofs(hub)
    [item] = store.repo.batch("download", (claimed, SIZE)).json()["objects"]
    assert item["error"]["code"] == 404
    assert store.reconstruct(name_of(planted)).status_code == 404
    built = build_xorb(*split_chunks([planted]))
    file = build_file(planted, (built, 0, len(built.xorb.chunks)), sha=claimed)
    shard = pack_shard([file])
    assert f"has the sha256 {sha256(planted)}" in store.send_shard(shard).json()["error"]


def test_a_proven_file_need_not_be_sent_again_by_who_can_read_it(
    hub: LiveHub, alice: Account, bob: Account, secret: bytes
) -> None:
    repo = new_repo(hub, alice)
    Store.open(repo).commit("w.bin", secret)
    wait_for_proofs(hub)
    own = new_repo(hub, bob)
    [item] = own.batch("upload", (sha256(secret), SIZE)).json()["objects"]
    assert "actions" not in item
    own.commit(lfs_file("copy.bin", sha256(secret), SIZE))
    assert own.resolve("copy.bin").content == secret
    assert Store.open(own, "read").fetch(name_of(secret)) == secret
    private = new_repo(hub, alice, private=True)
    hidden = secrets.token_bytes(SIZE)
    Store.open(private).commit("w.bin", hidden)
    wait_for_proofs(hub)
    [item] = own.batch("upload", (sha256(hidden), SIZE)).json()["objects"]
    assert "actions" in item


def test_a_duplicate_carries_only_what_was_proven(
    hub: LiveHub, alice: Account, bob: Account, secret: bytes
) -> None:
    repo = new_repo(hub, alice)
    Store.open(repo).commit("w.bin", secret)
    lie, planted = sha256(b"x"), secrets.token_bytes(SIZE)
    wait_for_proofs(hub)
    Store.open(repo).upload(planted, sha=lie)
    target = f"{bob.name}/copy"
    answer = duplicate(repo, bob, target)
    if answer.status_code == 503:
        assert answer.headers["retry-after"]
        wait_for_proofs(hub)
        answer = duplicate(repo, bob, target)
    assert answer.status_code == 200, answer.text
    copy = Repo(hub, bob, target)
    assert copy.resolve("w.bin").content == secret
    [item] = copy.batch("download", (lie, SIZE)).json()["objects"]
    assert item["error"]["code"] == 404


def duplicate(repo: Repo, account: Account, target: str) -> httpx2.Response:
    path = f"{repo.api}/duplicate"
    return repo.hub.call("POST", path, token=account.token, json={"repository": target})


def test_an_access_token_that_was_revoked_ends_its_tokens(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    second = Account(alice.name, hub.token(alice))
    store = Store.open(repo, "write", second)
    built = build_xorb(secrets.token_bytes(3000))
    assert store.send_xorb(built).status_code == 200
    with hub.inside.db.write() as tx:
        tx.run(
            "DELETE FROM access_token WHERE secret_hash = :secret_hash",
            secret_hash=hash_secret(second.token),
        )
    assert store.send_xorb(built).status_code == 401
    assert Store.open(repo).send_xorb(built).status_code == 200


def test_a_read_token_of_the_owner_gets_no_token_to_write(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    reading = hub.token(alice, "read")
    assert hub.call("GET", f"{repo.api}/xet-read-token/main", token=reading).status_code == 200
    assert hub.call("GET", f"{repo.api}/xet-write-token/main", token=reading).status_code == 403
