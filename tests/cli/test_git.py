"""`freehold clone`, and the commands that git and git-lfs run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import HfApi
from tests.cli.conftest import PROGRAM, Cli
from tests.client.worktrees import Worktree
from tests.terminal import Terminal

if TYPE_CHECKING:
    from tests.live import Account, LiveHub


def ask(hub_url: str, **more: str) -> bytes:
    """What git writes to a credential helper."""
    protocol, _, host = hub_url.partition("://")
    fields = {"protocol": protocol, "host": host, **more}
    return "".join(f"{name}={value}\n" for name, value in fields.items()).encode() + b"\n"


# Clones


def test_clone_prints_where_the_clone_is(cli: Cli, api: HfApi, repo: str) -> None:
    done = cli.run("clone", repo)
    assert (done.lines, done.err) == ([str(cli.folder / "tiny")], "")
    made = Worktree(cli.folder / "tiny")
    assert (made.read("README.md"), made.head()) == (b"# Tiny\n", api.repo_info(repo).sha)
    api.upload_file(b"newer", "README.md", repo)
    done = cli.run("clone", repo, "--json")
    assert (done.json, done.err) == ({"path": str(cli.folder / "tiny")}, "")
    assert made.read("README.md") == b"newer"


def test_clone_takes_a_folder_a_revision_and_a_type(
    cli: Cli, api: HfApi, alice: Account, repo: str
) -> None:
    api.create_tag(repo, tag="v1")
    api.upload_file(b"newer", "README.md", repo)
    cli.run("clone", repo, "here", "--revision", "v1", "--skip-lfs-files")
    made = Worktree(cli.folder / "here")
    assert made.read("README.md") == b"# Tiny\n"
    assert made.read("weights/model.bin").startswith(b"version https://git-lfs")
    data = api.create_repo(f"{alice.name}/data", repo_type="dataset").repo_id
    cli.run("clone", data, "--repo-type", "dataset")
    assert (cli.folder / "data" / ".gitattributes").exists()


def test_clone_says_what_is_wrong(cli: Cli, alice: Account, repo: str) -> None:
    done = cli.fail("clone", f"{alice.name}/none")
    assert (done.status, "not found" in done.err.lower()) == (3, True)
    assert cli.fail("clone", repo, "--revision", "none").status == 3
    assert cli.fail("clone", repo, "--endpoint", "hub.example").status == 2
    (cli.folder / "tiny").mkdir()
    (cli.folder / "tiny" / "mine").touch()
    done = cli.fail("clone", repo)
    assert (done.status, "not empty" in done.err) == (1, True)
    done = cli.fail("clone", repo, "new", PATH=str(cli.folder))
    assert (done.status, "git is not installed" in done.err) == (1, True)


def test_clone_shows_progress_on_a_terminal(cli: Cli, repo: str) -> None:
    terminal = Terminal([*PROGRAM, "clone", repo, "c"], cli.environ, cli.folder)
    terminal.wait_for("Receiving objects")
    assert terminal.finish() == 0
    quiet = Terminal([*PROGRAM, "clone", repo, "d", "--quiet"], cli.environ, cli.folder)
    assert quiet.finish() == 0
    assert quiet.written.split() == [str(cli.folder / "d")]


def test_what_was_cloned_can_be_pushed(cli: Cli, api: HfApi, repo: str) -> None:
    cli.run("clone", repo)
    made = Worktree(cli.folder / "tiny")
    head = made.commit({"more.bin": b"\0" * 50_000})
    assert made.try_git("push", HF_TOKEN="", **own(cli)).returncode != 0
    made.git("push", **cli.environ)
    assert api.repo_info(repo).sha == head


def own(cli: Cli) -> dict[str, str]:
    """The environment of the commands without the token."""
    return {name: value for name, value in cli.environ.items() if name != "HF_TOKEN"}


# What git runs


def test_git_credential_gives_the_token_of_the_environment_to_its_hub(
    cli: Cli, hub: LiveHub, alice: Account
) -> None:
    done = cli.run("git-credential", "get", stdin=ask(hub.url))
    assert done.lines == ["username=hf_user", f"password={alice.token}"]
    done = cli.run("git-credential", "get", stdin=ask(hub.url, username="me", path="a/b"))
    assert done.lines == ["username=me", f"password={alice.token}"]


def test_git_credential_gives_the_saved_token(cli: Cli, hub: LiveHub, alice: Account) -> None:
    stranger = Cli(own(cli), cli.folder)
    assert stranger.run("git-credential", "get", stdin=ask(hub.url)).out == ""
    stranger.run("login", "--token", alice.token)
    # Also where that is not the hub of the environment.
    for endpoint in (hub.url, "http://hub.example"):
        done = stranger.run("git-credential", "get", stdin=ask(hub.url), HF_ENDPOINT=endpoint)
        assert f"password={alice.token}" in done.lines


@pytest.mark.parametrize(
    "url", ["http://hub.example", "https://{host}", "ssh://{host}", "http://{host}1", "http://", ""]
)
def test_git_credential_gives_nothing_to_others(cli: Cli, hub: LiveHub, url: str) -> None:
    request = ask(url.format(host=hub.url.partition("://")[2]))
    assert cli.run("git-credential", "get", stdin=request).out == ""


@pytest.mark.parametrize("operation", ["store", "erase", "what-comes-next"])
def test_git_credential_keeps_and_forgets_nothing(
    cli: Cli, hub: LiveHub, alice: Account, operation: str
) -> None:
    cli.run("login", "--token", alice.token)
    request = ask(hub.url, username="hf_user", password="hf_other")
    done = cli.run("git-credential", operation, stdin=request)
    assert (done.out, done.err) == ("", "")
    stranger = Cli(own(cli), cli.folder)
    assert alice.token in stranger.run("git-credential", "get", stdin=ask(hub.url)).out


# What git-lfs runs


def test_lfs_enable_largefiles_sets_up_one_repository(cli: Cli) -> None:
    made = Worktree.new(cli.folder / "work")
    for _ in range(2):
        cli.run("lfs-enable-largefiles", made.folder)
    listed = made.git("config", "--local", "--get-regexp", r"customtransfer\.multipart")
    assert f"path {PROGRAM[0]}" in listed
    assert "args -P -m freehold lfs-multipart-upload" in listed
    assert len(listed.splitlines()) == 4
    home = Path(cli.environ["HOME"])
    assert not (home / ".gitconfig").exists()


def test_lfs_enable_largefiles_needs_a_repository(cli: Cli) -> None:
    (cli.folder / "plain").mkdir()
    for folder in ("plain", "none"):
        assert "no git repository" in cli.fail("lfs-enable-largefiles", folder).err


def test_git_lfs_is_answered_line_by_line(cli: Cli) -> None:
    command = [*PROGRAM, "lfs-multipart-upload"]
    with subprocess.Popen(
        command, env=cli.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None and program.stdout is not None
        program.stdin.write('{"event": "init", "operation": "upload", "concurrent": true}\n')
        program.stdin.flush()
        assert program.stdout.readline() == "{}\n"
        program.stdin.write('{"event": "terminate"}\n')
        program.stdin.flush()
        assert program.wait(30) == 0
