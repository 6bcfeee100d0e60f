"""What the store of git repositories promises, on each database."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from freehold.errors import BadRequestError
from freehold.formats.git_objects import Signature, TreeEntry, build_commit, build_tree, object_id
from freehold.formats.pack import PackWriter
from freehold.server.config import Config
from freehold.server.core import jobs, repos, users
from freehold.server.core.access import Context
from freehold.server.core.lfs import begin_upload, finish_upload
from freehold.server.core.signing import Grant
from freehold.server.core.tokens import create_token, identify
from freehold.server.db import lfs, packs, refs, trash
from freehold.server.db import repos as repo_rows
from freehold.server.git.reader import ObjectReader
from freehold.server.git.store import LostRaceError, PackSource, RefChange
from freehold.server.hub import Hub, new_id, now_ms, open_hub
from freehold.server.objects.keys import lfs_key
from freehold.wire.repos import DeleteRepo
from tests.commits import sha256
from tests.conftest import BACKENDS

MAIN = "refs/heads/main"
LARGE = 300_000
"""More bytes than a pack may have in a row of the database."""


@pytest.fixture(params=BACKENDS)
def hub(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[str], str]
) -> Iterator[Hub]:
    """An open hub without a server; nothing is kept in the trash for longer than a moment."""
    url = new_database(request.param)
    opened = open_hub(Config.load(environ={}, data=tmp_path, database_url=url, grace_seconds=0))
    yield opened
    opened.close()


@pytest.fixture
def again(hub: Hub) -> Iterator[Hub]:
    """The same data as `hub`, opened by another process as it were."""
    opened = open_hub(hub.config)
    yield opened
    opened.close()


@pytest.fixture
def owner(hub: Hub) -> Context:
    users.create_user(hub, "owner")
    token = create_token(hub, "owner", name="x", role="write")
    with hub.db.read() as tx:
        return Context(hub, identify(tx, token), "http://127.0.0.1")


@pytest.fixture
def repo_id(owner: Context) -> str:
    return insert_repo(owner, "repo")


def insert_repo(owner: Context, name: str) -> str:
    """Make a repository without any commit."""
    viewer_id = owner.viewer.id or ""
    new = repo_rows.NewRepo(new_id(), "model", viewer_id, name, viewer_id, False, None, now_ms())
    with owner.hub.db.write() as tx:
        assert repo_rows.insert_repo(tx, new)
    return new.id


def make_commit(data: bytes, parent: str | None) -> tuple[PackSource, str]:
    """A pack with a commit of one file, and the id of that commit."""
    writer = PackWriter()
    blob = writer.add("blob", data)
    tree = build_tree([TreeEntry(0o100644, b"file", blob)])
    who = Signature("owner", "owner@example.org", 1)
    parents = [bytes.fromhex(parent)] if parent else []
    commit = build_commit(object_id("tree", tree), parents, who, who, data[:20].hex())
    extra = [("tree", tree), ("commit", commit)]
    return partial(writer.finish, extra=extra), object_id("commit", commit).hex()


def publish(hub: Hub, repo_id: str, data: bytes, old: str | None = None) -> str:
    """Make a commit on top of `old` and return its id."""
    source, oid = make_commit(data, old)
    hub.git.publish(repo_id, [RefChange(MAIN, old, oid)], [source], now_ms())
    return oid


def publish_many(hub: Hub, repo_id: str, count: int, head: str | None = None) -> list[str]:
    """Make commits one after the other and return their ids."""
    oids = []
    for number in range(count):
        head = publish(hub, repo_id, b"commit %d" % number + os.urandom(8), head)
        oids.append(head)
    return oids


def open_reader(hub: Hub, repo_id: str) -> ObjectReader:
    """A reader of the repository as it is now."""
    with hub.db.read() as tx:
        repo = repo_rows.find_repo_by_id(tx, repo_id, None)
    assert repo is not None
    return hub.git.reader(repo_id, repo.generation)


def read_file(hub: Hub, repo_id: str, oid: str) -> bytes:
    """The one file of a commit."""
    reader = open_reader(hub, repo_id)
    return reader.blob(reader.tree(reader.commit(oid).tree)[0].oid.hex())


def list_packs(hub: Hub, repo_id: str) -> list[packs.Pack]:
    with hub.db.read() as tx:
        return packs.list_packs(tx, repo_id)


def list_refs(hub: Hub, repo_id: str) -> dict[str, str]:
    with hub.db.read() as tx:
        return refs.list_refs(tx, repo_id)


def list_keys(hub: Hub) -> list[str]:
    return sorted(info.key for info in hub.objects.list(""))


def describe(hub: Hub, repo_id: str) -> tuple[object, ...]:
    """Everything that a refused change must leave as it is."""
    with hub.db.read() as tx:
        repo = repo_rows.find_repo_by_id(tx, repo_id, None)
    staging = list((hub.config.data / "objects" / "staging").iterdir())
    return repo, list_refs(hub, repo_id), list_packs(hub, repo_id), list_keys(hub), staging


def fsck(hub: Hub, repo_id: str, head: str) -> str:
    """What git has to say about the cached repository: nothing, when it is whole."""
    path = hub.git.cache.bring_forward(repo_id, 0)
    command = ["git", "--git-dir", str(path), "fsck", "--strict", "--full", "--no-dangling", head]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr.replace("notice: HEAD points to an unborn branch (main)\n", "")


# Publishing


@pytest.mark.parametrize("size", [10, LARGE], ids=["inline", "large"])
def test_a_published_pack_is_readable_at_once_and_elsewhere(
    hub: Hub, again: Hub, repo_id: str, size: int
) -> None:
    data = os.urandom(size)
    oid = publish(hub, repo_id, data)
    assert read_file(hub, repo_id, oid) == data
    assert read_file(again, repo_id, oid) == data
    (pack,) = list_packs(hub, repo_id)
    assert (pack.object_key is None) == (size == 10)
    wanted = (
        [] if pack.object_key is None else [f"{pack.object_key}.idx", f"{pack.object_key}.pack"]
    )
    assert list_keys(hub) == wanted
    assert fsck(hub, repo_id, oid) == ""


@pytest.mark.parametrize("size", [10, LARGE], ids=["inline", "large"])
def test_a_lost_race_leaves_nothing(hub: Hub, repo_id: str, size: int) -> None:
    head = publish(hub, repo_id, b"first")
    before = describe(hub, repo_id)
    for old in (None, "0" * 40):
        source, oid = make_commit(os.urandom(size), old)
        with pytest.raises(LostRaceError):
            hub.git.publish(repo_id, [RefChange(MAIN, old, oid)], [source], now_ms())
    assert describe(hub, repo_id) == before
    assert publish(hub, repo_id, b"second", head) == list_refs(hub, repo_id)[MAIN]


def test_of_several_refs_all_move_or_none(hub: Hub, repo_id: str) -> None:
    head = publish(hub, repo_id, b"first")
    before = describe(hub, repo_id)
    source, oid = make_commit(os.urandom(LARGE), head)
    changes = [
        RefChange(MAIN, head, oid),
        RefChange("refs/heads/new", None, oid),
        RefChange("refs/heads/missing", head, oid),
    ]
    with pytest.raises(LostRaceError):
        hub.git.publish(repo_id, changes, [source], now_ms())
    assert describe(hub, repo_id) == before
    hub.git.publish(repo_id, changes[:2], [source], now_ms())
    assert list_refs(hub, repo_id) == {MAIN: oid, "refs/heads/new": oid}


def test_a_refusal_within_the_transaction_leaves_nothing(hub: Hub, repo_id: str) -> None:
    before = describe(hub, repo_id)
    source, oid = make_commit(os.urandom(LARGE), None)

    def refuse(tx: object) -> None:
        raise BadRequestError("no")

    with pytest.raises(BadRequestError):
        hub.git.publish(repo_id, [RefChange(MAIN, None, oid)], [source], now_ms(), refuse)
    assert describe(hub, repo_id) == before


def test_a_source_that_fails_leaves_nothing(hub: Hub, repo_id: str) -> None:
    before = describe(hub, repo_id)
    good, oid = make_commit(os.urandom(LARGE), None)

    def broken(file: object) -> object:
        raise BadRequestError("no pack")

    with pytest.raises(BadRequestError):
        hub.git.publish(repo_id, [RefChange(MAIN, None, oid)], [good, broken], now_ms())  # type: ignore[list-item]
    assert describe(hub, repo_id) == before


def test_racing_writers_each_win_once_or_leave_nothing(hub: Hub, again: Hub, repo_id: str) -> None:
    def write(number: int) -> str | None:
        source, oid = make_commit(os.urandom(LARGE if number % 2 else 10), None)
        try:
            store = (hub if number % 3 else again).git
            store.publish(repo_id, [RefChange(MAIN, None, oid)], [source], now_ms())
        except LostRaceError:
            return None
        return oid

    with ThreadPoolExecutor(8) as pool:
        won = [oid for oid in pool.map(write, range(16)) if oid is not None]
    assert list_refs(hub, repo_id) == {MAIN: won[0]}
    assert len(won) == 1
    (pack,) = list_packs(hub, repo_id)
    assert len(list_keys(hub)) == (0 if pack.object_key is None else 2)


# A cache that may vanish at any moment


def damage_nothing(path: Path) -> None:
    """Leave everything as it is."""


def damage_all(path: Path) -> None:
    """Delete the whole repository."""
    shutil.rmtree(path)


def damage_packs(path: Path) -> None:
    """Delete the folder of packs."""
    shutil.rmtree(path / "objects" / "pack")


def damage_indexes(path: Path) -> None:
    """Delete every index."""
    for index in (path / "objects" / "pack").glob("*.idx"):
        index.unlink()


def damage_pack_bytes(path: Path) -> None:
    """Delete every pack, and leave the indexes."""
    for pack in (path / "objects" / "pack").glob("*.pack"):
        pack.unlink()


def damage_every_second_file(path: Path) -> None:
    """Delete half of everything."""
    files = sorted(found for found in path.rglob("*") if found.is_file())
    for found in files[::2]:
        found.unlink()


def damage_config(path: Path) -> None:
    """Delete what makes it a repository."""
    (path / "config").unlink()
    (path / "HEAD").unlink()


DAMAGES = [
    damage_nothing,
    damage_all,
    damage_packs,
    damage_indexes,
    damage_pack_bytes,
    damage_every_second_file,
    damage_config,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_reads_and_commits_go_on_whatever_the_cache_has_lost(
    hub: Hub, again: Hub, repo_id: str, damage: Callable[[Path], None], restarted: bool
) -> None:
    contents = {}
    head = None
    for number in range(4):
        data = os.urandom(LARGE if number % 2 else 10)
        head = publish(hub, repo_id, data, head)
        contents[head] = data
    assert read_file(hub, repo_id, head or "") == contents[head or ""]
    damage(hub.git.cache.path(repo_id))
    reading = again if restarted else hub
    for oid, data in contents.items():
        assert open_reader(reading, repo_id).find_commit(oid) == oid
        assert open_reader(reading, repo_id).find_commit(oid[:12]) == oid
        assert read_file(reading, repo_id, oid) == data
    newest = publish(reading, repo_id, b"after the damage", head)
    assert read_file(reading, repo_id, newest) == b"after the damage"
    assert fsck(again, repo_id, newest) == ""


def test_a_process_sees_the_commits_of_another(hub: Hub, again: Hub, repo_id: str) -> None:
    head = None
    for number in range(6):
        writing, reading = (hub, again) if number % 2 else (again, hub)
        head = publish(writing, repo_id, b"%d" % number, head)
        assert read_file(reading, repo_id, head) == b"%d" % number


# Compaction


def test_compaction_keeps_every_object_in_fewer_packs(hub: Hub, again: Hub, repo_id: str) -> None:
    oids = publish_many(hub, repo_id, 30)
    files = {oid: read_file(hub, repo_id, oid) for oid in oids}
    read_file(again, repo_id, oids[0])
    updated = open_repo(hub, repo_id).updated_at
    assert jobs.compact_repo(hub, repo_id) == 30
    (pack,) = list_packs(hub, repo_id)
    assert pack.object_count == 90
    assert open_repo(hub, repo_id).used_storage == pack.size
    assert open_repo(hub, repo_id).updated_at == updated
    for reading in (hub, again):
        assert {oid: read_file(reading, repo_id, oid) for oid in oids} == files
    assert fsck(hub, repo_id, oids[-1]) == ""
    assert jobs.compact_repo(hub, repo_id) == 0


def open_repo(hub: Hub, repo_id: str) -> repo_rows.Repo:
    with hub.db.read() as tx:
        repo = repo_rows.find_repo_by_id(tx, repo_id, None)
    assert repo is not None
    return repo


def test_a_large_pack_is_not_copied_for_the_sake_of_small_ones(hub: Hub, repo_id: str) -> None:
    head = publish(hub, repo_id, os.urandom(LARGE))
    large = list_packs(hub, repo_id)[0]
    publish_many(hub, repo_id, 10, head)
    assert jobs.compact_repo(hub, repo_id) == 10
    assert large in list_packs(hub, repo_id)
    assert len(list_packs(hub, repo_id)) == 2


def test_compacted_packs_are_freed_after_the_grace_period(hub: Hub, repo_id: str) -> None:
    head = None
    for _ in range(3):
        head = publish(hub, repo_id, os.urandom(LARGE), head)
    old = list_keys(hub)
    assert len(old) == 6
    jobs.compact_repo(hub, repo_id)
    assert set(old) < set(list_keys(hub)), "nothing is freed at once"
    with hub.db.read() as tx:
        assert sorted(trash.list_trash(tx, now_ms() + 1)) == old
        assert trash.list_trash(tx, now_ms() - 60_000) == []
    assert empty_trash_now(hub) == 6
    (pack,) = list_packs(hub, repo_id)
    assert list_keys(hub) == [f"{pack.object_key}.idx", f"{pack.object_key}.pack"]
    hub.git.cache.remove(repo_id)
    assert head is not None and len(read_file(hub, repo_id, head)) == LARGE


def empty_trash_now(hub: Hub) -> int:
    """Empty the trash, as if what is in it had been there for a minute."""
    with hub.db.write() as tx:
        tx.run("UPDATE object_trash SET trashed_at = trashed_at - 60000")
    return jobs.empty_trash(hub)


def test_commits_during_compaction_all_survive(hub: Hub, again: Hub, repo_id: str) -> None:
    oids = publish_many(hub, repo_id, 20)
    done = threading.Event()

    def compact() -> int:
        count = 0
        while not done.is_set():
            count += jobs.compact_repo(again, repo_id)
        return count

    with ThreadPoolExecutor(2) as pool:
        compacting = [pool.submit(compact) for _ in range(2)]
        try:
            for _ in range(60):
                oids += publish_many(hub, repo_id, 1, oids[-1])
                read_file(hub, repo_id, oids[len(oids) // 2])
        finally:
            done.set()
        assert sum(future.result() for future in compacting) >= 20
    for reading in (hub, again):
        for oid in oids:
            assert len(read_file(reading, repo_id, oid)) >= 8
    assert fsck(hub, repo_id, oids[-1]) == ""
    assert open_repo(hub, repo_id).used_storage == sum(p.size for p in list_packs(hub, repo_id))


def test_a_background_round_compacts_what_is_crowded(hub: Hub, repo_id: str) -> None:
    oids = publish_many(hub, repo_id, hub.config.compact_packs + 1)
    jobs.run_jobs(hub)
    assert len(list_packs(hub, repo_id)) == 1
    assert len(read_file(hub, repo_id, oids[0])) >= 8


# Deletion and the trash


def test_a_deleted_repository_frees_its_packs_and_keeps_shared_objects(
    hub: Hub, owner: Context, repo_id: str
) -> None:
    other_id = insert_repo(owner, "other")
    shared, own = b"shared" * 100, b"own" * 100
    for target in (repo_id, other_id):
        upload(hub, owner, target, shared)
    upload(hub, owner, repo_id, own)
    publish(hub, repo_id, os.urandom(LARGE))
    kept = publish(hub, other_id, os.urandom(LARGE))
    cached = hub.git.cache.bring_forward(repo_id, 0)
    repos.delete_repo(owner, DeleteRepo(name="repo"))
    assert not cached.exists()
    assert len(list_keys(hub)) == 6, "nothing is freed at once"
    assert empty_trash_now(hub) >= 2
    assert not [key for key in list_keys(hub) if repo_id in key]
    assert hub.objects.get(lfs_key(sha256(shared))) == shared
    assert len(read_file(hub, other_id, kept)) == LARGE
    with hub.db.read() as tx:
        assert lfs.find_linked(tx, other_id, [sha256(shared)])[sha256(shared)].size == 600
        assert lfs.find_linked(tx, repo_id, [sha256(shared)]) == {}


def upload(hub: Hub, owner: Context, repo_id: str, data: bytes) -> None:
    """Upload an LFS object, as the signed PUT does."""
    grant = Grant(repo_id, owner.viewer.id or "", sha256(data), len(data))
    writer = begin_upload(hub, grant)
    if writer is not None:
        try:
            writer.write(data)
            finish_upload(hub, grant, writer, sha256(data), len(data))
        finally:
            writer.abort()


def test_an_object_that_is_sent_again_is_saved_from_the_trash(
    hub: Hub, owner: Context, repo_id: str
) -> None:
    data = b"thrown away" * 10
    throw_away(hub, data)
    upload(hub, owner, repo_id, data)
    assert empty_trash_now(hub) == 0
    assert hub.objects.get(lfs_key(sha256(data))) == data


def throw_away(hub: Hub, data: bytes) -> None:
    """Store an object that nothing names, and mark it as trash of long ago."""
    hub.objects.put(lfs_key(sha256(data)), data)
    with hub.db.write() as tx:
        trash.trash_objects(tx, [lfs_key(sha256(data))], now_ms() - 60_000)


def test_emptying_the_trash_never_takes_an_object_that_is_being_sent(
    hub: Hub, again: Hub, owner: Context, repo_id: str
) -> None:
    for number in range(40):
        data = b"race %d" % number
        throw_away(hub, data)
        with ThreadPoolExecutor(2) as pool:
            emptied = pool.submit(jobs.empty_trash, again)
            pool.submit(upload, hub, owner, repo_id, data).result()
            emptied.result()
        jobs.empty_trash(hub)
        with hub.db.read() as tx:
            assert lfs.find_linked(tx, repo_id, [sha256(data)])
        assert hub.objects.get(lfs_key(sha256(data))) == data


def test_what_was_sent_and_never_committed_is_freed(hub: Hub, owner: Context, repo_id: str) -> None:
    abandoned, committed = b"abandoned" * 10, b"committed" * 10
    for data in (abandoned, committed):
        upload(hub, owner, repo_id, data)
    before = used_storage(hub, repo_id)
    with hub.db.write() as tx:
        [stored] = lfs.find_linked(tx, repo_id, [sha256(committed)]).values()
        lfs.commit_object(tx, repo_id, stored, owner.viewer.id or "", now_ms())
    assert jobs.drop_abandoned_links(hub) == 0, "an upload may still be on its way to a commit"
    with hub.db.write() as tx:
        tx.run("UPDATE repo_lfs SET created_at = 0")
        tx.run("UPDATE lfs_object SET created_at = 0")
    assert jobs.drop_abandoned_links(hub) == 1
    assert jobs.free_unlinked_objects(hub) == 1
    assert used_storage(hub, repo_id) == before - len(abandoned)
    empty_trash_now(hub)
    assert hub.objects.size(lfs_key(sha256(abandoned))) is None
    assert hub.objects.get(lfs_key(sha256(committed))) == committed


def used_storage(hub: Hub, repo_id: str) -> int:
    with hub.db.read() as tx:
        repo = repo_rows.find_repo_by_id(tx, repo_id, None)
    assert repo is not None
    return repo.used_storage


def test_the_jobs_can_run_everywhere_at_once(hub: Hub, again: Hub, repo_id: str) -> None:
    oids = publish_many(hub, repo_id, hub.config.compact_packs + 5)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(jobs.run_jobs, [hub, again, hub, again]))
    assert len(list_packs(hub, repo_id)) == 1
    for reading in (hub, again):
        assert len(read_file(reading, repo_id, oids[7])) >= 8
    assert fsck(hub, repo_id, oids[-1]) == ""
