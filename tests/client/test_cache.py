"""What the cache holds, and taking parts of it away."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import (
    CacheNotFound,
    HfApi,
    HFValidationError,
    LocalFileError,
    scan_cache_dir,
    try_to_load_from_cache,
)
from freehold.client.cache import fits_windows, is_inside
from freehold.client.cache_scan import format_age, format_size
from tests.client.downloading import LARGE, sha256
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    return shared_hub("sqlite")


@pytest.fixture
def repo(hub: LiveHub, alice: Account, api: HfApi) -> Repo:
    """Two commits in the cache, which share a large file."""
    repo = new_repo(hub, alice, file("a.txt", "first"))
    repo.commit_lfs("w.bin", LARGE)
    api.snapshot_download(repo.full_name, revision=repo.head(), ignore_patterns=".git*")
    repo.commit(file("a.txt", "second one"))
    api.snapshot_download(repo.full_name, ignore_patterns=".git*")
    return repo


def test_a_scan_tells_repositories_commits_and_files(repo: Repo, isolated_home: Path) -> None:
    found = scan_cache_dir()
    [one] = found.repos
    assert (one.repo_id, one.repo_type, one.nb_files) == (repo.full_name, "model", 3)
    assert one.size_on_disk == found.size_on_disk == len(LARGE) + 5 + 10
    assert len(one.revisions) == 2
    newest = one.refs["main"]
    assert newest.commit_hash == repo.head()
    assert (newest.nb_files, newest.size_on_disk) == (2, len(LARGE) + 10)
    large = next(item for item in newest.files if item.file_name == "w.bin")
    assert large.blob_path.name == sha256(LARGE)
    assert large.file_path == newest.snapshot_path / "w.bin"
    assert found.warnings == []
    assert one.last_modified_str == "a few seconds ago"
    assert repo.full_name in found.export_as_table()
    assert newest.commit_hash in found.export_as_table(verbosity=1)


def test_deleting_a_commit_keeps_what_others_need(repo: Repo, api: HfApi) -> None:
    [one] = scan_cache_dir().repos
    old = next(revision for revision in one.revisions if not revision.refs)
    plan = scan_cache_dir().delete_revisions(old.commit_hash, "f" * 40)
    assert plan.expected_freed_size == len("first")
    assert {path.name for path in plan.snapshots} == {old.commit_hash}
    assert len(plan.blobs) == 1
    assert try_to_load_from_cache(repo.full_name, "a.txt", revision=old.commit_hash)
    plan.execute()
    assert try_to_load_from_cache(repo.full_name, "a.txt", revision=old.commit_hash) is None
    folder = Path(api.snapshot_download(repo.full_name, local_files_only=True, allow_patterns="w*"))
    assert (folder / "w.bin").read_bytes() == LARGE
    [left] = scan_cache_dir().repos
    assert len(left.revisions) == 1
    plan.execute()


def test_deleting_the_last_commit_takes_the_repository_away(repo: Repo) -> None:
    found = scan_cache_dir()
    [one] = found.repos
    plan = found.delete_revisions(*(revision.commit_hash for revision in one.revisions))
    assert plan.expected_freed_size == found.size_on_disk
    assert plan.repos == {one.repo_path}
    plan.execute()
    assert not one.repo_path.exists()
    assert scan_cache_dir().repos == frozenset()


def test_deleting_a_branch_with_its_commit(repo: Repo) -> None:
    [one] = scan_cache_dir().repos
    plan = scan_cache_dir().delete_revisions(repo.head())
    assert plan.refs == {one.repo_path / "refs" / "main"}
    plan.execute()
    assert try_to_load_from_cache(repo.full_name, "a.txt") is None
    assert scan_cache_dir().warnings == []


def test_what_was_left_incomplete_is_told_and_can_go(repo: Repo) -> None:
    [one] = scan_cache_dir().repos
    part = one.repo_path / "blobs" / "x.incomplete"
    part.write_bytes(b"123")
    found = scan_cache_dir()
    assert found.size_on_disk == one.size_on_disk
    assert found.incomplete_size_on_disk == 3
    found.delete_files(part).execute()
    assert not part.exists()


def test_what_looks_wrong_is_a_warning_and_no_error(repo: Repo, isolated_home: Path) -> None:
    hub = isolated_home / "hub"
    (hub / "strange").mkdir()
    (hub / "models--a--b").mkdir()
    (hub / "models--a--c" / "snapshots" / "no-commit").mkdir(parents=True)
    dangling = hub / "models--a--d" / "snapshots" / ("d" * 40)
    dangling.mkdir(parents=True)
    (dangling / "f").symlink_to("../../blobs/gone")
    (hub / "models--a--e" / "snapshots").mkdir(parents=True)
    (hub / "models--a--e" / "refs").mkdir()
    (hub / "models--a--e" / "refs" / "main").write_text("e" * 40)
    found = scan_cache_dir()
    assert [one.repo_id for one in found.repos] == [repo.full_name]
    assert len(found.warnings) == 5


def test_a_ref_that_is_no_text_is_a_warning(repo: Repo) -> None:
    [one] = scan_cache_dir().repos
    (one.repo_path / "refs" / "main").write_bytes(b"\xff\xfe")
    assert len(scan_cache_dir().warnings) == 1


def test_what_cannot_be_deleted_is_an_error() -> None:
    """As somebody who is not root, to whom folders can be read-only."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshot = folder / "models--a--b" / "snapshots" / ("c" * 40)
        snapshot.mkdir(parents=True)
        (snapshot / "f").write_bytes(b"x")
        for path in (folder, folder / "models--a--b", snapshot.parent, snapshot):
            path.chmod(0o555)
        assert run_as_stranger(scan_cache_dir(folder).delete_revisions("c" * 40).execute)
        for path in (folder, folder / "models--a--b", snapshot.parent, snapshot):
            path.chmod(0o755)


