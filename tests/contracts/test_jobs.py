"""Rounds of background work: one job that fails ends no other, and what is in use is left alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from freehold.server.core import jobs
from freehold.server.db import lfs
from freehold.server.hub import Hub, now_ms
from tests.conftest import BACKENDS, NewHub
from tests.live import LiveHub
from tests.repos import Repo, file, new_repo, sha256

PART = 1000


@pytest.fixture(params=BACKENDS)
def repo(request: pytest.FixtureRequest, fresh_hub: NewHub) -> Repo:
    hub = fresh_hub(request.param, multipart_threshold=PART, part_size=PART)
    return new_repo(hub, hub.user())


def begin_upload(repo: Repo, data: bytes) -> tuple[str, list[str]]:
    """The URL that ends an upload in parts, and those of its parts."""
    [item] = repo.batch("upload", (sha256(data), len(data))).json()["objects"]
    action = item["actions"]["upload"]
    action["header"].pop("chunk_size")
    return action["href"], [url for _, url in sorted(action["header"].items())]


def send_parts(hub: LiveHub, data: bytes, urls: list[str]) -> list[dict[str, object]]:
    """Send every part, and name them as the completion does."""
    answers = [
        hub.call("PUT", url, content=data[place * PART : (place + 1) * PART])
        for place, url in enumerate(urls)
    ]
    assert {answer.status_code for answer in answers} == {200}
    return [
        {"partNumber": number, "etag": answer.headers["etag"]}
        for number, answer in enumerate(answers, 1)
    ]


def make_staging_old(hub: Hub) -> None:
    """Nothing has been written to any unfinished upload for a year."""
    for entry in os.scandir(hub.config.data / "objects" / "staging"):
        os.utime(entry.path, (0, 0))


def staged(hub: Hub) -> list[str]:
    return [path.name for path in (hub.config.data / "objects" / "staging").iterdir()]


def test_the_parts_of_an_upload_are_kept_as_long_as_it_may_go_on(repo: Repo) -> None:
    hub = repo.hub.inside
    data = os.urandom(3 * PART + 1)
    href, urls = begin_upload(repo, data)
    parts = send_parts(repo.hub, data, urls)
    make_staging_old(hub)
    begin_upload(repo, data)
    jobs.run_jobs(hub)
    done = repo.hub.call("POST", href, json={"oid": sha256(data), "parts": parts})
    assert done.status_code == 200, done.text


def test_the_parts_of_an_upload_that_has_ended_are_removed(repo: Repo) -> None:
    hub = repo.hub.inside
    data = os.urandom(3 * PART + 1)
    _, urls = begin_upload(repo, data)
    send_parts(repo.hub, data, urls)
    with hub.db.write() as tx:
        tx.run("DELETE FROM lfs_upload")
    jobs.run_jobs(hub)
    assert len(staged(hub)) == 1, "a part may be on its way"
    make_staging_old(hub)
    jobs.run_jobs(hub)
    assert staged(hub) == []


def test_each_part_that_arrives_gives_an_upload_its_time_again(repo: Repo) -> None:
    hub = repo.hub.inside
    data = os.urandom(3 * PART + 1)
    href, urls = begin_upload(repo, data)
    with hub.db.write() as tx:
        tx.run("UPDATE lfs_upload SET created_at = 0")
    parts = send_parts(repo.hub, data, urls)
    jobs.run_jobs(hub)
    done = repo.hub.call("POST", href, json={"oid": sha256(data), "parts": parts})
    assert done.status_code == 200, done.text


def test_an_upload_that_goes_on_since_it_was_listed_as_stale_is_not_ended(repo: Repo) -> None:
    hub = repo.hub.inside
    begin_upload(repo, os.urandom(3 * PART + 1))
    with hub.db.write() as tx:
        row = tx.one("SELECT id, created_at FROM lfs_upload")
        assert row is not None
        assert not lfs.end_stale_upload(tx, row.id, row.created_at)
        assert lfs.find_upload(tx, row.id) is not None
        assert lfs.end_stale_upload(tx, row.id, row.created_at + 1)
        assert lfs.find_upload(tx, row.id) is None


def test_a_job_that_fails_ends_no_other(repo: Repo) -> None:
    hub = repo.hub.inside
    hub.objects.put("lfs/unnamed", b"x")
    with hub.db.write() as tx:
        tx.run("INSERT INTO object_trash (object_key, trashed_at) VALUES ('lfs/unnamed', 0)")
        tx.run("ALTER TABLE git_pack RENAME TO git_pack_elsewhere")
    jobs.run_jobs(hub)
    assert hub.objects.size("lfs/unnamed") is None


def test_a_repository_that_vanishes_meanwhile_is_no_failure(
    repo: Repo, caplog: pytest.LogCaptureFixture
) -> None:
    hub = repo.hub.inside
    for _ in range(10):
        doomed = new_repo(repo.hub, repo.account, file("a.txt", "0"), file("b.txt", "0"))
        doomed.upload(os.urandom(100))
        for number in range(4):
            doomed.commit(file("a.txt", str(number)))
        found: str = doomed.get().json()["_id"]
        with ThreadPoolExecutor(3) as pool:
            work = [
                pool.submit(jobs.compact_repo, hub, found),
                pool.submit(jobs.drop_links, hub, found, now_ms() + 1000),
                pool.submit(delete, doomed),
            ]
        assert [done.exception() for done in work] == [None] * 3
        assert jobs.compact_repo(hub, found) == jobs.drop_links(hub, found, now_ms()) == 0
        assert not hub.git.cache.path(found).exists(), "nobody else would remove it"
    jobs.run_jobs(hub)
    assert caplog.records == []


def delete(repo: Repo) -> None:
    namespace, _, name = repo.full_name.partition("/")
    body = {"name": name, "organization": namespace}
    assert repo.call("DELETE", "/api/repos/delete", json=body).status_code == 200


def test_folders_that_killed_processes_have_left_are_removed_after_days(repo: Repo) -> None:
    hub = repo.hub.inside
    folder = hub.config.temporary_folder
    for name in ("git-old", "git-new", "tmpold", "freehold-metrics-old"):
        (folder / name / "objects").mkdir(parents=True)
    for path in folder.glob("*old"):
        os.utime(path, (0, 0))
    assert jobs.sweep_temporary(hub) == 2
    assert {"git-new", "freehold-metrics-old"} <= {path.name for path in folder.iterdir()}
    assert jobs.sweep_temporary(hub) == 0


def test_what_one_round_does_not_reach_is_reached_by_another(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = repo.hub.inside
    monkeypatch.setattr(jobs, "WALKED_AT_ONCE", 2)
    for data in (os.urandom(100) for _ in range(5)):
        repo.upload(data)
    with hub.db.write() as tx:
        tx.run("DELETE FROM repo_lfs")
        tx.run("UPDATE lfs_object SET created_at = 0")
    assert [jobs.free_unlinked_objects(hub) for _ in range(4)] == [2, 2, 1, 0]
