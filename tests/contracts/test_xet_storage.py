"""What is kept in chunks survives crashes, is freed when nothing needs it, and is explained."""

from __future__ import annotations

import json
import random
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx2
import pytest

from freehold.formats.xet.chunking import split_chunks
from freehold.formats.xet.compression import Scheme
from freehold.server.core import jobs
from freehold.server.core.ingest import ingest
from freehold.server.core.proofs import prove_file
from freehold.server.core.storage import measure_storage
from freehold.server.core.xorbs import XorbArrival
from freehold.server.hub import Hub, now_ms
from freehold.server.objects.keys import lfs_key
from tests.conftest import BACKENDS, NewHub
from tests.live import LiveHub
from tests.repos import Repo, deleted, lfs_file, new_repo, sha256
from tests.xet import (
    BuiltXorb,
    Store,
    build_file,
    build_xorb,
    damage,
    name_of,
    object_of,
    pack_shard,
    wait_for_proofs,
)

SIZE = 300_000
DAY = 24 * 3600 * 1000


@pytest.fixture(params=BACKENDS)
def hub(request: pytest.FixtureRequest, fresh_hub: NewHub) -> LiveHub:
    return fresh_hub(request.param, jobs_seconds=100_000)


@pytest.fixture
def repo(hub: LiveHub) -> Repo:
    return new_repo(hub, hub.user())


def let_pass(hub: Hub, days: float) -> None:
    """Everything in the database happened so long ago; then the jobs run, twice for the trash."""
    for _ in range(2):
        with hub.db.write() as tx:
            for table, column in (
                ("repo_lfs", "created_at"),
                ("lfs_object", "created_at"),
                ("object_trash", "trashed_at"),
                ("xorb", "used_at"),
            ):
                tx.run(f"UPDATE {table} SET {column} = {column} - :time", time=int(days * DAY))
        jobs.run_jobs(hub)


def is_stored(hub: LiveHub, built: BuiltXorb) -> bool:
    return object_of(hub, built) is not None


# Freeing


def test_chunks_that_no_file_needs_are_kept_for_a_month_and_then_freed(repo: Repo) -> None:
    """A client may rely on what it was told for that long."""
    inside = repo.hub.inside
    built = build_xorb(secrets.token_bytes(3000))
    assert Store.open(repo).send_xorb(built).status_code == 200
    let_pass(inside, 14)
    assert is_stored(repo.hub, built), "28 days"
    assert Store.open(repo).send_xorb(built).json() == {"was_inserted": False}, "used again"
    let_pass(inside, 14)
    assert is_stored(repo.hub, built), "28 days once more"
    let_pass(inside, 20)
    assert not is_stored(repo.hub, built)
    assert Store.open(repo).send_xorb(built).json() == {"was_inserted": True}


def test_chunks_of_a_committed_file_are_kept_for_ever(repo: Repo) -> None:
    data = secrets.token_bytes(SIZE)
    Store.open(repo).commit("w.bin", data)
    let_pass(repo.hub.inside, 500)
    assert repo.resolve("w.bin").content == data
    assert Store.open(repo).fetch(name_of(data)) == data


def test_chunks_that_another_repository_needs_outlive_the_first(repo: Repo, hub: LiveHub) -> None:
    data, other = secrets.token_bytes(SIZE), new_repo(hub, repo.account)
    built = Store.open(repo).commit("w.bin", data)
    file = build_file(data, (built, 0, len(built.xorb.chunks)))
    assert Store.open(other).send_shard(pack_shard([file])).status_code == 200
    other.commit(lfs_file("copy.bin", sha256(data), SIZE))
    delete_repo(repo)
    let_pass(hub.inside, 500)
    assert other.resolve("copy.bin").content == data
    delete_repo(other)
    let_pass(hub.inside, 500)
    let_pass(hub.inside, 500)
    assert not is_stored(hub, built)
    with hub.inside.db.read() as tx:
        for table in ("xorb", "xorb_sender", "xet_file", "xet_term", "xet_chunk", "lfs_object"):
            assert tx.all(f"SELECT * FROM {table}") == [], table