def run_as_stranger(call: Callable[[], None]) -> bool:
    """Whether the call ends with `LocalFileError` in a process that is not root."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            if os.getuid() == 0:
                os.setuid(65534)
            call()
        except LocalFileError:
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def test_only_what_is_in_the_cache_is_deleted(repo: Repo, tmp_path: Path) -> None:
    """Somebody has put a link to a file of their own among those of a commit."""
    own = tmp_path / "own.txt"
    own.write_text("precious")
    [one] = scan_cache_dir().repos
    revision = min(one.revisions, key=lambda revision: revision.commit_hash)
    (revision.snapshot_path / "link").symlink_to(own)
    plan = scan_cache_dir().delete_revisions(revision.commit_hash)
    assert not plan.repos
    assert own not in plan.blobs
    plan.execute()
    assert own.read_text() == "precious"
    assert not revision.snapshot_path.exists()


def test_no_cache_is_an_error_that_names_the_place(tmp_path: Path) -> None:
    with pytest.raises(CacheNotFound, match="nowhere") as caught:
        scan_cache_dir(tmp_path / "nowhere")
    assert caught.value.cache_dir == tmp_path / "nowhere"
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file"):
        scan_cache_dir(tmp_path / "file")


def test_a_ref_that_is_no_commit_is_not_believed(repo: Repo) -> None:
    [one] = scan_cache_dir().repos
    (one.repo_path / "refs" / "main").write_text("../../..")
    assert try_to_load_from_cache(repo.full_name, "a.txt") is None


LISTS = (
    "",
    "[]",
    "{",
    '{"format_version": 2, "files": {}}',
    '{"format_version": 1}',
    '{"format_version": 1, "files": {"a.txt": 5}}',
    '{"format_version": 1, "files": {"a.txt": {"size": "5", "blob_id": 7}}}',
)


@pytest.mark.parametrize("text", LISTS)
def test_a_list_that_cannot_be_read_is_asked_for_again(repo: Repo, api: HfApi, text: str) -> None:
    [one] = scan_cache_dir().repos
    for path in (one.repo_path / "trees").iterdir():
        path.write_text(text)
    folder = Path(api.snapshot_download(repo.full_name))
    assert (folder / "a.txt").read_text() == "second one"


def test_a_question_about_a_path_that_leads_out_is_refused(isolated_home: Path) -> None:
    folder = isolated_home / "hub" / "models--a--b" / "refs"
    folder.mkdir(parents=True)
    (folder / "main").write_text("c" * 40)
    with pytest.raises(HFValidationError):
        try_to_load_from_cache("a/b", "../../../../x")
    with pytest.raises(HFValidationError):
        try_to_load_from_cache("a/b", "x", revision="../../x")


@pytest.mark.parametrize("path", ["a", "a/b", ".gitattributes", "a/.gitignore", "..a", "a..", "…"])
def test_ordinary_paths_are_inside(path: str) -> None:
    assert is_inside(path)


@pytest.mark.parametrize(
    "path",
    ["con", "a/NUL.txt", "aux.tar.gz", "com1", "LPT9/x", "a:b", 'a"b', "a?", "a.", "b /c", "a\\b"],
)
def test_names_that_windows_would_change_or_refuse(path: str) -> None:
    assert not fits_windows(path)


@pytest.mark.parametrize("path", ["console", "a/null.txt", "com", "com10", ".a", "a b.txt", "ä/…"])
def test_names_that_windows_keeps(path: str) -> None:
    assert fits_windows(path)


def test_sizes_and_ages_can_be_read() -> None:
    import time

    assert [format_size(size) for size in (0, 4, 999, 3000, 2_500_000_000)] == [
        "0.0",
        "4.0",
        "999.0",
        "3.0K",
        "2.5G",
    ]
    ages = [format_age(time.time() - seconds) for seconds in (5, 90, 7300, 200_000)]
    assert ages == ["a few seconds ago", "1 minute ago", "2 hours ago", "2 days ago"]
