"""`freehold completion`: real shells are asked what they would offer."""

from __future__ import annotations

import subprocess
from shutil import which

import pytest

from freehold.cli.parsing import COMMANDS
from freehold.wire.ids import URL_PREFIXES
from tests.cli.conftest import PROGRAM, Cli
from tests.terminal import Terminal

ASK_BASH = r"""
set -u
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_freehold
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(cli: Cli) -> str:
    """The path of the script for bash."""
    path = cli.folder / "freehold.bash"
    path.write_text(cli.run("completion", "bash").out)
    return str(path)


def ask_bash(script: str, *words: str) -> set[str]:
    """What bash offers for the last word."""
    command = ["bash", "-c", ASK_BASH, "bash", script, "freehold", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(filter(None, done.stdout.split("\n")))


def test_bash_offers_every_command(script: str) -> None:
    assert ask_bash(script, "") == set(COMMANDS)
    assert ask_bash(script, "lo") == {"login", "logout", "log"}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("repo", ""), {"create", "delete", "move", "duplicate", "settings", "lfs-files"}),
        (("repo", "lfs-files", ""), {"list", "delete"}),
        (("tag", "c"), {"create"}),
        (("ls", "--repo-type", ""), set(URL_PREFIXES)),
        (("ls", "--repo-type", "da"), {"dataset"}),
        (("ls", "--repo-type", "="), set(URL_PREFIXES)),
        (("ls", "--repo-type", "=", "sp"), {"space"}),
        (("ls", "a/b", "--rec"), {"--recursive"}),
        (("--quiet", "tag", "l"), {"list"}),
        (("--json", "repo", "settings", "a/b", "--gated", "m"), {"manual"}),
        (("completion", ""), {"bash", "zsh", "fish"}),
        (("upload", "a/b", "no-such-fi"), set()),
        (("admin", "token", "create", "carol", "--role", ""), {"read", "write"}),
        (("serve", "--redirect-d"), {"--redirect-downloads"}),
    ],
)
def test_bash_offers_what_may_follow(
    script: str, words: tuple[str, ...], offered: set[str]
) -> None:
    assert ask_bash(script, *words) == offered


def test_bash_can_source_the_script_as_its_head_says(cli: Cli) -> None:
    source = 'source <("$@" completion bash); complete -p freehold'
    done = subprocess.run(
        ["bash", "-ec", source, "bash", *PROGRAM],
        env=cli.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "-F _freehold freehold" in done.stdout


@pytest.mark.skipif(which("fish") is None, reason="fish is not installed")
def test_fish_offers_what_may_follow(cli: Cli) -> None:
    (cli.folder / "freehold.fish").write_text(cli.run("completion", "fish").out)

    def ask(line: str) -> set[str]:
        command = ["fish", "--no-config", "-c", f"source freehold.fish; complete -C '{line}'"]
        done = subprocess.run(command, cwd=cli.folder, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return {line.split("\t")[0] for line in done.stdout.splitlines()}

    assert ask("freehold ") >= set(COMMANDS)
    assert ask("freehold repo lfs-files ") >= {"list", "delete"}
    assert ask("freehold ls --repo-type ") == set(URL_PREFIXES)
    assert ask("freehold ls a/b --rec") == {"--recursive"}


@pytest.mark.skipif(which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_what_is_typed(cli: Cli) -> None:
    (cli.folder / "freehold.zsh").write_text(cli.run("completion", "zsh").out)
    start = "autoload -U compinit; compinit -u -D; source freehold.zsh; PS1='ready> '\n"
    terminal = Terminal(["zsh", "-f", "-i"], cli.environ, cli.folder)
    terminal.type(start)
    terminal.wait_for("\x1b[Jready> ")
    for typed, completed in (("repo dup", "repo duplicate"), ("ls --repo-type da", "dataset")):
        terminal.type(f"freehold {typed}\t")
        terminal.wait_for(completed)
        terminal.type("\x15")
    terminal.type("exit\n")
    assert terminal.finish() == 0


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_that_names_every_command(cli: Cli, shell: str) -> None:
    text = cli.run("completion", shell).out
    assert all(name in text for name in COMMANDS)
    assert all(kind in text for kind in URL_PREFIXES)
    found = cli.run("completion", shell, "--json").json
    assert found == {"shell": shell, "script": text.rstrip("\n")}