def delete_repo(repo: Repo) -> None:
    namespace, _, name = repo.full_name.partition("/")
    body = {"name": name, "organization": namespace, "type": "model"}
    assert repo.call("DELETE", "/api/repos/delete", json=body).status_code == 200


def test_a_file_that_was_sent_and_never_committed_is_freed(repo: Repo) -> None:
    data = secrets.token_bytes(SIZE)
    built = Store.open(repo).upload(data)
    let_pass(repo.hub.inside, 3)
    assert Store.open(repo).reconstruct(name_of(data)).status_code == 404
    assert is_stored(repo.hub, built), "the client may still rely on its chunks"
    file = build_file(data, (built, 0, len(built.xorb.chunks)))
    assert Store.open(repo).send_shard(pack_shard([file])).json() == {"result": 1}
    repo.commit(lfs_file("w.bin", sha256(data), SIZE))
    assert repo.resolve("w.bin").content == data


def test_a_file_that_is_deleted_for_good_is_freed(repo: Repo) -> None:
    data = secrets.token_bytes(SIZE)
    built = Store.open(repo).commit("w.bin", data)
    repo.commit(deleted("deletedFile", "w.bin"))
    body = {"deletions": {"sha": [sha256(data)], "rewriteHistory": True}}
    assert repo.post("/lfs-files/batch", json=body).status_code == 200
    assert Store.open(repo).reconstruct(name_of(data)).status_code == 404
    for _ in range(3):
        let_pass(repo.hub.inside, 40)
    assert not is_stored(repo.hub, built)


