"""The real program in processes of its own, with a home of its own, against a running hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from freehold import HfApi

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

PROGRAM = (sys.executable, "-m", "freehold")
LONGEST_SECONDS = 60


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The lines of stdout."""
        return self.out.splitlines()


class Cli:
    """Runs `freehold` with an environment of its own; `run(…)` expects it to succeed."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.environ = dict(environ)
        self.folder = folder

    def try_run(self, *words: object, stdin: bytes = b"", **environ: str) -> Done:
        """Run one command, whatever becomes of it."""
        done = subprocess.run(
            [*PROGRAM, *map(str, words)],
            input=stdin,
            env=self.environ | environ,
            cwd=self.folder,
            capture_output=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def run(self, *words: object, stdin: bytes = b"", **environ: str) -> Done:
        """Run one command that succeeds."""
        done = self.try_run(*words, stdin=stdin, **environ)
        assert done.status == 0, done
        return done

    def fail(self, *words: object, stdin: bytes = b"", **environ: str) -> Done:
        """Run one command that fails as commands should: with one line, and nothing on stdout."""
        done = self.try_run(*words, stdin=stdin, **environ)
        assert done.status != 0, done
        assert done.out == ""
        assert len(done.err.splitlines()) == 1, done.err
        return done


def clean_environ(home: Path) -> dict[str, str]:
    """An environment in which nothing of this machine changes what a client does."""
    kept = ("PATH", "LANG", "LC_ALL", "PYTHONPATH")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(home),
        "HF_HOME": str(home / "hf-home"),
    }


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """A running hub; which database it has makes no difference to a command."""
    return shared_hub("sqlite")


@pytest.fixture
def cli(hub: LiveHub, alice: Account, tmp_path: Path) -> Cli:
    """`freehold` as `alice`, in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    account = {"HF_ENDPOINT": hub.url, "HF_TOKEN": alice.token}
    return Cli(clean_environ(tmp_path) | account, folder)


@pytest.fixture
def api(hub: LiveHub, alice: Account) -> HfApi:
    """The library as `alice`, to prepare and to look what a command has done."""
    return HfApi(endpoint=hub.url, token=alice.token)


@pytest.fixture
def repo(api: HfApi, alice: Account) -> str:
    """A repository of `alice` with a text and a large file."""
    repo_id = api.create_repo(f"{alice.name}/tiny").repo_id
    api.upload_file(b"# Tiny\n", "README.md", repo_id)
    api.upload_file(bytes(range(256)) * 64, "weights/model.bin", repo_id)
    return repo_id
