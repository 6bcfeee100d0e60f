"""Clones of a hub's repositories, made and changed by the real `git` and `git-lfs`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.live import Account, LiveHub
from tests.repos import Repo

# git asks this program who it is; the token is in the environment, as in no file.
_HELPER = (
    '!f() { test "$1" = get && echo "username=$TEST_USER" && echo "password=$TEST_TOKEN"; }; f'
)


class GitFailedError(AssertionError):
    """git ended with an error; carries what it said."""


@dataclass(frozen=True)
class Clone:
    """A folder under git, and the account that it speaks to its hub as; `None` for a stranger."""

    folder: Path
    account: Account | None

    def git(self, *arguments: str, input: str | None = None) -> str:
        """Run git in the folder and return what it prints; raises `GitFailedError`."""
        return run_git(self.folder, self.account, *arguments, input=input)

    def hear(self, *arguments: str) -> str:
        """Run git and return everything it says, also of the hub; raises `GitFailedError`."""
        done = _run(self.folder, self.account, arguments, None)
        if done.returncode:
            raise GitFailedError(f"git {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def refuse(self, *arguments: str) -> str:
        """Run git, which must fail, and return what it says."""
        return fail_git(self.folder, self.account, *arguments)

    def write(self, files: Mapping[str, str | bytes], message: str = "a change") -> str:
        """Put files into the folder, commit them and return the id of the commit."""
        for path, content in files.items():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.head()

    def head(self, revision: str = "HEAD") -> str:
        """The id of what the revision leads to."""
        return self.git("rev-parse", revision).strip()

    def plumb(self, files: Mapping[str, str], message: str = "a change") -> str:
        """Commit a tree whose rows are given as path to `mode type id`, and return its id."""
        rows = "".join(f"{row}\t{path}\n" for path, row in files.items())
        tree = self.git("mktree", "--missing", input=rows).strip()
        return self.git("commit-tree", tree, "-m", message).strip()


def environ_of(account: Account | None) -> dict[str, str]:
    """The environment of a git that knows nothing of this machine, and one account of the hub."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    settings = {
        "user.name": "Ada",
        "user.email": "ada@example.org",
        "init.defaultBranch": "main",
        "advice.detachedHead": "false",
        "credential.helper": _HELPER if account else "",
    }
    places = {}
    for number, (key, value) in enumerate(settings.items()):
        places |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        **kept,
        **places,
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "TEST_USER": account.name if account else "",
        "TEST_TOKEN": account.token if account else "",
    }


def run_git(
    folder: Path, account: Account | None, *arguments: str, input: str | None = None
) -> str:
    """What git prints; raises `GitFailedError`."""
    done = _run(folder, account, arguments, input)
    if done.returncode:
        raise GitFailedError(f"git {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def fail_git(folder: Path, account: Account | None, *arguments: str) -> str:
    """What git says when it fails, as it must."""
    done = _run(folder, account, arguments, None)
    assert done.returncode, f"git {' '.join(arguments)} did not fail: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _run(
    folder: Path, account: Account | None, arguments: tuple[str, ...], input: str | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environ_of(account),
        input=input,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
    )


def url_of(repo: Repo) -> str:
    """The address that git clones the repository from."""
    return repo.hub.url + repo.page


def clone(repo: Repo, folder: Path, *options: str, account: Account | None = None) -> Clone:
    """A new clone of the repository in that folder, which must not be there yet."""
    account = account or repo.account
    folder.parent.mkdir(parents=True, exist_ok=True)
    run_git(folder.parent, account, *options, "clone", "-q", url_of(repo), str(folder))
    return Clone(folder, account)


def new_folder(folder: Path, repo: Repo) -> Clone:
    """A folder under git with no commit yet, whose `origin` is the repository."""
    folder.mkdir(parents=True)
    made = Clone(folder, repo.account)
    made.git("init", "-q")
    made.git("remote", "add", "origin", url_of(repo))
    return made


def list_remote(hub: LiveHub, repo: Repo, account: Account | None = None) -> dict[str, str]:
    """The refs that git is shown, by name."""
    said = run_git(Path("/"), account or repo.account, "ls-remote", url_of(repo))
    rows = (line.split("\t") for line in said.splitlines())
    return {name: oid for oid, name in rows}
