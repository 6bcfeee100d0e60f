"""Bitmaps beside the cache: made for what is fetched, and never in the way of what is right."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from freehold.server.core import access, jobs
from freehold.server.core.access import Viewer
from freehold.server.git import bitmaps
from freehold.server.hub import Hub
from tests.clones import clone
from tests.conftest import BACKENDS, NewHub
from tests.repos import Repo, file, new_repo


@pytest.fixture(params=BACKENDS)
def repo(request: pytest.FixtureRequest, fresh_hub: NewHub) -> Repo:
    """A repository of twelve packs, on a hub whose server makes no bitmaps for so few objects."""
    hub = fresh_hub(request.param)
    made = new_repo(hub, hub.user(), file("a.txt", "one"))
    for number in range(10):
        made.commit(file(f"{number}.txt", "x"))
    return made


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, a few objects are enough."""
    monkeypatch.setattr(bitmaps, "MIN_OBJECTS", 5)


def id_of(repo: Repo) -> str:
    with repo.hub.inside.db.read() as tx:
        return access.find_repo(tx, Viewer(is_admin=True), "model", repo.full_name).id


def folders(hub: Hub, repo_id: str) -> list[Path]:
    return sorted((hub.git.cache.path(repo_id) / "bitmaps").iterdir())


@pytest.mark.usefixtures("few")
def test_bitmaps_are_made_once_and_again_when_much_is_new(repo: Repo) -> None:
    hub, repo_id = repo.hub.inside, id_of(repo)
    assert jobs.prepare_fetch(hub, repo_id) == 1
    assert jobs.prepare_fetch(hub, repo_id) == 0
    [folder] = folders(hub, repo_id)
    assert {path.suffix for path in (folder / "pack").iterdir()} >= {".pack", ".idx", ".bitmap"}
    repo.commit(*(file(f"more-{number}.txt", str(number)) for number in range(30)))
    assert jobs.prepare_fetch(hub, repo_id) == 1
    repo.commit(*(file(f"most-{number}.txt", str(number)) for number in range(99)))
    assert jobs.prepare_fetch(hub, repo_id) == 1
    # The one before stays for whoever is at work in it.
    assert len(folders(hub, repo_id)) == 2


@pytest.mark.usefixtures("few")
def test_a_clone_with_bitmaps_has_what_came_after_them(repo: Repo, tmp_path: Path) -> None:
    hub, repo_id = repo.hub.inside, id_of(repo)
    jobs.prepare_fetch(hub, repo_id)
    repo.commit(file("after.txt", "new"))
    made = clone(repo, tmp_path / "c")
    assert made.head() == repo.head()
    assert (made.folder / "after.txt").read_text() == "new"
    made.git("fsck", "--strict")


@pytest.mark.usefixtures("few")
def test_a_clone_outlives_the_packs_that_its_bitmaps_name(repo: Repo, tmp_path: Path) -> None:
    """Compaction takes them from the cache, and a cleaned disk takes the bitmaps too."""
    hub, repo_id = repo.hub.inside, id_of(repo)
    jobs.prepare_fetch(hub, repo_id)
    for number in range(3):
        repo.commit(file(f"more-{number}.txt", "x"))
    assert jobs.compact_repo(hub, repo_id) > 1
    assert clone(repo, tmp_path / "one").head() == repo.head()
    shutil.rmtree(hub.git.cache.path(repo_id) / "bitmaps")
    assert clone(repo, tmp_path / "two").head() == repo.head()
    shutil.rmtree(hub.git.cache.path(repo_id) / "objects")
    assert clone(repo, tmp_path / "three").head() == repo.head()


@pytest.mark.usefixtures("few")
def test_damaged_bitmaps_cost_time_only(repo: Repo, tmp_path: Path) -> None:
    hub, repo_id = repo.hub.inside, id_of(repo)
    jobs.prepare_fetch(hub, repo_id)
    [folder] = folders(hub, repo_id)
    for path in (folder / "pack").glob("*.bitmap"):
        path.chmod(0o644)
        path.write_bytes(b"BITM" + bytes(100))
    assert clone(repo, tmp_path / "c").head() == repo.head()


def test_a_fetch_of_many_packs_compacts_them(repo: Repo, tmp_path: Path) -> None:
    hub, repo_id = repo.hub.inside, id_of(repo)
    with hub.git.open_fetch(repo_id, {"refs/heads/main": repo.head()}) as view:
        listed = ["git", "-C", str(view.path), "rev-list", "--count", "main"]
        assert subprocess.run(listed, capture_output=True, check=True).stdout == b"12\n"
    assert hub.git.fetched.get_nowait() == repo_id
    jobs.prepare_fetch(hub, repo_id)
    with hub.git.open_fetch(repo_id, {}):
        assert hub.git.fetched.empty()
