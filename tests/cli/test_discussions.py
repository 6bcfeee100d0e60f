"""`freehold discussions`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import PROGRAM, Cli
from tests.terminal import Terminal

if TYPE_CHECKING:
    from freehold import HfApi


@pytest.fixture
def pull_request(api: HfApi, repo: str) -> int:
    """A pull request that changes the text of the repository."""
    info = api.upload_file(
        b"# Tiny\n\n\tbetter\n", "README.md", repo, create_pr=True, commit_message="Better"
    )
    assert info.pr_num is not None
    return info.pr_num


def test_create_discussion_talk_and_close_it(cli: Cli, api: HfApi, repo: str) -> None:
    made = cli.run("discussions", "create", repo, "How large?", "-m", "In bytes")
    assert made.lines == [f"{api.endpoint}/{repo}/discussions/1"]
    assert made.err == "Opened the discussion #1.\n"
    cli.run("discussions", "comment", repo, 1, "-", stdin=b"One\n\x1b[31mtwo\n")
    cli.run("discussions", "rename", repo, 1, "How small?")
    closed = cli.run("discussions", "close", repo, 1, "--comment", "Enough", "--quiet")
    assert (closed.out, closed.err) == ("", "")

    author = api.whoami()["name"]
    lines = cli.run("discussions", "info", repo, 1).lines
    assert lines[0] == "#1 How small?"
    assert lines[1].startswith(f"closed, opened by {author}, 20")
    assert lines[2] == made.lines[0]
    said = [line for line in lines if line.startswith("    ")]
    assert said == ["    In bytes", "    One", "    ?[31mtwo", "    Enough"]
    assert lines[-1].endswith(f"  {author}  -> closed")
    assert any(line.endswith("renamed it: How small?") for line in lines)

    told = cli.run("discussions", "info", repo, 1, "--json").json
    assert (told["num"], told["status"], len(told["events"])) == (1, "closed", 5)
    assert told["events"][0]["content"] == "In bytes"


def test_list_discussions(cli: Cli, api: HfApi, repo: str, pull_request: int) -> None:
    cli.run("discussions", "create", repo, "A title")
    cli.run("discussions", "close", repo, pull_request)
    [line] = cli.run("discussions", "list", repo).lines
    assert line.startswith("#2     open    discussion    20")
    assert line.endswith(f"  {api.whoami()['name']}  A title")
    [line] = cli.run("discussions", "list", repo, "--status", "all", "--type", "pull-request").lines
    assert line.startswith("#1     closed  pull request  20")
    assert len(cli.run("discussions", "list", repo, "--status", "all").lines) == 2
    assert len(cli.run("discussions", "list", repo, "--status", "all", "-n", 1).lines) == 1
    assert cli.run("discussions", "list", repo, "--author", "nobody").out == ""
    [told] = cli.run("discussions", "list", repo, "--json").json
    assert (told["num"], told["is_pull_request"]) == (2, False)
    assert cli.fail("discussions", "list", repo, "-n", 0).status == 2


def test_diff_and_merge_a_pull_request(cli: Cli, api: HfApi, repo: str, pull_request: int) -> None:
    (cli.folder / "README.md").write_bytes(b"# Tiny\n")
    done = cli.run("discussions", "diff", repo, pull_request)
    assert "+\tbetter" in done.lines
    subprocess.run(["git", "apply"], cwd=cli.folder, input=done.out, text=True, check=True)
    assert (cli.folder / "README.md").read_text() == "# Tiny\n\n\tbetter\n"

    lines = cli.run("discussions", "info", repo, pull_request).lines
    assert lines[2] == f"refs/pr/{pull_request} into main"
    assert cli.fail("discussions", "merge", repo, pull_request).status == 2
    cli.run("discussions", "merge", repo, pull_request, "--yes", "--comment", "Thanks")
    merged = api.get_discussion_details(repo, pull_request)
    assert f"merged by {merged.merge_commit_oid}" in cli.run("discussions", "info", repo, 1).lines
    assert cli.fail("discussions", "merge", repo, pull_request, "--yes").status == 1


def test_a_diff_on_a_terminal_steers_nothing(cli: Cli, api: HfApi, repo: str) -> None:
    api.upload_file(b"\x1b[2Jgone\n\ttab\n", "x.txt", repo, create_pr=True)
    command = [*PROGRAM, "discussions", "diff", repo, "1"]
    terminal = Terminal(command, cli.environ, cli.folder)
    assert terminal.finish() == 0
    shown = terminal.written
    assert "+?[2Jgone" in shown and "+       tab" in shown and "\x1b[2J" not in shown


def test_create_pull_request_from_a_branch(cli: Cli, api: HfApi, repo: str) -> None:
    api.create_branch(repo, "dev")
    api.upload_file(b"y", "y.txt", repo, revision="dev")
    made = cli.run("discussions", "create", repo, "Release", "--head", "dev", "--json").json
    assert (made["status"], made["target_branch"]) == ("open", "refs/heads/main")
    done = cli.run("discussions", "create", repo, "Later", "--pull-request")
    assert done.err == "Opened the pull request #2: refs/pr/2 is its revision.\n"
    cli.run("discussions", "reopen", repo, 2)
    assert api.get_discussion_details(repo, 2).status == "open"


def test_conflicts_are_named(cli: Cli, api: HfApi, repo: str, pull_request: int) -> None:
    api.upload_file(b"# Another\n", "README.md", repo)
    assert "conflicts in README.md" in cli.run("discussions", "info", repo, pull_request).lines
    failed = cli.fail("discussions", "merge", repo, pull_request, "--yes")
    assert failed.status == 1 and "README.md" in failed.err


def test_what_is_not_there(cli: Cli, repo: str) -> None:
    assert cli.fail("discussions", "info", repo, 7).status == 3
    assert cli.fail("discussions", "info", repo, 0).status == 2
    assert cli.fail("discussions", "info", repo, "one").status == 2
    cli.run("discussions", "create", repo, "A title")
    assert cli.fail("discussions", "diff", repo, 1).status == 3
    assert cli.fail("discussions", "comment", repo, 1, "").status == 2
