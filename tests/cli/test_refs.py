"""`freehold tag`, `branch`, `log` and `squash`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.conftest import Cli

if TYPE_CHECKING:
    from freehold import HfApi


def head(api: HfApi, repo: str) -> str:
    return str(api.repo_info(repo).sha)


def test_create_tag_list_it_and_delete_it(cli: Cli, api: HfApi, repo: str) -> None:
    done = cli.run("tag", "create", repo, "v1", "--message", "first")
    assert (done.out, done.err) == ("", f"Created the tag v1 of {repo}.\n")
    assert cli.run("tag", "list", repo).lines == [f"{head(api, repo)[:10]}  v1"]
    (found,) = cli.run("tag", "list", repo, "--json").json
    assert found == {"name": "v1", "ref": "refs/tags/v1", "target_commit": head(api, repo)}
    cli.run("tag", "delete", repo, "v1", "--yes")
    assert cli.run("tag", "list", repo).out == ""


def test_create_tag_twice(cli: Cli, repo: str) -> None:
    cli.run("tag", "create", repo, "v1")
    assert cli.fail("tag", "create", repo, "v1").status == 1
    cli.run("tag", "create", repo, "v1", "--exist-ok")


def test_a_tag_at_a_revision_that_is_not_there(cli: Cli, repo: str) -> None:
    assert cli.fail("tag", "create", repo, "v1", "--revision", "nope").status == 3
    assert cli.fail("tag", "delete", repo, "v1", "--yes").status == 3


def test_create_branch_list_it_and_delete_it(cli: Cli, repo: str) -> None:
    first = cli.run("log", repo, "--json").json[-1]["commit_id"]
    cli.run("branch", "create", repo, "old", "--revision", first)
    lines = cli.run("branch", "list", repo).lines
    assert f"{first[:10]}  old" in lines and len(lines) == 2
    done = cli.run("branch", "delete", repo, "old", "--yes", "--quiet")
    assert (done.out, done.err) == ("", "")
    assert len(cli.run("branch", "list", repo).lines) == 1


def test_list_repo_commits_newest_first(cli: Cli, api: HfApi, repo: str) -> None:
    lines = cli.run("log", repo).lines
    assert lines[0].startswith(f"{head(api, repo)[:10]}  ")
    assert lines[0].endswith("Upload weights/model.bin with freehold")
    assert len(lines) == 3
    assert cli.run("log", repo, "-n", 1).lines == lines[:1]
    older = api.list_repo_commits(repo)[1].commit_id
    assert cli.run("log", repo, "--revision", older).lines == lines[1:]


def test_list_repo_commits_as_json(cli: Cli, api: HfApi, repo: str) -> None:
    newest = cli.run("log", repo, "--json").json[0]
    assert newest["commit_id"] == head(api, repo)
    assert newest["created_at"].startswith("20")
    assert cli.fail("log", repo, "-n", 0).status == 2


def test_super_squash_history(cli: Cli, api: HfApi, repo: str) -> None:
    files = api.list_repo_files(repo)
    cli.run("squash", repo, "--message", "All in one", "--yes")
    assert [c.title for c in api.list_repo_commits(repo)] == ["All in one"]
    assert api.list_repo_files(repo) == files
