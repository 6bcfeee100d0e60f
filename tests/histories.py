"""Histories that real git makes for a hub, and what git says of those that a hub has."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from freehold.server.git import native
from freehold.server.git.reader import ObjectReader
from freehold.server.git.store import RefChange
from freehold.server.hub import now_ms
from tests.repos import Repo

MAIN = "refs/heads/main"


class Source:
    """A repository that real git makes, with times that go on by a minute at each commit."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seconds = 1_600_000_000
        subprocess.run(["git", "init", "-q", "-b", "main", path], check=True)

    def git(self, *arguments: str, stdin: str = "") -> str:
        """What git prints."""
        self._seconds += 60
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_AUTHOR_NAME": "Ada Ünï",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": f"{self._seconds} +0530",
            "GIT_COMMITTER_NAME": "Bob",
            "GIT_COMMITTER_EMAIL": "bob@example.org",
            "GIT_COMMITTER_DATE": f"{self._seconds + 7} -0800",
            "FILTER_BRANCH_SQUELCH_WARNING": "1",
        }
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=environ, input=stdin, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout.strip()

    def commit(self, message: str, **files: bytes | None) -> None:
        """Commit files by path, where `__` stands for a slash and `None` for a deletion."""
        for name, data in files.items():
            path = self.path / name.replace("__", "/")
            if data is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        self.git("add", "--all")
        options = ("--allow-empty", "--allow-empty-message", "--cleanup=verbatim")
        self.git("commit", "-q", *options, "-F", "-", stdin=message)

    def put(self, kind: str, text: str, ref: str) -> str:
        """Make an object as it is written, and a ref to it."""
        oid = self.git("hash-object", "-t", kind, "-w", "--stdin", stdin=text)
        self.git("update-ref", ref, oid)
        return oid

    def refs(self) -> dict[str, str]:
        """The ids that the branches and tags lead to."""
        lines = self.git(
            "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags"
        )
        return dict(line.split() for line in lines.splitlines())

    def read(self, oid: str) -> str:
        """The raw text of an object."""
        return self.git("cat-file", "-p", oid)


def send(source: Source, repo: Repo, folder: Path) -> None:
    """Let a repository of the hub have the branches and tags of another, and no others."""
    hub = repo.hub.inside
    repo_id = repo.get().json()["_id"]
    found = source.refs()
    packed = native.pack_revisions(str(source.path / ".git"), found.values(), folder)
    old = {MAIN: repo.head()}
    changes = [RefChange(name, old.get(name), oid) for name, oid in found.items()]
    hub.git.publish(repo_id, changes, [packed], now_ms())


def open_reader(repo: Repo) -> ObjectReader:
    """Reads the git objects of the repository beside the running hub."""
    return repo.hub.inside.git.reader(repo.get().json()["_id"], 10**9)


def assert_sound(repo: Repo) -> None:
    """Let git check every object of the repository."""
    path = repo.hub.inside.git.cache.reopen(repo.get().json()["_id"]).path
    command = ["git", "--git-dir", path, "fsck", "--strict", "--no-dangling"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "missing" not in done.stdout
