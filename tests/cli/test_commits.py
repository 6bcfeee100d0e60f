"""`freehold upload`: whatever is given becomes one commit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import PROGRAM, Cli
from tests.terminal import Terminal

if TYPE_CHECKING:
    from freehold import HfApi
    from tests.live import Account


@pytest.fixture
def folder(cli: Cli) -> Cli:
    """`freehold` beside a folder `run` and a file `notes.md`."""
    (cli.folder / "run" / "logs").mkdir(parents=True)
    (cli.folder / "run" / "model.bin").write_bytes(os.urandom(20_000))
    (cli.folder / "run" / "logs" / "a.log").write_text("log\n")
    (cli.folder / "notes.md").write_text("# Notes\n")
    return cli


def files(api: HfApi, repo: str) -> set[str]:
    return set(api.list_repo_files(repo)) - {".gitattributes", "README.md", "weights/model.bin"}


def commits(api: HfApi, repo: str) -> int:
    return len(api.list_repo_commits(repo))


def test_upload_one_file(folder: Cli, api: HfApi, repo: str) -> None:
    done = folder.run("upload", repo, "notes.md", "--message", "Add notes", "--description", "Why")
    assert done.lines[0].startswith("http")
    assert files(api, repo) == {"notes.md"}
    newest = api.list_repo_commits(repo)[0]
    assert (newest.title, newest.message) == ("Add notes", "Why")


def test_upload_as_a_pull_request(folder: Cli, api: HfApi, repo: str) -> None:
    done = folder.run("upload", repo, "notes.md", "--create-pr", "--message", "Add notes")
    assert done.lines == [f"{api.endpoint}/{repo}/discussions/1"]
    assert "Opened the pull request #1: refs/pr/1 is its revision." in done.err
    assert files(api, repo) == set()
    folder.run("upload", repo, "run", "--revision", "refs/pr/1")
    proposed = set(api.list_repo_files(repo, "refs/pr/1"))
    assert proposed >= {"notes.md", "model.bin", "logs/a.log"}
    told = folder.run("upload", repo, "run", "--create-pr", "--json").json
    assert told["pr_url"] == f"{api.endpoint}/{repo}/discussions/2"


def test_upload_one_file_under_another_name_or_into_a_folder(
    folder: Cli, api: HfApi, repo: str
) -> None:
    folder.run("upload", repo, "notes.md", "--to", "docs/all.md")
    folder.run("upload", repo, "notes.md", "--to", "more/")
    assert files(api, repo) == {"docs/all.md", "more/notes.md"}


def test_upload_folder_puts_its_content_where_it_is_told(
    folder: Cli, api: HfApi, repo: str
) -> None:
    folder.run("upload", repo, "run")
    assert files(api, repo) == {"model.bin", "logs/a.log"}
    folder.run("upload", repo, "run", "--to", "old")
    assert files(api, repo) == {"model.bin", "logs/a.log", "old/model.bin", "old/logs/a.log"}


def test_upload_several_things_as_one_commit(folder: Cli, api: HfApi, repo: str) -> None:
    before = commits(api, repo)
    folder.run("upload", repo, "notes.md", "run")
    assert files(api, repo) == {"notes.md", "run/model.bin", "run/logs/a.log"}
    assert commits(api, repo) == before + 1


def test_upload_with_patterns(folder: Cli, api: HfApi, repo: str) -> None:
    folder.run("upload", repo, "run", "--exclude", "*.log", "--exclude", "*.tmp")
    assert files(api, repo) == {"model.bin"}
    folder.run("upload", repo, "run", "--include", "logs/*", "--delete", "*.bin", "--to", "")
    assert set(api.list_repo_files(repo)) == {".gitattributes", "README.md", "logs/a.log"}


def test_upload_one_file_and_delete_others_in_the_same_commit(
    folder: Cli, api: HfApi, repo: str
) -> None:
    before = commits(api, repo)
    folder.run("upload", repo, "notes.md", "--delete", "*")
    assert set(api.list_repo_files(repo)) == {".gitattributes", "notes.md"}
    assert commits(api, repo) == before + 1


def test_upload_what_is_piped_in(cli: Cli, api: HfApi, repo: str) -> None:
    data = os.urandom(3_000_000)
    cli.run("upload", repo, "-", "--to", "piped.bin", stdin=data)
    (entry,) = api.get_paths_info(repo, "piped.bin")
    assert entry.size == len(data)
    for words in (["-"], ["-", "-"], ["-", "x", "--to", "y"]):
        assert cli.fail("upload", repo, *words).status == 2


def test_upload_that_changes_nothing_says_so(folder: Cli, api: HfApi, repo: str) -> None:
    first = folder.run("upload", repo, "run", "--json").json
    again = folder.run("upload", repo, "run", "--json").json
    assert (first["changed"], again["changed"]) == (True, False)
    assert again["commit"] == first["commit"] == api.repo_info(repo).sha
    assert "Nothing has changed" in folder.run("upload", repo, "run").err


def test_upload_to_a_branch(folder: Cli, api: HfApi, repo: str) -> None:
    api.create_branch(repo, "dev")
    folder.run("upload", repo, "notes.md", "--revision", "dev")
    assert not api.file_exists(repo, "notes.md")
    assert api.file_exists(repo, "notes.md", revision="dev")
    assert folder.fail("upload", repo, "notes.md", "--revision", "nope").status == 3


def test_upload_makes_the_repository_only_when_it_is_told_to(
    folder: Cli, api: HfApi, alice: Account
) -> None:
    new = f"{alice.name}/new"
    assert folder.fail("upload", new, "notes.md", "-q").status == 3
    folder.run("upload", new, "notes.md", "--create", "--private")
    folder.run("upload", new, "run", "--create")
    assert api.repo_info(new).private is True


def test_upload_of_what_is_not_there_sends_nothing(folder: Cli, api: HfApi, repo: str) -> None:
    before = commits(api, repo)
    for path in ("missing.txt", "run/missing"):
        done = folder.fail("upload", repo, "notes.md", path)
        assert (done.status, "does not exist" in done.err) == (1, True)
    for paths in (["run"], ["run", "run/logs"]):
        done = folder.fail("upload", repo, *paths, "--include", "*.nope", "--quiet")
        assert (done.status, "no file matches" in done.err) == (2, True)
    assert commits(api, repo) == before


def test_upload_tells_its_progress_in_lines_where_there_is_no_terminal(
    folder: Cli, repo: str
) -> None:
    done = folder.run("upload", repo, "run")
    assert "\x1b" not in done.err and "\r" not in done.err
    assert done.err.splitlines()[-1] == "Committed."
    assert len(done.err.splitlines()) <= 4
    quiet = folder.run("upload", repo, "run", "--to", "again", "--quiet")
    assert quiet.err == ""


def test_upload_shows_bars_on_a_terminal_and_leaves_a_summary(folder: Cli, repo: str) -> None:
    (folder.folder / "big.bin").write_bytes(os.urandom(60_000_000))
    terminal = Terminal([*PROGRAM, "upload", repo, "big.bin"], folder.environ, folder.folder)
    assert terminal.finish() == 0
    assert "big.bin: " in terminal.written and "60.0MB" not in terminal.written.split("big.bin")[0]
    lines = terminal.screen.text.splitlines()
    assert lines[0].startswith("Uploaded 1 file, 60.0MB in ")
    assert lines[1] == "Committed."
    assert lines[2].startswith("http") and len(lines) == 3