def test_an_abandoned_xorb_leaves_nothing_behind(repo: Repo) -> None:
    """The client goes away in the middle of its body."""
    built = build_xorb(*(secrets.token_bytes(100_000) for _ in range(40)))
    store = Store.open(repo)

    def half() -> Iterator[bytes]:
        yield built.data[: len(built.data) // 2]
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        store.call("POST", f"/v1/xorbs/default/{built.name}", content=half())
    assert store.send_xorb(built).json() == {"was_inserted": True}
    keys = [info.key for info in repo.hub.inside.objects.list("xorbs")]
    assert keys == [object_of(repo.hub, built)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_was_acknowledged_survives_a_crash(fresh_hub: NewHub, backend: str) -> None:
    hub = fresh_hub(backend)
    repo = new_repo(hub, hub.user())
    store, data = Store.open(repo), secrets.token_bytes(SIZE)
    built = store.upload(data)
    hub.kill()
    hub.start()
    repo.commit(lfs_file("w.bin", sha256(data), SIZE))
    hub.kill()
    hub.start()
    assert repo.resolve("w.bin").content == data
    file = build_file(data + data, *[(built, 0, len(built.xorb.chunks))] * 2)
    assert store.send_shard(pack_shard([file])).status_code == 200


def test_what_was_not_proven_before_a_crash_is_proven_by_the_next_start(repo: Repo) -> None:
    data = secrets.token_bytes(SIZE)
    Store.open(repo).commit("w.bin", data)
    hub = repo.hub
    wait_for_proofs(hub)
    hub.kill()
    with hub.inside.db.write() as tx:
        tx.run("UPDATE xet_file SET sha256 = NULL, proving_until = 0")
    hub.start()
    wait_for_proofs(hub)
    with hub.inside.db.read() as tx:
        [row] = tx.all("SELECT sha256 FROM xet_file")
    assert row.sha256 == sha256(data)


def test_only_one_process_proves_a_file(repo: Repo) -> None:
    hub = repo.hub
    Store.open(repo).upload(secrets.token_bytes(SIZE))
    wait_for_proofs(hub)
    with hub.inside.db.write() as tx:
        tx.run("UPDATE xet_file SET sha256 = NULL, proving_until = 0")
        [row] = tx.all("SELECT hash FROM xet_file")
    with ThreadPoolExecutor(4) as pool:
        proven = list(pool.map(lambda _: prove_file(hub.inside, row.hash), range(4)))
    assert sorted(proven) == [False, False, False, True]


# Damage


def test_what_the_store_has_damaged_is_not_taken_for_a_lie(repo: Repo) -> None:
    hub, store = repo.hub, Store.open(repo)
    data = secrets.token_bytes(SIZE)
    built = build_xorb(*split_chunks([data]))
    assert store.send_xorb(built).status_code == 200
    damage(hub, built)
    shard = pack_shard([build_file(data, (built, 0, len(built.xorb.chunks)))])
    assert store.send_shard(shard).status_code == 200
    repo.commit(lfs_file("w.bin", sha256(data), SIZE))
    hub.restart()
    assert "is damaged" in hub.log()
    assert "sent a file as" not in hub.log()
    assert store.send_shard(shard).status_code == 200, "it is still true"
    key = object_of(hub, built)
    assert key is not None
    hub.inside.objects.delete(key)
    assert store.send_xorb(built).status_code == 200
    assert repo.resolve("w.bin").content == data


@pytest.mark.parametrize("who", ["the same sender", "another one"])
def test_a_xorb_whose_object_is_lost_is_mended_by_sending_it_again(repo: Repo, who: str) -> None:
    """In another form too: the files that need it find its chunks where they are now."""
    chunks = [bytes([65 + number]) * 60_000 for number in range(5)]
    data = b"".join(chunks)
    packed, plain = build_xorb(*chunks, scheme=Scheme.LZ4), build_xorb(*chunks)
    assert packed.name == plain.name
    store = Store.open(repo)
    assert store.send_xorb(packed).status_code == 200
    assert store.send_shard(pack_shard([build_file(data, (packed, 0, 5))])).status_code == 200
    repo.commit(lfs_file("w.bin", sha256(data), len(data)))
    key = object_of(repo.hub, packed)
    assert key is not None
    repo.hub.inside.objects.delete(key)
    if who == "another one":
        store = Store.open(new_repo(repo.hub, repo.hub.user()))
    assert store.send_xorb(plain).status_code == 200
    assert repo.resolve("w.bin").content == data
    part = repo.resolve("w.bin", headers={"range": "bytes=70000-200000"})
    assert part.content == data[70_000:200_001]


def test_another_form_of_a_xorb_changes_nothing_of_the_one_that_is_stored(repo: Repo) -> None:
    """Two clients that compress differently send it at the same time."""
    chunks = [bytes([65 + number]) * 60_000 for number in range(5)]
    data = b"".join(chunks)
    packed, plain = build_xorb(*chunks, scheme=Scheme.LZ4), build_xorb(*chunks)
    hub = repo.hub
    late = XorbArrival(hub.inside, None, plain.name)
    late.take(plain.data)
    store = Store.open(repo)
    assert store.send_xorb(packed).status_code == 200
    assert store.send_shard(pack_shard([build_file(data, (packed, 0, 5))])).status_code == 200
    repo.commit(lfs_file("w.bin", sha256(data), len(data)))
    late.finish()
    assert repo.resolve("w.bin").content == data
    let_pass(hub.inside, 3)
    assert [info.key for info in hub.inside.objects.list("xorbs")] == [object_of(hub, packed)]
    assert repo.resolve("w.bin").content == data


def test_a_xorb_that_was_freed_may_come_back_in_another_form(repo: Repo) -> None:
    """What the hub remembers of the first one is not used for the second."""
    chunks = [bytes([65 + number]) * 60_000 for number in range(5)]
    data = b"".join(chunks)
    packed, plain = build_xorb(*chunks, scheme=Scheme.LZ4), build_xorb(*chunks)
    store = Store.open(repo)
    assert store.send_xorb(packed).status_code == 200
    assert store.send_shard(pack_shard([], [packed])).status_code == 200
    let_pass(repo.hub.inside, 40)
    assert store.send_xorb(plain).json() == {"was_inserted": True}
    assert store.send_shard(pack_shard([build_file(data, (plain, 0, 5))])).status_code == 200
    repo.commit(lfs_file("w.bin", sha256(data), len(data)))
    assert repo.resolve("w.bin").content == data


# Races


def at_once(*calls: Callable[[], httpx2.Response]) -> list[int]:
    with ThreadPoolExecutor(len(calls)) as pool:
        answers = [pool.submit(call) for call in calls]
        return [answer.result().status_code for answer in answers]


def test_the_same_files_in_another_order_at_once(hub: LiveHub) -> None:
    """Of two users: each row is locked in one order, whatever the order of the files."""
    contents = [secrets.token_bytes(2000) for _ in range(300)]
    sending, commits = [], []
    for order in (contents, contents[::-1]):
        store = Store.open(new_repo(hub, hub.user()))
        built = build_xorb(*order)
        assert store.send_xorb(built).status_code == 200
        files = [build_file(data, (built, n, n + 1)) for n, data in enumerate(order)]
        lines = [lfs_file(f"{n}.bin", sha256(d), len(d)) for n, d in enumerate(order)]
        sending.append(partial(store.send_shard, pack_shard(files, [built])))
        commits.append(partial(store.repo.send_commit, *lines))
    assert at_once(*sending) == [200, 200]
    assert at_once(*commits) == [200, 200]


# Ingesting


def checkpoints(count: int) -> list[bytes]:
    """Versions of 6 MB, each with other bytes in a twentieth of it."""
    source = random.Random(5)
    data = bytearray(source.randbytes(6_000_000))
    versions = []
    for _ in range(count):
        start = source.randrange(len(data) - 300_000)
        data[start : start + 300_000] = source.randbytes(300_000)
        versions.append(bytes(data))
    return versions


def test_ingested_files_are_the_same_to_everybody_and_share_their_chunks(repo: Repo) -> None:
    inside = repo.hub.inside
    versions = checkpoints(4)
    for number, data in enumerate(versions):
        repo.commit_lfs(f"{number}.pt", data)
    repo.commit_lfs("small.bin", b"\0" * 1000)
    commit = repo.head()
    assert ingest(inside) == (4, 4 * 6_000_000)
    assert ingest(inside) == (0, 0), "nothing is left to do"
    store = Store.open(repo, "read")
    for number, data in enumerate(versions):
        answer = repo.resolve(f"{number}.pt")
        assert answer.content == data
        assert store.fetch(answer.headers["x-xet-hash"]) == data
        part = repo.resolve(f"{number}.pt", headers={"range": "bytes=2999999-4000000"})
        assert part.content == data[2_999_999:4_000_001]
    assert repo.head() == commit
    assert "x-xet-hash" not in repo.resolve("small.bin").headers
    assert sum(info.size for info in inside.objects.list("xorbs")) < 9_000_000
    let_pass(inside, 3)
    assert [info.key for info in inside.objects.list("lfs")] == [lfs_key(sha256(b"\0" * 1000))]
    assert repo.resolve("3.pt").content == versions[3]


def test_an_ingested_file_has_the_hash_that_a_client_gives_it(repo: Repo) -> None:
    data = secrets.token_bytes(SIZE)
    repo.commit_lfs("w.bin", data)
    ingest(repo.hub.inside)
    assert repo.resolve("w.bin").headers["x-xet-hash"] == name_of(data)
    [item] = repo.batch("upload", (sha256(data), SIZE)).json()["objects"]
    assert "actions" not in item


def test_a_whole_copy_is_given_up_only_for_chunks_that_were_checked(
    repo: Repo, hub: LiveHub
) -> None:
    """The file is known already, and its chunks are damaged: those cut now do not count."""
    data, other = secrets.token_bytes(SIZE), new_repo(hub, hub.user(), private=True)
    built = Store.open(other).commit("w.bin", data)
    wait_for_proofs(hub)
    damage(hub, built)
    repo.commit_lfs("w.bin", data)
    assert ingest(hub.inside) == (0, 0)
    assert repo.resolve("w.bin").content == data
    key = object_of(hub, built)
    assert key is not None
    hub.inside.objects.delete(key)
    assert Store.open(other).send_xorb(built).status_code == 200
    assert ingest(hub.inside) == (1, SIZE)
    assert repo.resolve("w.bin").content == data


def test_a_damaged_file_is_not_ingested(repo: Repo) -> None:
    inside = repo.hub.inside
    data = secrets.token_bytes(SIZE)
    repo.commit_lfs("w.bin", data)
    damaged = bytes([data[0] ^ 1]) + data[1:]
    inside.objects.put(lfs_key(sha256(data)), damaged)
    assert ingest(inside) == (0, 0)
    assert repo.resolve("w.bin").content == damaged, "as it was, and nothing was thrown away"
    inside.objects.put(lfs_key(sha256(data)), data)
    assert ingest(inside) == (1, SIZE)
    assert repo.resolve("w.bin").content == data


def test_what_was_sent_both_whole_and_in_chunks_becomes_one(repo: Repo, hub: LiveHub) -> None:
    data, other = secrets.token_bytes(SIZE), new_repo(hub, hub.user())
    repo.commit_lfs("w.bin", data)
    Store.open(other).commit("w.bin", data)
    wait_for_proofs(hub)
    assert ingest(hub.inside) == (1, SIZE)
    with hub.inside.db.read() as tx:
        assert len(tx.all("SELECT id FROM lfs_object")) == 1
    for each in (repo, other):
        assert each.resolve("w.bin").content == data
        assert Store.open(each).fetch(name_of(data)) == data


def test_a_whole_copy_that_is_sent_again_after_ingestion_is_kept(repo: Repo, hub: LiveHub) -> None:
    """Its key was in the trash, and must not stay there."""
    data, other = secrets.token_bytes(SIZE), new_repo(hub, hub.user())
    repo.commit_lfs("w.bin", data)
    assert ingest(hub.inside) == (1, SIZE)
    delete_repo(repo)
    other.commit_lfs("w.bin", data)
    for _ in range(3):
        let_pass(hub.inside, 100)
    assert other.resolve("w.bin").content == data


def test_a_hub_ingests_in_the_background_where_that_is_wished(fresh_hub: NewHub) -> None:
    hub = fresh_hub(xet_ingest=True, jobs_seconds=1)
    repo = new_repo(hub, hub.user())
    data = secrets.token_bytes(SIZE)
    repo.commit_lfs("w.bin", data)
    deadline = now_ms() + 30_000
    while "x-xet-hash" not in (answer := repo.resolve("w.bin")).headers:
        assert now_ms() < deadline
    assert answer.content == data


# Counting


def test_the_report_adds_up(repo: Repo, hub: LiveHub) -> None:
    first, second = checkpoints(2)
    store, other = Store.open(repo), new_repo(hub, repo.account)
    for number, data in enumerate((first, second)):
        repo.commit_lfs(f"{number}.pt", data)
    ingest(hub.inside)
    whole = secrets.token_bytes(50_000)
    repo.commit_lfs("whole.bin", whole)
    other.commit(lfs_file("copy.pt", sha256(first), len(first)))
    store.send_xorb(unused := build_xorb(secrets.token_bytes(7000)))
    report = measure_storage(hub.inside)
    total, rows = report.hub, {row.repo: row for row in report.repos}
    assert total.files == 4
    assert total.sent == 3 * 6_000_000 + 50_000
    saved = total.saved_by_same_content + total.saved_by_same_chunks + total.saved_by_compression
    assert total.sent - saved + total.extra_unused + total.extra_tables == total.stored
    assert total.saved_by_same_content == 6_000_000
    assert 5_000_000 < total.saved_by_same_chunks < 6_000_000
    assert total.extra_unused == len(unused.data)
    on_disk = [*hub.inside.objects.list("xorbs"), *hub.inside.objects.list("lfs")]
    trashed = 12_000_000
    assert sum(info.size for info in on_disk) - trashed == total.stored
    assert rows[other.full_name].alone == 0
    assert rows[repo.full_name].alone < rows[repo.full_name].stored < 7_000_000
    assert rows[other.full_name].sent == 6_000_000


def test_the_commands_of_an_operator(repo: Repo) -> None:
    hub = repo.hub
    repo.commit_lfs("w.bin", secrets.token_bytes(SIZE))
    options = [f"--data={hub.data}", f"--database-url={hub.database_url}"]

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "freehold", "admin", *words, *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert run("xet", "ingest").startswith("1 large files, ")
    told: dict[str, Any] = json.loads(run("storage", "--json"))
    assert told["hub"]["sent"] == SIZE
    assert told["repos"][0]["repo"] == repo.full_name
    text = run("storage")
    assert repo.full_name in text and "of what was sent" in text
    assert json.loads(run("xet", "ingest", "--json")) == {"objects": 0, "size": 0}
