"""`freehold cache`: what was downloaded, and how it is deleted and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Cli

if TYPE_CHECKING:
    from freehold import HfApi


@pytest.fixture
def filled(cli: Cli, api: HfApi, repo: str) -> Cli:
    """`freehold` with two commits of the repository in its cache."""
    cli.run("download", repo)
    api.upload_file(b"# Tiny, again\n", "README.md", repo)
    cli.run("download", repo)
    return cli


def listed(cli: Cli, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = cli.run("cache", "ls", "--json", *words).json
    return found


def test_before_anything_was_downloaded_the_list_is_empty(cli: Cli) -> None:
    assert cli.run("cache", "ls").out == ""
    assert listed(cli) == []
    assert cli.fail("cache", "ls", "--cache-dir", "nowhere").status == 3
    assert cli.fail("cache", "rm", "alice/tiny", "--yes").status == 3
    (cli.folder / "file").write_text("")
    assert cli.fail("cache", "ls", "--cache-dir", "file").status == 2


def test_scan_cache_dir_lists_repositories(filled: Cli, repo: str) -> None:
    (found,) = listed(filled)
    assert (found["repo_id"], found["repo_type"]) == (repo, "model")
    assert len(found["revisions"]) == 2  # type: ignore[arg-type]
    head, line = filled.run("cache", "ls").lines
    assert head.split()[:4] == ["REPO", "TYPE", "SIZE", "FILES"]
    assert line.split()[:2] == [repo, "model"] and line.endswith("main")


def test_scan_cache_dir_lists_commits(filled: Cli, api: HfApi, repo: str) -> None:
    found = {str(item["commit"]): item for item in listed(filled, "--revisions")}
    newest = str(api.repo_info(repo).sha)
    assert len(found) == 2
    assert found[newest]["refs"] == ["main"]
    assert any(newest in line for line in filled.run("cache", "ls", "--revisions").lines)


def test_delete_revisions_keeps_what_another_commit_needs(
    filled: Cli, api: HfApi, repo: str
) -> None:
    old = api.list_repo_commits(repo)[1].commit_id
    filled.run("cache", "rm", old[:10], "--yes")
    (kept,) = listed(filled, "--revisions")
    assert kept["commit"] == api.repo_info(repo).sha
    (path,) = filled.run("download", repo, "weights/model.bin", HF_HUB_OFFLINE="1").lines
    assert len(Path(path).read_bytes()) == 16384


def test_delete_revisions_of_a_whole_repository(filled: Cli, repo: str) -> None:
    assert filled.fail("cache", "rm", repo).status == 2
    assert len(listed(filled)) == 1
    done = filled.run("cache", "rm", repo, "--yes", "--json").json
    assert done["freed"] > 16384 and len(done["commits"]) == 2
    assert listed(filled) == []


def test_delete_revisions_deletes_nothing_when_one_is_unknown(filled: Cli, repo: str) -> None:
    assert filled.fail("cache", "rm", repo, "other/model", "--yes").status == 3
    assert filled.fail("cache", "rm").status == 2
    assert filled.fail("cache", "rm", repo, "--repo-type", "dataset", "--yes").status == 3
    assert len(listed(filled)) == 1


def test_what_cut_downloads_have_left_can_be_deleted(filled: Cli) -> None:
    (blobs,) = Path(filled.environ["HF_HOME"]).glob("hub/models--*/blobs")
    partial = blobs / ("0" * 64 + ".incomplete")
    partial.write_bytes(b"x" * 1000)
    assert "--incomplete" in filled.run("cache", "ls").err
    filled.run("cache", "rm", "--incomplete", "--yes")
    assert not partial.exists()
    assert len(listed(filled)) == 1


def test_verify_repo_checksums_finds_a_broken_file(filled: Cli, repo: str) -> None:
    sound = filled.run("cache", "verify")
    assert [line.split()[:2] for line in sound.lines] == [["sound", repo]] * 2
    (path,) = filled.run("download", repo, "README.md").lines
    Path(path).resolve().chmod(0o644)
    Path(path).resolve().write_bytes(b"# Tinny, again\n"[:14])
    done = filled.try_run("cache", "verify", repo, "--json", "--quiet")
    assert done.status == 1
    assert sorted(item["mismatches"] for item in done.json) == [[], ["README.md"]]
    filled.run("download", repo, "--verify")
    assert filled.run("cache", "verify", repo).status == 0


def test_verify_repo_checksums_goes_on_after_what_the_hub_does_not_know(
    filled: Cli, api: HfApi, repo: str
) -> None:
    hub = Path(filled.environ["HF_HOME"]) / "hub"
    trees = [path for path in hub.rglob("*") if path.is_file() and "tree" in path.as_posix()]
    for path in trees:
        path.unlink()
    api.delete_repo(repo)
    done = filled.try_run("cache", "verify", "--json")
    assert done.status == 1
    assert [bool(item["error"]) for item in done.json] == [True, True]
    assert filled.fail("cache", "verify", "other/model").status == 3
