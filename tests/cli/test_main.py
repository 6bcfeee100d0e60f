"""The frame: how quickly it starts, what it says when something is wrong, how it is stopped."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import freehold
from freehold import HfApi
from freehold.cli import failures, main
from freehold.cli.parsing import COMMANDS
from tests.cli.conftest import PROGRAM, Cli
from tests.house.sources import ROOT
from tests.terminal import Terminal

if TYPE_CHECKING:
    from tests.conftest import NewHub
    from tests.live import Account

HELP_SECONDS = 0.100
VERSION_SECONDS = 0.060
LARGE_BYTES = 300 << 20


# Starting


def fastest_run(*words: str) -> float:
    """Processor time, the best of several runs: a busy machine only ever makes one slower."""
    times = []
    for _ in range(9):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*PROGRAM, *words], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_help_and_version_take_no_time_that_anybody_would_notice() -> None:
    assert fastest_run("--help") < HELP_SECONDS
    assert fastest_run("version") < VERSION_SECONDS


def test_help_imports_no_command() -> None:
    script = (
        "import sys, freehold.cli.main as main\n"
        "try: main.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith('freehold')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = done.stdout.splitlines()[-1]
    assert "freehold.cli.parsing" in loaded
    for name in ("users", "repos", "commits", "settings", "admin"):
        assert f"freehold.cli.{name}" not in loaded
    assert "freehold.server" not in loaded and "freehold.client" not in loaded


def test_a_command_for_a_hub_imports_nothing_of_the_server(cli: Cli, repo: str) -> None:
    done = cli.run("ls", repo, PYTHONVERBOSE="1", PYTHONDONTWRITEBYTECODE="1")
    assert "freehold/client" in done.err or "freehold.client" in done.err
    assert "freehold.server" not in done.err


def test_version(cli: Cli) -> None:
    assert (
        cli.run("version").out == cli.run("--version").out == f"freehold {freehold.__version__}\n"
    )
    assert cli.run("version", "--json").json["version"] == freehold.__version__


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(cli: Cli, name: str) -> None:
    done = cli.run(name, "--help")
    assert COMMANDS[name].help[1:] in " ".join(done.out.split())
    assert done.err == ""


# Errors


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "required: COMMAND"),
        (("nope",), "invalid choice: 'nope'"),
        (("ls",), "required: REPO"),
        (("ls", "a/b", "--nope"), "--nope"),
        (("ls", "a/b", "--rev", "main"), "--rev"),
        (("ls", "a/b", "--repo-type", "movie"), "invalid choice: 'movie'"),
        (("tag",), "required: COMMAND"),
        (("log", "a/b", "-n", "many"), "invalid int value"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(
    cli: Cli, words: tuple[str, ...], part: str
) -> None:
    done = cli.fail(*words)
    assert done.status == 2
    assert part in done.err
    assert "--help`" in done.err


@pytest.mark.parametrize("address", ["hub.example", "ftp://hub.example", ""])
def test_an_endpoint_that_is_no_address(cli: Cli, address: str) -> None:
    assert cli.fail("whoami", "--endpoint", address).status == 2


def test_an_error_as_json_says_all_that_is_known(cli: Cli, alice: Account) -> None:
    done = cli.fail("ls", f"{alice.name}/nope", "--json")
    error = json.loads(done.err)
    assert error.pop("request_id")
    assert "repo_type" in error.pop("hint")
    assert error == {
        "error": "Repository not found",
        "type": "RepositoryNotFoundError",
        "exit_status": 3,
        "status": 404,
        "code": "RepoNotFound",
    }
    assert done.status == 3


@pytest.mark.parametrize("words", [("ls",), ("ls", "a b"), ("ls", "a/b", "--nope")])
def test_wrong_usage_as_json(cli: Cli, words: tuple[str, ...]) -> None:
    done = cli.fail(*words, "--json")
    assert json.loads(done.err)["exit_status"] == done.status == 2


def test_a_hub_that_cannot_be_reached(cli: Cli) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    done = cli.fail("ls", "a/b", "--endpoint", address, "--token", "hf_x")
    assert (done.status, "cannot be reached" in done.err) == (5, True)


@pytest.fixture
def silent_hub() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_hub_that_does_not_answer(cli: Cli, silent_hub: str) -> None:
    words = ("repo", "create", "a/b", "--endpoint", silent_hub, "--token", "hf_x")
    done = cli.fail(*words, HF_HUB_DOWNLOAD_TIMEOUT="0.3")
    assert (done.status, "in time" in done.err) == (5, True)


def test_a_folder_that_cannot_be_written_is_one_line(cli: Cli, repo: str) -> None:
    (cli.folder / "file").write_text("")
    done = cli.try_run("download", repo, "README.md", "--local-dir", "file/below")
    assert done.status == 1
    assert "Traceback" not in done.err and "file" in done.err.splitlines()[-1]


# Being stopped


def interrupt(cli: Cli, *words: str, server: socket.socket) -> tuple[int, str, float]:
    """Press Ctrl-C while the command waits for the server: status, stderr and seconds it took."""
    process = subprocess.Popen(
        [*PROGRAM, *words],
        env=cli.environ,
        cwd=cli.folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    server.settimeout(30)
    connection, _ = server.accept()
    with closing(connection):
        connection.recv(1)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        return process.returncode, err, time.monotonic() - started


@pytest.mark.parametrize(
    "words", [("whoami",), ("download", "a/b"), ("upload", "a/b", "model.bin")]
)
def test_an_interruption_ends_at_once_and_says_how_to_go_on(
    cli: Cli, words: tuple[str, ...]
) -> None:
    (cli.folder / "model.bin").write_bytes(os.urandom(1_000_000))
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        ours = ("--endpoint", address, "--token", "hf_x")
        status, err, seconds = interrupt(cli, *words, *ours, server=server)
        assert status == 130
        assert "run the same command again to resume" in err
        assert "Traceback" not in err
        assert seconds < 1
        status, err, _ = interrupt(cli, *words, *ours, "--json", server=server)
        assert (status, json.loads(err)["exit_status"]) == (130, 130)


def test_an_interrupted_download_goes_on_where_it_was(cli: Cli, fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    account = hub.user()
    api = HfApi(endpoint=hub.url, token=account.token)
    repo = api.create_repo(f"{account.name}/large").repo_id
    with (cli.folder / "big.bin").open("wb") as file:
        file.truncate(LARGE_BYTES)
    api.upload_file(cli.folder / "big.bin", "big.bin", repo)
    ours = Cli(cli.environ | {"HF_ENDPOINT": hub.url, "HF_TOKEN": account.token}, cli.folder)

    terminal = Terminal([*PROGRAM, "download", repo, "big.bin"], ours.environ)
    terminal.wait_for("big.bin: ")
    os.kill(hub.process.pid, signal.SIGSTOP)
    try:
        terminal.type("\x03")
        assert terminal.finish() == 130
    finally:
        os.kill(hub.process.pid, signal.SIGCONT)
    assert terminal.screen.text.endswith("run the same command again to resume.")

    (partial,) = Path(ours.environ["HF_HOME"]).rglob("*.incomplete")
    assert 0 < partial.stat().st_size < LARGE_BYTES
    (path,) = ours.run("download", repo, "big.bin").lines
    assert Path(path).stat().st_size == LARGE_BYTES
    assert not partial.exists()


def test_a_pipe_that_closes_is_no_reason_to_complain(cli: Cli, repo: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    for words in (("ls", repo), ("ls", repo, "--json"), ("completion", "bash"), ("version",)):
        done = subprocess.run(
            [*PROGRAM, *words], env=cli.environ, stdout=writing, stderr=subprocess.PIPE, check=False
        )
        assert (done.returncode, done.stderr) == (141, b""), words
    os.close(writing)


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_reason_to_complain(cli: Cli, redirection: str) -> None:
    shell = ["bash", "-c", f'"$@" {redirection}', "bash", *PROGRAM, "version"]
    done = subprocess.run(shell, env=cli.environ, capture_output=True, check=True)
    assert done.stderr == b""


def test_a_full_disk_behind_stdout_is_one_line(cli: Cli) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [*PROGRAM, "version"]
        done = subprocess.run(
            command, env=cli.environ, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"freehold: No space left on device\n")


# What is printed


def test_a_name_from_a_stranger_does_not_steer_the_terminal(cli: Cli, repo: str) -> None:
    done = cli.fail("ls", repo, "a\x1b[2Jb")
    assert "\x1b" not in done.err


def test_options_may_stand_before_and_after_the_command(cli: Cli, alice: Account) -> None:
    expected = cli.run("whoami", "--json").json
    assert cli.run("--json", "whoami").json == expected
    assert cli.run("--quiet", "whoami", "--json").json == expected


def test_admin_commands_speak_json_as_well(cli: Cli) -> None:
    data = f"--data={cli.folder / 'data'}"
    made = cli.run("admin", "user", "create", "carol", "--email", "c@example.org", data, "--json")
    assert made.json == {"user": "carol"}
    words = ("admin", "token", "create", "carol", "--name", "t", "--role", "read", data, "--json")
    found = cli.run(*words).json
    assert found["user"] == "carol" and found["token"].startswith("hf_")
    again = cli.fail("admin", "user", "create", "carol", "--email", "c@example.org", data, "--json")
    assert json.loads(again.err)["exit_status"] == again.status == 1


# The guide


GUIDE = (ROOT / "docs" / "guides" / "command-line.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_guide_names_every_command(name: str) -> None:
    assert f"`freehold {name}" in GUIDE


def test_the_guide_lists_every_exit_status() -> None:
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", GUIDE, re.MULTILINE)}
    own = {value for name, value in vars(failures).items() if name.isupper()}
    assert listed == {0, *own, main.INTERRUPTED, main.BROKEN_PIPE}
