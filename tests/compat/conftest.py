"""Runs scripts with the published clients, each in an environment of its own.

They run as they come, so those that can send and fetch large files with Xet. A test of what they
do without it asks for the clients in `OVER_LFS`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat import environments
from tests.compat.access_log import AccessLog
from tests.processes import WatchedProcess

if TYPE_CHECKING:
    from tests.live import LiveHub


# The same clients, told not to use Xet; the oldest has never heard of it.
OVER_LFS = tuple(f"{version} over LFS" for version in environments.VERSIONS)


class ScriptFailedError(AssertionError):
    """A client script exited with an error, or printed no JSON on its last line."""


@dataclass(frozen=True)
class Client:
    """One version of huggingface_hub, with a home folder that belongs to one test."""

    version: str
    home: Path
    xet: bool = True

    @property
    def generation(self) -> tuple[int, ...]:
        """The version as numbers, to compare: `client.generation >= (1,)`."""
        return tuple(int(part) for part in self.version.split("."))

    def run(self, script: str, hub_url: str, token: str | None = None, **env: str) -> Any:
        """Run `script` against the hub and return the JSON that it prints on its last line.

        `env` reaches the script as environment variables. What the client caches stays for the
        next run of the same test. Raises `ScriptFailedError` with both outputs.
        """
        done = self._execute(["python", "-c", script], self.environ(hub_url, token) | env)
        try:
            return json.loads(done.stdout.rstrip().rpartition("\n")[2])
        except json.JSONDecodeError as error:
            raise ScriptFailedError(f"{self.version} printed no JSON\n{outputs(done)}") from error

    def command(self, *arguments: str, hub_url: str, token: str | None = None) -> str:
        """Run one of the programs that the client brings and return its standard output."""
        # A terminal's width decides where tables are cut.
        environ = self.environ(hub_url, token) | {"COLUMNS": "200", "NO_COLOR": "1"}
        return self._execute(list(arguments), environ).stdout

    def start(
        self, script: str, hub_url: str, token: str | None = None, **env: str
    ) -> WatchedProcess:
        """Start `script` as `run` does, and return at once, so that it can be killed."""
        command = [str(environments.python_of(self.version)), "-c", script]
        return WatchedProcess(command, environ=self.environ(hub_url, token) | env)

    def _execute(
        self, command: list[str], environ: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        program = environments.python_of(self.version).with_name(command[0])
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self.home,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode:
            message = f"{self.version} exited with {done.returncode}\n{outputs(done)}"
            raise ScriptFailedError(message)
        return done

    def environ(self, hub_url: str, token: str | None) -> dict[str, str]:
        """Return the whole environment of a script; nothing of the machine's own is kept."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONPATH": str(environments.HERE / "inside"),
            "HF_HOME": str(self.home / "huggingface"),
            "HF_ENDPOINT": hub_url,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "NO_PROXY": "*",
        }
        if not self.xet:
            environ["HF_HUB_DISABLE_XET"] = "1"
        if token:
            # 0.13 knows only the long name.
            environ |= {"HF_TOKEN": token, "HUGGING_FACE_HUB_TOKEN": token}
        return environ


def outputs(done: subprocess.CompletedProcess[str]) -> str:
    """Return both outputs of a program, to be read by a person."""
    return f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"


@pytest.fixture
def hub(request: pytest.FixtureRequest, shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """A running hub, shared with other tests: on SQLite, unless the test chooses its databases.

    Four clients on two databases would take twice as long and say little more.
    """
    return shared_hub(getattr(request, "param", "sqlite"))


@pytest.fixture
def access_log(hub: LiveHub) -> AccessLog:
    """What `hub` is asked from now on."""
    return AccessLog(hub)


@pytest.fixture(params=environments.VERSIONS)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    """Each supported version of the client, with an empty home."""
    return new_client(request.param, tmp_path / "home")


def new_client(name: str, home: Path) -> Client:
    """Make a client, `2.4.0` or `2.4.0 over LFS`, whose home is a new folder."""
    version, _, without_xet = name.partition(" ")
    if not environments.is_ready(version):
        pytest.fail(f"huggingface_hub {version} is not installed: run `make environments`")
    home.mkdir()
    return Client(version, home, xet=not without_xet)
