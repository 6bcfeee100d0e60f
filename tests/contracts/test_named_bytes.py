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
from tests.repos import (
    Repo,
    blob_id,
    deleted,
    file,
    lfs_file,
    new_repo,
    pointer,
    sha256,
)


def let_a_week_pass(hub: Hub) -> None:
    """Everything in the database happened long ago; then the jobs run, twice for the trash."""
    for _ in range(2):
        with hub.db.write() as tx:
            tx.run("UPDATE repo_lfs SET created_at = 0")
            tx.run("UPDATE lfs_object SET created_at = 0")
            tx.run("UPDATE object_trash SET trashed_at = 0")
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


EXTENDED = b"ext-0-packed sha256:%s\noid sha256" % (b"0" * 64)

POINTERS = {
    "canonical": pointer,
    "without its newline": lambda data: pointer(data).removesuffix(b"\n"),
    "with an extension": lambda data: pointer(data).replace(b"oid sha256", EXTENDED),
}


@pytest.mark.parametrize("name", POINTERS)
def test_bytes_that_come_after_their_pointer_are_kept(repo: Repo, name: str) -> None:
    data = b"weights" * 1000
    text = POINTERS[name](data)
    repo.commit(file("a.bin", text))
    assert repo.resolve("a.bin").content == text, "a pointer without its bytes is a text"
    repo.upload(data)
    repo.hub.inside.git.cache.remove(repo_id(repo))
    let_a_week_pass(repo.hub.inside)
    assert repo.resolve("a.bin").content == data


def test_bytes_that_only_a_former_commit_names_are_kept(repo: Repo) -> None:
    data = b"weights" * 1000
    named = repo.commit(file("a.bin", pointer(data)))
    repo.commit(deleted("deletedFile", "a.bin"))
    repo.upload(data)
    let_a_week_pass(repo.hub.inside)
    assert repo.resolve("a.bin", named).content == data


def test_a_pointer_of_another_size_names_nothing(repo: Repo) -> None:
    data = b"weights" * 1000
    text = pointer(data).replace(b"size 7000", b"size 7001")
    repo.upload(data)
    repo.commit(file("a.bin", text), file("b.bin", "before"))
    assert repo.resolve("a.bin").content == text
    assert repo.resolve("a.bin", method="HEAD").headers["etag"] == f'"{blob_id(text)}"'
    let_a_week_pass(repo.hub.inside)
    assert repo.hub.inside.objects.size(lfs_key(sha256(data))) is None
    assert repo.resolve("a.bin").content == text


def test_of_two_pointers_to_one_object_the_right_one_names_it(repo: Repo) -> None:
    data = b"weights" * 1000
    wrong = pointer(data).replace(b"size 7000", b"size 7001")
    repo.upload(data)
    repo.commit(file("0.bin", wrong), file("1.bin", pointer(data)), file("2.bin", wrong))
    let_a_week_pass(repo.hub.inside)
    assert repo.resolve("1.bin").content == data
    assert repo.resolve("2.bin").content == wrong


def test_bytes_of_a_repository_that_was_deleted_are_freed(repo: Repo) -> None:
    data = b"weights" * 1000
    repo.upload(data)
    body = {"name": repo.full_name.partition("/")[2], "organization": repo.account.name}
    assert repo.call("DELETE", "/api/repos/delete", json=body).status_code == 200
    let_a_week_pass(repo.hub.inside)
    assert repo.hub.inside.objects.size(lfs_key(sha256(data))) is None


def test_an_answer_that_nothing_is_to_be_sent_gives_the_bytes_their_time_again(
    repo: Repo,
) -> None:
    data = b"weights" * 1000
    repo.upload(data)
    hub = repo.hub.inside
    with hub.db.write() as tx:
        tx.run("UPDATE repo_lfs SET created_at = 0")
    [item] = repo.batch("upload", (sha256(data), len(data))).json()["objects"]
    assert item == {"oid": sha256(data), "size": len(data)}
    jobs.run_jobs(hub)
    repo.commit(lfs_file("a.bin", sha256(data), len(data)))
    assert repo.resolve("a.bin").content == data


def repo_id(repo: Repo) -> str:
    found: str = repo.get().json()["_id"]
    return found


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
    source = PackFile(pack, 1)
    with pytest.raises(KeyboardInterrupt):
        hub.git.publish(row.id, [], [source], now_ms(), crash)
    assert {info.key for info in hub.objects.list("packs")} > named
    let_a_week_pass(hub)
    assert {info.key for info in hub.objects.list("packs")} == named
    assert repo.resolve("3.txt").text == f"3{text}"
