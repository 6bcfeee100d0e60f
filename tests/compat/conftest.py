"""Runs scripts with the published clients, each in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.compat import environments


class ScriptFailedError(AssertionError):
    """A client script exited with an error, or printed no JSON on its last line."""


@dataclass(frozen=True)
class Client:
    """One version of huggingface_hub, with a home folder that belongs to one test."""

    version: str
    home: Path

    @property
    def generation(self) -> tuple[int, ...]:
        """The version as numbers, to compare: `client.generation >= (1,)`."""
        return tuple(int(part) for part in self.version.split("."))

    def run(self, script: str, hub_url: str, token: str | None = None, **env: str) -> Any:
        """Run `script` against the hub and return the JSON that it prints on its last line.

        `env` reaches the script as environment variables. What the client caches stays for the
        next run of the same test. Raises `ScriptFailedError` with both outputs.
        """
        done = subprocess.run(
            [environments.python_of(self.version), "-c", script],
            cwd=self.home,
            env=self.environ(hub_url, token) | env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        outputs = f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
        if done.returncode:
            raise ScriptFailedError(f"{self.version} exited with {done.returncode}\n{outputs}")
        try:
            return json.loads(done.stdout.rstrip().rpartition("\n")[2])
        except json.JSONDecodeError as error:
            raise ScriptFailedError(f"{self.version} printed no JSON\n{outputs}") from error

    def environ(self, hub_url: str, token: str | None) -> dict[str, str]:
        """Return the whole environment of a script; nothing of the machine's own is kept."""
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "HF_HOME": str(self.home / "huggingface"),
            "HF_ENDPOINT": hub_url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "NO_PROXY": "*",
        }
        if token:
            # 0.13 knows only the long name.
            environ |= {"HF_TOKEN": token, "HUGGING_FACE_HUB_TOKEN": token}
        return environ


@pytest.fixture(params=environments.VERSIONS)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    """Each supported version of the client, with an empty home."""
    version: str = request.param
    if not environments.is_ready(version):
        pytest.fail(f"huggingface_hub {version} is not installed: run `make environments`")
    home = tmp_path / "home"
    home.mkdir()
    return Client(version, home)
