"""What a commit names is kept, what nothing names is freed, whatever happened in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.server.core import jobs
from freehold.server.core.lfs import begin_upload
from freehold.server.core.signing import Grant
from freehold.server.git.native import PackFile
from freehold.server.hub import Hub, now_ms
from freehold.server.objects.keys import lfs_key
from tests.live import Account, LiveHub
from tests.repos import Repo, file, lfs_file, new_repo, pointer, sha256


def let_a_week_pass(hub: Hub) -> None:
    """Everything in the database happened long ago; then the jobs run, twice for the trash."""
    for _ in range(2):
        with hub.db.write() as tx:
            tx.run("UPDATE repo_lfs SET created_at = 0")
            tx.run("UPDATE lfs_object SET created_at = 0")
            tx.run("UPDATE object_trash SET trashed_at = 0")
        jobs.drop_abandoned_links(hub)
        jobs.run_jobs(hub)


@pytest.fixture
def repo(fresh_hub: object, request: pytest.FixtureRequest) -> Repo:
    hub: LiveHub = request.getfixturevalue("fresh_hub")()
    owner: Account = hub.user()
    return new_repo(hub, owner)


def test_bytes_that_are_sent_for_a_pointer_of_before_are_kept(repo: Repo) -> None:
    data = b"weights" * 1000
    repo.commit(file("a.bin", pointer(data)))
    asked = {"files": [{"path": "a.bin", "size": len(data), "sample": ""}]}
    told = repo.post("/preupload/main", json=asked).json()["files"][0]
    assert "oid" not in told, "the hub has a pointer and no bytes: they must be sent"
    repo.commit(lfs_file("a.bin", repo.upload(data), len(data)))
    let_a_week_pass(repo.hub.inside)
    assert repo.resolve("a.bin").content == data
    assert repo.post("/preupload/main", json=asked).json()["files"][0]["oid"] == sha256(data)


def test_bytes_whose_pointer_is_committed_as_a_file_are_kept(repo: Repo) -> None:
    data = b"weights" * 1000
    repo.upload(data)
    repo.commit(file("a.bin", pointer(data)))
    let_a_week_pass(repo.hub.inside)
    assert repo.resolve("a.bin").content == data


def test_bytes_that_no_commit_names_are_freed(repo: Repo) -> None:
    data = b"abandoned" * 1000
    repo.upload(data)
    hub = repo.hub.inside
    assert hub.objects.size(lfs_key(sha256(data))) == len(data)
    let_a_week_pass(hub)
    assert hub.objects.size(lfs_key(sha256(data))) is None


def test_bytes_of_a_crash_before_their_row_are_freed(repo: Repo) -> None:
    data = b"stored and not recorded" * 100
    hub = repo.hub.inside
    with hub.db.read() as tx:
        row = tx.one("SELECT id, owner_id FROM repo")
    assert row is not None
    writer = begin_upload(hub, Grant(row.id, row.owner_id, sha256(data), len(data)))
    assert writer is not None
    writer.write(data)
    writer.commit()
    assert hub.objects.size(lfs_key(sha256(data))) == len(data)
    let_a_week_pass(hub)
    assert hub.objects.size(lfs_key(sha256(data))) is None


def test_a_pack_of_an_unknown_outcome_is_freed_unless_it_is_named(repo: Repo) -> None:
    hub = repo.hub.inside
    text = "".join(str(number) for number in range(200_000))
    repo.commit(*(file(f"{number}.txt", f"{number}{text}") for number in range(4)))
    named = {info.key for info in hub.objects.list("packs")}
    assert named, "the commit is large enough for a pack in the object store"

    def crash(tx: object) -> None:
        raise KeyboardInterrupt

    with hub.db.read() as tx:
        row = tx.one("SELECT id, generation FROM repo")
    assert row is not None
    cached = Path(hub.git.reader(row.id, row.generation).run(lambda found: found.path))
    pack = max((cached / "objects" / "pack").glob("*.pack"), key=lambda path: path.stat().st_size)
    source = PackFile(pack, 1).copy_to
    with pytest.raises(KeyboardInterrupt):
        hub.git.publish(row.id, [], [source], now_ms(), crash)
    assert {info.key for info in hub.objects.list("packs")} > named
    let_a_week_pass(hub)
    assert {info.key for info in hub.objects.list("packs")} == named
    assert repo.resolve("3.txt").text == f"3{text}"
